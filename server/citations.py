"""An answer's text as it is handed on: no leading blanks, no citations of passages that were not there."""

from __future__ import annotations

import re

# Backticks open and close code, in which [1] is an index and no citation.
_MARK = re.compile(r"`|(?<![ \t])[ \t]*\[(\d{1,3})\]")
# What may still become a citation when more text comes, with the blanks that would go with it.
_UNFINISHED = re.compile(r"(?<![ \t])[ \t]*(?:\[\d{0,3})?\Z")


class AnswerText:
    """Cleans one answer, whole or piece by piece; the pieces joined are the same either way.

    Args:
        passages: how many passages stood in the prompt, so that [1] to [passages] are real.
    """

    def __init__(self, passages: int) -> None:
        self.removed = 0
        self._passages = passages
        self._pending = ""
        self._begun = False
        self._code = False

    def feed(self, piece: str) -> str:
        """What of the text so far can be handed on now."""
        text = self._pending + piece
        hold = _UNFINISHED.search(text)
        cut = hold.start() if hold else len(text)
        self._pending = text[cut:]
        return self._trim(_MARK.sub(self._judge, text[:cut]))

    def finish(self) -> str:
        """The rest, once nothing more comes."""
        rest, self._pending = self._pending, ""
        return self._trim(rest)

    def _trim(self, text: str) -> str:
        if not self._begun:
            text = text.lstrip()
            self._begun = bool(text)
        return text

    def _judge(self, mark: re.Match[str]) -> str:
        if mark[1] is None:
            self._code = not self._code
        elif not self._code and not 1 <= int(mark[1]) <= self._passages:
            self.removed += 1
            return ""
        return mark[0]
