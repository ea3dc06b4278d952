"""A report that rests on several trainings speaks of fine-tuning; one that rests on one, of its adapter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.examples import DataSet, Example
from crossover.eval import scoring
from crossover.eval.learning_curve.document import FILE, LearningCurve
from crossover.eval.learning_curve.training import settings_of
from crossover.eval.money.prices import load_prices
from crossover.eval.questions import OVERALL, QuestionSet
from crossover.eval.report.build import build
from crossover.eval.report.recommendation import fine_tuning_sentence
from crossover.eval.report.repeats import Repeats, repeats
from crossover.eval.scoring import Evaluation

MakeRuns = Callable[..., Path]
RIGHTS = {
    "rag": {"old": 0.9, "new": 0.9},
    "rag+examples": {"old": 0.5, "new": 0.9},
    "finetune": {"old": 0.95},
    "hybrid": {"old": 0.95, "new": 0.8},
}
DATA = DataSet("train", tuple(Example(f"What is {n}?", f"Answer {n}") for n in range(40)))
CARD = AdapterCard(
    name="house",
    digest="3f9c2a41d0be",
    base_model="reader",
    base_fingerprint="b",
    chat_template="t",
    prompts="p",
    data=DataCard(name="train", fingerprint=DATA.fingerprint, examples=40),
    hyperparameters={"epochs": 3, "seed": 0, "with_context": True},
    trained_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip


@pytest.fixture
def evaluation(make_runs: MakeRuns) -> Evaluation:
    return scoring.load([make_runs(RIGHTS)])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "adapters" / "house" / CARD.digest
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(CARD.model_dump_json())
    return tmp_path / "home"


@pytest.fixture
def curve(make_runs: MakeRuns, tmp_path: Path, questions: QuestionSet) -> Path:
    """Two more trainings: one as good on the old questions, one a good deal worse."""
    for seed, old in ((1, 0.95), (2, 0.2)):
        answers = make_runs(
            {"finetune": {"old": old}, "hybrid": {"old": old, "new": 0.8}}, name=f"curve/curve/40-{seed}"
        )
        for file in answers.glob("*.jsonl"):
            file.write_text(file.read_text().replace("house@3f9c2a41d0be", f"curve@00000000000{seed}"))
    document = LearningCurve(
        question_set={"name": questions.name, "digest": questions.digest},
        examples={"name": "train", "fingerprint": DATA.fingerprint, "count": 40},
        sizes=[40],
        seeds=[1, 2],
        training=settings_of(CARD),
    )
    (tmp_path / "curve" / FILE).write_text(document.model_dump_json())
    return tmp_path / "curve"


def found(curve: Path, evaluation: Evaluation, home: Path) -> Repeats:
    repeated = repeats(curve, evaluation, [home])
    assert repeated is not None
    return repeated


def test_the_scores_of_all_trainings_stand_together(evaluation: Evaluation, home: Path, curve: Path) -> None:
    repeated = found(curve, evaluation, home)
    own, alike, worse = repeated.scores["old"]["finetune"]
    assert repeated.trainings == 3
    assert own == alike == evaluation.run("finetune").exact[evaluation.mask("old")].mean() > worse + 0.2
    assert len(repeated.scores[OVERALL]["hybrid"]) == 3


def test_only_trainings_of_the_same_kind_on_the_same_questions_count(
    evaluation: Evaluation, home: Path, curve: Path, make_runs: MakeRuns, questions: QuestionSet
) -> None:
    assert repeats(None, evaluation, [home]) is None
    assert repeats(curve, evaluation, [home.parent]) is None  # the adapter's card is not there
    fewer = QuestionSet("fewer", questions.questions[:40])
    assert repeats(curve, scoring.load([make_runs(RIGHTS, "fewer", fewer)]), [home]) is None
    card = home / "adapters" / "house" / CARD.digest / "card.json"
    longer = CARD.model_copy(update={"hyperparameters": {**CARD.hyperparameters, "epochs": 9}})
    card.write_text(longer.model_dump_json())
    assert repeats(curve, evaluation, [home]) is None
    other_seed = CARD.model_copy(update={"hyperparameters": {**CARD.hyperparameters, "seed": 7}})
    card.write_text(other_seed.model_dump_json())
    assert repeats(curve, evaluation, [home]) is not None


def test_with_one_training_a_report_speaks_of_this_adapter(evaluation: Evaluation) -> None:
    report = build(evaluation, load_prices(), None)
    assert report.trainings == 1
    assert fine_tuning_sentence(report.fine_tuning, report.trainings).startswith("This adapter pays on old: there ")


def test_trainings_that_differ_widely_take_a_claim_back(evaluation: Evaluation, home: Path, curve: Path) -> None:
    report = build(evaluation, load_prices(), None, repeated=found(curve, evaluation, home))
    assert report.trainings == 3
    finetune = report.fine_tuning["old"]["finetune"]
    assert finetune.words == "no difference shown"
    assert finetune.interval[0] < 0 < finetune.difference
    said = fine_tuning_sentence(report.fine_tuning, report.trainings)
    assert said.startswith("That fine-tuning pays is not shown")
    assert report.scope.startswith("What it says of fine-tuning rests on 3 trainings on the same data (finetune ")


def test_trainings_that_agree_let_it_stand(evaluation: Evaluation, home: Path, curve: Path) -> None:
    repeated = found(curve, evaluation, home)
    alike = {name: {arm: (each[0], *each[:2]) for arm, each in arms.items()} for name, arms in repeated.scores.items()}
    report = build(evaluation, load_prices(), None, repeated=replace(repeated, scores=alike))
    said = fine_tuning_sentence(report.fine_tuning, report.trainings)
    assert said.startswith("Fine-tuning pays on old: there finetune or hybrid beats RAG with examples")
