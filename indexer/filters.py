"""Which documents a search looks at: by source, by metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from crossover.indexer.document import DocumentRecord


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Documents that come from one of some sources and have all of some values.

    Attributes:
        sources: patterns as in a shell (`handbook/*`), matched against a document's id and its source; () is any.
        where: metadata that a document must have; `language` is known of every document.
    """

    sources: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)

    def accepts(self, record: DocumentRecord) -> bool:
        """Whether a document is looked at."""
        values = {"language": record.language, **record.metadata}
        return all(values.get(key) == value for key, value in self.where.items()) and (
            not self.sources
            or any(fnmatchcase(place, each) for each in self.sources for place in (record.id, record.source))
        )


def parse_filter(sources: Iterable[str], where: Iterable[str]) -> DocumentFilter | None:
    """The filter that `--source PATTERN` and `--where KEY=VALUE` describe; None where there are none.

    Raises:
        ValueError: a condition that is not KEY=VALUE.
    """
    pairs = {}
    for condition in where:
        key, equals, value = condition.partition("=")
        if not key or not equals:
            raise ValueError(f"where: {condition!r} is not KEY=VALUE, such as language=en")
        pairs[key] = value
    return DocumentFilter(tuple(sources), pairs) if pairs or (sources := tuple(sources)) else None
