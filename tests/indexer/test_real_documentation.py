"""FastAPI's documentation: indexes whole, and ten questions of ours find their page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings

DATA = Path(os.environ.get("BENCH_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
CORPUS = DATA / "docs_corpus" / "fastapi_en"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="BENCH_DATA holds no docs_corpus/fastapi_en")

QUESTIONS = {
    "How do I limit the length of a query parameter string?": "tutorial/query-params-str-validations.md",
    "How can a background task run after the response has been sent?": "tutorial/background-tasks.md",
    "Which middleware lets a browser on another origin call my API?": "tutorial/cors.md",
    "How do I return a different HTTP status code when an item is missing?": "tutorial/handling-errors.md",
    "How do I receive a file that a client uploads?": "tutorial/request-files.md",
    "How do I override a dependency in a test?": "advanced/testing-dependencies.md",
    "How can I run code before the application starts receiving requests?": "advanced/events.md",
    "How do I serve static files such as images from a directory?": "tutorial/static-files.md",
    "How do I read settings from environment variables with Pydantic?": "advanced/settings.md",
    "How do I put the application in a Docker container image?": "deployment/docker.md",
}


@pytest.fixture(scope="module")
def documentation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """The whole corpus, indexed without an error: a minute on two free cores."""
    with Index.open(IndexerSettings(home=tmp_path_factory.mktemp("home")), warm=False) as index:
        report = index.ingest_paths([CORPUS])
        assert report.skipped == []
        assert len(report.added) == sum(1 for file in CORPUS.rglob("*") if file.is_file())
        yield index


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("question", "page"), QUESTIONS.items())
def test_a_question_finds_its_page_among_the_first_three(documentation: Index, question: str, page: str) -> None:
    assert page in [passage.document for passage in documentation.search(question, k=3)]


def test_nine_of_the_ten_pages_come_first(documentation: Index) -> None:
    first = [documentation.search(question, k=1)[0].document == page for question, page in QUESTIONS.items()]
    assert sum(first) >= 9
