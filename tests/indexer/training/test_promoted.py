"""A promoted retriever embeds from then on, and the index follows it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crossover.indexer.document import Document
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings
from crossover.indexer.training.promoted import promote, promotion_file


@pytest.fixture
def promoted(settings: IndexerSettings, tiny_model: Path) -> Path:
    """The folder of a retriever that was promoted over an index of the packaged model."""
    with Index.open(settings, warm=False) as index:
        index.add([Document("tea", "Tea", "Tea is served on the third floor.", language="en")])
    folder = settings.home / "retrievers" / "support" / "3f9c2a"
    shutil.copytree(tiny_model, folder)
    promote(settings.home, "support", "3f9c2a")
    return folder


def test_the_index_is_built_anew_with_the_promoted_retriever(settings: IndexerSettings, promoted: Path) -> None:
    with Index.open(settings, warm=False) as index:
        assert index.outdated
        assert index.rebuild()
        assert index.status().embedding == settings.embedding == str(promoted.resolve())
        assert index.search("Where is tea served?")[0].document == "tea"


def test_a_setting_goes_before_the_promoted_retriever(settings: IndexerSettings, promoted: Path) -> None:
    other = settings.model_copy(update={"embedding_model": "elsewhere/model"})
    assert other.embedding == "elsewhere/model"


def test_without_its_file_the_packaged_model_embeds_again(settings: IndexerSettings, promoted: Path) -> None:
    promotion_file(settings.home).unlink()
    with Index.open(settings, warm=False) as index:
        assert settings.embedding is None
        assert not index.outdated


def test_a_promoted_retriever_that_is_gone_is_named_with_the_remedy(settings: IndexerSettings, promoted: Path) -> None:
    shutil.rmtree(promoted)
    with pytest.raises(RuntimeError, match=r"names support/3f9c2a, which is not there: put it back, or delete"):
        Index.open(settings, warm=False)
