"""`crossover train`: files of examples, or of preference pairs, in; a registered adapter version out."""

from __future__ import annotations

import json
import shlex
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossover.adapters.adapter_commands import named_version, registry_of
from crossover.adapters.card import FULL
from crossover.adapters.data_options import MapOption, SkipBadOption, TemplateOption, form_of
from crossover.adapters.gate_command import promote_version
from crossover.adapters.training.dpo_options import DpoOptions
from crossover.adapters.training.options import TrainOptions
from crossover.adapters.training_request import TrainingRequest

if TYPE_CHECKING:
    from crossover.adapters.cli import CommandContext
    from crossover.adapters.registry import AdapterVersion

_DEFAULT, _PAIRS = TrainOptions(name=""), DpoOptions(name="")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for scripts.")]


def train(
    ctx: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE[:WEIGHT]...",
            help="Examples, in any format that [b]crossover data check[/b] knows, each file in its own. WEIGHT: how "
            "often an epoch shows each example of that file.",
        ),
    ],
    name: Annotated[str, typer.Option(help="What the adapter is called; apps ask for finetune:NAME or hybrid:NAME.")],
    with_context: Annotated[
        bool, typer.Option("--with-context", help="Train with passages from the index too, for hybrid answers.")
    ] = False,
    method: Annotated[
        str,
        typer.Option(
            help="lora, qlora (over a base model in 4 bits, on a GPU), p-tuning, full, or dpo for preference pairs, "
            "such as [b]crossover data pairs[/b] writes."
        ),
    ] = _DEFAULT.method,
    continue_from: Annotated[
        str | None,
        typer.Option(metavar="NAME[@DIGEST]", help="Go on from this adapter's weights (sequential training)."),
    ] = None,
    replay: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            help="Share of the rows that other tasks, reading and refusing get, unforgotten.",
            show_default="0; with context 0.2, for reading and refusing",
        ),
    ] = _DEFAULT.replay,
    tune: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Try N settings and keep the best by the held-out examples' loss."),
    ] = None,
    beta: Annotated[
        float, typer.Option(help="dpo: how dear it is to move away from what training began with.")
    ] = _PAIRS.beta,
    epochs: Annotated[
        int,
        typer.Option(
            min=1,
            help="How often each example is seen.",
            show_default=f"{_DEFAULT.epochs}, fewer of many examples; dpo: {_PAIRS.epochs}",
        ),
    ] = _DEFAULT.epochs,
    rank: Annotated[
        int | None,
        typer.Option(min=1, help="Rank of the LoRA matrices.", show_default=f"{_DEFAULT.rank}, or as --continue-from"),
    ] = None,
    rslora: Annotated[bool, typer.Option("--rslora", help="Scale by the root of the rank, for large ranks.")] = False,
    strength: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            help="How much of what was learnt counts, 1 at most: less keeps more of what the base model can.",
            show_default="1; with context 0.9, but not with --continue-from",
        ),
    ] = _DEFAULT.strength,
    virtual_tokens: Annotated[
        int, typer.Option(min=1, help="How many stand in front of every prompt, by p-tuning.")
    ] = _DEFAULT.virtual_tokens,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help=f"Peak learning rate; dpo: {_PAIRS.learning_rate}.",
            show_default=f"{_DEFAULT.learning_rate} or the method's, lower for many steps",
        ),
    ] = None,
    closed: Annotated[
        float, typer.Option(min=0, max=1, metavar="SHARE", help="With context: share of the rows without passages.")
    ] = _DEFAULT.mixture.closed,
    batch: Annotated[int, typer.Option(min=1, help="Examples a step.")] = _DEFAULT.batch,
    seed: Annotated[int, typer.Option(help="Same data, same settings, same seed: same adapter.")] = _DEFAULT.seed,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:N; left out: a GPU where there is one.")] = None,
    pause_serving: Annotated[
        bool, typer.Option("--pause-serving", help="Let the running server's model rest meanwhile: it answers 503.")
    ] = False,
    promote: Annotated[
        bool, typer.Option("--promote/--no-promote", help="Let it answer as soon as it is done.")
    ] = False,
    held_out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Examples of the same task kept from training, for the gate.")
    ] = None,
    early_stopping: Annotated[
        bool,
        typer.Option(
            "--early-stopping/--no-early-stopping",
            help="Of 20 held-out examples or more, up to half and 64 say which weights are best and when to stop.",
        ),
    ] = _DEFAULT.early_stopping,
    mapping: MapOption = None,
    template: TemplateOption = None,
    skip_bad: SkipBadOption = False,
    as_json: Json = False,
) -> None:
    """Train an adapter on examples; a run that was killed goes on from its last checkpoint when given again.

    With --held-out the gate compares the adapter before it is promoted: [b]crossover data split[/b] makes such a file.
    """
    from crossover.adapters.base_model import fetched
    from crossover.adapters.console import tell_removed, training_bar
    from crossover.adapters.pausing import serving_paused
    from crossover.adapters.train_examples import train_examples
    from crossover.adapters.train_pairs import train_pairs
    from crossover.adapters.training.methods import DPO, METHODS, method_of
    from crossover.adapters.training.parent import like
    from crossover.adapters.training.workspace import remove_abandoned

    if promote and method == FULL:
        raise ValueError("--promote: a whole model is served by a vLLM of its own; train it without")
    context: CommandContext = ctx.obj
    settings = context.settings
    base = fetched(settings.base_model)
    registry = registry_of(settings, base)
    parent = named_version(registry, continue_from, promoted_first=True) if continue_from else None
    matrices = like(parent) if parent else {}
    options = TrainOptions(
        name=name,
        method=method,
        epochs=epochs,
        strength=strength,
        virtual_tokens=virtual_tokens,
        learning_rate=learning_rate or METHODS.get(method, _DEFAULT).learning_rate,
        batch=batch,
        seed=seed,
        replay=replay,
        early_stopping=early_stopping,
        device=device,
        # How many passages serving shows is a setting of the server's, which these settings are a part of.
        passages=getattr(settings, "passages", None) or base.passages,
        mixture=replace(_DEFAULT.mixture, closed=closed),
        prompts=settings.prompts,
        template_kwargs=settings.chat_template_kwargs,
        command=shlex.join(["crossover", *sys.argv[1:]]),
        **matrices | ({"rank": rank} if rank else {}) | ({"rslora": True} if rslora else {}),
    )
    method_of(options)
    sources = {option: ctx.get_parameter_source(option) for option in ctx.params}
    given = frozenset(option for option, source in sources.items() if source and source.name == "COMMANDLINE")
    form = form_of(mapping, template)
    request = TrainingRequest(registry, base, options, parent, files, held_out, form, skip_bad, given)
    server = context.live_server() if pause_serving else None
    with serving_paused(server) if server else nullcontext(), training_bar(name, quiet=as_json) as progress:
        if method == DPO:
            version = train_pairs(request, beta, progress)
        else:
            version = train_examples(request, tune, context.retrieve if with_context else None, progress)
    tell_removed(remove_abandoned(registry.folder))
    if promote:
        promote_version(context, registry, version)
    _tell(version, promoted=promote, as_json=as_json)


def _tell(version: AdapterVersion, *, promoted: bool, as_json: bool) -> None:
    from crossover.adapters.console import print_trained

    if not as_json:
        print_trained(version, promoted=promoted)
        return
    card = version.card.model_dump(mode="json", exclude={"documents"})
    document = {"name": version.name, "digest": version.digest, "served_name": version.served_name}
    typer.echo(json.dumps(document | {"promoted": promoted, "path": str(version.path), "card": card}))
