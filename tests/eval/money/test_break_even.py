"""The arithmetic of break-even against somebody who counts every day and every question."""

from __future__ import annotations

import random

import pytest

from crossover.eval.money import break_even
from crossover.eval.money.arm_cost import ArmCost, Gpus
from crossover.eval.money.break_even import Loads, cheaper_loads, pays_from_day


def sixteenths(amount: float) -> int:
    assert (16 * amount).is_integer()
    return int(16 * amount)


def simulate(arm: ArmCost, questions_per_day: int, days: int) -> list[int]:
    """What has been paid by the end of each day, in sixteenths: question after question, retrain after retrain."""
    paid, retrained, history = sixteenths(arm.once), 0, []
    each_question = sixteenths(arm.each_question)
    for day in range(1, days + 1):
        while arm.retrains_per_month * day >= 30 * (retrained + 1):
            paid += sixteenths(arm.each_retrain)
            retrained += 1
        paid += sixteenths(arm.each_day)
        for _ in range(questions_per_day):
            paid += each_question
        if arm.gpus:
            running = arm.gpus.fewest
            while running * arm.gpus.questions_per_day < questions_per_day:
                running += 1
            paid += running * sixteenths(arm.gpus.price_per_day)
        history.append(paid)
    return history


def draw(rng: random.Random, name: str) -> ArmCost:
    """Prices in sixteenths, which computers hold exactly, with many ties and zeros among them."""
    per_token = rng.random() < 0.4
    return ArmCost(
        arm=name,
        once=rng.choice([0, 0, rng.randrange(400)]) / 16,
        each_retrain=rng.choice([0, rng.randrange(100)]) / 16,
        retrains_per_month=rng.choice([0, 0.5, 1, 3, 7]),
        each_day=rng.choice([0, rng.randrange(20)]) / 16,
        each_question=rng.randrange(8) / 16,
        gpus=None if per_token else Gpus(rng.randrange(1, 20) / 2, rng.randrange(40) / 16, rng.randrange(3)),
    )


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch) -> int:
    """Few enough loads to count them all."""
    monkeypatch.setattr(break_even, "MOST", 30)
    return 30


def test_loads_and_days_are_those_that_a_simulation_of_every_day_and_question_finds(most: int) -> None:
    rng, days = random.Random(5), 20
    seen = set()
    for _ in range(150):
        arm, rival = draw(rng, "finetune"), draw(rng, "rag")
        paid = [(simulate(arm, load, days), simulate(rival, load, days)) for load in range(1, most + 1)]
        cheaper = [load for load, (ours, theirs) in enumerate(paid, start=1) if ours[-1] < theirs[-1]]
        found = cheaper_loads(arm, rival, days)
        assert [load for first, last in found.spans for load in range(first, last + 1)] == cheaper
        assert found.first == (cheaper[0] if cheaper else None)
        dear = [load for load in range(1, most + 1) if load not in cheaper]
        assert found.onward == (None if dear and dear[-1] == most else dear[-1] + 1 if dear else 1)
        load = rng.randrange(1, most + 1)
        ours, theirs = paid[load - 1]
        late = [day for day in range(1, days + 1) if ours[day - 1] >= theirs[day - 1]]
        expected = 1 if not late else late[-1] + 1 if late[-1] < days else None
        assert pays_from_day(arm, rival, load, days) == expected
        seen |= {len(found.spans) > 1, (expected or 0) > 1, not cheaper, found.onward == 1}
    assert seen == {True, False}


def test_totals_are_those_of_the_simulation(most: int) -> None:
    rng = random.Random(6)
    for _ in range(100):
        arm, load = draw(rng, "rag"), rng.randrange(1, most + 1)
        paid = simulate(arm, load, 40)
        assert arm.total(load, range(1, 41)).tolist() == [value / 16 for value in paid]
        assert arm.per_1000(load, 40) == pytest.approx(paid[-1] / 16 / (load * 40) * 1000)


def test_more_retrains_and_dearer_labels_never_help() -> None:
    cheap = ArmCost("finetune", once=300, each_retrain=50, retrains_per_month=1, each_day=0, each_question=0.001)
    rag = ArmCost("rag", once=0, each_retrain=0, retrains_per_month=0, each_day=0, each_question=0.003)
    assert cheaper_loads(cheap, rag, 300) == Loads(((1334, break_even.MOST),))  # 800 paid before, .002 saved each
    often = ArmCost("finetune", once=300, each_retrain=50, retrains_per_month=4, each_day=0, each_question=0.001)
    assert (cheaper_loads(often, rag, 300).onward or 0) > 1334
    assert cheaper_loads(rag, cheap, 300) == Loads(((1, 1333),))


def test_gpus_come_in_steps() -> None:
    gpus = Gpus(questions_per_day=1000, price_per_day=48, fewest=1)
    assert gpus.needed([0, 1, 1000, 1001, 5000]).tolist() == [1, 1, 1, 2, 5]
    slow = ArmCost("rag", 0, 0, 0, 0, 0, gpus)
    fast = ArmCost("finetune", 480, 0, 0, 0, 0, Gpus(2000, 48, 1))
    # One GPU fewer, from 2001 on, is 480 in ten days: a tie. Two fewer is cheaper.
    assert cheaper_loads(fast, slow, 10).first == 3001
