"""The money of an evaluation: every arm priced, fine-tuned arms against their rivals, and what the prices decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from crossover.eval.arms import FINE_TUNED, WITH_EXAMPLES
from crossover.eval.money.arm_cost import ArmCost
from crossover.eval.money.break_even import cheaper_loads, pays_from_day
from crossover.eval.money.document import ArmMoney, BreakEven, Pair, Sensitivity
from crossover.eval.money.footprint import Kept
from crossover.eval.money.prices import Load, Prices
from crossover.eval.money.pricing import Unpriced, Usage, cost_of, per_question
from crossover.eval.money.words import headline_sentence, pair_sentence
from crossover.eval.questions import OVERALL
from crossover.eval.scoring import Evaluation
from crossover.eval.statistics import Comparison, compare, estimate, holm

RIVALS = ("rag", WITH_EXAMPLES)


def money(evaluation: Evaluation, kept: Kept, prices: Prices) -> BreakEven:
    """What every arm costs and where fine-tuning pays, in the prices' currency."""
    usages = {run.arm: Usage.of(run) for run in evaluation.runs}
    costs, unknown = _costs(usages, kept, prices)
    rows = {arm: _row(usage, costs.get(arm), unknown.get(arm, ""), kept, prices) for arm, usage in usages.items()}
    exact, _ = evaluation.scores_on(OVERALL)
    scores = {arm: float(column.mean()) for arm, column in exact.items()}
    compared = _compared(evaluation, costs)
    headline = _headline(evaluation, costs, compared, prices.load)
    varied = {key: tuple(_costs(usages, kept, prices.scaled(key, f))[0] for f in (0.5, 2.0)) for key in prices.keys}
    sensitivities = {pair: _sensitivity(pair, varied, prices) for pair in compared}
    pairs = [
        _pair(pair, comparison, usages, costs, prices, evaluation.groups, sensitivities[pair])
        for pair, comparison in compared.items()
    ]
    document = BreakEven(
        label=prices.label,
        currency=prices.currency,
        mode=prices.mode,
        questions_per_day=prices.load.questions_per_day,
        horizon_days=prices.load.horizon_days,
        headline=headline,
        pairs=pairs,
        costs=rows,
        front=pareto({arm: (scores[arm], row.cost_per_1000) for arm, row in rows.items()}),
        sensitivity=sensitivities.get(headline, []) if headline else [],
    )
    told = [pair.model_copy(update={"sentence": pair_sentence(document, pair)}) for pair in pairs]
    document = document.model_copy(update={"pairs": told})
    return document.model_copy(update={"sentence": headline_sentence(document)})


def pareto(points: Mapping[str, tuple[float, float | None]]) -> list[str]:
    """The arms that no other equals or beats in both, score (more is better) and cost (less is), cheapest first."""
    known = {arm: (score, cost) for arm, (score, cost) in points.items() if cost is not None}

    def beaten(arm: str) -> bool:
        score, cost = known[arm]
        return any(s >= score and c <= cost and (s, c) != (score, cost) for s, c in known.values())

    return sorted((arm for arm in known if not beaten(arm)), key=lambda arm: known[arm][1])


def _costs(usages: Mapping[str, Usage], kept: Kept, prices: Prices) -> tuple[dict[str, ArmCost], dict[str, str]]:
    """The priced arms, and of the others what is not known."""
    costs: dict[str, ArmCost] = {}
    unknown: dict[str, str] = {}
    for arm, usage in usages.items():
        try:
            costs[arm] = cost_of(usage, kept, prices)
        except Unpriced as reason:
            unknown[arm] = str(reason)
    return costs, unknown


def _row(usage: Usage, cost: ArmCost | None, unknown: str, kept: Kept, prices: Prices) -> ArmMoney:
    load, days = prices.load.questions_per_day, prices.load.horizon_days
    footprint = kept.adapters.get(usage.adapter or "")
    measured = ArmMoney(
        questions_per_second=None if np.isnan(usage.questions_per_second) else usage.questions_per_second,
        disk_gib=(footprint.disk_gib if footprint else 0.0) + (kept.index_gib or 0.0) * bool(usage.searches),
        gpu_memory_gib=footprint.memory_gib if footprint else None if usage.adapter else kept.base_gib,
        unknown=unknown,
    )
    if cost is None:
        return measured
    gpus = cost.gpus
    return measured.model_copy(
        update={
            "cost_per_1000": cost.per_1000(load, days),
            "answering_per_1000": replace(cost, once=0.0, each_retrain=0.0).per_1000(load, days),
            "once": cost.once,
            "each_retrain": cost.each_retrain,
            "retrains_per_month": cost.retrains_per_month,
            "each_day": cost.each_day,
            "each_question": cost.each_question,
            "gpus": int(gpus.needed(load)) if gpus else None,
            "questions_per_gpu_and_day": gpus.questions_per_day if gpus else None,
            "gpu_price_per_day": gpus.price_per_day if gpus else None,
            "fewest_gpus": gpus.fewest if gpus else 1,
        }
    )


