"""The router beside every single strategy, and beside whoever is best on each kind of question."""

from __future__ import annotations

from collections import Counter

import numpy as np

from crossover.eval.permutation import Scores
from crossover.eval.questions import OVERALL
from crossover.eval.report.document import Routed
from crossover.eval.report.figures import Difference
from crossover.eval.report.recommendation import percent
from crossover.eval.scoring import Evaluation
from crossover.eval.statistics import compare, holm
from crossover.server.strategies import ABSTAIN, AUTO, STRATEGIES

BY_SLICE = "the best strategy of each slice"


def routed(evaluation: Evaluation) -> Routed | None:
    """How `auto` does beside always the same strategy; None where it was not asked."""
    scores, groups = evaluation.scores_on(OVERALL)
    single = {f"always {arm}": own for arm, own in scores.items() if arm in STRATEGIES}
    if AUTO not in scores or not single:
        return None
    rivals = single | _by_slice(evaluation)
    compared = [compare(scores[AUTO], own, groups, comparisons=len(rivals)) for own in rivals.values()]
    rows = zip(evaluation.run(AUTO).rows, evaluation.mask(OVERALL), strict=True)
    chosen = Counter(str(row.get("crossover", {}).get("strategy", "")) for row, asked in rows if asked)
    return Routed(
        score=float(scores[AUTO].mean()),
        chosen={name: chosen[name] / chosen.total() for name in (*STRATEGIES, ABSTAIN) if chosen[name]},
        beside={name: float(own.mean()) for name, own in rivals.items()},
        gains={name: Difference.of(each) for name, each in zip(rivals, holm(compared), strict=True)},
    )


def routed_sentence(found: Routed | None) -> str:
    """Whether routing pays, in words; empty where `auto` was not asked."""
    if found is None:
        return ""
    best = max((name for name in found.beside if name != BY_SLICE), key=lambda name: found.beside[name])
    gain = found.gains[best]
    low, high = (round(100 * edge) for edge in gain.interval)
    verdict = {"better": "it is better", "worse": "it is worse"}.get(gain.words, gain.words)
    return (
        f"auto answers {percent(found.score)} right, {best} {percent(found.beside[best])}: {verdict} "
        f"({100 * gain.difference:+.0f} points, {low:+} to {high:+})."
    )


def _by_slice(evaluation: Evaluation) -> dict[str, Scores]:
    """What knowing the slice and its best strategy would score; only slices that part the questions can tell."""
    if evaluation.automatic or len(evaluation.slices) < 2:
        return {}
    picked = np.zeros(len(evaluation.questions))
    for name in evaluation.slices:
        scores = {arm: own for arm, own in evaluation.scores_on(name)[0].items() if arm in STRATEGIES}
        if (mask := evaluation.scored(name)).any():
            picked[mask] = max(scores.values(), key=lambda own: float(own.mean()))
    return {BY_SLICE: picked[evaluation.scored(OVERALL)]}
