"""The command line: the root, what it serves, asks and saves, and the commands that the other packages bring along."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from crossover.server.context import Context

if TYPE_CHECKING:
    from crossover.server.backup import Saved

Strategy = Annotated[str, typer.Option(help="base, few-shot, rag, finetune, hybrid, or auto to let the router choose.")]
Adapter = Annotated[str | None, typer.Option(help="Alias of the adapter, for finetune, hybrid and auto.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for scripts.")]


class Root(TyperGroup):
    """The root group, where errors end: one message on stderr, no traceback, and the right exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except (ValueError, LookupError, RuntimeError, OSError) as error:
            # Not at the top of the file: the table needs the engine's client, which takes a moment to import.
            from crossover.server.errors import is_fault, message_of, translate

            if is_fault(error):
                raise
            typer.secho(f"error: {message_of(error)}", err=True, fg="red")
            raise typer.Exit(translate(error).exit_code) from None


app = typer.Typer(
    cls=Root,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Answers each question with retrieval, a fine-tuned adapter, or both, and measures which pays off.",
)


@app.callback()
def root(ctx: typer.Context) -> None:
    """Gives every command the context that it reads settings from."""
    ctx.obj = ctx.obj or Context()
    ctx.call_on_close(ctx.obj.note_home)


@app.command(epilog="Example: [b]crossover serve --port 8080[/b]")
def serve(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on; CROSSOVER_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, 0 for a free one; CROSSOVER_PORT.")] = None,
) -> None:
    """Serve the OpenAI-compatible API, with everything that it needs."""
    from crossover.server.listening import listening
    from crossover.server.settings import load

    settings = load(host=host, port=port)
    with listening(settings.host, settings.port) as listener:
        # Only now: it takes seconds to import, and a wrong setting or a port in use is told at once.
        from crossover.server.serving import serve as run

        run(settings, listener)


@app.command(epilog='Example: [b]crossover ask "Who runs the Velmora office?" --strategy hybrid[/b]')
def ask(
    ctx: typer.Context,
    question: Annotated[str, typer.Argument(help="What to ask.")],
    strategy: Strategy = "auto",
    adapter: Adapter = None,
    as_json: Json = False,
) -> None:
    """Ask one question: a server that runs on this home, else start what it needs."""
    from crossover.server.asking import ask_and_print

    context: Context = ctx.obj
    model = f"{strategy}:{adapter}" if adapter else strategy
    ask_and_print(context, question, model, as_json=as_json)


@app.command(epilog="Example: [b]crossover config --json[/b]")
def config(ctx: typer.Context, as_json: Json = False) -> None:
    """Show every setting with its value, secrets masked, and the command line that vLLM is started with."""
    from crossover.server.configuration import print_settings

    context: Context = ctx.obj
    print_settings(context.settings, as_json=as_json)


@app.command(epilog="Example: [b]crossover doctor[/b]")
def doctor(ctx: typer.Context, as_json: Json = False) -> None:
    """Say what is installed, reachable and healthy, and what to do about the rest."""
    from crossover.server.doctor import print_findings

    context: Context = ctx.obj
    if not print_findings(context, as_json=as_json):
        raise typer.Exit(1)


@app.command(epilog="Example: [b]crossover backup crossover-monday.tar.gz[/b]")
def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to be written.")],
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for whoever holds the index.")] = 0.0,
    as_json: Json = False,
) -> None:
    """Save the home (index, adapters, runs, reports, policy, ratings) as one file, while no server runs on it."""
    from crossover.server.backup import back_up

    context: Context = ctx.obj
    settings = context.settings
    saved = back_up(settings.home, file, wait)
    if settings.qdrant_url and not as_json:
        typer.secho("the passages are in the Qdrant server: save them with its own snapshots", err=True, fg="yellow")
    _tell_saved(saved, as_json=as_json)


@app.command(epilog="Example: [b]CROSSOVER_HOME=/srv/new crossover restore crossover-monday.tar.gz[/b]")
def restore(
    file: Annotated[Path, typer.Argument(help="A file that [b]crossover backup[/b] wrote.")],
    as_json: Json = False,
) -> None:
    """Make the home of a backup; it must be empty or not there."""
    from crossover.server.backup import restore as make_home
    from crossover.server.settings import load

    # Read here: the context's settings note the schema of a home that is there, and this one must be empty.
    _tell_saved(make_home(file, load().home), as_json=as_json)


def _tell_saved(saved: Saved, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(saved)))
    else:
        typer.echo(f"{saved.file}: {saved.files:,} files, {saved.bytes / 2**20:,.1f} MiB")


def _load_commands() -> None:
    """Each package adds its own commands; one that cannot be imported must not take the others along."""
    for entry in sorted(entry_points(group="crossover.commands"), key=lambda entry: entry.name):
        try:
            entry.load()(app)
        except ImportError as error:
            typer.secho(f"warning: the commands of {entry.name!r} are missing: {error}", err=True, fg="yellow")
    from crossover.server.generation import commands  # noqa: F401 - its commands join the group `data`


_load_commands()

if __name__ == "__main__":
    sys.exit(app())
