"""The packaged model really trained, for a few steps, on a made-up town's questions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from crossover.indexer.document import Document
from crossover.indexer.embedding import Embedder
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.training.corpus import Scores
from crossover.indexer.training.retriever import Metric, may_be_promoted, train_retriever

_MATTERS = {
    "harbour": "Boats are counted at dawn and their names go into a green book.",
    "bakery": "Rye flour comes on Mondays, and the queue begins before sunrise.",
    "trams": "The last one leaves at midnight along the river.",
    "observatory": "On clear nights school classes may look at Saturn for free.",
    "library": "A fine of forty crowns is due for every late book.",
    "school": "Lessons begin at eight, and the bell is rung by hand.",
    "mill": "Its wheel was replaced after the flood by one of oak.",
    "archive": "Letters older than a century may be read with gloves only.",
}


@dataclass(frozen=True)
class Said:
    """A comparison as the statistics would make it."""

    difference: float
    p_value: float


@pytest.fixture
def index(settings: IndexerSettings) -> Iterator[Index]:
    with Index.open(settings) as index:
        index.add([Document(f"{name}.txt", name, text, language="en") for name, text in _MATTERS.items()])
        yield index


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    file = tmp_path / "asked.jsonl"
    rows = [{"question": f"What should I know about the {name}?", "document": f"{name}.txt"} for name in _MATTERS]
    rows[0] = {"question": "What becomes of the boats?", "passage": _MATTERS["harbour"]}
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return file


def test_a_trained_retriever_is_kept_with_its_card_and_judged_on_other_questions(
    index: Index, pairs: Path, tmp_path: Path
) -> None:
    compared: list[tuple[Scores, Scores, Sequence[str]]] = []

    def compare(new: Scores, old: Scores, groups: Sequence[str]) -> Said:
        compared.append((new, old, groups))
        return Said(float((new - old).mean()), 1.0)

    card = train_retriever(pairs, index, tmp_path, "town", compare)
    assert (card.learnt, card.held_out, card.promoted) == (6, 2, False)
    assert [len(groups) for _, _, groups in compared] == [2, 2]
    assert card.metrics["recall@5"].before == pytest.approx(compared[0][1].mean())
    folder = tmp_path / "retrievers" / "town" / card.digest
    assert json.loads((folder / "card.json").read_text())["metrics"]["mrr@10"]["p_value"] == 1.0
    assert [path.name for path in folder.parent.iterdir()] == [card.digest]
    trained, before = Embedder(card.folder), Embedder()
    assert trained.query("trams").shape == (384,)
    assert float(trained.query("trams") @ before.query("trams")) < 0.99999


def test_a_document_that_is_not_indexed_is_named_with_its_line(index: Index, tmp_path: Path) -> None:
    file = tmp_path / "asked.jsonl"
    file.write_text('{"question": "q", "document": "nowhere.txt"}')
    with pytest.raises(ValueError, match=r"asked\.jsonl:1:document: found 'nowhere\.txt'"):
        train_retriever(file, index, tmp_path, "town", lambda *_: Said(0.0, 1.0))
    file.write_text('{"question": "q", "passage": "Nobody wrote this."}')
    with pytest.raises(ValueError, match=r"asked\.jsonl:1:passage: found in no indexed document"):
        train_retriever(file, index, tmp_path, "town", lambda *_: Said(0.0, 1.0))


@pytest.mark.parametrize(
    ("recall", "mrr", "promoted"),
    [
        (Metric(0.8, 0.9, 0.01), Metric(0.7, 0.7, 0.9), True),
        (Metric(0.8, 0.9, 0.04), Metric(0.7, 0.7, 0.9), False),
        (Metric(0.8, 0.9, 0.01), Metric(0.7, 0.6, 0.01), False),
        (Metric(0.8, 0.7, 0.01), Metric(0.7, 0.6, 0.01), False),
        (Metric(0.8, 0.8, 1.0), Metric(0.7, 0.7, 1.0), False),
    ],
    ids=["one rises", "not after two looks", "the other falls", "both fall", "nothing moves"],
)
def test_promoted_is_what_significantly_rises_and_nowhere_falls(recall: Metric, mrr: Metric, promoted: bool) -> None:
    assert may_be_promoted({"recall@5": recall, "mrr@10": mrr}) == promoted
