"""Questions that stand in two splits, or in the evaluation set: a score on them is a score on what was learnt."""

from __future__ import annotations

from collections.abc import Iterator

from crossover.adapters.examples import DataWarning, Example
from crossover.adapters.quality.examined import Examined, Source, key

_AFRESH = "questions of its own: a score on this one only shows what was learnt by heart"


def find(examined: Examined) -> Iterator[DataWarning]:
    """Questions of an earlier file in a later one, and of the evaluation set in any."""
    seen: dict[str, tuple[Source, Example]] = {}
    for source in examined.sources:
        yield from _repeated(source, seen, examined.near)
        for example in source.examples:
            if not example.history:
                seen.setdefault(key(example.question), (source, example))
    yield from _evaluated(examined)


def _repeated(
    source: Source, seen: dict[str, tuple[Source, Example]], near: dict[str, set[str]]
) -> Iterator[DataWarning]:
    for example in source.examples:
        mine = key(example.question)
        known = [mine, *near.get(mine, ())]
        place = next((seen[each] for each in known if each in seen), None)
        if place is not None and not example.history:
            how = "the question" if mine in seen else "nearly the question"
            found = f"{how} of {place[0].file}:{place[1].line}"
            yield source.warn(example, "question", found, _AFRESH, "leakage")


def _evaluated(examined: Examined) -> Iterator[DataWarning]:
    asked = {key(question) for question in examined.against}
    if not asked:
        return
    for source in examined.sources:
        for example in source.examples:
            mine = key(example.question)
            exact = mine in asked
            if not example.history and (exact or not asked.isdisjoint(examined.near.get(mine, ()))):
                found = f"{'a' if exact else 'nearly a'} question of {examined.against_file}"
                yield source.warn(example, "question", found, _AFRESH, "leakage")
