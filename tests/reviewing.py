"""What the tests of generation share: a model that reads, documents for it to read, and a reviewer's hand."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result

OFFICES = ("Velmora", "Quillon", "Brenna", "Tarvis", "Osmere", "Fallow", "Ardent", "Lunewick", "Pellar", "Sorrel",
           "Thistle", "Umbral", "Vexley", "Wendle", "Yarrow", "Zephra")  # fmt: skip
PEOPLE = ("Anna Tovan", "Berit Halm", "Carlo Vint", "Dora Penn")
_TOLD = re.compile(r"The (\w+) office is run by ([\w ]+)\. It opens at ([\d:]+)")

Crossover = Callable[..., Result]


def reader(prompt: str) -> str:
    """What a model that reads well says: two pairs about a passage, or the answer that a passage holds."""
    if not (told := _TOLD.search(prompt)):
        return "I don't know."
    office, person, time = told.groups()
    pairs = {f"Who runs the {office} office?": f"{person}.", f"When does the {office} office open?": time}
    if not prompt.startswith("Passage:"):
        return next((answer for question, answer in pairs.items() if question in prompt), "I don't know.")
    wanted = 1 if "Write one question" in prompt else len(pairs)
    rows = [{"question": question, "answer": answer} for question, answer in pairs.items()][:wanted]
    return f"Here they are:\n```json\n{json.dumps(rows)}\n```"


def write_office(folder: Path, office: str, person: str, time: str) -> None:
    text = f"# {office} office\n\nThe {office} office is run by {person}. It opens at {time} on working days.\n"
    (folder / f"{office.lower()}.md").write_text(text)


def document(result: Result) -> dict[str, Any]:
    """What a command printed with --json."""
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def edit(review: Path, decide: Callable[[dict[str, Any]], None]) -> None:
    """Changes every row of a review file as a spreadsheet or an editor would."""
    if review.suffix == ".jsonl":
        rows = [json.loads(line) for line in review.read_text().splitlines()]
        for row in rows:
            decide(row)
        review.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return
    with review.open(encoding="utf-8-sig", newline="") as stream:
        delimiter = ";" if ";" in stream.readline() else ","
        stream.seek(0)
        table = list(csv.DictReader(stream, delimiter=delimiter))
    for cells in table:
        decide(cells)
    with review.open("w", encoding="utf-8-sig", newline="") as stream:  # as Excel in Europe saves it
        writer = csv.DictWriter(stream, list(table[0]), delimiter=";", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(table)


def accept(row: dict[str, Any]) -> None:
    row["decision"] = "accept"
