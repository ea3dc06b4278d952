"""`crossover adapters gate`, and the promotion of a version that the gate lets through."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crossover.adapters.cli import CommandContext
    from crossover.adapters.registry import AdapterVersion, Registry

# A gate asks some hundred questions, which takes a small machine minutes.
_SECONDS = 3600.0

ForceOption = Annotated[bool, typer.Option("--force", help="Promote what the gate refuses; the card records it.")]


def run_gate(context: CommandContext, version: AdapterVersion) -> dict[str, Any]:
    """The verdict of the running server on a version, as the card records it.

    Raises:
        RuntimeError: no server runs on this home, so there is nobody to ask.
    """
    from crossover.adapters.live import post

    url = context.live_server()
    if url is None:
        raise RuntimeError("the gate asks a running server, and none runs on this home: crossover serve")
    return post(f"{url}/v1/adapters/{version.name}/gate", {"version": version.digest}, seconds=_SECONDS)


def promote_version(
    context: CommandContext, registry: Registry, version: AdapterVersion, *, force: bool = False
) -> None:
    """Promote by the running server, which gates and probes first; without one, move the alias of what is servable.

    Raises:
        NotServable: vLLM could not serve it.
        RuntimeError: the gate refuses it, or the server cannot, and says why.
    """
    from crossover.adapters.gate.decision import not_gated
    from crossover.adapters.live import post

    registry.check(version)
    url = context.live_server()
    if url is None:
        verdict = _known(version, force=force)
        if verdict is None:
            verdict = not_gated("no server runs on this home, so nobody could be asked").document()
        if registry.promoted_digest(version.name) != version.digest:
            registry.record_gate(version, verdict)
        registry.set_alias(version.name, version.digest)
    else:
        body = {"version": version.digest, "force": force}
        verdict = post(f"{url}/v1/adapters/{version.name}/promote", body, seconds=_SECONDS)["gate"]
    tell(verdict["sentences"], err=True)


def _known(version: AdapterVersion, *, force: bool) -> dict[str, Any] | None:
    """What a gate said of a version before; None where it was never asked.

    Raises:
        RuntimeError: it refused.
    """
    verdict = version.card.gate
    if verdict is None or verdict["outcome"] != "refused" or verdict.get("forced"):
        return verdict
    if not force:
        told = " ".join(verdict["sentences"])
        raise RuntimeError(f"{version.served_name} was refused by the gate: {told} (--force promotes it all the same)")
    return verdict | {"forced": True}


def show_verdict(version: AdapterVersion, verdict: dict[str, Any], *, as_json: bool) -> None:
    """The verdict on stdout.

    Raises:
        typer.Exit: with code 1 where it refuses.
    """
    if as_json:
        typer.echo(json.dumps({"served_name": version.served_name} | verdict))
    else:
        typer.echo(f"{version.served_name}: {verdict['outcome']}")
        tell(verdict["sentences"], err=False)
    if verdict["outcome"] == "refused":
        raise typer.Exit(1)


def tell(sentences: Sequence[str], *, err: bool) -> None:
    """One sentence a line."""
    for sentence in sentences:
        typer.echo(sentence, err=err)
