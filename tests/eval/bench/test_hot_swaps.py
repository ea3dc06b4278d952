"""What the proof of hot swaps counts as failed, and as answered by the wrong version."""

from __future__ import annotations

from crossover.eval.bench.hot_swaps import Asked, Swap, figures

PHASES = {"load": 5.0, "probe": 9.0, "flip": 1.0, "drain": 40.0}
SWAPS = [Swap("a@1", 0.0, 1.0, PHASES), Swap("a@2", 5.0, 6.0, PHASES)]
KNOWN = {"a@1": {"q": "one"}, "a@2": {"q": "two"}}


def count(*asked: Asked) -> tuple[int, int, int, int]:
    found = figures(asked, SWAPS, KNOWN)
    names = (
        "failed",
        "answers_after_a_confirmed_swap",
        "of_these_by_the_wrong_version",
        "answers_unlike_their_versions_own",
    )
    failed, settled, wrong, unlike = (found[name] for name in names)
    return failed, settled, wrong, unlike


def test_answers_by_the_version_that_was_confirmed_are_right() -> None:
    assert count(Asked("q", 2, 3, "a@1", "one"), Asked("q", 7, 8, "a@2", "two")) == (0, 2, 0, 0)


def test_an_old_version_that_answers_after_the_swap_is_wrong_whatever_it_calls_itself() -> None:
    assert count(Asked("q", 7, 8, "a@1", "one"), Asked("q", 7, 8, "a@2", "one")) == (0, 2, 2, 1)


def test_while_a_swap_is_under_way_either_may_answer() -> None:
    assert count(Asked("q", 4, 7, "a@2", "two"), Asked("q", 4, 7, "a@1", "one"), Asked("q", 5, 9, "a@1", "one")) == (
        0,
        0,
        0,
        0,
    )


def test_a_request_without_an_answer_has_failed() -> None:
    assert count(Asked("q", 2, 3, None, None)) == (1, 0, 0, 0)
    assert figures([], SWAPS, KNOWN)["milliseconds"]["beyond the load"]["median"] == 10.0
