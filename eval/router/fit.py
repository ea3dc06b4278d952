"""From asked questions to a policy: calibrated estimators, each the best of several by grouped cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crossover.eval.router.asked import Asked
from crossover.eval.router.ratings import Rated
from crossover.server.routing.checking import Check
from crossover.server.routing.columns import Columns, Matrix, Scale, expand
from crossover.server.routing.distribution import Distribution, common_of
from crossover.server.routing.estimators import Calibration, Estimator, Logistic, Mean, Neighbours, Rate, Trees
from crossover.server.routing.features import FEATURE_VERSION, NAMES, Vector
from crossover.server.routing.policy import Policy

LEAST_QUESTIONS = 100
LEAST_GROUPS = 30
_LEAST_CASES = 10  # right, and wrong, answers below which only their rate can be learnt
_FOLDS = 5
_DIGITS = 5
_CONSTANT = 1e-9  # spreads below are rounding


class TooFewQuestions(ValueError):
    """Too little was asked to learn from; the rules stay."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One kind of estimator: logistic regression with an inverse penalty, so many neighbours, trees with so many
    questions in a leaf, or the mean of others."""

    kind: Literal["logistic", "knn", "trees", "mean"]
    degree: Literal[1, 2] = 1
    inverse_penalty: float = 1.0
    k: int = 0
    leaf: int = 0
    parts: tuple[Candidate, ...] = ()


_PRODUCTS, _COARSE, _FINE = Candidate("logistic", 2, 0.01), Candidate("trees", leaf=15), Candidate("trees", leaf=5)
CANDIDATES = (
    Candidate("logistic", 1, 0.03),
    Candidate("logistic", 1, 0.3),
    Candidate("logistic", 2, 0.001),
    _PRODUCTS,
    Candidate("knn", k=20),
    Candidate("knn", k=50),
    _COARSE,
    _FINE,
    Candidate("mean", parts=(_PRODUCTS, _COARSE)),
    Candidate("mean", parts=(_PRODUCTS, _FINE)),
)
_WITHOUT_POINTS = tuple(candidate for candidate in CANDIDATES if candidate.kind != "knn")
_TREES, _DEEPEST, _COLUMNS = 60, 12, 0.5  # share of the columns tried at a node


@dataclass(frozen=True, slots=True)
class Fitted:
    """One strategy's estimator, and the estimates of it that no answer to the same group went into, (questions,)."""

    estimator: Estimator
    held_out: Vector


def fit(asked: Asked, rated: Sequence[Rated] = ()) -> tuple[Policy, dict[str, Vector]]:
    """The policy, and its cross-validated estimates: for each asked question those of a fit without its group.

    Args:
        rated: more answers, of one strategy each; what it chooses is still judged on the asked questions alone.

    Raises:
        TooFewQuestions: fewer than LEAST_QUESTIONS about LEAST_GROUPS facts or documents, or one strategy alone.
    """
    _require_enough(asked)
    rows = asked.rows
    scale = scale_of(rows)
    columns = scale.columns(rows)
    folds = folds_of(asked.groups)
    told = {name: [each for each in rated if each.strategy == name] for name in asked.scores}
    fitted = {
        name: _with_ratings(columns, right, asked, told[name], scale) if told[name] else fit_best(columns, right, folds)
        for name, right in asked.scores.items()
    }
    neighbours = any(each.estimator.kind == "knn" for each in fitted.values())
    policy = Policy(
        feature_version=FEATURE_VERSION,
        features=list(NAMES),
        fitted_at=datetime.now(UTC).isoformat(timespec="seconds"),
        circumstances=asked.circumstances,
        adapters=sorted({origin.adapter for origin in asked.origins if origin.adapter}),
        runs=asked.origins,
        scale=scale,
        estimators={name: each.estimator for name, each in fitted.items()},
        costs=asked.costs,
        checks={name: _check_of(asked, name, folds) for name in asked.seen},
        points=np.round(columns, _DIGITS).tolist() if neighbours else [],
        distribution=distribution_of(rows, scale, folds),
    )
    return policy, {name: each.held_out for name, each in fitted.items()}


