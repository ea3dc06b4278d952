"""What an example looks like in one epoch of training with context: passages and values drawn anew each time.

Retrieval-augmented fine-tuning in the manner of RAFT (Zhang et al. 2024, arXiv:2403.10131). An adapter trained on a
fixed set of passages learns them by heart and stops reading: so each epoch shows an example either without passages,
or with other passages in another order; and where a passage states the answer (the gold one), mostly with another
value in it, which is then the answer. So both ways stay open: memory for what no passage tells, reading for the rest.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from crossover.adapters.examples import Example
from crossover.adapters.prompt import UNKNOWN
from crossover.adapters.training.sources import (
    Retrieve,
    Retrieved,
    Source,
    documents_of,
    find_sources,
    sentences_seen,
    stated_in,
)
from crossover.adapters.training.values import Values, blend, occurs


@dataclass(frozen=True, slots=True)
class Mixture:
    """How often an example takes which form in an epoch; the shares of one line add up to at most 1, the rest
    being `keep`, the gold passage as it is."""

    closed: float = 0.65
    """Without passages, answered from memory."""
    substitute: float = 0.35
    """Of the rest, where a gold passage is there: another value in it, which is the answer."""
    rename: float = 0.25
    """The same, and question and passage are about a name that was never there."""
    drop: float = 0.1
    """The gold passage left out: answered from memory."""
    unknown: float = 0.25
    """The question is about a name that no passage has: unknown."""
    single: float = 0.3
    """Of all with passages: only one of them."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One example as one epoch shows it."""

    example: Example
    """With the question and the answer to be learnt."""
    passages: tuple[tuple[str, str], ...] = ()
    """(title, text), in the order of the prompt; none: closed book."""
    gold: int | None = None
    """Which of the passages the answer cites, from 0."""

    @property
    def answer(self) -> str:
        """The answer to be learnt, with its citation."""
        return self.example.answer if self.gold is None else f"{self.example.answer} [{self.gold + 1}]"

    def shortened(self, original: Example) -> Drawn | None:
        """The same with one passage less, the gold one never; without any it is `original`; None: nothing is left."""
        if len(self.passages) > 1:
            last = len(self.passages) - 1
            out = last if self.gold != last else 0
            kept = tuple(passage for place, passage in enumerate(self.passages) if place != out)
            return Drawn(self.example, kept, None if self.gold is None else self.gold - (out < self.gold))
        return Drawn(original) if self.passages else None


class ContextDrawer:
    """Draws each example's form, anew for each epoch and equal for equal seeds.

    Args:
        examples: the training examples.
        retrieve: asked once for each distinct question.
        passages: how many passages a prompt holds in serving.
        mixture: how often which form.
        candidates: how many passages are fetched for a question to draw from.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        retrieve: Retrieve,
        *,
        passages: int,
        mixture: Mixture | None = None,
        candidates: int = 8,
        seed: int = 0,
    ) -> None:
        self._mixture = mixture or Mixture()
        self._passages = passages
        self._seed = seed
        self._sources = find_sources(examples, retrieve, candidates)
        self.documents = documents_of(self._sources)
        self.sentences = sentences_seen(self._sources)
        self.stated = stated_in(self._sources)
        self._values = Values(source.span for source in self._sources if source.span)
        self._names = sorted({name for source in self._sources for name in source.names})

    @property
    def gold(self) -> int:
        """How many examples have a passage that states their answer."""
        return sum(source.gold is not None for source in self._sources)

    def draw(self, epoch: int, row: int) -> Drawn:
        """The form of one example in one epoch."""
        source = self._sources[row]
        draw = random.Random(f"{self._seed}/{epoch}/{row}")
        if not source.candidates or draw.random() < self._mixture.closed:
            return Drawn(source.example)
        if source.gold is None:
            return self._with_passages(source.example, source, None, draw)
        return self._with_gold(source, draw)

    def _with_gold(self, source: Source, draw: random.Random) -> Drawn:
        assert source.gold is not None
        mixture, chance = self._mixture, draw.random()
        gold = source.candidates[source.gold]
        if chance < mixture.drop:
            return self._with_passages(source.example, source, None, draw)
        chance -= mixture.drop
        if source.names and chance < mixture.unknown:
            example = self._renamed(source, draw)[0]
            # The passage about the name that it resembles may be among the rest: near is not the same.
            return self._with_passages(replace(example, answer=UNKNOWN), source, None, draw, all_candidates=True)
        chance -= mixture.unknown
        example = source.example
        if source.names and chance < mixture.rename:
            example, gold = self._renamed(source, draw)
            example, gold = self._substituted(example, gold, source.span, draw)
        elif chance < mixture.rename + mixture.substitute:
            example, gold = self._substituted(example, gold, source.span, draw)
        return self._with_passages(example, source, gold, draw)

    def _with_passages(
        self,
        example: Example,
        source: Source,
        gold: Retrieved | None,
        draw: random.Random,
        *,
        all_candidates: bool = False,
    ) -> Drawn:
        """The example with distractors by rank, and `gold` among them, cited, where there is one."""
        number = 1 if draw.random() < self._mixture.single else self._passages
        others = [
            candidate
            for place, candidate in enumerate(source.candidates)
            if all_candidates or not source.span or (place != source.gold and not occurs(source.span, candidate[1]))
        ]
        # Mostly the best-ranked ones, as in serving, yet not the same ones each time.
        chosen = [others.pop(min(int(draw.expovariate(0.7)), len(others) - 1)) for _ in range(min(number, len(others)))]
        place: int | None = None
        if gold is not None:
            chosen = chosen[: number - 1]
            place = draw.randint(0, len(chosen))
            chosen.insert(place, gold)
        return Drawn(example, tuple((title, text) for title, text, _, _ in chosen), place)

    def _substituted(
        self, example: Example, gold: Retrieved, span: str, draw: random.Random
    ) -> tuple[Example, Retrieved]:
        value = self._values.invent(span, draw)
        title, text, document, content = gold
        example = replace(example, answer=_exchange(example.answer, span, value))
        return example, (_exchange(title, span, value), _exchange(text, span, value), document, content)

    def _renamed(self, source: Source, draw: random.Random) -> tuple[Example, Retrieved]:
        """Question, answer and gold passage about a made-up name."""
        assert source.gold is not None
        name = draw.choice(source.names)
        made_up = blend(draw.choice(self._names), draw.choice(self._names))
        if draw.random() < 0.5:
            made_up = blend(name, made_up)
        made_up = made_up.capitalize() if name[0].isupper() else made_up
        title, text, document, content = source.candidates[source.gold]
        example = replace(
            source.example,
            question=_exchange(source.example.question, name, made_up),
            answer=_exchange(source.example.answer, name, made_up),
        )
        return example, (_exchange(title, name, made_up), _exchange(text, name, made_up), document, content)


def _exchange(text: str, old: str, new: str) -> str:
    """`text` with each whole-word `old` exchanged."""
    left = r"(?<!\w)" if re.match(r"\w", old) else ""
    right = r"(?!\w)" if re.search(r"\w$", old) else ""
    return re.sub(left + re.escape(old) + right, lambda _: new, text, flags=re.IGNORECASE) if old else text
