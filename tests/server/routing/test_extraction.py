"""What the router sees of a question, its passages and an adapter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.examples import Example
from crossover.adapters.registry import TRAINING_FILE, AdapterVersion, Registry
from crossover.adapters.sentences import sentence_hash, sentences_of
from crossover.indexer.document import Document, Passage
from crossover.indexer.embedding import Embedder
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings
from crossover.server.examples import TrainingExamples
from crossover.server.routing.extraction import extract
from crossover.server.routing.features import AGE, FEATURE_VERSION, NAMES, Features
from crossover.server.routing.words import words_of

OFFICE = (
    "# Velmora office\n\n## People\n\nThe Velmora office is run by Anna Tovan.\n\n## Hours\n\nIt opens at 8:30 sharp."
)
QUESTION = "Who runs the Velmora office?"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    index = Index.open(IndexerSettings(home=tmp_path_factory.mktemp("index"), chunk_tokens=32))
    index.add(
        [
            Document("velmora.md", "Velmora office", OFFICE, metadata={"format": "markdown"}),
            Document("brenna.md", "Brenna office", "The Brenna office is run by Carlo Vint. It has 14 desks."),
            Document("travel.md", "Travel", "Trips above 400 euros need the approval of Dora Penn."),
        ]
    )
    return index


def taught(
    home: Path,
    index: Index,
    *pairs: tuple[str, str],
    seen: dict[str, list[str]] | None = None,
    sentences: Sequence[str] = (),
    stated: dict[str, tuple[str, str]] | None = None,
) -> tuple[AdapterVersion, TrainingExamples]:
    card = AdapterCard(
        name="house", digest="a" * 12, base_model="b", base_fingerprint="f", chat_template="t", prompts="p",
        data=DataCard(name="d", fingerprint="x", examples=len(pairs)), trained_at=datetime.now(UTC),
        documents=seen or {}, sentences=sorted(map(sentence_hash, sentences)),
        stated={sentence_hash(asked): (page, sentence_hash(told)) for asked, (page, told) in (stated or {}).items()},
    )  # fmt: skip
    registry = Registry(home)
    folder = registry.folder / card.name / card.digest
    folder.mkdir(parents=True)
    if pairs:
        (folder / TRAINING_FILE).write_text("".join(Example(*pair).to_json() + "\n" for pair in pairs))
    card.save(folder)
    return registry.resolve("house@" + card.digest), TrainingExamples(registry, index)


def seen_now(index: Index) -> dict[str, list[str]]:
    """The card of an adapter that training showed every passage."""
    found: dict[str, list[str]] = {}
    for question in (QUESTION, "When does the Velmora office open?", "Who runs Brenna?", "trips above 400 euros"):
        for passage in index.search(question, 10):
            found.setdefault(passage.document, []).append(passage.content_hash)
    return found


def see(question: str, index: Index, known: tuple[AdapterVersion, TrainingExamples]) -> Features:
    return extract(question, index.search(question, 5), *known)


def test_without_adapter_and_documents_only_the_question_is_known(index: Index, tmp_path: Path) -> None:
    seen = extract(QUESTION, [], None, TrainingExamples(Registry(tmp_path), index))
    assert not seen.adapter and seen.passages == 0
    known = {name for name, value in seen.known().items() if value is not None}
    assert known == {
        "adapter", "passages", "words", "sentences", "asks_person", "asks_number", "asks_time", "asks_place",
    }  # fmt: skip
    assert seen.asks_person and not seen.asks_time


def test_what_is_unknown_is_missing_in_the_vector_and_not_zero(index: Index, tmp_path: Path) -> None:
    seen = see(QUESTION, index, taught(tmp_path, index))
    vector = dict(zip(NAMES, seen.vector(), strict=True))
    assert all(np.isnan(vector[name]) for name in (*AGE, "similarity", "overlap"))
    assert vector["asks_time"] == 0.0
    assert vector["score"] == pytest.approx(seen.score)
    assert Features(**seen.known()) == seen  # type: ignore[arg-type]


def test_passages_that_speak_of_the_question_cover_it(index: Index, tmp_path: Path) -> None:
    known = taught(tmp_path, index)
    about, beside = see(QUESTION, index, known), see("Who paints the Quillon bridge?", index, known)
    assert about.coverage == pytest.approx(2 / 3)  # "runs" is not "run"
    assert beside.coverage == 0.0
    assert about.title_overlap == 1.0 and beside.title_overlap == 0.0
    assert about.dense is not None and beside.dense is not None and about.dense > beside.dense
    assert about.agreement is not None and 0 < about.agreement <= 1


def test_a_taught_fact_is_told_from_its_neighbour_by_its_words(index: Index, tmp_path: Path) -> None:
    known = taught(
        tmp_path, index, ("Who is in charge of the Velmora office?", "Anna Tovan"), ("When is lunch?", "At noon.")
    )
    same, other = see(QUESTION, index, known), see("Who runs the Brenna office?", index, known)
    assert same.overlap is not None and other.overlap is not None and same.overlap > other.overlap
    assert same.similarity is not None and same.similarity > 0.6
    assert same.taught_stands == 1.0
    assert same.lead is not None and same.lead > 0


def test_content_decides_the_age_and_neither_its_document_nor_its_date(index: Index, tmp_path: Path) -> None:
    seen = seen_now(index)
    fresh = see(QUESTION, index, taught(tmp_path / "all", index, seen=seen))
    assert (fresh.best_unseen, fresh.new_document) == (False, False)
    renamed = {f"moved/{name}": hashes for name, hashes in seen.items()}
    moved = see(QUESTION, index, taught(tmp_path / "moved", index, seen=renamed))
    assert (moved.best_unseen, moved.new_document) == (False, False)
    others = {name: hashes for name, hashes in seen.items() if name != "velmora.md"}
    new = see(QUESTION, index, taught(tmp_path / "new", index, seen=others))
    assert (new.best_unseen, new.new_document) == (True, True)


def test_a_saved_again_document_is_not_newer_and_a_changed_fact_is_only_where_it_stands(
    index: Index, tmp_path: Path
) -> None:
    known = taught(
        tmp_path,
        index,
        ("Who is in charge of the Velmora office?", "Anna Tovan"),
        ("At what time does the Velmora office open?", "8:30"),
        seen=seen_now(index),
    )
    hours = "When does the Velmora office open?"
    assert see(QUESTION, index, known).taught_stands == 1.0
    reformatted = OFFICE.replace("\n\n", "\n\n\n").replace("The Velmora office is", "The  Velmora office\nis")
    for text, who_changed in ((reformatted, False), (OFFICE.replace("Anna Tovan", "Berit Halm"), True)):
        index.add([Document("velmora.md", "Velmora office", text, metadata={"format": "markdown"})])
        who, when = see(QUESTION, index, known), see(hours, index, known)
        assert who.best_unseen is who_changed
        assert (who.taught_stands == 1.0) is not who_changed
        assert when.best_unseen is False and when.taught_stands == 1.0
    index.add([Document("velmora.md", "Velmora office", OFFICE, metadata={"format": "markdown"})])


def test_of_one_chunk_only_the_sentence_that_changed_is_newer(index: Index, tmp_path: Path) -> None:
    page = "The Quillon site is led by Berit Halm. Its gate opens at 9:00. It has 20 lamps."
    known = taught(tmp_path, index, seen={"quillon.md": ["gone"]}, sentences=sentences_of(page))
    leads, lamps = "Who is the Quillon site led by?", "How many lamps has the Quillon site?"
    for text, leads_changed, lamps_changed in (
        (page.replace(". ", ".\n"), False, False),
        (page.replace("Berit Halm", "Edda Rusk"), True, False),
        (page.replace("20 lamps", "30 lamps"), False, True),
    ):
        index.add([Document("quillon.md", "Quillon site", text)])
        assert see(leads, index, known).best_unseen is leads_changed
        assert see(lamps, index, known).best_unseen is lamps_changed
    index.delete("quillon.md")


def test_what_was_taught_is_looked_for_in_its_document_though_another_page_comes_first(
    index: Index, tmp_path: Path
) -> None:
    quillon = "The Quillon site is led by Berit Halm. Its gate opens at 9:00. It has 20 lamps."
    asked = "Who is the Quillon site led by?"
    known = taught(
        tmp_path, index, (asked, "Berit Halm"), ("How many lamps has the Quillon site?", "20"),
        seen={"quillon.md": ["gone"], **seen_now(index)}, sentences=sentences_of(quillon),
        stated={asked: ("quillon.md", "The Quillon site is led by Berit Halm.")},
    )  # fmt: skip
    index.add([Document("quillon.md", "Quillon site", quillon)])
    assert see(asked, index, known).taught_changed is False
    for text, changed in (
        (quillon.replace(". ", ".\n"), False),
        (quillon.replace("20 lamps", "30 lamps"), False),
        (quillon.replace("Berit Halm", "Edda Rusk"), True),
    ):
        index.add([Document("quillon.md", "Quillon site", text)])
        found = index.search(asked, 5)
        wrong_page_first = sorted(found, key=lambda passage: passage.document == "quillon.md")
        assert extract(asked, wrong_page_first, *known).taught_changed is changed
    assert see("How many lamps has the Quillon site?", index, known).taught_changed is None  # the card does not say
    index.delete("quillon.md")
    assert see(asked, index, known).taught_changed is None


def test_words_are_compared_in_one_case_and_unspaced_scripts_by_pairs() -> None:
    assert words_of("Who is the HEAD of Velmora?") == {"head", "velmora"}
    assert len(words_of("東京タワー") & words_of("東京駅")) == 1
    assert words_of("") == frozenset()


def test_seeing_a_question_costs_little_beside_finding_its_passages(index: Index, tmp_path: Path) -> None:
    class Counting:
        """The index's embedding model, counting what it computes."""

        def __init__(self) -> None:
            self.model, self.computed = Embedder(None), 0

        def embed_query(self, text: str) -> np.ndarray:
            return self.model.query(text)

        def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
            self.computed += len(texts)
            return self.model.queries(texts)

    version, _ = taught(tmp_path, index, (QUESTION, "Anna"))
    counting = Counting()
    examples = TrainingExamples(Registry(tmp_path), counting)
    found: list[Passage] = index.search(QUESTION, 5)
    for _ in range(3):
        extract(QUESTION, found, version, examples)
    assert counting.computed == 1  # the one training question, once; the question itself is remembered by the index


def test_the_version_of_the_features_stands_for_their_names() -> None:
    assert FEATURE_VERSION == 3
    assert len(NAMES) == len(set(NAMES)) == 24
    assert set(AGE) <= set(NAMES)
