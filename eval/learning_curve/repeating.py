"""The promoted adapter's training again with other seeds, in a home of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import count, islice
from pathlib import Path

from crossover.adapters.examples import DataSet
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.eval.arms import FINE_TUNED
from crossover.eval.commands import usual_settings
from crossover.eval.learning_curve.plan import Plan
from crossover.eval.questions import QuestionSet
from crossover.eval.runs import AskOptions
from crossover.server.settings import Settings


def repeats_plan(
    adapter: str | None,
    trainings: int,
    questions: QuestionSet,
    documents: Sequence[Path],
    arms: Sequence[str],
    options: AskOptions,
    settings: Settings,
) -> Plan:
    """What is to be trained and asked beside the promoted adapter; its folder says what it depends on already.

    Args:
        adapter: its alias; None for the only one that is promoted.
        trainings: how many there shall be, the adapter's own among them.
        documents: what the index holds, to be indexed once more.
        arms: those of the run.

    Raises:
        ValueError: no such adapter, no documents, no arm that has an adapter, or one trained with settings of its own.
    """
    version = _promoted(adapter, Registry(settings.home))
    chosen = [arm for arm in FINE_TUNED if arm in arms]
    if not chosen:
        raise ValueError("--train-seeds: neither finetune nor hybrid is asked")
    if settings.qdrant_url:
        raise ValueError("--train-seeds: CROSSOVER_QDRANT_URL is set, and its documents are others'; unset it")
    if not documents:
        raise ValueError("--train-seeds: give what the index holds with --documents, so that trainings can be repeated")
    if missing := next((path for path in documents if not path.exists()), None):
        raise ValueError(f"--documents {missing}: no such file or folder")
    data = _data(version, Registry(settings.home), settings)
    key = [version.digest, questions.digest, chosen, options, [str(path.resolve()) for path in documents]]
    seeds = (seed for seed in count(1) if seed != version.card.hyperparameters.get("seed"))
    plan = Plan(
        folder=settings.home / "curves" / f"{version.name}-{hashlib.sha256(repr(key).encode()).hexdigest()[:12]}",
        examples=data,
        questions=questions,
        before=documents,
        now=documents,
        sizes=[len(data.examples)],
        seeds=list(islice(seeds, trainings - 1)),
        arms=chosen,
        with_context=bool(version.card.hyperparameters.get("with_context")),
        options=options,
    )
    plan.begin(version.card.base_fingerprint)
    return plan


def _data(version: AdapterVersion, registry: Registry, settings: Settings) -> DataSet:
    """What it was trained on, where a training by the defaults would be like its own."""
    data = DataSet(version.name, tuple(registry.training_examples(version)))
    if data.fingerprint != version.card.data.fingerprint:
        raise ValueError(f"--train-seeds: the training examples of {version.served_name} are not kept beside it")
    with_context = bool(version.card.hyperparameters.get("with_context"))
    usual, own = usual_settings(settings, data, with_context=with_context), version.card.settings
    if other := sorted(name for name in usual | own if usual.get(name) != own.get(name)):
        raise ValueError(
            f"--train-seeds: {version.served_name} was trained with another {', '.join(other)} than a training has by "
            "default now, and repeats train by the defaults"
        )
    return data


def _promoted(adapter: str | None, registry: Registry) -> AdapterVersion:
    promoted = [version for version in registry.promoted() if adapter in (None, version.name)]
    if len(promoted) == 1:
        return promoted[0]
    named = f"{adapter} is not promoted" if adapter else f"{len(promoted)} adapters are promoted"
    raise ValueError(f"--train-seeds: {named}; name one that is with --adapter")
