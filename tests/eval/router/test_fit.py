"""Learning which strategy is right: estimators, their calibration, and what is too little to learn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from asked_questions import HERE, asked, fitted
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import PolynomialFeatures

from crossover.eval.bench.router import without_age
from crossover.eval.router.asked import distinct, join
from crossover.eval.router.fit import TooFewQuestions, distribution_of, fit, fit_trees, folds_of, log_loss, scale_of
from crossover.eval.router.judge import by_estimates, by_policy, by_rules, calibration_error, judge
from crossover.eval.run_log import RunMismatch
from crossover.server.routing.columns import Columns, expand
from crossover.server.routing.estimators import Logistic, Mean, Neighbours, chances
from crossover.server.routing.features import NAMES


def test_what_it_learns_holds_for_other_questions() -> None:
    policy, held_out = fitted()
    others = asked(400, seed=2)
    judged = judge(others, by_policy(policy, others, 0.0))
    assert judged.against[judged.best_single].words == "better"
    assert judged.of_slice_oracle > 0.9
    for name in ("rag", "finetune", "abstain"):
        estimates = policy.estimates(others.rows)[name]
        rate = np.full(len(others), others.scores[name].mean())
        assert log_loss(estimates, others.scores[name]) < log_loss(rate, others.scores[name])
    cross_validated = by_estimates(asked(300), held_out, 0.0).scores.mean()
    assert cross_validated == pytest.approx(judged.auto.score, abs=0.1)


def test_the_policy_says_where_it_comes_from() -> None:
    policy, _ = fit(join([asked(150, seed=3), asked(150, seed=4)]))
    assert [run.questions for run in policy.runs] == [150, 150]
    assert policy.adapters == ["house"] and policy.circumstances == HERE
    assert policy.features == list(NAMES)
    assert policy.costs == pytest.approx({"base": 0.3, "rag": 0.95, "finetune": 0.3, "hybrid": 1.0, "abstain": 0.0})
    assert policy.estimators["base"].kind == "rate"  # right too seldom for more


@pytest.mark.parametrize(("n", "keep"), [(60, ["rag", "finetune"]), (300, ["rag"])])
def test_too_little_to_learn_from_is_refused_with_the_reason(n: int, keep: list[str]) -> None:
    few = asked(n)
    few = replace(few, scores={name: few.scores[name] for name in (*keep, "abstain")})
    with pytest.raises(TooFewQuestions, match=r"`auto` keeps to its rules"):
        fit(few)


def test_questions_about_one_fact_are_never_on_both_sides() -> None:
    groups = [f"{k // 3}" for k in range(90)]
    folds = folds_of(groups)
    assert all(len(set(folds[k : k + 3])) == 1 for k in range(0, 90, 3))
    assert len(set(folds)) == 5
    assert (folds == folds_of(groups)).all()


def test_groups_of_other_question_sets_that_share_a_question_are_one() -> None:
    first = replace(asked(4), groups=["a/who", "a/what", "a/when", "a/when"], questions=["who", "what", "when", "by"])
    second = replace(asked(3), groups=["b/what", "b/what", "b/why"], questions=["what", "by", "why"])
    who, what, when, by, what_again, by_again, why = join([first, second]).groups
    assert what == when == by == what_again == by_again
    assert len({who, what, why}) == 3


def test_a_question_that_is_asked_again_counts_once_unless_it_is_seen_otherwise() -> None:
    first, other = asked(6), asked(6, seed=2)
    again = replace(first, views=[*first.views[:4], *other.views[4:]])
    whole = join(distinct([first, again]))
    assert len(whole) == 8 and [origin.questions for origin in whole.origins] == [6, 2]
    assert set(whole.groups) == set(first.groups)


def test_what_is_far_out_is_as_rare_among_other_questions_of_the_kind() -> None:
    rng, shares = np.random.default_rng(0), []
    for _ in range(20):
        mixing = rng.normal(size=(len(NAMES), len(NAMES)))
        rows, others = rng.normal(size=(100, len(NAMES))) @ mixing, rng.normal(size=(400, len(NAMES))) @ mixing
        scale = scale_of(rows)
        spread = distribution_of(rows, scale, folds_of([str(n) for n in range(100)]))
        shares.append(np.mean([spread.distance(row) > spread.common for row in scale.standard(others)]))
    assert np.mean(shares) < 0.03  # 0.14 by the distances of what went in


def test_runs_under_other_circumstances_are_not_mixed() -> None:
    other = replace(asked(150, seed=4), circumstances=HERE.model_copy(update={"passages": 5}))
    with pytest.raises(RunMismatch, match=r"another number of passages in a prompt \(1, now 5\)"):
        join([asked(150), other])


@pytest.mark.parametrize("degree", [1, 2])
def test_served_estimates_are_those_of_scikit_learn(degree: int) -> None:
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(200, 4))
    right = (columns[:, 0] * columns[:, 1] + rng.normal(size=200) > 0).astype(float)
    model = LogisticRegression(C=0.5).fit(expand(columns, degree), right)
    ours = Logistic(degree=degree, weights=model.coef_[0].tolist(), bias=float(model.intercept_[0]))  # type: ignore[arg-type]
    np.testing.assert_allclose(
        chances(ours, Columns(columns, np.array([]))), model.predict_proba(expand(columns, degree))[:, 1], atol=1e-9
    )
    theirs = PolynomialFeatures(2, include_bias=False).fit_transform(columns)
    np.testing.assert_allclose(np.sort(expand(columns, 2), axis=1), np.sort(theirs, axis=1))


def test_trees_say_what_scikit_learns_do() -> None:
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(300, 5))
    right = (columns[:, 0] * columns[:, 1] + 0.3 * rng.normal(size=300) > 0).astype(float)
    ours = fit_trees(columns, right, leaf=15)
    theirs = ExtraTreesRegressor(60, min_samples_leaf=15, max_depth=12, max_features=0.5, random_state=0)
    others = rng.normal(size=(200, 5))
    np.testing.assert_allclose(
        chances(ours, Columns(others, np.array([]))), theirs.fit(columns, right).predict(others), atol=1e-3
    )


def test_a_mean_lies_between_its_parts_and_is_the_same_from_its_file() -> None:
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(300, 5))
    right = (columns[:, 0] + 0.3 * rng.normal(size=300) > 0).astype(float)
    line = Logistic(degree=1, weights=[2.0, 0.0, 0.0, 0.0, 0.0], bias=0.0)
    trees = fit_trees(columns, right, leaf=5)
    mean = Mean.model_validate_json(Mean(parts=[line, trees]).model_dump_json())
    others = Columns(rng.normal(size=(200, 5)), np.array([]))
    parts = np.sort([chances(line, others), chances(trees, others)], axis=0)
    assert (parts[0] <= chances(mean, others)).all() and (chances(mean, others) <= parts[1]).all()


def test_neighbours_are_the_nearest_ones() -> None:
    points = np.array([[0.0], [0.1], [0.2], [5.0], [5.1], [5.2]])
    near = Neighbours(k=3, right=[1, 1, 1, 0, 0, 0])
    low, high = chances(near, Columns(np.array([[0.05], [5.05]]), points))
    assert low == pytest.approx(4 / 5) and high == pytest.approx(1 / 5)  # three neighbours, and one of each kind


def test_a_question_that_moves_a_little_moves_its_estimate_a_little() -> None:
    rng = np.random.default_rng(0)
    points, right = rng.normal(size=(60, 3)), rng.integers(2, size=60).astype(float)
    near = Neighbours(k=8, right=right.tolist())
    path = np.linspace(points[0], points[1], 2000)  # on its way neighbours take each other's places
    estimates = chances(near, Columns(path, points))
    assert np.ptp(estimates) > 0.03
    assert np.abs(np.diff(estimates)).max() < 0.001
    same = np.zeros((12, 3))
    assert chances(Neighbours(k=8, right=[1.0] * 12), Columns(same[:1], same)) == pytest.approx(0.9)  # all equally far


def test_an_unknown_feature_stands_at_the_mean_and_is_marked() -> None:
    rows = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 4.0]])
    scale = scale_of(rows)
    assert scale.marked == [1]
    columns = scale.columns(rows)
    assert columns.shape == (3, 3)
    assert columns[:, 2].tolist() == [0.0, 1.0, 0.0]
    assert columns[1, 1] == 0.0
    assert columns[:, 0] == pytest.approx([-1.2247449, 0.0, 1.2247449])


def test_calibration_error_is_what_estimates_are_off_by() -> None:
    right = np.tile([1.0, 0.0], 100)
    assert calibration_error(np.full(200, 0.5), right) == pytest.approx(0.0)
    assert calibration_error(np.full(200, 0.8), right) == pytest.approx(0.3)
    assert calibration_error(right, right) == 0.0


def test_knowledge_age_is_what_tells_changed_facts() -> None:
    there = asked(400, seed=2)
    unseeing, _ = fit(without_age(asked(300)))
    seen = by_policy(fitted()[0], there, 0.0).scores.mean()
    assert seen > by_policy(unseeing, without_age(there), 0.0).scores.mean() + 0.1


def test_rules_can_be_judged_too() -> None:
    found = by_rules(
        replace(
            asked(50),
            scores=asked(50).scores | {"hybrid": np.ones(50)},
            prices=asked(50).prices | {"hybrid": np.ones(50)},
        )
    )
    assert set(found.chosen) == {"finetune", "hybrid"}
