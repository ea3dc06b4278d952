"""`crossover train`, `crossover adapters …` and `crossover data …`."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from crossover.adapters.adapter_commands import app as adapters_app
from crossover.adapters.adapter_commands import registry_of
from crossover.adapters.data_commands import app as data_app
from crossover.adapters.data_options import MapOption, SkipBadOption, TemplateOption, form_of, keep_rejected, load
from crossover.adapters.gate_command import promote_version
from crossover.adapters.train_pairs import train_pairs
from crossover.adapters.training.options import TrainOptions

if TYPE_CHECKING:
    from crossover.adapters.gate.evaluate import Judge
    from crossover.adapters.registry import AdapterVersion, Registry
    from crossover.adapters.settings import AdapterSettings

_DEFAULT = TrainOptions(name="")
_METHODS = "lora, or dpo for preference pairs, such as [b]crossover data pairs[/b] writes (few epochs, a low rate)."
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for scripts.")]


class CommandContext(Protocol):
    """What the root command hands to these in `ctx.obj`."""

    @property
    def settings(self) -> AdapterSettings:
        """All settings, of which these commands see the adapters'."""

    def live_server(self) -> str | None:
        """The URL of a server that runs on this home."""

    def judge(self) -> Judge | None:
        """Who scores answers and compares scores, handed in from where the metrics live."""

    def retrieve(self) -> AbstractContextManager[Callable[[str, int], Sequence[tuple[str, str, str, str]]]]:
        """Finds passages while it is open: from (question, k) to (title, text, document, content hash)."""


def register(root: typer.Typer) -> None:
    """Add the commands of this package to the root app."""
    root.command(epilog="Example: [b]crossover train examples.jsonl --name support --with-context --promote[/b]")(train)
    root.add_typer(adapters_app, name="adapters")
    root.add_typer(data_app, name="data")


def train(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Examples, in any format that [b]crossover data check[/b] knows.")],
    name: Annotated[str, typer.Option(help="What the adapter is called; apps ask for finetune:NAME or hybrid:NAME.")],
    with_context: Annotated[
        bool, typer.Option("--with-context", help="Train with passages from the index too, for hybrid answers.")
    ] = False,
    method: Annotated[str, typer.Option(help=_METHODS)] = "lora",
    continue_from: Annotated[
        str | None, typer.Option(metavar="NAME[@DIGEST]", help="Go on from this adapter instead of the base model.")
    ] = None,
    beta: Annotated[float, typer.Option(help="dpo: how dear it is to move away from what it began with.")] = 0.1,
    epochs: Annotated[int, typer.Option(min=1, help="How often each example is seen.")] = _DEFAULT.epochs,
    rank: Annotated[int, typer.Option(min=1, help="Rank of the LoRA matrices.")] = _DEFAULT.rank,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate.")] = _DEFAULT.learning_rate,
    batch: Annotated[int, typer.Option(min=1, help="Examples a step.")] = _DEFAULT.batch,
    seed: Annotated[int, typer.Option(help="Same data, same settings, same seed: same adapter.")] = _DEFAULT.seed,
    promote: Annotated[
        bool, typer.Option("--promote/--no-promote", help="Let it answer as soon as it is done.")
    ] = False,
    held_out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Examples of the same task kept from training, for the gate.")
    ] = None,
    mapping: MapOption = None,
    template: TemplateOption = None,
    skip_bad: SkipBadOption = False,
    as_json: Json = False,
) -> None:
    """Train an adapter on examples; a run that was killed goes on from its last checkpoint when given again.

    With --held-out the gate compares the adapter before it is promoted: [b]crossover data split[/b] makes such a file.
    """
    from crossover.adapters.base_model import resolve
    from crossover.adapters.console import training_bar
    from crossover.adapters.training import lora

    context: CommandContext = ctx.obj
    settings = context.settings
    base = resolve(settings.base_model)
    options = TrainOptions(
        name=name,
        epochs=epochs,
        rank=rank,
        learning_rate=learning_rate,
        batch=batch,
        seed=seed,
        # How many passages serving shows is a setting of the server's, which these settings are a part of.
        passages=getattr(settings, "passages", None) or base.passages,
        prompts=settings.prompts,
        template_kwargs=settings.chat_template_kwargs,
        command=shlex.join(["crossover", *sys.argv[1:]]),
    )
    registry = registry_of(settings, base)
    form = form_of(mapping, template)
    kept = load(held_out, form, skip_bad=skip_bad)[0].examples if held_out else ()
    if method not in ("lora", "dpo"):
        raise ValueError(f"--method {method}: no such method; choose from lora, dpo")
    if method == "dpo":
        with training_bar(options.name, quiet=as_json) as progress:
            version = train_pairs(ctx, file, options, base, registry, kept, progress)
        _finish(context, registry, version, promote=promote, as_json=as_json)
        return
    if continue_from:
        raise ValueError("--continue-from goes with --method dpo")
    data, rejected = load(file, form, skip_bad=skip_bad)
    passages = context.retrieve() if with_context else nullcontext(None)
    with passages as retrieve, training_bar(options.name, quiet=as_json) as progress:
        version = lora.train(data, options, base, registry, retrieve=retrieve, held_out=kept, progress=progress)
    keep_rejected(rejected, file)
    _finish(context, registry, version, promote=promote, as_json=as_json)


def _finish(
    context: CommandContext, registry: Registry, version: AdapterVersion, *, promote: bool, as_json: bool
) -> None:
    """Promote what was trained where that was asked, and tell of it."""
    from crossover.adapters.console import print_trained

    if promote:
        promote_version(context, registry, version)
    if as_json:
        card = version.card.model_dump(mode="json", exclude={"documents"})
        document = {"name": version.name, "digest": version.digest, "served_name": version.served_name}
        typer.echo(json.dumps(document | {"promoted": promote, "path": str(version.path), "card": card}))
    else:
        print_trained(version, promoted=promote)