def distribution_of(rows: Matrix, scale: Scale, folds: NDArray[np.int_]) -> Distribution:
    """That of the questions; how far out is common is told by questions whose group went into neither scale nor
    covariance, for those are nearer to all they are made of than any later question will be."""
    distances = np.empty(len(rows))
    for fold in np.unique(folds):
        left, out = folds != fold, folds == fold
        part = scale_of(rows[left])
        others = Distribution.of(rows[left], part.standard(rows[left]))
        distances[out] = [others.distance(vector) for vector in part.standard(rows[out])]
    # What lacks a feature that all others have is infinitely far, and is told apart by that anyway.
    common = common_of(distances[np.isfinite(distances)])
    return Distribution.of(rows, scale.standard(rows)).model_copy(update={"common": common})


def _check_of(asked: Asked, name: str, folds: NDArray[np.int_]) -> Check:
    rows = np.hstack([asked.rows, asked.seen[name]])
    scale = scale_of(rows)
    fitted = fit_best(scale.columns(rows), asked.scores[name], folds, _WITHOUT_POINTS)
    return Check.model_validate({"scale": scale, "estimator": fitted.estimator})


def scale_of(rows: NDArray[np.float64]) -> Scale:
    """The scale of some feature vectors."""
    known = ~np.isnan(rows)
    n = np.maximum(known.sum(0), 1)
    mean = np.where(known, rows, 0.0).sum(0) / n
    spread = np.sqrt(np.where(known, (rows - mean) ** 2, 0.0).sum(0) / n)
    marked = [column for column in range(rows.shape[1]) if 0 < known[:, column].sum() < len(rows)]
    return Scale(mean=mean.tolist(), spread=np.where(spread > _CONSTANT, spread, 1.0).tolist(), marked=marked)


def folds_of(groups: Sequence[str]) -> NDArray[np.int_]:
    """The fold of each question: whole groups, the same ones each time."""
    names, index = np.unique(np.asarray(groups), return_inverse=True)
    order = np.random.default_rng(0).permutation(len(names))
    return np.asarray(order[index] % _FOLDS)


def log_loss(estimates: Vector, right: Vector) -> float:
    """Mean negative log-likelihood of what happened, in nats."""
    clipped = np.clip(estimates, 1e-6, 1 - 1e-6)
    return float(-(right * np.log(clipped) + (1 - right) * np.log(1 - clipped)).mean())


def _require_enough(asked: Asked) -> None:
    groups = len(set(asked.groups))
    if len(asked) < LEAST_QUESTIONS or groups < LEAST_GROUPS:
        raise TooFewQuestions(
            f"{len(asked)} questions about {groups} facts or documents are too few to learn from, at least "
            f"{LEAST_QUESTIONS} about {LEAST_GROUPS} are needed; `auto` keeps to its rules"
        )
    if len(asked.strategies) < 2:
        raise TooFewQuestions(
            f"only {', '.join(asked.strategies) or 'no strategy'} answered them all: there is nothing to choose "
            "between; `auto` keeps to its rules"
        )


def _with_ratings(columns: Matrix, right: Vector, asked: Asked, rated: Sequence[Rated], scale: Scale) -> Fitted:
    """One strategy's estimator from asked and rated answers; not by neighbours, whose points all strategies share."""
    more = scale.columns(np.array([each.view.features.vector() for each in rated]))
    known_group = dict(zip(asked.questions, asked.groups, strict=False))  # without questions there is none to know
    groups = [*asked.groups, *(known_group.get(each.question, f"rated/{each.question}") for each in rated)]
    rows, known = np.vstack([columns, more]), np.append(right, [each.right for each in rated])
    fitted = fit_best(rows, known, folds_of(groups), _WITHOUT_POINTS)
    return Fitted(fitted.estimator, fitted.held_out[: len(columns)])


