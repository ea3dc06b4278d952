"""Citations of passages that were not there go, all else stays, whole or piece by piece."""

import pytest

from crossover.server.citations import AnswerText


def clean(text: str, passages: int) -> tuple[str, int]:
    cleaner = AnswerText(passages)
    return cleaner.feed(text) + cleaner.finish(), cleaner.removed


@pytest.mark.parametrize(
    ("text", "passages", "cleaned", "removed"),
    [
        (" Anna Tovan [2]", 2, "Anna Tovan [2]", 0),
        (" Anna Tovan [3]", 2, "Anna Tovan", 1),
        ("Since 1999 [1][7].", 2, "Since 1999 [1].", 1),
        ("[4] At noon.", 0, "At noon.", 1),
        ("Take `row[7]` of the table [7].", 2, "Take `row[7]` of the table.", 1),
        ("The year [2024] and [note].", 0, "The year [2024] and [note].", 0),
        ("It ends [", 1, "It ends [", 0),
        ("", 3, "", 0),
    ],
)
def test_only_citations_of_missing_passages_are_removed(text: str, passages: int, cleaned: str, removed: int) -> None:
    assert clean(text, passages) == (cleaned, removed)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_stream_says_the_same_as_the_whole_answer(size: int) -> None:
    text = "  The head [1] is Anna  [9], see ```a[3]\nb[12]``` and [2] [11]  now [1"
    cleaner = AnswerText(2)
    pieces = [cleaner.feed(text[n : n + size]) for n in range(0, len(text), size)]

    assert ("".join(pieces) + cleaner.finish(), cleaner.removed) == clean(text, 2)
    assert clean(text, 2) == ("The head [1] is Anna, see ```a[3]\nb[12]``` and [2]  now [1", 2)


def test_a_long_run_of_blanks_is_read_once() -> None:
    blanks = " " * 100_000
    assert clean(f"a{blanks}b [9]", 1) == (f"a{blanks}b", 1)
