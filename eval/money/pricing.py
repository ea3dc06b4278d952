"""From a scored run and a prices file to what the arm costs, once, with each retrain, each day and each question."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from crossover.eval.arms import STRATEGY_OF, WITH_EXAMPLES, retrieves
from crossover.eval.money.arm_cost import MONTH_DAYS, ArmCost, Gpus
from crossover.eval.money.footprint import Footprint, Kept
from crossover.eval.money.prices import PerToken, Prices
from crossover.eval.permutation import Scores
from crossover.eval.run_log import sources_of
from crossover.eval.scoring import ScoredRun

_DAY_SECONDS = 86_400
_SHOWS_EXAMPLES = ("few-shot", WITH_EXAMPLES)


class Unpriced(LookupError):
    """Something that a price needs was not recorded; the message says what, and where it can be given."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What an arm used for its answers, as they were recorded.

    Args:
        prompt_tokens, answer_tokens: of each question, shape (questions,); NaN where the server refused it.
        searches: the share of questions that passages were searched for; `auto` searches before it chooses.
        adapter: the served name of its adapter.
        questions_per_second: reached under the run's load; NaN where times are not recorded.
        elsewhere: whether another endpoint answered.
    """

    arm: str
    prompt_tokens: Scores
    answer_tokens: Scores
    searches: float
    adapter: str | None
    shows_examples: bool
    questions_per_second: float
    elsewhere: bool = False

    @classmethod
    def of(cls, run: ScoredRun) -> Usage:
        """The usage of a run."""
        strategy = STRATEGY_OF.get(run.arm)
        searches = strategy is not None and retrieves(strategy)
        return cls(
            arm=run.arm,
            prompt_tokens=_tokens(run, "prompt_tokens"),
            answer_tokens=_tokens(run, "completion_tokens"),
            searches=1.0 if searches else float(np.mean([bool(sources_of(row)) for row in run.rows])),
            adapter=next(iter(run.adapters), None),
            shows_examples=run.arm in _SHOWS_EXAMPLES or bool(_prompt_settings(run).get("examples")),
            questions_per_second=_reached(run),
            elsewhere="url" in run.header.get("identity", {}),
        )


def cost_of(usage: Usage, kept: Kept, prices: Prices) -> ArmCost:
    """What an arm costs under these prices.

    Raises:
        Unpriced: tokens, throughput, examples or training time are not known.
    """
    footprint = kept.adapters.get(usage.adapter) if usage.adapter else None
    disk = (footprint.disk_gib if footprint else 0.0) + (kept.index_gib or 0.0) * bool(usage.searches)
    once, again = _preparing(usage, kept, footprint, prices)
    tokens = _token_prices(usage, prices)
    return ArmCost(
        arm=usage.arm,
        once=once,
        each_retrain=again,
        retrains_per_month=prices.training.retrains_per_month if again else 0.0,
        each_day=bool(usage.searches) * prices.retrieval.index_price_per_day
        + disk * prices.storage.price_per_disk_gib_month / MONTH_DAYS
        + (tokens.adapter_hosting_price_per_day if tokens and usage.adapter else 0.0),
        each_question=usage.searches * prices.retrieval.price_per_1000_searches / 1000
        + (float(np.nanmean(per_question(usage, prices))) if tokens else 0.0),
        gpus=None if tokens else _gpus(usage, prices),
    )


def _token_prices(usage: Usage, prices: Prices) -> PerToken | None:
    """What the arm's tokens are paid by; None where GPUs are paid for instead."""
    if usage.elsewhere:
        if prices.per_token is None or prices.per_token.own(usage.arm) is None:
            raise Unpriced(f'another endpoint answers; give [per_token.arms."{usage.arm}"] in the prices file')
        return prices.per_token
    return prices.per_token if prices.mode == "per_token" else None


def per_question(usage: Usage, prices: Prices) -> Scores:
    """The price of each question's tokens, shape (questions,).

    Raises:
        Unpriced: no tokens were counted.
    """
    assert prices.per_token is not None  # the mode's section is there: `Prices` has checked it
    if np.isnan(usage.prompt_tokens).all():
        raise Unpriced("no token counts in its run")
    prompt, answer = prices.per_token.of(usage.arm, adapter=usage.adapter is not None)
    return usage.prompt_tokens * prompt + usage.answer_tokens * answer


def added_by_question(usage: Usage, prices: Prices) -> Scores:
    """What each question adds to the bill, shape (questions,): what a router weighs, for the rest is paid anyway.

    Raises:
        Unpriced: tokens or throughput are not known.
    """
    search = usage.searches * prices.retrieval.price_per_1000_searches / 1000
    if prices.mode == "per_token":
        return search + np.nan_to_num(per_question(usage, prices))
    gpus = _gpus(usage, prices)
    return np.full(len(usage.prompt_tokens), search + gpus.price_per_day / gpus.questions_per_day)


def _preparing(usage: Usage, kept: Kept, footprint: Footprint | None, prices: Prices) -> tuple[float, float]:
    """What is paid before the first question, and again at each retrain."""
    if usage.adapter is None and not usage.shows_examples:
        return 0.0, 0.0
    count = prices.examples.count
    count = count if count is not None else footprint.examples if footprint else kept.examples
    if count is None:
        raise Unpriced("how many labelled examples it needs is not known here; give examples.count in the prices file")
    labels = count * prices.examples.labelling_price_per_example
    relabels = labels * prices.examples.relabelled_share_per_retrain
    if usage.adapter is None:
        return labels, relabels
    hours = prices.training.device_hours
    hours = hours if hours is not None else footprint.device_hours if footprint else None
    if hours is None:
        raise Unpriced(
            f"the card of {usage.adapter} is not here; give training.device_hours in the prices file, "
            "or report where the adapter is"
        )
    training = prices.training
    each = training.preparation_price_per_training + training.gate_price_per_training
    each += hours * training.price_per_device_hour
    return labels + each, relabels + each


def _gpus(usage: Usage, prices: Prices) -> Gpus:
    assert prices.gpu_hours is not None
    gpu = prices.gpu_hours
    speed = gpu.questions_per_second_per_gpu.get(usage.arm, usage.questions_per_second)
    if math.isnan(speed):
        raise Unpriced(
            "its throughput was not measured; give gpu_hours.questions_per_second_per_gpu."
            f"{usage.arm!r} in the prices file"
        )
    carried = speed * gpu.utilisation / gpu.peak_to_mean_load * _DAY_SECONDS
    return Gpus(carried, 24 * gpu.price_per_gpu_hour, gpu.fewest_gpus)


def _reached(run: ScoredRun) -> float:
    """Answers over the seconds in which at least one was under way: a run may have rested in between."""
    spans = sorted(
        (datetime.fromisoformat(row["asked_at"]).timestamp(), row["wall_ms"] / 1000)
        for row in run.rows
        if "wall_ms" in row and "asked_at" in row
    )
    busy, until = 0.0, -math.inf
    for begun, seconds in spans:
        busy += max(0.0, begun + seconds - max(until, begun))
        until = max(until, begun + seconds)
    return len(spans) / busy if busy else math.nan


def _tokens(run: ScoredRun, field: str) -> Scores:
    return np.array([row.get("usage", {}).get(field, math.nan) for row in run.rows], np.float64)


def _prompt_settings(run: ScoredRun) -> dict[str, int]:
    return dict(run.header.get("identity", {}).get("prompt_settings", {}))