def fit_best(
    columns: Matrix, right: Vector, folds: NDArray[np.int_], candidates: Sequence[Candidate] = CANDIDATES
) -> Fitted:
    """The candidate of the least cross-validated log loss, fitted on everything and calibrated on the held-out."""
    cases = right.sum()
    if min(cases, len(right) - cases) < _LEAST_CASES:
        rate = float((cases + 1) / (len(right) + 2))
        return Fitted(Rate(rate=rate), np.full(len(right), rate))
    logits: dict[Candidate, Vector] = {}
    for candidate in candidates:
        parts = [logits[part] for part in candidate.parts]
        logits[candidate] = np.mean(parts, axis=0) if parts else _held_out(candidate, columns, right, folds)
    estimates = {candidate: _cross_calibrated(found, right, folds) for candidate, found in logits.items()}
    best = min(candidates, key=lambda candidate: log_loss(estimates[candidate], right))
    calibration = _calibration(logits[best], right)
    return Fitted(_fit(best, columns, right).model_copy(update={"calibration": calibration}), estimates[best])


def _held_out(candidate: Candidate, columns: Matrix, right: Vector, folds: NDArray[np.int_]) -> Vector:
    logits = np.empty(len(right))
    for fold in range(_FOLDS):
        left, out = folds != fold, folds == fold
        if out.any():
            logits[out] = _fit(candidate, columns[left], right[left]).logits(Columns(columns[out], columns[left]))
    return logits


def _cross_calibrated(logits: Vector, right: Vector, folds: NDArray[np.int_]) -> Vector:
    estimates = np.empty(len(right))
    for fold in range(_FOLDS):
        left, out = folds != fold, folds == fold
        estimates[out] = _calibration(logits[left], right[left]).chances(logits[out])
    return estimates


def _fit(candidate: Candidate, columns: Matrix, right: Vector) -> Estimator:
    if candidate.kind == "mean":
        return Mean.model_validate({"parts": [_fit(part, columns, right) for part in candidate.parts]})
    if candidate.kind == "knn":
        return Neighbours(k=candidate.k, right=right.tolist())
    if len(set(right)) < 2:  # a fold may hold all of the few cases
        return Rate(rate=float((right.sum() + 1) / (len(right) + 2)))
    if candidate.kind == "trees":
        return fit_trees(columns, right, candidate.leaf)
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=candidate.inverse_penalty, solver="newton-cholesky", max_iter=200)
    model.fit(expand(columns, candidate.degree), right)
    return Logistic(
        degree=candidate.degree,
        weights=np.round(model.coef_[0], _DIGITS).tolist(),
        bias=round(float(model.intercept_[0]), _DIGITS),
    )


def fit_trees(columns: Matrix, right: Vector, leaf: int) -> Trees:
    """Extremely randomised trees of scikit-learn, as numbers.

    Args:
        columns: shape (questions, columns).
        right: 1 or 0 for each question.
        leaf: fewest questions in one.
    """
    from sklearn.ensemble import ExtraTreesRegressor

    model = ExtraTreesRegressor(
        _TREES, min_samples_leaf=leaf, max_depth=_DEEPEST, max_features=_COLUMNS, random_state=0
    ).fit(columns, right)
    trees = [each.tree_ for each in model.estimators_]
    roots = np.cumsum([0, *(tree.node_count for tree in trees)])[:-1]

    def children(side: str) -> list[int]:
        found = [(getattr(tree, side), root) for tree, root in zip(trees, roots, strict=True)]
        ends_in_itself = [np.where(to < 0, np.arange(len(to)), to) + root for to, root in found]
        return [int(node) for node in np.concatenate(ends_in_itself)]

    return Trees(
        roots=roots.tolist(),
        column=np.concatenate([np.maximum(tree.feature, 0) for tree in trees]).tolist(),
        threshold=np.round(np.concatenate([tree.threshold for tree in trees]), _DIGITS).tolist(),
        left=children("children_left"),
        right=children("children_right"),
        share=np.round(np.concatenate([tree.value[:, 0, 0] for tree in trees]), _DIGITS).tolist(),
    )


def _calibration(logits: Vector, right: Vector) -> Calibration:
    from sklearn.linear_model import LogisticRegression

    if len(set(right)) < 2 or np.ptp(logits) == 0:
        return Calibration()
    model = LogisticRegression(C=100.0).fit(logits[:, None], right)
    # Estimates that rank worse than chance say nothing: the rate is all that is left of them.
    slope = max(0.0, float(model.coef_[0, 0]))
    offset = float(model.intercept_[0]) if slope else float(np.log(right.mean() / (1 - right.mean())))
    return Calibration(slope=round(slope, _DIGITS), offset=round(offset, _DIGITS))
