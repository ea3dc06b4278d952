"""The evidence about one version, from its card, the index, what users said, and what was given to look at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.adapters.registry import AdapterVersion, Registry
from crossover.eval.advice.canary import against_retrieval, ask_canary, drifts, first_answers
from crossover.eval.advice.evidence import Against, Cost, Drift, Evidence, Expected, Waiting
from crossover.eval.advice.feedback import drift_of, read_told
from crossover.eval.learning_curve.document import LearningCurve, load_curve
from crossover.eval.money.prices import Prices
from crossover.eval.questions import OVERALL
from crossover.server.source_changes import SourceChanges, source_changes

if TYPE_CHECKING:
    from rich.console import Console

    from crossover.adapters.examples import Example
    from crossover.eval.questions import QuestionSet
    from crossover.server.settings import Settings

_SECONDS = 120.0  # the server reads its whole index


@dataclass(frozen=True, slots=True)
class Given:
    """What the user gave to look at.

    Args:
        examples: all that there are by now; those trained on are told apart.
        canary: asked of the running server.
    """

    prices: Prices
    examples: Sequence[Example] = ()
    canary: QuestionSet | None = None
    curve: LearningCurve | None = None


def gather(
    version: AdapterVersion, registry: Registry, given: Given, settings: Settings, url: str | None, console: Console
) -> Evidence:
    """All that is known about a version.

    Args:
        url: of the server that runs on this home; None: none does, and the index is opened here.

    Raises:
        RuntimeError: canary questions and no server to ask; or the server cannot answer.
    """
    from crossover.adapters.base_model import resolve

    card = version.card
    told = read_told(settings.home, version)
    learnt = {(example.question, example.answer) for example in registry.training_examples(version)}
    learnt |= {(example.question, example.answer) for example in registry.held_out_examples(version)}
    corrections = {(each.question, each.correction) for each in told if each.correction}
    in_file = {(example.question, example.answer) for example in given.examples}
    waiting = Waiting(card.data.examples, len(in_file - learnt), len(corrections - learnt - in_file))
    sources = _sources(version, settings, url) if card.documents else None
    against: Against | None = None
    canary: tuple[Drift, ...] = ()
    if given.canary is not None:
        if url is None:
            raise RuntimeError("--canary asks a running server, and none runs on this home: crossover serve")
        now = ask_canary(given.canary, version, settings.home, url, console)
        first = first_answers(now, version, settings.home)
        against, canary = against_retrieval(now), drifts(first, now) if first else ()
    return Evidence(
        version=version.served_name,
        days=(datetime.now(UTC) - card.trained_at).total_seconds() / 86_400,
        cost=_cost(version, given.prices, sources),
        waiting=waiting,
        other_base=card.base_model if card.base_fingerprint != resolve(settings.base_model).fingerprint else None,
        sources=sources,
        feedback=drift_of(told),
        canary=canary,
        against=against,
        expected=expected(given.curve, waiting) if given.curve else None,
    )


def read_curve(path: Path) -> LearningCurve | None:
    """The learning curve in a file: one of its own, or that of a report; None where the report shows none.

    Raises:
        CurveFileError: neither of them.
    """
    file = path / "report.json" if (path / "report.json").is_file() else path
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return load_curve(path)
    if isinstance(document, dict) and "learning_curve" in document:
        curve = LearningCurve.model_validate(document["learning_curve"])
        return curve if curve.crossings else None
    return load_curve(path)


def expected(curve: LearningCurve, waiting: Waiting) -> Expected | None:
    """What the best arm's curve gains with the examples that wait; None where the curve has no arm.

    Nothing is promised beyond the reach of the curve: there it is read at its end.
    """
    import numpy as np

    from crossover.eval.learning_curve.crossing import REACH
    from crossover.eval.learning_curve.fit import Curves

    arms = curve.crossings.get(OVERALL, {})
    if not arms:
        return None
    after = waiting.trained_on + waiting.new
    sizes = np.minimum(np.array([max(1, waiting.trained_on), max(1, after)], np.float64), REACH * max(curve.sizes))
    scores = {
        arm: Curves(*(np.array([value]) for value in (told.level, told.gain, told.bend))).at(sizes)[0]
        for arm, told in arms.items()
    }
    best = max(scores, key=lambda arm: float(scores[arm][1]))
    lows = [told.interval[0] for told in arms.values() if told.words != "too few trainings"]
    falls = all(told.words in ("never", "falls") for told in arms.values())
    return Expected(
        arm=best,
        trained_on=waiting.trained_on,
        examples=after,
        before=float(scores[best][0]),
        after=float(scores[best][1]),
        rival=curve.rival,
        rival_score=curve.rival_scores.get(OVERALL, float("nan")),
        never=falls or (len(lows) == len(arms) and all(low is None or low > after for low in lows)),
    )


def _sources(version: AdapterVersion, settings: Settings, url: str | None) -> SourceChanges:
    if url is not None:
        import httpx

        from crossover.adapters.live import reaching

        path = f"{url}/v1/adapters/{version.name}/sources"
        with reaching(url):
            response = httpx.get(path, params={"version": version.digest}, timeout=_SECONDS, trust_env=False)
        if response.status_code != 200:
            raise RuntimeError(f"the server at {url} cannot compare the sources: {response.json()['error']['message']}")
        return SourceChanges(**response.json())
    from crossover.indexer.index import Index

    with Index.open(settings, warm=False) as index:
        return source_changes(version.card, index.version.chunks())


def _cost(version: AdapterVersion, prices: Prices, sources: SourceChanges | None) -> Cost:
    card, training = version.card, prices.training
    hours = training.device_hours
    stale = sources.share if sources else prices.examples.relabelled_share_per_retrain
    return Cost(
        hours=hours if hours is not None else (card.device_seconds or card.wall_seconds) / 3600,
        wall_seconds=card.wall_seconds,
        device=card.device,
        preparation=training.preparation_price_per_training,
        gate=training.gate_price_per_training,
        per_hour=training.price_per_device_hour,
        relabelled=stale * card.data.examples,
        per_example=prices.examples.labelling_price_per_example,
        currency=prices.currency,
        label=prices.label,
    )
