"""The form that a task's answers share, learnt from its examples: what an adapter was trained to keep to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_NEARLY_ALL = 0.98
_SHORTEST_AFFIX = 3  # characters
_MOST_LABELS, _ROWS_A_LABEL = 300, 5
_LONGER = 2  # times the longest answer

Rule = tuple[str, Callable[[str], bool]]


@dataclass(frozen=True)
class AnswerFormat:
    """Rules, each in words, that nearly all answers of a task keep."""

    rules: tuple[Rule, ...]

    def kept(self, answer: str) -> bool:
        """Whether an answer keeps all of them."""
        return all(rule(answer) for _, rule in self.rules)

    @property
    def words(self) -> str:
        """The rules as one phrase; "" where there is none."""
        return ", ".join(words for words, _ in self.rules)


def learn_format(answers: Sequence[str]) -> AnswerFormat:
    """The rules that nearly all of some answers keep."""
    answers = [answer.strip() for answer in answers if answer.strip()]
    if not answers:
        return AnswerFormat(())
    kept = (rule for rule in _candidates(answers) if sum(map(rule[1], answers)) >= _NEARLY_ALL * len(answers))
    return AnswerFormat(tuple(kept))


def _candidates(answers: Sequence[str]) -> list[Rule]:
    counts = Counter(answers)
    rules: list[Rule] = []
    if len(counts) <= min(_MOST_LABELS, len(answers) / _ROWS_A_LABEL):
        labels = frozenset(counts)
        rules.append((f"one of {len(labels)} labels", lambda answer: answer.strip() in labels))
    begin, end = _shared_start(answers), _shared_start([answer[::-1] for answer in answers])[::-1].strip()
    begin = begin.strip()
    if len(counts) > 1 and len(begin) >= _SHORTEST_AFFIX:
        rules.append((f"beginning with {begin!r}", lambda answer: answer.strip().startswith(begin)))
    if len(counts) > 1 and len(end) >= _SHORTEST_AFFIX:
        rules.append((f"ending with {end!r}", lambda answer: answer.strip().endswith(end)))
    longest = max(len(answer) for answer in answers)
    return [
        *rules,
        ("JSON", _is_json),
        ("on one line", lambda answer: "\n" not in answer.strip()),
        (f"of at most {_LONGER * longest} letters", lambda answer: 0 < len(answer.strip()) <= _LONGER * longest),
    ]


def _shared_start(texts: Sequence[str]) -> str:
    """The longest beginning that nearly all texts have."""
    start, having = "", list(texts)
    while letters := Counter(text[len(start)] for text in having if len(text) > len(start)):
        letter, count = letters.most_common(1)[0]
        if count < _NEARLY_ALL * len(texts):
            break
        start += letter
        having = [text for text in having if text.startswith(start)]
    return start


def _is_json(answer: str) -> bool:
    try:
        return isinstance(json.loads(answer), dict | list)
    except ValueError:
        return False
