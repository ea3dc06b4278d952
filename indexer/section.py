"""From a passage to the section that it stands in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crossover.indexer.document import Chunk, DocumentRecord, Passage, chunk_id


def section_of(
    passage: Passage, record: DocumentRecord | None, fetch: Callable[[Sequence[str]], list[Chunk]], around: int
) -> str:
    """The text of a passage with that of its neighbours under the same headings, in order.

    Args:
        passage: as a search returned it.
        record: of its document as the index has it now; where it has changed since, the passage stands alone.
        fetch: the chunks of some ids.
        around: chunks before it and after it at most.
    """
    ids = [chunk_id(record.id, record.revision, each) for each in range(record.chunks)] if record else []
    if passage.chunk not in ids:
        return passage.text
    place = ids.index(passage.chunk)
    near = fetch(ids[max(0, place - around) : place + around + 1])
    texts = {chunk.ordinal: chunk.text for chunk in near if chunk.heading == passage.heading} | {place: passage.text}
    first = last = place
    while first - 1 in texts:
        first -= 1
    while last + 1 in texts:
        last += 1
    return "\n\n".join(texts[each] for each in range(first, last + 1))
