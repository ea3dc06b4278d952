"""What a model thinks before it answers, told apart from the answer: it stands between <think> and </think>."""

from __future__ import annotations

OPEN, CLOSE = "<think>", "</think>"


class Thoughts:
    """Parts one answer, whole or piece by piece; the pieces joined are the same either way.

    Only what stands at the very start is a thought: an answer may speak of the tags. Source: the chat templates of
    Qwen3 and DeepSeek-R1. An end without a beginning there ends a thought that the prompt opened, without a word in it.

    Args:
        begun: whether the prompt opened the thought already, as some templates do, and it goes on.

    Attributes:
        over: whether all that comes now is said.
    """

    def __init__(self, *, begun: bool) -> None:
        self._awaited = CLOSE if begun else OPEN
        self._pending = ""
        self.over = False

    def feed(self, piece: str) -> tuple[str, str]:
        """What of the text so far is known to be thought, and said."""
        if self.over:
            return "", piece
        self._pending += piece
        if self._awaited == OPEN:
            begin = self._pending.lstrip()
            if any(tag != begin and tag.startswith(begin) for tag in (OPEN, CLOSE)):
                return "", ""  # nothing yet, or a part of a tag
            if not begin.startswith((OPEN, CLOSE)):
                return "", self._rest()
            self._pending, self._awaited = begin.removeprefix(OPEN), CLOSE
        thought, closed, said = self._pending.partition(CLOSE)
        if closed:
            self._rest()
            return thought, said
        held = next((n for n in range(len(CLOSE) - 1, 0, -1) if thought.endswith(CLOSE[:n])), 0)
        self._pending = thought[len(thought) - held :]
        return thought[: len(thought) - held], ""

    def finish(self) -> tuple[str, str]:
        """The rest, once nothing more comes: a thought that was never closed stays one."""
        rest = self._rest()
        return (rest, "") if self._awaited == CLOSE and rest else ("", rest)

    def _rest(self) -> str:
        rest, self._pending, self.over = self._pending, "", True
        return rest


def without_thoughts(text: str) -> str:
    """The answer in a whole text of another server, which may have kept the opening tag to itself."""
    parted = Thoughts(begun=CLOSE in text and OPEN not in text)
    return (parted.feed(text)[1] + parted.finish()[1]).strip()
