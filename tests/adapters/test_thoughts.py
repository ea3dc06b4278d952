"""A thought is told apart from what is said, whole or piece by piece."""

import pytest

from crossover.adapters.thoughts import Thoughts


def parted(pieces: list[str], *, begun: bool = False) -> tuple[str, str]:
    thoughts = Thoughts(begun=begun)
    told = [*(thoughts.feed(piece) for piece in pieces), thoughts.finish()]
    return "".join(thought for thought, _ in told), "".join(said for _, said in told)


@pytest.mark.parametrize(
    ("text", "begun", "thought", "said"),
    [
        ("Anna Tovan [1]", False, "", "Anna Tovan [1]"),
        ("<think>\nWho? Page 1.\n</think>\n\nAnna [1]", False, "\nWho? Page 1.\n", "\n\nAnna [1]"),
        ("\n<think></think>Anna", False, "", "Anna"),
        ("Page 1 says it.\n</think>\nAnna", True, "Page 1 says it.\n", "\nAnna"),
        ("<think>Never done <", False, "Never done <", ""),
        ("Write <think> and </think> around it.", False, "", "Write <think> and </think> around it."),
        ("<thin", False, "", "<thin"),
        ("</think>\n\nAnna", False, "", "\n\nAnna"),
        ("</thin", False, "", "</thin"),
        ("</think>", False, "", ""),
        ("<think>", False, "", ""),
        ("<think>a</think>b</think>", False, "a", "b</think>"),
        ("", False, "", ""),
    ],
)
def test_only_what_stands_at_the_start_is_a_thought(text: str, begun: bool, thought: str, said: str) -> None:
    for size in (1, 2, 3, 7, 100):
        pieces = [text[n : n + size] for n in range(0, len(text), size)]
        assert parted(pieces, begun=begun) == (thought, said)
