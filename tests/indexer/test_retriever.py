from __future__ import annotations

import pytest

from crossover.indexer.document import Document
from crossover.indexer.filters import DocumentFilter, parse_filter
from crossover.indexer.index import Index
from crossover.indexer.relevance import relevance
from crossover.indexer.retriever import Trace


@pytest.fixture
def filled(index: Index, documents: list[Document]) -> Index:
    index.add(
        [
            Document(each.id, each.title, each.text, source=f"/srv/{each.id}", metadata={"team": team})
            for each, team in zip(documents, ("north", "south", "north", "south"), strict=True)
        ]
    )
    return index


@pytest.mark.parametrize(
    ("only", "found"),
    [
        (DocumentFilter(sources=("sorrin.md",)), {"sorrin.md"}),
        (DocumentFilter(sources=("/srv/rules/*", "notes.txt")), {"rules/travel.md", "notes.txt"}),
        (DocumentFilter(where={"team": "north"}), {"velmora.md", "rules/travel.md"}),
        (DocumentFilter(("*.md",), {"team": "south", "language": "en"}), {"sorrin.md"}),
        (DocumentFilter(where={"team": "east"}), set()),
    ],
)
def test_a_filter_looks_at_its_documents_alone(filled: Index, only: DocumentFilter, found: set[str]) -> None:
    passages = filled.search("Who runs the Velmora office?", k=10, only=only)
    assert {passage.document for passage in passages} == found


def test_a_filter_follows_metadata_that_changed_without_the_text(filled: Index, documents: list[Document]) -> None:
    first = documents[0]
    report = filled.add([Document(first.id, first.title, first.text, metadata={"team": "east"})])
    assert report.chunks == 0
    assert {each.document for each in filled.search("office", 10, DocumentFilter(where={"team": "east"}))} == {first.id}


def test_conditions_are_read_and_wrong_ones_named() -> None:
    assert parse_filter([], []) is None
    assert parse_filter(["a/*"], ["team=north", "url=x=y"]) == DocumentFilter(("a/*",), {"team": "north", "url": "x=y"})
    with pytest.raises(ValueError, match="'north' is not KEY=VALUE"):
        parse_filter([], ["north"])


def test_copies_of_a_document_leave_their_places_to_others_and_the_trace_says_so(filled: Index) -> None:
    text = "The coffee machine on the second floor takes blue tokens only.\n"
    filled.add([Document(f"copy{n}.txt", "notes.txt", text.upper() if n else f"  {text}") for n in range(2)])
    trace = filled.explain("Which tokens does the coffee machine take?", k=5)
    assert sum("COFFEE" in passage.text.upper() for passage in trace.passages) == 1
    assert len(trace.passages) == 5
    assert {each.like for each in trace.dropped} == {trace.passages[0].chunk}


def test_a_question_asked_again_is_not_searched_for_again_until_documents_change(
    filled: Index, documents: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    searches: list[str] = []
    search = filled.version.retriever.search

    def counted(query: str, k: int, only: DocumentFilter | None = None) -> Trace:
        searches.append(query)
        return search(query, k, only)

    monkeypatch.setattr(filled.version.retriever, "search", counted)
    question = "Who runs the Velmora office?"
    five = filled.search(question, 5)
    assert filled.search(question, 2) == five[:2]
    assert len(searches) == 1
    assert filled.search(question, 6)[:5] == five
    assert len(searches) == 2
    filled.search(question, 2, DocumentFilter(sources=(five[0].document,)))
    assert len(searches) == 3
    filled.search(question, 20)  # weighs otherwise, so that its first are not taken for those of fewer
    filled.search(question, 20)
    assert len(searches) == 5
    filled.delete(five[0].document)
    assert five[0].document not in {each.document for each in filled.search(question, 5)}


def test_relevance_tells_what_is_there_from_what_is_not(filled: Index) -> None:
    there = filled.search("Who runs the Velmora office?", 1)[0].relevance
    nowhere = filled.search("How many moons does Jupiter have?", 1)[0].relevance
    assert there is not None and nowhere is not None
    assert there > 0.5 > 0.1 > nowhere


def test_relevance_is_unknown_where_it_was_not_calibrated() -> None:
    assert relevance(3.0, "some/model", "en") is None
    assert relevance(3.0, "all-MiniLM-L6-v2", "de") is None


def test_the_trace_of_a_search_names_every_stage(filled: Index) -> None:
    trace = filled.explain("Who runs the Velmora office?", k=2)
    assert (trace.language, trace.reranker) == ("en", None)
    assert trace.looked_at == 6
    best = trace.candidates[0]
    assert best.fused == pytest.approx(
        trace.weights.dense * (best.passage.dense or 0) + trace.weights.sparse * (best.passage.sparse or 0)
    )
    assert (best.dense_rank, best.sparse_rank, best.reranked) == (1, 1, None)
