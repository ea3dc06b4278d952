"""Real PDFs, Word documents and web pages: what is read of each, and the few that are refused with a reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crossover.indexer import readers
from crossover.indexer.chunking import Chunker
from crossover.indexer.document import Document
from crossover.indexer.embedding import Embedder
from crossover.indexer.errors import ReadError

DATA = Path(os.environ.get("BENCH_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
CORPUS = DATA / "docs_corpus" / "binary"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="BENCH_DATA holds no docs_corpus/binary")

FACTS = {  # file, words, and the title, deepest heading and page that a passage with these words must carry
    "markitdown_REPAIR-2022-INV-001_multipage.pdf": ("Model Batmobile", "ZAVA AUTO REPAIR", "", 2),
    "markitdown_equations.docx": ("sin\u2061θ=mλa", "markitdown_equations", "", None),
    "markitdown_test.docx": (
        "314b0a30-5b04-470b-b9f7",
        "AutoGen: Enabling Next-Gen LLM Applications",
        "d666f1f7",
        None,
    ),
    "markitdown_test.pdf": ("encourage divergent thinking", "markitdown_test", "1 Introduction", 1),
    "markitdown_test_blog.html": (
        "$0.02 per instance",
        "Does Model and Inference Parameter Matter",
        "Experiment Setup",
        None,
    ),
    "markitdown_test_wikipedia.html": ("Year: 2019; Revenue in million US$: 125,843", "Microsoft", "Financial", None),
    "pypdf_Seige_of_Vicksburg_Sample_OCR.pdf": ("dangerous for use", "pypdf_Seige_of_Vicksburg_Sample_OCR", "", 1),
    "pypdf_crazyones.pdf": ("rebels", "The Crazy Ones", "October 14, 1998", 1),
    "pypdf_multilang.pdf": ("Привет, мир", "pypdf_multilang", "", 1),
    "pypdf_pdflatex-outline.pdf": ("Huardest gefburn", "pypdf_pdflatex-outline", "1 Foo", 2),
    "pythondocx_blk-paras-and-tables.docx": ("Donec semper", "pythondocx_blk-paras-and-tables", "", None),
    "pythondocx_comments-rich-para.docx": ("Some text worthy of note", "pythondocx_comments-rich-para", "", None),
    "pythondocx_hdr-header-footer.docx": ("section with header", "pythondocx_hdr-header-footer", "", None),
}
REFUSED = {
    "pypdf_encryption_r6-user-password.pdf": "a PDF with a password",
    "pypdf_git.pdf": "a PDF of 1 pages without text",
    "pythondocx_doc-word-default-blank.docx": "no text in it",
}
LINKS = {
    "markitdown_test_blog.html": "https://microsoft.github.io/autogen/blog/2023/04/21/LLM-tuning-math",
    "markitdown_test_wikipedia.html": "https://en.wikipedia.org/wiki/Microsoft",
}


def test_every_file_is_either_read_or_refused() -> None:
    assert {file.name for file in CORPUS.iterdir()} == {*FACTS, *REFUSED}


@pytest.mark.parametrize("name", FACTS)
def test_a_fact_is_read_under_its_title_heading_and_page(name: str, embedder: Embedder) -> None:
    words, title, heading, page = FACTS[name]
    (document,) = readers.read(CORPUS / name, name)
    assert isinstance(document, Document)
    chunks = Chunker(embedder.max_tokens, embedder.count_tokens).chunk(document, "r1")
    chunk = next(chunk for chunk in chunks if words in chunk.text)
    assert document.title.startswith(title)
    assert (chunk.heading[-1] if chunk.heading else "").startswith(heading)
    assert chunk.page == page
    assert document.metadata.get("link") == LINKS.get(name)


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_text_or_is_locked_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(ReadError, match=REFUSED[name]):
        list(readers.read(CORPUS / name, name))
