"""What a home is written for: HOME/version.json, so that no older Crossover writes into a newer one's."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from crossover.adapters.durable import replace_text

SCHEMA = 1
"""Rises with every change that an older Crossover could not read."""
FILE = "version.json"


class NewerHome(RuntimeError):
    """A newer Crossover has written this home."""


def check(home: Path) -> None:
    """Notes in a home that holds something which schema it has; one without a note is of the first.

    Raises:
        NewerHome: its schema is one that this Crossover does not know.
    """
    if not home.is_dir() or not any(home.iterdir()):
        return
    file = home / FILE
    if not file.exists():
        with suppress(OSError):  # a home that may only be read
            replace_text(file, json.dumps({"schema": SCHEMA}) + "\n")
        return
    check_schema(file.read_bytes(), str(home))


def check_schema(note: bytes, where: str) -> None:
    """Reads the text of a version.json.

    Raises:
        NewerHome: see `check`.
        ValueError: it is none.
    """
    try:
        schema = int(json.loads(note)["schema"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f'{where}: {FILE} is broken: expected {{"schema": {SCHEMA}}}') from error
    if schema > SCHEMA:
        raise NewerHome(
            f"{where} was written by a newer Crossover (schema {schema}, this one knows {SCHEMA}): upgrade it, "
            "or name another home with CROSSOVER_HOME"
        )
