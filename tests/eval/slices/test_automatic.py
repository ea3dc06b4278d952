"""Slices told automatically: what they hold, and what they do to the statistics."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crossover.adapters.examples import Example
from crossover.eval import scoring
from crossover.eval.money.prices import load_prices
from crossover.eval.questions import OVERALL, SEEN, Question, QuestionSet
from crossover.eval.report.build import build
from crossover.eval.report.document import Report
from crossover.eval.report.write import write
from crossover.eval.router.features_file import FILE
from crossover.eval.run_log import RunLog
from crossover.eval.slices.automatic import SLICERS, automatic
from crossover.eval.slices.recorded import with_slices
from crossover.eval.slices.seen import seen
from crossover.eval.slices.subject import Subject

MakeRuns = Callable[..., Path]
RIGHTS = {"rag": {"all": 0.5}, "finetune": {"all": 0.6}}


def asked(*texts: str, slice_: str = "all") -> QuestionSet:
    return QuestionSet(
        "asked", tuple(Question(f"q{n}", t, (f"Answer {n}",), slice_, f"f{n}") for n, t in enumerate(texts))
    )


OFFICES = [f"Who runs the office in town {n}, please?" for n in range(30)]
HOURS = [f"When does the warehouse of town {n} open on an ordinary day in the middle of the week?" for n in range(30)]


@pytest.fixture
def evaluation(make_runs: MakeRuns) -> scoring.Evaluation:
    """60 questions without slices; of the first ten the adapter was trained on."""
    folder = make_runs(RIGHTS, "runs", asked(*OFFICES, *HOURS))
    with RunLog(folder / FILE, {}) as log:
        for n in range(60):
            log.append(
                {"id": f"q{n}", "features": {"best_unseen": n % 2 == 0, "new_document": n % 4 == 0, "score": n / 60}}
            )
    return with_slices(scoring.load([folder]), folder, [Example(text, "x") for text in OFFICES[:10]])


def test_a_question_lies_in_one_slice_of_each_kind(evaluation: scoring.Evaluation) -> None:
    kinds = {
        kind: {name: int(mask.sum()) for name, mask in masks.items()} for kind, masks in evaluation.automatic.items()
    }
    assert list(kinds.pop("length").values()) == [20, 30]
    assert kinds == {
        "training": {SEEN: 10},
        "question type": {"who?": 20, "when?": 30},
        "age of the source": {"new since training": 12, "as in training": 25, "changed since training": 13},
        "retrieval": {"vague passages": 20, "clear passages": 30},
    }
    assert evaluation.mask("who?")[15]
    assert sum(evaluation.mask(name)[15] for name in evaluation.slices) == 4


def test_what_was_seen_in_training_is_in_no_other_slice_and_not_in_the_headline(evaluation: scoring.Evaluation) -> None:
    known = evaluation.mask(SEEN)
    assert list(np.flatnonzero(known)) == list(range(10))
    for name in (OVERALL, *evaluation.slices):
        assert name == SEEN or not (evaluation.mask(name) & known).any()
    report = build(evaluation, load_prices(), None)
    rag = next(run for run in evaluation.runs if run.arm == "rag")
    assert (report.questions, report.strategies["rag"].n) == (60, 50)
    assert report.strategies["rag"].score == pytest.approx(rag.exact[10:].mean())
    assert report.strategies["rag"].slices[SEEN].score == pytest.approx(rag.exact[:10].mean())
    assert "10 questions are nearly training rows: they are in the slice seen and not in the headline" in report.missing


def test_near_duplicates_are_seen_and_another_name_or_number_is_not() -> None:
    trained = [
        "Who signs the papers for a journey of more than three days to the Velmora office?",
        "How long is the break?",
    ]
    questions = asked(
        "who signs the papers for a journey of more than three days to the Velmora office",
        "Who signs the papers for a journey of more than three days to the Quillon office?",
        "Who signs the papers for a journey of more than three days to Velmora office?",
        "Who signs the papers for a journey of more than 4 days to the Velmora office?",
        "How long is the night?",
    )
    assert seen(Subject(questions, trained_on=trained)) == [SEEN, None, SEEN, None, None]


def test_where_everything_was_seen_the_headline_keeps_all() -> None:
    subject = Subject(asked(*OFFICES, *HOURS), trained_on=[*OFFICES, *HOURS])
    found = automatic(subject)
    assert "training" not in found
    assert found["question type"]["who?"].sum() == 30


def test_given_slices_win(make_runs: MakeRuns) -> None:
    folder = make_runs({"rag": {"mine": 0.5}}, "given", asked(*OFFICES, slice_="mine"))
    given = with_slices(scoring.load([folder]), folder, [Example(text, "x") for text in OFFICES])
    assert (given.slices, given.automatic) == (("mine",), {})
    assert given.mask(OVERALL).all()


def test_retrieval_is_told_by_rank_where_documents_are_named() -> None:
    rows = asked(*OFFICES).questions
    named = QuestionSet("named", tuple(replace(q, relevant_documents=("a",)) for q in rows))
    found = {q.id: (["a"], ["b", "a"], ["b"])[n % 3] for n, q in enumerate(named)}
    masks = automatic(Subject(named, retrieved=found))["retrieval"]
    assert {name: int(mask.sum()) for name, mask in masks.items()} == {
        "found first": 10, "found lower down": 10, "not found": 10,
    }  # fmt: skip


def test_languages_and_answerability_are_told_apart() -> None:
    german = [f"Wer leitet das Büro in der Stadt Nummer {n}, und seit wann macht er das schon?" for n in range(20)]
    rows = [*asked(*OFFICES, *german).questions]
    rows[5:20] = [replace(row, references=()) for row in rows[5:20]]
    found = automatic(Subject(QuestionSet("mixed", tuple(rows))))
    assert {name: int(mask.sum()) for name, mask in found["language"].items()} == {"en": 30, "de": 20}
    assert int(found["has an answer"]["unanswerable"].sum()) == 15


def test_a_new_kind_of_slice_is_one_line_and_slices_that_say_nothing_are_left_out() -> None:
    def few(subject: Subject) -> list[str | None]:
        return ["rare" if n < 3 else "odd" if n % 2 else None for n, _ in enumerate(subject.questions)]

    def nearly_all(subject: Subject) -> list[str | None]:
        return ["usual" if n else None for n, _ in enumerate(subject.questions)]

    found = automatic(Subject(asked(*OFFICES)), SLICERS | {"mine": few, "yours": nearly_all})
    assert list(found["mine"]) == ["odd"] and "yours" not in found
    assert "question type" not in found  # all of them ask who


def test_the_report_groups_automatic_slices_by_kind(evaluation: scoring.Evaluation, tmp_path: Path) -> None:
    report = build(evaluation, load_prices(), None)
    write(report, evaluation, tmp_path)
    document = json.loads((tmp_path / "report.json").read_text())
    assert document["automatic"]["question type"] == ["who?", "when?"]
    assert Report.model_validate(document) == report
    page, text = (tmp_path / "report.html").read_text(), (tmp_path / "report.md").read_text()
    assert page.count('<tr class="kind">') == len(report.automatic)
    assert "| by question type | who? | when? |" in text
    csv = (tmp_path / "scores.csv").read_text().splitlines()
    assert csv[1].split(",")[1] == SEEN
    assert "who?; " in csv[16]


def test_holm_counts_the_comparisons_of_all_overlapping_slices(evaluation: scoring.Evaluation) -> None:
    whole = build(evaluation, load_prices(), None)
    alone = build(
        replace(evaluation, automatic={"question type": evaluation.automatic["question type"]}), load_prices(), None
    )
    assert whole.winners["who?"].p_value >= alone.winners["who?"].p_value
    detectable = [
        report.winners["when?"].against[a].detectable
        for report in (alone, whole)
        for a in report.winners["when?"].against
    ]
    assert detectable[0] < detectable[1]
