"""Claims held against a census: what counts as true, and what a report with enough questions sees."""

from __future__ import annotations

import numpy as np
import pytest

from crossover.eval.bench.census import Claim, claims, figures_of, report
from crossover.eval.bench.population import Population
from crossover.eval.bench.worlds import graded
from crossover.eval.permutation import Scores
from crossover.eval.questions import Question, QuestionSet
from crossover.eval.scoring import Evaluation, ScoredRun
from crossover.eval.statistics import compare
from crossover.eval.top_set import TopSet


def census(chances: dict[str, float], count: int = 2000) -> Evaluation:
    """Arms that are right by chance, so often; every fact asked four times."""
    rng = np.random.default_rng(0)
    questions = tuple(Question(str(n), f"q{n}", ("a",), "stable", f"fact {n // 4}") for n in range(count))

    def run(arm: str, chance: float) -> ScoredRun:
        right: Scores = (rng.random(count) < chance).astype(float)
        return ScoredRun(arm, {}, (), right, right)

    return Evaluation(QuestionSet("made", questions), tuple(run(*each) for each in chances.items()), {})


def test_a_report_with_enough_questions_finds_what_the_census_says() -> None:
    found = report(census({"rag": 0.4, "finetune": 0.7, "hybrid": 0.72}), 400, np.random.default_rng(1))
    assert set(found["stable"].members) == {"finetune", "hybrid"} and found["stable"].beats == ("rag",)


@pytest.mark.parametrize(
    ("truth", "holds_best", "tight"),
    [
        ({"rag": 0.4, "finetune": 0.7, "hybrid": 0.68}, True, True),
        ({"rag": 0.4, "finetune": 0.7, "hybrid": 0.60}, True, False),
        ({"rag": 0.75, "finetune": 0.7, "hybrid": 0.70}, False, True),
    ],
)
def test_a_claim_is_true_where_the_best_is_in_the_top_set_and_nothing_much_worse(
    truth: dict[str, float], holds_best: bool, tight: bool
) -> None:
    shown = compare(np.array([1.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.0]), ["a", "b", "c"])
    top = TopSet("finetune", ("finetune", "hybrid"), ("rag",), {"rag": shown, "hybrid": shown})
    (claim,) = claims("one", {"stable": top}, {"stable": truth})
    assert claim.claimed and (claim.holds_best, claim.tight) == (holds_best, tight)
    assert claim.pairs[0] == (pytest.approx(0.7 - truth["rag"]), True)


def test_shares_are_of_the_cases_that_they_are_about() -> None:
    right = Claim(
        "one", "stable", claimed=True, settled=True, holds_best=True, tight=True, pairs=((0.3, True), (0.01, False))
    )
    wrong = Claim(
        "two", "stable", claimed=True, settled=False, holds_best=False, tight=True, pairs=((-0.1, True), (0.3, False))
    )
    silent = Claim("two", "fresh", claimed=False, settled=False, holds_best=True, tight=False, pairs=((0.0, False),))
    told = figures_of([right, wrong, silent])
    assert told["slices with a claim"]["share"] == pytest.approx(2 / 3)
    assert (told["claims with both"]["of"], told["claims with both"]["share"]) == (2, 0.5)
    assert (told["settled, with both"]["of"], told["settled, with both"]["share"]) == (1, 1.0)
    assert told["called worse, truly better"]["share"] == 0.5
    assert told["called worse, truly by 20 points or more"]["share"] == 0.5
    assert told["called worse, truly 5 to 10 points apart"]["of"] == 0


def test_all_worlds_together_are_a_population_that_reports_of_any_size_draw_from() -> None:
    population = Population([census({"rag": 0.4, "finetune": 0.7}, 40), census({"rag": 0.6, "finetune": 0.5}, 80)])
    truth = population.truth["stable"]
    large = population.report(3000, np.random.default_rng(1))["stable"]
    difference = large.against["rag"]
    assert (difference.groups, difference.n) == (3000, 6000)  # more than there are, each asked twice
    assert difference.interval.low < truth["finetune"] - truth["rag"] < difference.interval.high


def test_25_seeds_in_a_row_have_25_grades() -> None:
    assert len({graded(seed) for seed in range(41, 66)}) == 25
