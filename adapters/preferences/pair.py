"""PreferencePair and PairSet: what preference training learns from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from crossover.adapters.examples import Example
from crossover.adapters.prompt import Message

SCORES = ("score_chosen", "score_rejected")


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """One question with a better and a worse answer."""

    question: str
    chosen: str
    rejected: str
    system: str = ""
    """The data set's own system message, kept behind ours."""
    history: tuple[Message, ...] = ()
    """Earlier turns, without system messages, oldest first."""
    line: int = 0
    """Where it stands in its file, 1-based; 0: unknown."""
    scores: tuple[float, float] | None = None
    """How good the better and the worse answer were found, where they were ranked."""

    def to_json(self) -> str:
        """One line that `reading.read_pairs` reads back as this pair, in the shape that TRL's trainers take too."""
        scores = dict(zip(SCORES, self.scores or (), strict=False))
        if not self.system and not self.history:
            fields = {"prompt": self.question, "chosen": self.chosen, "rejected": self.rejected}
            return json.dumps(fields | scores, ensure_ascii=False)
        turns = [Message("system", self.system)] if self.system else []
        turns += [*self.history, Message("user", self.question)]
        prompt = [{"role": turn.role, "content": turn.content} for turn in turns]
        chosen, rejected = ([{"role": "assistant", "content": text}] for text in (self.chosen, self.rejected))
        return json.dumps({"prompt": prompt, "chosen": chosen, "rejected": rejected} | scores, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class PairSet:
    """Validated pairs in file order."""

    name: str
    pairs: tuple[PreferencePair, ...]

    @property
    def fingerprint(self) -> str:
        """The first 12 hex digits of a SHA-256: equal for equal pairs in equal order, whatever the file's shape."""
        digest = hashlib.sha256()
        for pair in self.pairs:
            turns = [[turn.role, turn.content] for turn in pair.history]
            decisive = [pair.system, turns, pair.question, pair.chosen, pair.rejected]
            digest.update(json.dumps(decisive, ensure_ascii=False).encode() + b"\n")
        return digest.hexdigest()[:12]


def of_correction(example: Example, answered: str) -> PreferencePair:
    """The pair of a corrected example: what should have been answered before what was."""
    return PreferencePair(example.question, example.answer, answered, example.system, example.history)
