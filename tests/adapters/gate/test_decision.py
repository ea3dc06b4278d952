"""The decision on scores alone, by the statistics of reports."""

from __future__ import annotations

import numpy as np
import pytest

from crossover.adapters.gate.decision import GateRefused, Measured, Parity, Verdict, decide, not_gated
from crossover.eval.gate_judge import compare

N = 80
AGREED = Parity(8, 8)
Draw = np.random.Generator


def sampled(draw: Draw, chances: np.ndarray) -> list[float]:
    """One answer to each question, right with its own chance."""
    return [float(right) for right in draw.random(len(chances)) < chances]


def measured(what: str, new: list[float], other: list[float], against: str = "support@1") -> Measured:
    return Measured(what, against, new, other, [str(n) for n in range(len(new))])


def verdict(*measured: Measured, parity: Parity = AGREED, mismatches: tuple[str, ...] = ()) -> Verdict:
    return decide(measured, mismatches, parity, compare, 0.05)


def share(right: int) -> list[float]:
    return [1.0] * right + [0.0] * (N - right)


def test_a_better_version_passes_and_the_sentence_says_by_how_much() -> None:
    found = verdict(measured("task", share(70), share(40)))
    assert found.passed and found.outcome == "passed"
    assert found.sentences[0].startswith("Task: 88% against 50% of support@1 on 80 questions (+38 points, ")
    assert found.sentences[0].endswith(": better.")


def test_a_worse_version_is_refused() -> None:
    found = verdict(measured("task", share(40), share(70)))
    assert not found.passed and "worse by more than 5 points" in found.sentences[0]
    assert [check.passed for check in found.checks] == [False]


def test_a_forgetter_is_refused_however_good_it_is_at_its_task() -> None:
    found = verdict(measured("task", share(80), share(40)), measured("forgetting", share(20), share(60), "base"))
    assert not found.passed and [check.passed for check in found.checks] == [True, False]
    assert "(training with --replay 0.2 keeps what was forgotten; --force promotes" in str(GateRefused("a@1", found))


def test_replay_is_not_advised_where_nothing_was_forgotten() -> None:
    assert "--replay" not in str(GateRefused("a@1", verdict(measured("task", share(40), share(70)))))


def test_a_loss_within_the_margin_passes_even_when_it_is_shown() -> None:
    many = 4000
    other, new = [1.0] * many, [1.0] * (many - 80) + [0.0] * 80
    found = verdict(measured("task", new, other))
    assert found.passed and "worse, within the margin of 5 points" in found.sentences[0]


def test_where_chance_may_have_done_it_the_sentence_says_what_could_not_have_been_seen() -> None:
    found = verdict(measured("task", share(40), share(41)))
    assert found.passed and "no difference shown; so many questions show one of" in found.sentences[0]


@pytest.mark.parametrize("same, passed", [(8, True), (6, True), (5, False), (0, False)])
def test_a_served_adapter_that_answers_otherwise_than_the_trained_one_is_refused(same: int, passed: bool) -> None:
    found = verdict(measured("task", share(60), share(40)), parity=Parity(same, 8))
    assert found.passed is passed and f"{same} of 8 served answers" in found.sentences[1]


def test_what_could_not_be_asked_twice_is_said_and_refuses_nothing() -> None:
    found = verdict(measured("task", share(60), share(40)), parity=Parity(why_not="there is no memory"))
    assert found.passed and found.sentences[1] == "Parity: not looked at, because there is no memory."


def test_a_version_asked_otherwise_than_it_was_trained_is_refused_with_the_sentence() -> None:
    told = "support@2 was trained under another chat template: train it again"
    found = verdict(measured("task", share(60), share(40)), mismatches=(told,))
    assert not found.passed and found.sentences[-1] == told


def test_what_cannot_be_gated_is_let_through_and_says_why() -> None:
    found = not_gated("no held-out examples are kept")
    assert found.passed and found.document()["sentences"] == ("Nothing was gated: no held-out examples are kept.",)


def gate_of(draw: Draw, new: np.ndarray, current: np.ndarray, base: np.ndarray, reading: np.ndarray) -> Verdict:
    """A whole gate: the task against both, what was forgotten, the format; each answer is sampled anew."""
    mine = sampled(draw, new)
    return verdict(
        measured("task", mine, sampled(draw, current)),
        measured("forgetting", sampled(draw, reading), sampled(draw, reading)),
        measured("format", sampled(draw, np.full(N, 0.9)), sampled(draw, np.full(N, 0.9))),
        measured("task", mine, sampled(draw, base), "base"),
    )


def test_an_adapter_against_itself_raises_at_most_16_false_alarms_in_200() -> None:
    draw, refused = np.random.default_rng(7), 0
    for _ in range(200):
        own, reading = draw.beta(2, 1, N), draw.beta(1, 1, 72)
        refused += not gate_of(draw, own, own, own, reading).passed
    assert refused <= 16


def test_a_planted_loss_of_thirty_points_is_nearly_always_refused() -> None:
    draw, refused = np.random.default_rng(8), 0
    for _ in range(40):
        own, reading = np.full(N, 0.5), draw.beta(1, 1, 72)
        refused += not gate_of(draw, own, own + 0.3, own, reading).passed
    assert refused >= 36
