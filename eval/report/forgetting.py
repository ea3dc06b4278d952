"""What training took away: reading and refusing, with the adapter beside the same strategy without it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crossover.adapters.prompt import UNKNOWN
from crossover.eval.metrics.exact_match import exact_match
from crossover.eval.money.footprint import find_version
from crossover.eval.permutation import Scores
from crossover.eval.questions import OVERALL
from crossover.eval.report.document import Forgotten
from crossover.eval.report.figures import Score
from crossover.eval.report.recommendation import percent
from crossover.eval.scoring import Evaluation
from crossover.eval.slices.automatic import Mask
from crossover.eval.statistics import estimate

_PAIRS = (("finetune", "base"), ("hybrid", "rag"))


def forgotten(evaluation: Evaluation) -> list[Forgotten]:
    """Of what the base model answers right, how much each adapter's strategy still does; refusals apart."""
    scores = {run.arm: evaluation.right(run.arm) for run in evaluation.runs}
    refusing = np.array([exact_match(UNKNOWN, question) == 1 for question in evaluation.questions])
    found = []
    for arm, beside in _PAIRS:
        if arm in scores and beside in scores:
            for what, kind in (("answers", ~refusing), ("refusals", refusing)):
                right = kind & evaluation.mask(OVERALL) & (scores[beside] == 1) & ~np.isnan(scores[arm])
                if right.any():
                    found.append(_kept(evaluation, (arm, beside, what), scores[arm], right))
    return found


def gate_sentences(evaluation: Evaluation, homes: Sequence[Path]) -> dict[str, list[str]]:
    """What the promotion gate said of each adapter, by served name, where one was asked."""
    versions = {name: find_version(name, homes) for name in evaluation.adapters}
    return {name: list(v.card.gate["sentences"]) for name, v in versions.items() if v and v.card.gate}


def forgetting_sentence(found: Sequence[Forgotten]) -> str:
    """The losses in words; empty where nothing was compared."""
    told = [
        f"of the {row.what} that {row.beside} has right, {row.arm} keeps {percent(row.kept.score)}" for row in found
    ]
    said = "; ".join(told)
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def _kept(evaluation: Evaluation, row: tuple[str, str, str], scores: Scores, right: Mask) -> Forgotten:
    arm, beside, what = row
    groups = [group for group, take in zip(evaluation.groups, right, strict=True) if take]
    return Forgotten(arm=arm, beside=beside, what=what, kept=Score.of(estimate(scores[right], groups)))
