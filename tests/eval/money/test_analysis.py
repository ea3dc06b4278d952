"""From runs and prices to what fine-tuning costs and when it pays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crossover.eval import scoring
from crossover.eval.money.analysis import money, pareto
from crossover.eval.money.document import BreakEven
from crossover.eval.money.footprint import Footprint, Kept
from crossover.eval.money.prices import Prices, load_prices
from crossover.eval.money.pricing import Usage
from crossover.eval.money.words import figures
from crossover.eval.scoring import Evaluation

MakeRuns = Callable[..., Path]
HOUSE = "house@3f9c2a41d0be"  # the adapter of the handmade runs
KEPT = Kept({HOUSE: Footprint(examples=100, device_hours=0.5, disk_gib=0.01, base_gib=1.0)}, index_gib=0.5)
EVEN = {"old": 0.5, "new": 0.5, "none": 0.5}


@pytest.fixture
def evaluation(make_runs: MakeRuns) -> Evaluation:
    return scoring.load([make_runs(dict.fromkeys(("base", "few-shot", "rag", "rag+examples", "finetune"), EVEN))])


def changed(**sections: dict[str, object]) -> Prices:
    document = load_prices().model_dump()
    for name, values in sections.items():
        document[name] = document[name] | values
    return Prices.model_validate(document)


def test_each_arm_pays_for_what_it_uses(evaluation: Evaluation) -> None:
    prices = load_prices()
    costs = money(evaluation, KEPT, prices).costs
    labels = 100 * prices.examples.labelling_price_per_example
    training = prices.training
    assert (costs["base"].once, costs["rag"].once) == (0, 0)
    assert costs["few-shot"].once == costs["rag+examples"].once == labels
    extra = training.preparation_price_per_training + training.gate_price_per_training
    assert costs["finetune"].once == labels + extra + 0.5 * training.price_per_device_hour
    assert costs["finetune"].each_retrain == pytest.approx((costs["finetune"].once or 0) - 0.8 * labels)
    tokens = (260 * 0.10 + 5 * 0.40) / 1e6 + 0.002 / 1000
    assert costs["rag"].each_question == pytest.approx(tokens)
    assert costs["rag"].each_day == pytest.approx(0.5 + 0.5 * 0.1 / 30)
    assert costs["rag"].cost_per_1000 == pytest.approx((tokens + (costs["rag"].each_day or 0) / 10_000) * 1000)
    assert (costs["finetune"].disk_gib, costs["rag"].disk_gib) == (0.01, 0.5)
    assert (costs["finetune"].gpu_memory_gib, costs["rag"].gpu_memory_gib) == (1.01, 1.0)


def test_auto_pays_for_the_search_before_each_choice(make_runs: MakeRuns) -> None:
    runs = scoring.load([make_runs({"finetune": EVEN, "auto": EVEN})])  # which showed no passage
    assert [Usage.of(runs.run(arm)).searches for arm in ("finetune", "auto")] == [0.0, 1.0]


def test_without_the_adapters_card_nothing_is_guessed_but_a_prices_file_can_tell(evaluation: Evaluation) -> None:
    unknown = money(evaluation, Kept({}), load_prices())
    assert unknown.costs["rag"].cost_per_1000 is not None
    assert unknown.costs["finetune"].cost_per_1000 is None
    assert "give examples.count in the prices file" in unknown.costs["finetune"].unknown
    assert unknown.pairs == []
    assert "from when on fine-tuning pays is not computed (few-shot: how many" in unknown.sentence
    told = money(evaluation, Kept({}), changed(examples={"count": 100}, training={"device_hours": 0.5}))
    known = money(evaluation, KEPT, load_prices())
    assert told.costs["finetune"].once == known.costs["finetune"].once
    only_count = money(evaluation, Kept({}), changed(examples={"count": 100}))
    assert "give training.device_hours in the prices file" in only_count.costs["finetune"].unknown


def test_the_first_screen_says_example_prices_cost_break_even_and_how_sure(evaluation: Evaluation) -> None:
    found = money(evaluation, KEPT, load_prices())
    assert found.headline is not None
    pair = found.pair("finetune", found.headline[1])
    assert pair is not None
    assert found.sentence.startswith("With example prices, 1,000 questions cost ")
    assert found.sentence.endswith(pair.sentence.rpartition("; at ")[2])
    assert f"finetune is cheaper than {found.headline[1]} from about " in pair.sentence
    assert "when any one price is halved or doubled" in pair.sentence
    assert "that it answers better or worse is not shown" in pair.sentence
    assert "it has not paid for itself within 365 days" in pair.sentence
    assert pair.pays_from_day is None


def test_from_the_break_even_on_the_horizon_suffices_and_below_it_does_not(evaluation: Evaluation) -> None:
    load = money(evaluation, KEPT, load_prices()).pairs[0].from_questions_per_day
    assert load is not None
    at, below = (money(evaluation, KEPT, changed(load={"questions_per_day": n})) for n in (load, load - 1))
    assert at.pairs[0].pays_from_day is not None
    assert below.pairs[0].pays_from_day is None
    ours, theirs = (at.costs[arm].cost_per_1000 for arm in ("finetune", "rag"))
    assert ours == pytest.approx(theirs, rel=1e-4)


@pytest.mark.parametrize(
    ("finetune", "labels", "words", "said"),
    [
        (0.95, 0.5, "better", "each extra point for "),
        (0.95, 0.0, "better", "points better (95 % interval"),
        (0.05, 0.0, "worse", "each point lost saving "),
    ],
)
def test_where_quality_differs_the_price_of_a_point_is_told(
    make_runs: MakeRuns, finetune: float, labels: float, words: str, said: str
) -> None:
    runs = make_runs({"rag": EVEN, "finetune": dict.fromkeys(EVEN, finetune)})
    free = {"price_per_device_hour": 0, "preparation_price_per_training": 0, "gate_price_per_training": 0}
    prices = changed(examples={"labelling_price_per_example": labels}, training=free if not labels else {})
    found = money(scoring.load([runs]), KEPT, prices)
    pair = found.pairs[0]
    assert pair.words == words
    assert said in pair.sentence
    ours, theirs = (found.costs[arm].cost_per_1000 or 0 for arm in ("finetune", "rag"))
    if pair.per_point is None:
        assert ours < theirs
    else:
        assert pair.per_point * 100 * pair.difference == pytest.approx(ours - theirs)


def test_prices_that_matter_move_the_break_even_and_the_range_holds_all_of_it(evaluation: Evaluation) -> None:
    found = money(evaluation, KEPT, load_prices())
    assert found.headline is not None
    pair = found.pair(*found.headline)
    assert pair is not None
    rows = {row.price: row for row in found.sensitivity}
    assert set(rows) == set(load_prices().keys)
    tokens, retrains = rows["per_token.price_per_million_prompt_tokens"], rows["training.retrains_per_month"]
    assert (tokens.halved or 0) > (pair.from_questions_per_day or 0) > (tokens.doubled or 0)
    assert (retrains.halved or 0) < (retrains.doubled or 0)
    loads = [load for row in found.sensitivity for load in (row.halved, row.doubled)]
    assert pair.price_range == (min(load or 0 for load in loads), None if None in loads else max(map(int, loads)))


def test_by_gpu_hours_the_measured_throughput_decides_in_steps(make_runs: MakeRuns) -> None:
    evaluation = scoring.load([make_runs({"rag": EVEN, "finetune": EVEN})])
    per_gpu = changed().model_copy(update={"mode": "gpu_hours"})
    silent = money(evaluation, KEPT, per_gpu)
    assert "its throughput was not measured" in silent.costs["rag"].unknown
    begun = datetime(2031, 1, 1, tzinfo=UTC)
    measured = replace(
        evaluation,
        runs=tuple(
            replace(
                run,
                rows=[  # four under way, 20 ms each, and an hour's rest in the middle
                    row | {"asked_at": (begun + timedelta(hours=n // 40, milliseconds=20 * (n // 4))).isoformat()}
                    for n, row in enumerate(run.rows)
                ],
            )
            for run in evaluation.runs
        ),
    )
    row = money(measured, KEPT, per_gpu).costs["rag"]
    assert row.questions_per_second == pytest.approx(4 / 0.020)
    assert row.questions_per_gpu_and_day == pytest.approx(200 * 0.6 / 4 * 86_400)
    assert row.gpus == 1
    given = changed(gpu_hours={"questions_per_second_per_gpu": {"rag": 0.5, "finetune": 2}})
    slow = money(measured, KEPT, given.model_copy(update={"mode": "gpu_hours"}))
    assert (slow.costs["rag"].gpus, slow.costs["finetune"].gpus) == (2, 1)
    assert slow.pairs[0].load_interval is None
    assert slow.pairs[0].pays_from_day is not None


def test_the_headline_compares_what_one_would_serve_the_better_and_of_equals_the_cheaper(make_runs: MakeRuns) -> None:
    best = dict.fromkeys(EVEN, 0.95)
    equals = money(
        scoring.load([make_runs(dict.fromkeys(("rag", "rag+examples", "finetune", "hybrid"), EVEN))]),
        KEPT,
        load_prices(),
    )
    assert equals.headline == ("finetune", "rag")
    better = {"rag": EVEN, "rag+examples": best, "finetune": EVEN, "hybrid": best}
    found = money(scoring.load([make_runs(better, "better")]), KEPT, load_prices())
    assert found.headline == ("hybrid", "rag+examples")
    assert len(found.pairs) == 4


def test_an_arm_with_prices_of_its_own_and_an_adapter_that_costs_more(evaluation: Evaluation) -> None:
    own = {"price_per_million_prompt_tokens": 1.0, "price_per_million_answer_tokens": 2.0}
    tokens = {"arms": {"base": own}, "price_per_million_prompt_tokens_with_adapter": 0.3}
    costs = money(evaluation, KEPT, changed(per_token=tokens)).costs
    assert costs["base"].each_question == pytest.approx((40 * 1.0 + 5 * 2.0) / 1e6)
    assert costs["finetune"].each_question == pytest.approx((40 * 0.3 + 5 * 0.4) / 1e6)


def test_where_the_arm_is_dearer_by_the_question_it_pays_only_up_to_a_load(make_runs: MakeRuns) -> None:
    evaluation = scoring.load([make_runs({"rag": EVEN, "finetune": EVEN})])
    dear = {"price_per_million_prompt_tokens_with_adapter": 2.0, "price_per_million_answer_tokens_with_adapter": 2.0}
    free = {"price_per_device_hour": 0, "preparation_price_per_training": 0, "gate_price_per_training": 0}
    found = money(evaluation, KEPT, changed(per_token=dear, training=free, examples={"labelling_price_per_example": 0}))
    (pair,) = found.pairs
    assert (pair.first_questions_per_day, pair.from_questions_per_day) == (1, None)
    assert "finetune is cheaper than rag only up to about " in pair.sentence
    assert "it has paid for itself after" not in pair.sentence
    few = changed(
        per_token=dear, training=free, examples={"labelling_price_per_example": 0}, load={"questions_per_day": 10}
    )
    assert "at 10 a day it has paid for itself after 1 day;" in money(evaluation, KEPT, few).sentence


def test_nothing_on_the_front_is_beaten_in_both_and_everything_else_is() -> None:
    points = {"a": (0.2, 1.0), "b": (0.5, 2.0), "c": (0.4, 3.0), "d": (0.9, 9.0), "e": (0.9, 10.0), "f": (1.0, None)}
    assert pareto(points) == ["a", "b", "d"]


def test_the_document_survives_the_way_to_json_and_an_old_report_has_none(evaluation: Evaluation) -> None:
    found = money(evaluation, KEPT, load_prices())
    assert BreakEven.model_validate_json(found.model_dump_json()) == found
    assert BreakEven.model_validate({}).pairs == []


@pytest.mark.parametrize(
    ("value", "text"), [(0.0000597123, "0.0000597"), (0.0, "0"), (-0.5, "-0.5"), (99.99, "100"), (12345.6, "12,346")]
)
def test_no_amount_is_written_as_a_power_of_ten(value: float, text: str) -> None:
    assert figures(value) == text
