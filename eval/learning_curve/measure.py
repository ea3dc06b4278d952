"""From the answers of many trainings to the learning curve: scores, fits, crossings and what checking them found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from crossover.eval.learning_curve.crossing import Crossing, Trained, crossing
from crossover.eval.learning_curve.document import Checked, Fitted, LearningCurve, Point
from crossover.eval.learning_curve.plan import RIVAL, OtherCurve, Plan, answered
from crossover.eval.questions import OVERALL
from crossover.eval.report.recommendation import listed
from crossover.eval.scoring import Evaluation, load
from crossover.eval.statistics import compare

_ASKED = ("documents", "system", "max_tokens", "temperature")
"""What all runs of a curve must have alike; `documents` where an arm reads them."""

Scored = Mapping[tuple[int, int], Evaluation]  # by size and seed
Chosen = np.ndarray[tuple[int], np.dtype[np.bool_]]

_PLAIN = {
    "already at the smallest": "is above it from the smallest training on for",
    "never": "never overtakes it on",
    "falls": "gets worse with more examples on",
}


def measure(plan: Plan) -> LearningCurve:
    """The learning curve of a plan whose trainings were all asked.

    Raises:
        RunsError: answers are missing.
        OtherCurve: some are about other documents than others, or were asked otherwise.
    """
    scored = {(size, seed): load([plan.answers(size, seed)]) for size in plan.sizes for seed in plan.seeds}
    rival = load([plan.rival_answers])
    _check_alike(plan, plan.arms, scored, rival)
    rival_scores = rival.run(RIVAL).exact
    names = [OVERALL, *rival.questions.slices]
    points: dict[str, dict[str, list[Point]]] = {}
    found: dict[str, dict[str, Crossing]] = {}
    for name in names:
        chosen = np.ones(len(rival.questions), bool) if name == OVERALL else rival.mask(name)
        groups = [group for group, take in zip(rival.groups, chosen, strict=True) if take]
        for arm in plan.arms:
            trained = [Trained(size, each.run(arm).exact[chosen]) for (size, _), each in scored.items()]
            found.setdefault(name, {})[arm] = crossing(trained, rival_scores[chosen], groups)
            points.setdefault(name, {})[arm] = _points(scored, arm, chosen)
    largest = max(plan.sizes)
    return LearningCurve(
        sentence=sentence(found[OVERALL], RIVAL, largest),
        by_slice=slices_sentence(found),
        question_set={"name": plan.questions.name, "digest": rival.questions.digest},
        examples={
            "name": plan.examples.name,
            "fingerprint": plan.examples.fingerprint,
            "count": len(plan.examples.examples),
        },
        sizes=list(plan.sizes),
        seeds=list(plan.seeds),
        rival=RIVAL,
        rival_scores={
            name: float(rival_scores[slice(None) if name == OVERALL else rival.mask(name)].mean()) for name in names
        },
        points=points,
        crossings={
            name: {arm: Fitted.of(each, arm, RIVAL, largest) for arm, each in arms.items()}
            for name, arms in found.items()
        },
    )


def check_sizes_of(document: LearningCurve, examples: int) -> list[int]:
    """The predicted overall crossings at which a training can be made and none was, each once."""
    guesses = [fitted.examples for fitted in document.crossings.get(OVERALL, {}).values() if fitted.words == "at"]
    return sorted({guess for guess in guesses if guess is not None and guess <= examples} - set(document.sizes))


def checks(plan: Plan, document: LearningCurve) -> list[Checked]:
    """Each arm at its predicted overall crossing against the rival: is the difference there about zero?

    Raises:
        OtherCurve: its answers are about other documents than the rival's, or were asked otherwise.
    """
    rival = load([plan.rival_answers])
    found = []
    for arm, fitted in document.crossings[OVERALL].items():
        size = fitted.examples
        if size is None or fitted.words != "at":
            continue
        folders = [plan.answers(size, seed) for seed in plan.seeds]
        if not all(answered(folder, [arm]) for folder in folders):
            continue
        scored = {(size, seed): load([plan.answers(size, seed)]) for seed in plan.seeds}
        _check_alike(plan, [arm], scored, rival)
        scores = np.mean([each.run(arm).exact for each in scored.values()], axis=0)
        comparison = compare(scores, rival.run(RIVAL).exact, rival.groups)
        low, high = comparison.interval.low, comparison.interval.high
        found.append(
            Checked(
                arm=arm,
                size=size,
                trainings=len(folders),
                difference=comparison.difference,
                interval=(low, high),
                holds=low <= 0 <= high,
            )
        )
    return found


def sentence(found: Mapping[str, Crossing], rival: str, largest: int) -> str:
    """Where the arms overtake the rival on all questions together."""
    told = "; ".join(Fitted.of(each, arm, rival, largest).sentence for arm, each in found.items())
    return f"Trained on up to {largest:,} examples, {told}."


def slices_sentence(found: Mapping[str, Mapping[str, Crossing]]) -> str:
    """The slices in which it is plain, by arm, those with the same words together; empty when none is."""
    parts = []
    for arm in found[OVERALL]:
        for words, said in _PLAIN.items():
            names = [name for name, arms in found.items() if name != OVERALL and arms[arm].words == words]
            parts += [f"{arm} {said} {listed(names)}"] if names else []
    return f"By kind of question: {'; '.join(parts)}." if parts else ""


def _check_alike(plan: Plan, arms: Sequence[str], scored: Scored, rival: Evaluation) -> None:
    """Sees that arms differ in their training alone: a folder may have grown while its documents changed."""
    asked = rival.run(RIVAL).header["identity"]
    for (size, seed), evaluation in scored.items():
        for identity in (evaluation.run(arm).header["identity"] for arm in arms):
            reads = identity.get("documents")
            names = [name for name in _ASKED if name != "documents" or reads]
            if unlike := [name for name in names if identity.get(name) != asked.get(name)]:
                raise OtherCurve(
                    f"{plan.answers(size, seed)}: asked with other {', '.join(unlike)} than {plan.rival_answers}; "
                    "remove the older of them and run the same again, which asks what is missing, or give another "
                    "folder with -o"
                )


def _points(scored: Scored, arm: str, chosen: Chosen) -> list[Point]:
    points = []
    for (size, seed), evaluation in sorted(scored.items()):
        run = evaluation.run(arm)
        points.append(
            Point(size=size, seed=seed, adapter=", ".join(run.adapters), score=float(run.exact[chosen].mean()))
        )
    return points
