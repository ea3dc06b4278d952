"""What counts as saying that one doesn't know, in the words of any model."""

from __future__ import annotations

import re

_REFUSAL = re.compile(
    r"\bdo(?:es)?\s*n[o']?t know\b|\bnot known\b|^unknown\.?$|\bno(?:t enough)? information\b"
    r"|\b(?:can(?:no|')t|unable to) (?:answer|find|say|tell)\b|\bnot (?:stated|mentioned|in the passages)\b",
    re.IGNORECASE,
)
_LONGEST = 160  # characters; a longer text that contains such words is an answer


def is_refusal(answer: str) -> bool:
    """Whether the answer says that it doesn't know; an empty answer says nothing."""
    text = answer.replace("\u2019", "'")
    return len(text) <= _LONGEST and bool(_REFUSAL.search(text))