def _compared(evaluation: Evaluation, costs: Mapping[str, ArmCost]) -> dict[tuple[str, str], Comparison]:
    """Each priced fine-tuned arm against each priced rival, in quality, corrected together."""
    exact, groups = evaluation.scores_on(OVERALL)
    exact = {arm: column for arm, column in exact.items() if arm in costs}
    pairs = [(arm, rival) for arm in FINE_TUNED for rival in RIVALS if arm in exact and rival in exact]
    raw = [compare(exact[arm], exact[rival], groups, comparisons=len(pairs)) for arm, rival in pairs]
    return dict(zip(pairs, holm(raw), strict=True))


def _headline(
    evaluation: Evaluation, costs: Mapping[str, ArmCost], pairs: Mapping[tuple[str, str], Comparison], load: Load
) -> tuple[str, str] | None:
    """The fine-tuned arm and the rival that one would serve: of each kind the better one, of equals the cheaper."""
    if not pairs:
        return None
    exact, groups = evaluation.scores_on(OVERALL)

    def served(arms: Sequence[str]) -> str:
        best = max(arms, key=lambda arm: exact[arm].mean())
        equals = [arm for arm in arms if compare(exact[arm], exact[best], groups).words != "worse"]
        return min(equals, key=lambda arm: costs[arm].per_1000(load.questions_per_day, load.horizon_days))

    return served([arm for arm in FINE_TUNED if arm in costs]), served([arm for arm in RIVALS if arm in costs])


def _pair(
    pair: tuple[str, str],
    quality: Comparison,
    usages: Mapping[str, Usage],
    costs: Mapping[str, ArmCost],
    prices: Prices,
    groups: Sequence[str],
    sensitivities: Sequence[Sensitivity],
) -> Pair:
    arm, rival = costs[pair[0]], costs[pair[1]]
    load, days = prices.load.questions_per_day, prices.load.horizon_days
    loads = cheaper_loads(arm, rival, days)
    dearer_per_1000 = arm.per_1000(load, days) - rival.per_1000(load, days)
    shown = quality.words in ("better", "worse")
    trades = shown and dearer_per_1000 * quality.difference > 0
    varied = [value for row in sensitivities for value in (row.halved, row.doubled)]
    return Pair(
        arm=arm.arm,
        rival=rival.arm,
        difference=quality.difference,
        interval=(quality.interval.low, quality.interval.high),
        p_value=quality.p_value,
        words=quality.words,
        first_questions_per_day=loads.first,
        last_questions_per_day=loads.last,
        from_questions_per_day=loads.onward,
        load_interval=_by_length(usages[pair[0]], usages[pair[1]], arm, rival, prices, groups),
        price_range=_range([loads.onward, *varied]) if varied else None,
        pays_from_day=pays_from_day(arm, rival, load, days),
        per_point=dearer_per_1000 / (100 * quality.difference) if trades else None,
    )


def _by_length(
    usage: Usage, other: Usage, arm: ArmCost, rival: ArmCost, prices: Prices, groups: Sequence[str]
) -> tuple[int | None, int | None] | None:
    """The loads at both ends of the interval of the paired difference in price; None of one group alone."""
    if prices.mode != "per_token" or len(set(groups)) < 2:
        return None
    difference = per_question(usage, prices) - per_question(other, prices)
    counted = ~np.isnan(difference)
    found = estimate(difference[counted], [g for g, take in zip(groups, counted, strict=True) if take])
    shifts = [edge - found.score for edge in (found.interval.low, found.interval.high)]
    moved = [replace(arm, each_question=arm.each_question + shift) for shift in shifts]
    return _range([cheaper_loads(each, rival, prices.load.horizon_days).onward for each in moved])


def _range(loads: Sequence[int | None]) -> tuple[int | None, int | None]:
    """The least and the greatest, where None (it never pays) is greater than any."""
    known = [load for load in loads if load is not None]
    return (min(known, default=None), None if None in loads else max(known))


def _sensitivity(
    pair: tuple[str, str], varied: Mapping[str, tuple[Mapping[str, ArmCost], ...]], prices: Prices
) -> list[Sensitivity]:
    """From how many questions a day it pays with each price halved and doubled, one at a time."""
    rows = []
    for key, (halved, doubled) in varied.items():
        section, _, field = key.partition(".")
        half, double = (
            cheaper_loads(costs[pair[0]], costs[pair[1]], prices.load.horizon_days).onward
            for costs in (halved, doubled)
        )
        value = float(getattr(getattr(prices, section), field))
        rows.append(Sensitivity(price=key, value=value, halved=half, doubled=double))
    return rows
