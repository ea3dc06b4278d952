"""`crossover adapters`: what is trained, which version answers, and back again."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossover.adapters.gate_command import ForceOption, promote_version, run_gate, show_verdict

if TYPE_CHECKING:
    from crossover.adapters.base_model import BaseModel
    from crossover.adapters.registry import AdapterVersion, Registry
    from crossover.adapters.settings import AdapterSettings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for scripts.")]
Name = Annotated[str, typer.Argument(help="Name of the adapter.", metavar="NAME")]
Reference = Annotated[str, typer.Argument(help="NAME, or NAME@DIGEST for one version.", metavar="NAME[@DIGEST]")]

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help="List, show, promote and delete adapters.")


@app.command("list", epilog="Example: [b]crossover adapters list --json[/b]")
def list_adapters(ctx: typer.Context, as_json: Json = False) -> None:
    """List the adapters with their versions; the promoted one is marked.

    Those of another base model than the present one must be trained again; the command from their card is shown.
    """
    from crossover.adapters.base_model import resolve
    from crossover.adapters.console import print_adapters

    registry, base = registry_of(ctx.obj.settings), resolve(ctx.obj.settings.base_model)
    if not as_json:
        print_adapters(registry, base)
        return
    adapters = [
        {
            "name": name,
            "promoted": registry.promoted_digest(name),
            "versions": [
                version.card.model_dump(mode="json", exclude={"documents"})
                | {"train_again": version.card.base_fingerprint != base.fingerprint}
                for version in versions
            ],
        }
        for name in registry.names()
        if (versions := registry.versions(name))
    ]
    typer.echo(json.dumps({"adapters": adapters}))


@app.command(epilog="Example: [b]crossover adapters show support[/b]")
def show(ctx: typer.Context, reference: Reference, as_json: Json = False) -> None:
    """Show the card of a version: the one named, else the promoted, else the latest."""
    from crossover.adapters.console import print_card

    registry = registry_of(ctx.obj.settings)
    version = named_version(registry, reference, promoted_first=True)
    if as_json:
        typer.echo(version.card.model_dump_json())
    else:
        print_card(version, promoted=registry.promoted_digest(version.name) == version.digest)


@app.command("import", epilog="Example: [b]crossover adapters import ./lora-from-elsewhere --name support[/b]")
def import_(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder as PEFT's save_pretrained leaves it.")],
    name: Annotated[str, typer.Option(help="What the adapter is called.")],
    same_base: Annotated[
        bool, typer.Option("--same-base", help="It names the base model otherwise, but it is the same one.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Register a LoRA adapter from elsewhere, when it fits the base model and vLLM can serve it."""
    from crossover.adapters.base_model import fetched
    from crossover.adapters.chat_template import ChatTokenizer
    from crossover.adapters.importing import import_adapter

    settings = ctx.obj.settings
    base = fetched(settings.base_model)
    template = ChatTokenizer(base.path, settings.chat_template_kwargs).digest
    command = shlex.join(["crossover", *sys.argv[1:]])
    registry = registry_of(settings, base)
    version = import_adapter(folder, name, base, template, registry, same_base=same_base, command=command)
    if as_json:
        typer.echo(json.dumps({"name": name, "digest": version.digest, "served_name": version.served_name}))
        return
    typer.echo(f"imported {version.served_name}; next: crossover adapters promote {version.served_name}")
    unknown = "system messages" if version.card.chat_template else "chat template and system messages"
    typer.echo(f"the {unknown} that it was trained under are not known: compare its answers before you rely on it")


@app.command(epilog="Example: [b]crossover adapters promote support@3f9c2a[/b]")
def promote(ctx: typer.Context, reference: Reference, force: ForceOption = False, as_json: Json = False) -> None:
    """Let a version answer for its name: the one named, else the latest. A running server loads it at once.

    Before that the server gates it, where held-out examples were kept: see [b]crossover adapters gate[/b].
    """
    from crossover.adapters.base_model import resolve

    settings = ctx.obj.settings
    registry = registry_of(settings, resolve(settings.base_model))
    version = named_version(registry, reference)
    promote_version(ctx.obj, registry, version, force=force)
    _say(version, "promoted", as_json=as_json)


@app.command(epilog="Example: [b]crossover adapters gate support@3f9c2a[/b]")
def gate(ctx: typer.Context, reference: Reference, as_json: Json = False) -> None:
    """Compare a version with the one that answers now and with the base model; exit code 1 when it is refused.

    The running server asks them the same questions: the examples held out from training (crossover train --held-out),
    reading and refusing, and the other adapters' tasks. A version is refused when it is shown to be worse by more than
    CROSSOVER_GATE_MARGIN, when it is asked otherwise than it was trained, or served otherwise than PEFT has it.
    """
    from crossover.adapters.base_model import resolve

    settings = ctx.obj.settings
    version = named_version(registry_of(settings, resolve(settings.base_model)), reference)
    show_verdict(version, run_gate(ctx.obj, version), as_json=as_json)


@app.command(epilog="Example: [b]crossover adapters rollback support[/b]")
def rollback(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    """Let the version answer again that did before the present one."""
    from crossover.adapters.base_model import resolve
    from crossover.adapters.live import post

    settings = ctx.obj.settings
    registry = registry_of(settings, resolve(settings.base_model))
    version = registry.rollback_target(name)
    registry.check(version)
    if url := ctx.obj.live_server():
        post(f"{url}/v1/adapters/{name}/rollback", {})
    else:
        registry.set_alias(name, version.digest)
    _say(version, "rolled back to", as_json=as_json)


@app.command(epilog="Example: [b]crossover adapters delete support@3f9c2a --yes[/b]")
def delete(
    ctx: typer.Context,
    reference: Reference,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete one version, or an adapter with all its versions."""
    registry = registry_of(ctx.obj.settings)
    name, _, digest = reference.partition("@")
    registry.versions(name)
    if not digest and registry.promoted_digest(name) and ctx.obj.live_server():
        raise RuntimeError(f"{name!r} is promoted and a server is running; stop the server first")
    if not yes:
        typer.confirm(f"Delete {reference}{'' if digest else ' with all its versions'}?", abort=True, err=True)
    gone = registry.delete(name, digest or None)
    if as_json:
        typer.echo(json.dumps({"name": name, "deleted": gone}))
    else:
        typer.echo(f"deleted {', '.join(f'{name}@{each}' for each in gone)}")


def registry_of(settings: AdapterSettings, base: BaseModel | None = None) -> Registry:
    """The registry of a home; with `base`, it refuses adapters of other base models."""
    from crossover.adapters.registry import Registry

    fingerprint = base.fingerprint if base else None
    return Registry(settings.home, max_rank=settings.max_lora_rank, base_fingerprint=fingerprint)


def named_version(registry: Registry, reference: str, *, promoted_first: bool = False) -> AdapterVersion:
    """The version that is named, else the promoted one where that goes first, else the latest.

    Raises:
        UnknownAdapter: there is none.
    """
    name, _, digest = reference.partition("@")
    if digest or (promoted_first and registry.promoted_digest(name)):
        return registry.resolve(reference)
    return registry.versions(name)[-1]


def _say(version: AdapterVersion, what: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"name": version.name, "promoted": version.digest, "served_name": version.served_name}))
    else:
        typer.echo(f"{what} {version.served_name}")
