"""Examples that the base model's context does not take, and answers of quite another length than the rest."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from crossover.adapters.examples import DataWarning
from crossover.adapters.quality.context import Context
from crossover.adapters.quality.examined import Examined, Source

_ROWS = 50
_TIMES = 8  # longer than the median answer
_SPREADS = 6  # robust standard deviations of the logarithm


def find(examined: Examined) -> Iterator[DataWarning]:
    """What does not fit, and outliers; nothing where the base model's tokenizer is not here."""
    for source in examined.sources:
        if examined.context and source.examples:
            yield from _cut(source, examined.context)
            if not source.labels:
                yield from _outliers(source, examined.context)


def _cut(source: Source, context: Context) -> Iterator[DataWarning]:
    whole = context.tokens(source.examples, history=True)
    alone = context.tokens(source.examples, history=False)
    for example, tokens, least in zip(source.examples, whole, alone, strict=True):
        if tokens <= context.limit:
            continue
        expected = f"at most {context.limit}, the context of {context.model}"
        if least > context.limit:
            yield source.warn(
                example, "answer", f"about {least} tokens", f"{expected}: training refuses it", "too-long"
            )
        else:
            found = f"a conversation of about {tokens} tokens"
            yield source.warn(example, "answer", found, f"{expected}: its oldest turns are left out", "cut")


def _outliers(source: Source, context: Context) -> Iterator[DataWarning]:
    if len(source.examples) < _ROWS:
        return
    counts = context.count([example.answer for example in source.examples])
    middle = median(counts)
    spread = 1.4826 * median(abs(math.log((1 + count) / (1 + middle))) for count in counts)
    for example, count in zip(source.examples, counts, strict=True):
        away = math.log((1 + count) / (1 + middle))
        if count > _TIMES * middle and away > _SPREADS * spread > 0:
            found, expected = f"an answer of {count} tokens", f"about {middle:.0f} as in most rows: one row too many?"
            yield source.warn(example, "answer", found, expected, "outlier")
