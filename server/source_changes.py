"""What has become of the documents that an adapter was trained on: its card against the chunks of the index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crossover.adapters.card import AdapterCard
from crossover.adapters.sentences import sentence_hash, sentences_of
from crossover.indexer.document import Chunk


@dataclass(frozen=True, slots=True)
class SourceChanges:
    """How much of what training saw the index no longer holds.

    Attributes:
        chunks: that training saw.
        changed: of these, in documents that are still there, but say it no more.
        gone: of these, in documents that are not there any more, nor anywhere else.
        sentences: that training saw; 0 where the card keeps none.
        sentences_gone: of these, nowhere in the index.
    """

    chunks: int = 0
    changed: int = 0
    gone: int = 0
    sentences: int = 0
    sentences_gone: int = 0

    @property
    def chunk_share(self) -> float:
        """The share of chunks whose content changed or went; 0 without any."""
        return (self.changed + self.gone) / self.chunks if self.chunks else 0.0

    @property
    def share(self) -> float:
        """How much of what training saw is out of date.

        Of sentences where the card keeps them: a chunk of twenty facts counts as changed with the first of them, and
        all chunks do when documents are cut otherwise than before.
        """
        return self.sentences_gone / self.sentences if self.sentences else self.chunk_share


def source_changes(card: AdapterCard, chunks: Iterable[Chunk]) -> SourceChanges:
    """What has changed since training; content is compared, so that a moved or renamed document has not."""
    documents, contents, sentences = set(), set(), set()
    for chunk in chunks:
        documents.add(chunk.document)
        contents.add(chunk.content_hash)
        if card.sentences:
            sentences.update(map(sentence_hash, sentences_of(chunk.text)))
    lost = [document for document, seen in card.documents.items() for each in seen if each not in contents]
    return SourceChanges(
        chunks=sum(map(len, card.documents.values())),
        changed=sum(document in documents for document in lost),
        gone=sum(document not in documents for document in lost),
        sentences=len(card.sentences),
        sentences_gone=sum(sentence not in sentences for sentence in card.sentences),
    )
