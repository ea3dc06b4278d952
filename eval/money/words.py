"""Cost and break-even in sentences: words follow the numbers, and every amount says whose prices it rests on."""

from __future__ import annotations

import math
from decimal import Decimal

from crossover.eval.money.document import BreakEven, Pair, Sensitivity


def headline_sentence(money: BreakEven) -> str:
    """What the first screen says about money, with how sure it is."""
    if money.headline is None:
        return f"Cost ({money.label}): {_why_not(money)}"
    arm, rival = money.headline
    pair = money.pair(arm, rival)
    assert pair is not None
    costs = " and ".join(f"{amount(money, money.costs[name].cost_per_1000)} with {name}" for name in (arm, rival))
    load = f"{money.questions_per_day:,} questions a day for {money.horizon_days} days"
    said = f"With {money.label}, 1,000 questions cost {costs}, labelling and training included (at {load})."
    return f"{said} {_sentence(money, pair, brief=True)}"


def pair_sentence(money: BreakEven, pair: Pair) -> str:
    """What separates two arms in money, at the quality that was found."""
    return _sentence(money, pair, brief=False)


def amount(money: BreakEven, value: float | None) -> str:
    """An amount with its currency, to three figures."""
    return "unknown" if value is None else f"{figures(value)} {money.currency}"


def figures(value: float) -> str:
    """Three figures of an amount, however small it is."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{Decimal(f'{value:.3g}'):f}"


def about(load: int) -> str:
    """A number of questions to two figures, as good as prices are."""
    return f"{int(float(f'{load:.2g}')):,}"


def key_words(key: str) -> str:
    """A key of the prices file as it is read: its own name, in words."""
    return key.rpartition(".")[2].replace("_", " ").replace("gib", "GiB").replace("gpu", "GPU")


def telling(money: BreakEven) -> list[Sensitivity]:
    """The prices and assumptions that move the headline's break-even, those that move it most first."""
    pair = money.pair(*money.headline) if money.headline else None
    if pair is None:
        return []
    here = _count(pair.from_questions_per_day)
    moving = [row for row in money.sensitivity if {_count(row.halved), _count(row.doubled)} != {here}]

    def reach(row: Sensitivity) -> float:
        """How many times as many questions the worse of both takes; those that turn it off altogether first."""
        loads = (row.halved, row.doubled)
        return math.inf if None in loads else max(load or 1 for load in loads) / min(load or 1 for load in loads)

    return sorted(moving, key=reach, reverse=True)


def unmoved(money: BreakEven) -> str:
    """What stands where no price moves the headline's break-even; empty where one does, or nothing was compared."""
    if telling(money) or money.headline is None:
        return ""
    arm, rival = money.headline
    return f"No price or assumption, halved or doubled, changes from when on {arm} is cheaper than {rival}."


def _count(load: int | None) -> str:
    return "never" if load is None else "any" if load == 1 else about(load)


def _sentence(money: BreakEven, pair: Pair, *, brief: bool) -> str:
    return f"{_loads(money, pair, _sure(pair, brief=brief))}; {_quality(money, pair)}."


def _loads(money: BreakEven, pair: Pair, sure: str) -> str:
    """At which loads the arm is cheaper, and when it has paid for itself at the planned one."""
    first, last = pair.first_questions_per_day, pair.last_questions_per_day
    if first is None or last is None:
        return f"{pair.arm} is not cheaper than {pair.rival} at any number of questions a day{sure}"
    if pair.from_questions_per_day == 1:
        where = "at any number of questions a day"
    elif pair.from_questions_per_day is not None:
        where = f"from about {about(pair.from_questions_per_day)} questions a day on"
    elif first == 1:
        where = f"only up to about {about(last)} questions a day"
    else:
        where = f"only between about {about(first)} and {about(last)} questions a day"
    days = pair.pays_from_day
    paid = (
        f"it has not paid for itself within {money.horizon_days} days"
        if days is None
        else f"it has paid for itself after {days} day{'s' * (days != 1)}"
    )
    return f"{pair.arm} is cheaper than {pair.rival} {where}{sure}; at {money.questions_per_day:,} a day {paid}"


def _sure(pair: Pair, *, brief: bool) -> str:
    """The range by prices, and before it, where there is room, the interval by lengths of answers."""
    parts = []
    here = _count(pair.from_questions_per_day)
    if not brief and pair.load_interval and _span(pair.load_interval) != here:
        parts.append(f"95 % interval by the lengths of prompts and answers: {_span(pair.load_interval)}")
    if pair.price_range and _span(pair.price_range) != here:
        parts.append(f"{_span(pair.price_range)} when any one price is halved or doubled")
    return f" ({'; '.join(parts)})" if parts else ""


def _span(edges: tuple[int | None, int | None]) -> str:
    low, high = map(_count, edges)
    return low if low == high else f"{low} to {high}"


def _quality(money: BreakEven, pair: Pair) -> str:
    low, high = (round(100 * edge) for edge in pair.interval)
    interval = f"95 % interval {low:+d} to {high:+d}".replace("-", "−")
    points = f"{abs(100 * pair.difference):.0f} points"
    if pair.words not in ("better", "worse"):
        # The interval is of this one pair; the words are corrected for all strategies and slices.
        alone = ", but not once all comparisons are allowed for" if low > 0 or high < 0 else ""
        return f"that it answers better or worse is not shown ({interval} points{alone})"
    said = f"it answers {points} {pair.words} ({interval})"
    if pair.per_point is None:
        return said
    each = amount(money, pair.per_point)
    if pair.words == "better":
        return f"{said}, each extra point for {each} per 1,000 questions"
    return f"{said}, each point lost saving {each} per 1,000 questions"


def _why_not(money: BreakEven) -> str:
    reasons = dict.fromkeys(f"{arm}: {row.unknown}" for arm, row in money.costs.items() if row.unknown)
    told = "; ".join(reasons) if reasons else "that takes finetune or hybrid beside rag or rag+examples"
    return f"from when on fine-tuning pays is not computed ({told})."
