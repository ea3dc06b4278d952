from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import closing

import pytest

from crossover.indexer.ahead import ahead


def counted(upto: int, made: list[int]) -> Generator[int]:
    try:
        for n in range(upto):
            made.append(n)
            yield n
    finally:
        made.append(-1)


def background() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "ahead"]


def test_items_come_in_order_and_are_made_elsewhere_before_they_are_asked_for() -> None:
    made: list[int] = []
    items = ahead(counted(5, made), 2)
    assert next(items) == 0
    deadline = time.monotonic() + 10
    while len(made) < 4:  # two wait in the queue, the third waits for room
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert list(items) == [1, 2, 3, 4]
    assert not background()


def test_an_error_comes_after_the_items_before_it_through_two_stages() -> None:
    def failing() -> Generator[int]:
        yield from (1, 2)
        raise KeyError("third")

    items = ahead((n * 10 for n in ahead(failing(), 1)), 1)
    assert [next(items), next(items)] == [10, 20]
    with pytest.raises(KeyError, match="third"):
        next(items)
    assert not background()


def test_a_stage_that_fails_closes_the_one_before_it_and_what_it_made_is_still_taken() -> None:
    made: list[int] = []
    first = ahead(counted(10**9, made), 2)

    def second() -> Generator[int]:
        with closing(first):
            yield next(first)
            yield next(first)
            raise KeyError("room")

    items = ahead(second(), 2)
    assert next(items) == 0
    deadline = time.monotonic() + 10
    while -1 not in made:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert next(items) == 1
    with pytest.raises(KeyError, match="room"):
        next(items)
    assert not background()


def test_closing_ends_every_stage_and_what_feeds_it() -> None:
    made: list[int] = []
    first = ahead(counted(10**9, made), 2)

    def second() -> Generator[int]:
        with closing(first):
            yield from first

    with closing(ahead(second(), 2)) as items:
        assert [next(items) for _ in range(3)] == [0, 1, 2]
    assert made[-1] == -1
    assert not background()
