from __future__ import annotations

from collections import Counter

import pytest

from crossover.adapters.training.schedule import Deck, schedule, share_of


def test_one_file_of_weight_one_shows_every_row_once_an_epoch_and_counts_how_often_it_was_shown() -> None:
    assert schedule([Deck(range(3), 3.0)], 2, seed=5) == [[(0, 0), (0, 1), (0, 2)], [(1, 0), (1, 1), (1, 2)]]


def test_half_a_weight_shows_half_of_the_rows_and_the_other_half_next_time() -> None:
    first, second = schedule([Deck(range(10), 5.0)], 2, seed=0)
    assert len(first) == len(second) == 5
    assert {row for _, row in first} | {row for _, row in second} == set(range(10))
    assert schedule([Deck(range(10), 5.0)], 2, seed=1) != [first, second]


def test_weights_are_kept_over_the_epochs_and_no_row_is_shown_more_than_once_oftener_than_another() -> None:
    epochs = schedule([Deck(range(7), 7 * 1.5), Deck(range(7, 11), 4 * 0.3)], 10, seed=2)
    shown = Counter(row for epoch in epochs for _, row in epoch)
    assert sum(shown[row] for row in range(7)) == 105 and {shown[row] for row in range(7)} == {15}
    assert sum(shown[row] for row in range(7, 11)) == 12 and {shown[row] for row in range(7, 11)} == {3}


def test_the_same_row_is_never_shown_twice_in_the_same_form() -> None:
    epochs = schedule([Deck(range(4), 10.0)], 3, seed=0)
    shown = [each for epoch in epochs for each in epoch]
    assert len(set(shown)) == len(shown) == 30


def test_a_weight_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="leave no row"):
        schedule([Deck(range(3), 0.1)], 1, seed=0)


@pytest.mark.parametrize("share, rows", [(0.0, 0), (0.2, 25), (0.5, 100)])
def test_a_share_is_of_all_rows(share: float, rows: int) -> None:
    assert share_of(100, share) == rows
