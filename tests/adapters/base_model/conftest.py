"""A little prose of our own in place of what would take minutes to collect."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.adapters.base_model import prose

SENTENCES = (
    "The old mill by the river was closed when the new bridge opened.",
    "Visitors often ask the guide for directions to the upper garden.",
    "Most letters are sorted by hand before the first train leaves.",
    "A heavy storm damaged the northern wall and several wooden boats.",
    "The council discussed the report after a long and bitter debate.",
    "Every spring the farmers repair the narrow road to the valley.",
    "Two engineers measured the depth of the harbour with a brass weight.",
    "The library keeps rare maps in a locked room under the stairs.",
    "Small children collected shells while their parents repaired the nets.",
    "A red lantern was hung above the door for late travellers.",
)


@pytest.fixture(autouse=True)
def _little_prose(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    file: Path = tmp_path_factory.getbasetemp() / "prose.txt"
    if not file.is_file():
        file.write_text("\n".join(SENTENCES * 12) + "\n", encoding="ascii")
    monkeypatch.setattr(prose, "PROSE", file)
