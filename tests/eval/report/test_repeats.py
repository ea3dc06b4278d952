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
from crossover.eval.money.prices import load_prices
from crossover.eval.questions import OVERALL, QuestionSet
from crossover.eval.report.build import build
from crossover.eval.report.recommendation import fine_tuning_sentence
from crossover.eval.report.repeats import Repeats, Trainings, repeats
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


def register(home: Path, card: AdapterCard) -> None:
    folder = home / "adapters" / card.name / card.digest
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "card.json").write_text(card.model_dump_json())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    register(tmp_path / "home", CARD)
    return tmp_path / "home"


@pytest.fixture
def given(make_runs: MakeRuns, tmp_path: Path) -> Trainings:
    """Two more trainings: one as good on the old questions, one a good deal worse."""
    for seed, old in ((1, 0.95), (2, 0.2)):
        answers = make_runs(
            {"finetune": {"old": old}, "hybrid": {"old": old, "new": 0.8}}, name=f"curve/curve/40-{seed}"
        )
        digest = f"00000000000{seed}"
        for file in answers.glob("*.jsonl"):
            file.write_text(file.read_text().replace("house@3f9c2a41d0be", f"curve@{digest}"))
        seeded = {**CARD.hyperparameters, "seed": seed}
        register(
            tmp_path / "curve", CARD.model_copy(update={"name": "curve", "digest": digest, "hyperparameters": seeded})
        )
    return Trainings(tmp_path / "curve", 40, (1, 2, 3))


def found(given: Trainings, evaluation: Evaluation, home: Path) -> Repeats:
    repeated = repeats(given, evaluation, [home])
    assert isinstance(repeated, Repeats)
    return repeated


def test_the_scores_of_all_trainings_stand_together(evaluation: Evaluation, home: Path, given: Trainings) -> None:
    repeated = found(given, evaluation, home)
    own, alike, worse = repeated.scores["old"]["finetune"]
    assert repeated.trainings == 3
    assert own == alike == evaluation.run("finetune").exact[evaluation.mask("old")].mean() > worse + 0.2
    assert len(repeated.scores[OVERALL]["hybrid"]) == 3


def test_only_trainings_of_the_same_kind_on_the_same_questions_count(
    evaluation: Evaluation, home: Path, given: Trainings, make_runs: MakeRuns, questions: QuestionSet
) -> None:
    assert repeats(None, evaluation, [home]) is None
    assert "card of house" in str(repeats(given, evaluation, [home.parent]))
    fewer = QuestionSet("fewer", questions.questions[:40])
    assert "asked otherwise" in str(repeats(given, scoring.load([make_runs(RIGHTS, "fewer", fewer)]), [home]))
    assert "no other training" in str(repeats(replace(given, seeds=(3,)), evaluation, [home]))
    longer = CARD.model_copy(update={"hyperparameters": {**CARD.hyperparameters, "epochs": 9}})
    went_on = CARD.model_copy(update={"parent": "other@1"})
    other = CARD.model_copy(update={"data": DataCard(name="train", fingerprint="x", examples=40)})
    for card in (longer, went_on, other):
        register(home, card)
        assert "other settings" in str(repeats(given, evaluation, [home]))
    register(home, CARD.model_copy(update={"hyperparameters": {**CARD.hyperparameters, "seed": 7}}))
    assert isinstance(repeats(given, evaluation, [home]), Repeats)


def test_the_same_adapter_asked_again_is_no_other_training(
    evaluation: Evaluation, home: Path, given: Trainings
) -> None:
    register(given.folder, CARD)
    for seed in (1, 2):
        for file in (given.folder / "curve" / f"40-{seed}").glob("*.jsonl"):
            file.write_text(file.read_text().replace(f"curve@00000000000{seed}", "house@3f9c2a41d0be"))
    assert "no other training" in str(repeats(given, evaluation, [home]))


def test_with_one_training_a_report_speaks_of_this_adapter(evaluation: Evaluation) -> None:
    report = build(evaluation, load_prices(), None)
    assert report.trainings == 1
    assert fine_tuning_sentence(report.fine_tuning, report.trainings).startswith("This adapter pays on old: there ")


def test_trainings_that_differ_widely_take_a_claim_back(evaluation: Evaluation, home: Path, given: Trainings) -> None:
    report = build(evaluation, load_prices(), None, repeated=found(given, evaluation, home))
    assert report.trainings == 3
    finetune = report.fine_tuning["old"]["finetune"]
    assert finetune.words == "no difference shown"
    assert finetune.interval[0] < 0 < finetune.difference
    said = fine_tuning_sentence(report.fine_tuning, report.trainings)
    assert said.startswith("That fine-tuning pays is not shown")
    assert report.scope.startswith("What it says of fine-tuning rests on 3 trainings on the same data (finetune ")


def test_trainings_that_agree_let_it_stand(evaluation: Evaluation, home: Path, given: Trainings) -> None:
    repeated = found(given, evaluation, home)
    alike = {name: {arm: (each[0], *each[:2]) for arm, each in arms.items()} for name, arms in repeated.scores.items()}
    report = build(evaluation, load_prices(), None, repeated=replace(repeated, scores=alike))
    said = fine_tuning_sentence(report.fine_tuning, report.trainings)
    assert said.startswith("Fine-tuning pays on old: there finetune or hybrid beats RAG with examples")
