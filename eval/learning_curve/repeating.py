"""The promoted adapter's training again with other seeds, as a learning curve of one size."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, islice
from pathlib import Path

from crossover.adapters.examples import DataSet
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.eval.commands import usual_settings
from crossover.eval.learning_curve.plan import Plan
from crossover.eval.learning_curve.training import settings_of
from crossover.eval.questions import QuestionSet
from crossover.eval.report.repeats import FINE_TUNED
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
    """What is to be trained and asked beside the promoted adapter, in a folder of its own under the home.

    Args:
        adapter: its alias; None for the only one that is promoted.
        trainings: how many there shall be, the adapter's own among them.
        documents: what the index holds, to be indexed once more; empty with a Qdrant server, whose index is used.
        arms: those of the run.

    Raises:
        ValueError: no such adapter, no documents, no arm that has an adapter, or one trained with settings of its own.
    """
    version = _promoted(adapter, Registry(settings.home))
    chosen = [arm for arm in FINE_TUNED if arm in arms]
    if not chosen:
        raise ValueError("--train-seeds: neither finetune nor hybrid is asked")
    if not documents and not settings.qdrant_url:
        raise ValueError("--train-seeds: give what the index holds with --documents, so that trainings can be repeated")
    if missing := next((path for path in documents if not path.exists()), None):
        raise ValueError(f"--documents {missing}: no such file or folder")
    data = DataSet(version.name, tuple(Registry(settings.home).training_examples(version)))
    with_context = bool(version.card.hyperparameters.get("with_context"))
    usual, own = usual_settings(settings, data, with_context=with_context), settings_of(version.card)
    if other := sorted(name for name in usual | own if usual.get(name) != own.get(name)):
        raise ValueError(
            f"--train-seeds: {version.served_name} was trained with another {', '.join(other)} than a training has by "
            "default now, and repeats train by the defaults"
        )
    seeds = (seed for seed in count(1) if seed != version.card.hyperparameters.get("seed"))
    return Plan(
        folder=settings.home / "curves" / f"{version.name}-{version.digest}-{questions.digest}",
        examples=data,
        questions=questions,
        before=documents,
        now=documents,
        sizes=[len(data.examples)],
        seeds=list(islice(seeds, trainings - 1)),
        arms=chosen,
        with_context=with_context,
        options=options,
    )


def _promoted(adapter: str | None, registry: Registry) -> AdapterVersion:
    promoted = [version for version in registry.promoted() if adapter in (None, version.name)]
    if len(promoted) == 1:
        return promoted[0]
    named = f"{adapter} is not promoted" if adapter else f"{len(promoted)} adapters are promoted"
    raise ValueError(f"--train-seeds: {named}; name one that is with --adapter")
