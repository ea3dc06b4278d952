"""`crossover config`: every setting with its value, secrets masked, and vLLM's command line."""

from __future__ import annotations

import shlex
from typing import Any

import orjson
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from crossover.server.settings import PREFIX, Settings


def print_settings(settings: Settings, *, as_json: bool) -> None:
    """Prints the settings, those that are not at their default marked."""
    command = vllm_command(settings)
    if as_json:
        rows = {name: shown(value) for name, value in _values(settings).items()}
        print(orjson.dumps({"settings": rows, "vllm": command}, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("setting", "value", "what it is", show_lines=False, box=None, pad_edge=False)
    for name, value in _values(settings).items():
        field = Settings.model_fields[name]
        changed = name in settings.model_fields_set and value != field.get_default(call_default_factory=True)
        style = "bold" if changed else ""
        table.add_row(PREFIX + name.upper(), _text(value), field.description or "", style=style)
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print()
    if command:
        console.print("vLLM is started with:")
        console.print(shlex.join(command), soft_wrap=True)
    else:
        console.print(f"vLLM runs at {', '.join(settings.vllm_urls)}")


def vllm_command(settings: Settings) -> list[str]:
    """The command line of our own vLLM; empty where vLLM runs elsewhere."""
    if settings.vllm_urls:
        return []
    from crossover.server.engine.command import command_line

    return command_line(settings)


def shown(value: Any) -> Any:
    """A value as it may be seen: secrets as stars, paths as text."""
    if isinstance(value, SecretStr):
        return "**********"
    return value if isinstance(value, str | int | float | bool | dict | None) else str(value)


def _values(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in sorted(Settings.model_fields)}


def _text(value: Any) -> str:
    value = shown(value)
    if value is None:
        return "-"
    return orjson.dumps(value).decode() if isinstance(value, dict) else str(value)
