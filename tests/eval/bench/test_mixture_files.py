"""Real questions as one stream: what is made of the public files, on a few rows in their shapes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossover.eval.bench.mixture_files import BANKING, CALLS, SQUAD, write


@pytest.fixture
def data(tmp_path: Path) -> Path:
    formats = tmp_path / "data" / "finetune_formats"
    formats.mkdir(parents=True)
    for part in ("train", "test"):
        rows = "".join(f"Where is my {n}th card?,card_arrival\n" for n in range(6))
        (formats / f"text_label_banking77_{part}.csv").write_text(f"text,category\n{rows}")
    calls = [
        {"ticker": "GDOT", "q": "2020-Q3", "question": f"What was figure {n}?", "has_value": True, "value": 30.0 + n,
         "answer": f" Figure {n} was ${30 + n} million."}
        for n in range(4)
    ]  # fmt: skip
    calls.append({**calls[0], "has_value": False})
    (formats / "question_answer_earnings_calls.jsonl").write_text("".join(json.dumps(row) + "\n" for row in calls))
    context = "The Normans came in 911. They settled in Normandy. Rollo led them."
    place = context.index("Normandy")
    found = [
        {"question": f"Where did they settle, {n}?", "id": str(n), "is_impossible": False,
         "answers": [{"text": "Normandy", "answer_start": place}]}
        for n in range(3)
    ]  # fmt: skip
    nowhere = {"question": "Who left?", "id": "x", "is_impossible": True, "answers": []}
    article = {"title": "The_Normans", "paragraphs": [{"context": context, "qas": [*found, nowhere]}]}
    (tmp_path / "data" / "squad").mkdir()
    (tmp_path / "data" / "squad" / "dev-v2.0-half.json").write_text(json.dumps({"data": [article]}))
    return tmp_path / "data"


def test_each_kind_has_what_answers_it(data: Path, tmp_path: Path) -> None:
    made = write(data, tmp_path / "home", each=2, examples=5)
    by_kind = {kind.name: kind for kind in made.questions}
    assert {name: len(kind) for name, kind in by_kind.items()} == {BANKING: 2, CALLS: 2, SQUAD: 2}
    assert (
        by_kind[BANKING].questions[0].references == ("card arrival",)
        and not by_kind[BANKING].questions[0].relevant_documents
    )
    call = by_kind[CALLS].questions[0]
    assert call.references[1] in ("$30 million", "$31 million", "$32 million", "$33 million")
    assert call.references[0] in (made.pages / call.relevant_documents[0]).read_text()
    squad = by_kind[SQUAD].questions[0]
    assert (made.pages / squad.group).read_text() == "# The Normans\n\nThey settled in Normandy.\n"
    assert len(made.examples.read_text().splitlines()) == 5


def test_the_same_seed_makes_the_same_questions_and_missing_data_is_told(data: Path, tmp_path: Path) -> None:
    first, second = (write(data, tmp_path / name, each=2, examples=5) for name in ("a", "b"))
    assert [kind.digest for kind in first.questions] == [kind.digest for kind in second.questions]
    with pytest.raises(ValueError, match="BENCH_DATA names the folder"):
        write(tmp_path / "nowhere", tmp_path / "c", each=2, examples=5)
