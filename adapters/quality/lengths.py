"""Examples that the base model's context does not take, and answers of quite another length than the rest."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from crossover.adapters.examples import DataWarning, Example
from crossover.adapters.quality.context import Context
from crossover.adapters.quality.examined import Examined, Source

_ROWS = 50
_AROUND = 64  # bytes that the chat template and our system message may add to a turn
_TIMES = 8  # longer than the median answer
_SPREADS = 6  # robust standard deviations of the logarithm


def find(examined: Examined) -> Iterator[DataWarning]:
    """What does not fit, where the base model's tokenizer is here, and outliers."""
    for source in examined.sources:
        if examined.context:
            yield from _cut(source, examined.context)
        if len(source.examples) >= _ROWS and not source.labels:
            yield from _outliers(source)


def _cut(source: Source, context: Context) -> Iterator[DataWarning]:
    # A token is a byte at least, so that most need not be counted.
    long = [example for example in source.examples if _bytes(example) > context.limit]
    whole = context.tokens(long, history=True)
    beyond = {example: tokens for example, tokens in zip(long, whole, strict=True) if tokens > context.limit}
    turned = [example for example in beyond if example.history]
    alone = beyond | dict(zip(turned, context.tokens(turned, history=False), strict=True))
    for example, tokens in beyond.items():
        expected = f"at most {context.limit}, the context of {context.model}"
        if alone[example] > context.limit:
            found = f"about {alone[example]} tokens"
            yield source.warn(example, "answer", found, f"{expected}: training refuses it", "too-long")
        else:
            found = f"a conversation of about {tokens} tokens"
            yield source.warn(example, "answer", found, f"{expected}: its oldest turns are left out", "cut")


def _bytes(example: Example) -> int:
    texts = (example.system, *(turn.content for turn in example.history), example.question, example.answer)
    return sum(len(text.encode()) + _AROUND for text in texts)


def _outliers(source: Source) -> Iterator[DataWarning]:
    counts = [len(example.answer) for example in source.examples]
    middle = median(counts)
    spread = 1.4826 * median(abs(math.log((1 + count) / (1 + middle))) for count in counts)
    for example, count in zip(source.examples, counts, strict=True):
        away = math.log((1 + count) / (1 + middle))
        if count > _TIMES * middle and away > _SPREADS * spread > 0:
            found = f"an answer of {count} characters"
            yield source.warn(example, "answer", found, f"about {middle:.0f} as in most rows", "outlier")
