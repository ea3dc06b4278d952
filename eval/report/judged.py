"""What the report says of a judge: how far it can be trusted, what it scored, and what it failed to score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from crossover.eval.judge.agreement import TRUSTED, Agreement
from crossover.eval.judge.verdicts import Verdicts
from crossover.eval.questions import OVERALL
from crossover.eval.report.document import Agreed, JudgedScore, JudgeReport
from crossover.eval.report.figures import Score
from crossover.eval.scoring import Evaluation

EXACT, JUDGED = "exact match", "right by the judge"
_LEAST = 0.25  # of the questions must have a verdict for every arm
_ABOUT = {"right": "right or wrong", "faithful": "faithful or not"}


def headline_of(evaluation: Evaluation, found: Verdicts | None, *, wanted: bool) -> Evaluation:
    """The evaluation with the judge's verdicts for its headline, where that is wanted and they may carry it."""
    if found is None or not wanted or not found.trusted:
        return evaluation
    judged = replace(evaluation, judged=found.right)
    whole, _ = evaluation.scores_on(OVERALL)
    asked = len(next(iter(whole.values())))
    left = {name: len(judged.scores_on(name)[1]) for name in (OVERALL, *judged.slices)}
    return judged if left[OVERALL] >= _LEAST * asked and all(left.values()) else evaluation


def judge_report(found: Verdicts, evaluation: Evaluation, *, wanted: bool) -> JudgeReport:
    """The judge's part of the document.

    Args:
        evaluation: as it is reported, with the judge's verdicts or without.
        wanted: whether the judge was to carry the headline.
    """
    carries = evaluation.judged is not None
    return JudgeReport(
        model=found.judge,
        sample=found.sample,
        agreements={label: _agreed(each) for label, each in found.agreements.items()},
        trusted=found.trusted,
        carries_headline=carries,
        sentence=f"{_trust(found)} {_headline(found, wanted=wanted, carries=carries)}",
        metrics={
            arm: {
                name: JudgedScore(score=Score.of(each.score) if each.score else None, missing=dict(each.missing))
                for name, each in columns.items()
            }
            for arm, columns in found.metrics.items()
        },
    )


def failed(report: JudgeReport) -> Mapping[str, int]:
    """How many judgements are missing, by reason, the commonest first."""
    reasons = Counter[str]()
    for columns in report.metrics.values():
        for each in columns.values():
            reasons.update(each.missing)
    return dict(reasons.most_common())


def _agreed(found: Agreement) -> Agreed:
    return Agreed(kappa=found.kappa, n=found.n, missing=dict(found.missing), kinds=dict(found.kinds))


def _trust(found: Verdicts) -> str:
    parts = [
        f"{'not computed' if each.kappa is None else f'{each.kappa:.2f}'} on {_ABOUT[label]} ({each.n} verdicts"
        + (f", {missing} missing)" if (missing := sum(each.missing.values())) else ")")
        for label, each in found.agreements.items()
    ]
    return (
        f"The judge {found.judge} agrees with the labelled sample {found.sample} at Cohen's kappa {', '.join(parts)}."
    )


def _headline(found: Verdicts, *, wanted: bool, carries: bool) -> str:
    if carries:
        return "Its verdicts on right and wrong carry the headline."
    kappa = found.agreements["right"].kappa
    if not found.trusted:
        low = "kappa is not known" if kappa is None else f"kappa {kappa:.2f} is below {TRUSTED}"
        return f"It may not carry the headline, for its {low}: the headline is exact match."
    if wanted:
        return "Too many of its verdicts are missing for it to carry the headline, which is exact match."
    return "The headline is exact match; --headline judge would let its verdicts carry it."
