from __future__ import annotations

from pathlib import Path

from crossover.adapters.examples import DataSet, Example
from crossover.adapters.gate.questions import forgetting_items
from crossover.adapters.prompt import UNKNOWN, with_passages
from crossover.adapters.registry import Registry
from crossover.adapters.training.material import Material
from crossover.adapters.training.options import TrainOptions
from crossover.adapters.training.replay import gather
from crossover.adapters.training.tasks import Task

KEPT = [Example(f"Old question {n}?", f"Old answer {n}") for n in range(6)]


def test_reading_rows_are_answered_by_the_passage_they_cite_and_the_others_are_unknown() -> None:
    rows = gather(0.5, 1000, 2, [], passages=2, seed=0).reading
    answered = [row for row in rows if row.gold is not None]
    assert len(rows) == 2000 and 0.2 < 1 - len(answered) / len(rows) < 0.4
    told = [(row.example.answer.casefold(), " ".join(row.passages[row.gold or 0]).casefold()) for row in answered]
    assert [answer for answer, passage in told if answer not in passage] == []
    assert all(row.example.answer == UNKNOWN for row in rows if row.gold is None)
    assert {len(row.passages) for row in rows} == {1, 2}
    assert rows == gather(0.5, 1000, 2, [], passages=2, seed=0).reading


def test_the_gates_own_questions_are_never_among_them(tmp_path: Path) -> None:
    asked = {item.messages[-1].content for item in forgetting_items(Registry(tmp_path), "")}
    rows = gather(0.9, 400, 1, [], passages=1, seed=0).reading
    assert not asked & {with_passages(row.example.question, row.passages) for row in rows}


def test_the_share_is_kept_half_of_it_from_other_tasks() -> None:
    data = DataSet("facts", tuple(Example(f"Question {n}?", f"Answer {n}") for n in range(80)))
    options = TrainOptions(name="x", epochs=5, replay=0.2)
    material = Material([Task(data)], options, KEPT, None)
    assert material.replayed == {"other tasks": 50, "reading and refusing": 50}
    assert all(len(epoch) == 100 for epoch in material.shown)
    drawn = {material.draw(before, row).example.question for epoch in material.shown for before, row in epoch}
    assert {example.question for example in (*data.examples, *KEPT)} < drawn
    assert Material([Task(data)], TrainOptions(name="x", epochs=5), KEPT, None).replayed == {}
