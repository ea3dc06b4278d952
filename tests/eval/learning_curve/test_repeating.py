"""What `eval run --train-seeds` will train, and what it says before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.adapters.base_model import resolve
from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.examples import DataSet, Example
from crossover.adapters.kept_examples import write_kept
from crossover.adapters.prompt import Prompts
from crossover.adapters.registry import Registry
from crossover.eval.commands import usual_settings
from crossover.eval.learning_curve.repeating import repeats_plan
from crossover.eval.questions import QuestionSet
from crossover.eval.runs import AskOptions
from crossover.server.settings import Settings

DATA = DataSet("train", tuple(Example(f"What is {n}?", f"Answer {n}") for n in range(40)))
ARMS = ("rag", "finetune", "hybrid")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with one promoted adapter, trained as a training is by default."""
    settings = Settings(home=tmp_path / "home")
    register(settings, "house", {})
    return settings


def register(settings: Settings, name: str, otherwise: dict[str, object]) -> None:
    usual = usual_settings(settings, DATA, with_context=True)
    beside = ("method", "base_fingerprint", "chat_template", "prompts", "parent", "files", "weight", "validation")
    hyperparameters = {key: value for key, value in usual.items() if key not in beside}
    card = AdapterCard(
        name=name,
        digest="3f9c2a41d0be",
        base_model="reader",
        base_fingerprint=resolve(None).fingerprint,
        chat_template=usual["chat_template"],
        prompts=Prompts().digest,
        data=DataCard(name="train", fingerprint=DATA.fingerprint, examples=40),
        hyperparameters={**hyperparameters, "seed": 1, **otherwise},
        trained_at="2026-01-01T00:00:00Z",  # type: ignore[arg-type]
    )
    registry = Registry(settings.home)
    folder = registry.folder / name / card.digest
    folder.mkdir(parents=True)
    write_kept(folder, DATA.examples, ())
    card.save(folder)
    registry.set_alias(name, card.digest)


def test_the_promoted_adapters_training_is_planned_with_other_seeds(
    settings: Settings, questions: QuestionSet, tmp_path: Path
) -> None:
    plan = repeats_plan(None, 3, questions, [tmp_path], ARMS, AskOptions(), settings)
    assert (plan.sizes, plan.seeds, plan.arms) == ([40], [2, 3], ["finetune", "hybrid"])
    assert plan.examples.fingerprint == DATA.fingerprint
    assert plan.with_context
    assert plan.folder.parent == settings.home / "curves"


def test_what_cannot_be_repeated_is_told_at_once(settings: Settings, questions: QuestionSet, tmp_path: Path) -> None:
    def refused(words: str, adapter: str | None = None, documents: Path | None = tmp_path, arms: object = ARMS) -> None:
        with pytest.raises(ValueError, match=words):
            given = [documents] if documents else []
            repeats_plan(adapter, 3, questions, given, arms, AskOptions(), settings)  # type: ignore[arg-type]

    refused("neither finetune nor hybrid is asked", arms=("rag",))
    refused("give what the index holds with --documents", documents=None)
    refused("no such file or folder", documents=tmp_path / "none")
    refused("tickets is not promoted; name one that is", adapter="tickets")
    register(settings, "longer", {"epochs": 99})
    refused("2 adapters are promoted")
    refused("longer@3f9c2a41d0be was trained with another epochs than a training has by default", adapter="longer")
