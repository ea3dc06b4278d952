"""Token rows for the trainer: drawn when they are needed, short and long ones in turn."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence, Sized
from dataclasses import replace
from itertools import chain, zip_longest

from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.examples import Example
from crossover.adapters.prompt import Message, Prompts, render
from crossover.adapters.training.context import Drawn
from crossover.adapters.training.schedule import Shown

# Rows of this many parts are sorted by length together: enough to leave little padding, few enough to stay random.
_SORTED_TOGETHER = 48
_SAMPLED = 256

Row = dict[str, list[int]]


class RowTooLong(ValueError):
    """An example that does not fit into the model's context even without passages and history."""


class Rows:
    """All epochs of a training, row after row: ``{"input_ids", "labels"}``, -100 off the answer.

    A map-style data set to torch's DataLoader. Its length is examples * epochs, unless `shown` says otherwise.

    Args:
        draw: the form of an example, from (how often it was shown before, row).
        examples: the examples as they are, for what does not fit with passages.
        epochs: how often each is shown.
        tokenizer: of the base model.
        prompts: the system messages; closed without passages, hybrid with them, as serving does for an adapter.
        max_tokens: the longest row.
        shown: what each epoch shows, where that is not every example once.
    """

    column_names = ("input_ids", "labels")

    def __init__(
        self,
        draw: Callable[[int, int], Drawn],
        examples: Sequence[Example],
        epochs: int,
        tokenizer: ChatTokenizer,
        prompts: Prompts,
        max_tokens: int,
        shown: Sequence[Sequence[Shown]] | None = None,
    ) -> None:
        self._draw, self._examples = draw, examples
        self._epochs = shown or [[(epoch, row) for row in range(len(examples))] for epoch in range(epochs)]
        self._shown = list(chain.from_iterable(self._epochs))
        self._tokenizer, self._prompts, self._max_tokens = tokenizer, prompts, max_tokens
        self._drawn: dict[int, Row] = {}

    def __len__(self) -> int:
        return len(self._shown)

    def __getitem__(self, index: int) -> Row:
        if not 0 <= index < len(self):
            raise IndexError(index)  # what ends an iteration
        row = self._drawn.pop(index, None)
        return row if row is not None else self._row(index)

    def check(self) -> None:
        """Raises RowTooLong, naming the line, when an example does not fit even without passages and history."""
        for example in self._examples:
            bare = Drawn(replace(example, history=()))
            tokens = len(self._tokenizer.encode_example(self._messages(bare), bare.answer)[0])
            if tokens > self._max_tokens:
                raise self._too_long(example, tokens)

    def longest(self) -> int:
        """Tokens of the longest row, as far as a sample of the first epoch tells."""
        return max(len(self._fitted(0, row)["input_ids"]) for row in range(min(len(self._examples), _SAMPLED)))

    def order(self, part: int, seed: int) -> Iterator[int]:
        """The indices, epoch after epoch, shuffled, in parts of similar length: a short one, a long one, and so on.

        A step of two parts then sees both kinds, questions alone and questions with passages, without the padding
        that rows of both would need side by side.
        """
        shuffle = random.Random(seed)
        pending: list[int] = []
        together = part * _SORTED_TOGETHER
        begin = 0
        for epoch in self._epochs:
            indices = list(range(begin, begin + len(epoch)))
            begin += len(epoch)
            shuffle.shuffle(indices)
            pending += indices
            while len(pending) >= together:
                yield from self._by_length(pending[:together], part, shuffle)
                del pending[:together]
        yield from self._by_length(pending, part, shuffle)

    def _by_length(self, indices: list[int], part: int, shuffle: random.Random) -> list[int]:
        self._drawn = {index: self._row(index) for index in indices}
        indices = sorted(indices, key=lambda index: len(self._drawn[index]["input_ids"]))
        parts = [indices[start : start + part] for start in range(0, len(indices), part)]
        # An incomplete part goes last: everything behind it would otherwise be cut elsewhere than here.
        rest = [parts.pop()] if parts and len(parts[-1]) < part else []
        short, long = parts[: len(parts) // 2], parts[len(parts) // 2 :]
        shuffle.shuffle(short)
        shuffle.shuffle(long)
        turns = [each for pair in zip_longest(short, long) for each in pair if each]
        return [index for each in turns + rest for index in each]

    def _row(self, index: int) -> Row:
        return self._fitted(*self._shown[index])

    def _fitted(self, before: int, row: int) -> Row:
        drawn = self._draw(before, row)
        while True:
            ids, mask = self._tokenizer.encode_example(self._messages(drawn), drawn.answer)
            if len(ids) <= self._max_tokens:
                return {"input_ids": ids, "labels": [i if m else -100 for i, m in zip(ids, mask, strict=True)]}
            drawn = self._shorter(drawn, self._examples[row], len(ids))

    def _shorter(self, drawn: Drawn, original: Example, tokens: int) -> Drawn:
        fewer = drawn.shortened(original)
        if fewer:
            return fewer
        if drawn.example.history:  # the oldest question and its answer go first, as in serving
            return Drawn(replace(drawn.example, history=drawn.example.history[2:]))
        raise self._too_long(original, tokens)

    def _too_long(self, example: Example, tokens: int) -> RowTooLong:
        return RowTooLong(
            f"the example in line {example.line} has {tokens} tokens, but the base model's context takes "
            f"{self._max_tokens}; shorten it, or set a base model with a longer context"
        )

    def _messages(self, drawn: Drawn) -> list[Message]:
        ours = self._prompts.hybrid if drawn.passages else self._prompts.closed
        system = "\n\n".join(part for part in (ours, drawn.example.system) if part)
        return render(drawn.example.question, system=system, passages=drawn.passages, history=drawn.example.history)


class Order(Sized):
    """The row order as a sampler: what torch's BatchSampler cuts into batches."""

    def __init__(self, rows: Rows, part: int, seed: int) -> None:
        self._rows, self._part, self._seed = rows, part, seed

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[int]:
        return self._rows.order(self._part, self._seed)
