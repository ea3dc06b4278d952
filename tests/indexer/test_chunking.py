from __future__ import annotations

import re

import pytest

from crossover.indexer.chunking import Chunker
from crossover.indexer.document import Chunk, Document
from crossover.indexer.embedding import Embedder

BUDGET = 60


@pytest.fixture(scope="module")
def chunker(embedder: Embedder) -> Chunker:
    return Chunker(BUDGET, embedder.count_tokens)


def cut(chunker: Chunker, text: str, title: str = "Handbook", kind: str = "markdown") -> list[Chunk]:
    return chunker.chunk(Document("a.md", title, text, metadata={"format": kind}), "r1")


def test_a_chunk_carries_the_headings_above_it_and_not_in_its_text(chunker: Chunker) -> None:
    chunks = cut(chunker, "# Travel\n\nBook early.\n\n## Trains / buses `x`\n\nSecond class.\n\n# Food\n\nCanteen.\n")
    assert [(chunk.heading, chunk.text) for chunk in chunks] == [
        (("Travel",), "Book early."),
        (("Travel", "Trains / buses x"), "Second class."),
        (("Food",), "Canteen."),
    ]
    assert chunker.embedded_text("Handbook", chunks[1]) == "Handbook > Travel > Trains / buses x\nSecond class."


def test_a_title_that_is_a_heading_stands_once_in_front(chunker: Chunker) -> None:
    (chunk,) = cut(chunker, "# Travel\n\nBook early.\n", title="Travel")
    assert chunker.embedded_text("Travel", chunk) == "Travel\nBook early."


def test_no_chunk_is_above_the_budget_whatever_the_text(chunker: Chunker, embedder: Embedder) -> None:
    prose = "The office lies by the river. " * 60
    code = "```python\n" + "\n".join(f"value_{n} = compute({n}, {n + 1})" for n in range(40)) + "\n```"
    heading = "A very long heading that goes on " * 12
    text = f"# {heading}\n\n{prose}\n\n{code}\n\n{'x' * 5000}\n\n{'办公室位于河边' * 100}\n"
    chunks = cut(chunker, text)
    assert max(embedder.count_tokens(chunker.embedded_text("Handbook", chunk)) for chunk in chunks) <= BUDGET
    together = "".join(chunk.text for chunk in chunks)
    assert together.count("by the river") == 60
    assert together.count("x") >= 5000
    assert together.count("河") == 100
    assert all(f"value_{n} = compute" in together for n in range(40))


def test_a_code_block_that_fits_is_never_broken(chunker: Chunker) -> None:
    code = "```python\ndef f(x):\n\n    # not a heading\n\n    return x\n```"
    chunks = cut(chunker, "# T\n\n" + "Words before it. " * 8 + f"\n\n{code}\n\n" + "Words after it. " * 8)
    assert [chunk for chunk in chunks if code in chunk.text]
    assert all(chunk.heading == ("T",) for chunk in chunks)


def test_a_code_block_that_does_not_fit_is_cut_by_lines_and_fenced_again(chunker: Chunker) -> None:
    lines = [f"value_{n} = {n}" for n in range(40)]
    chunks = cut(chunker, "```python\n" + "\n".join(lines) + "\n```")
    assert len(chunks) > 1
    assert all(chunk.text.startswith("```python\n") and chunk.text.endswith("\n```") for chunk in chunks)
    assert [line for chunk in chunks for line in chunk.text.split("\n")[1:-1]] == lines


def test_small_neighbours_of_one_section_share_a_chunk(chunker: Chunker) -> None:
    assert [chunk.text for chunk in cut(chunker, "# T\n\nOne.\n\nTwo.\n\nThree.\n")] == ["One.\n\nTwo.\n\nThree."]


def test_plain_text_has_no_headings(chunker: Chunker) -> None:
    (chunk,) = cut(chunker, "# a comment\nx = 1", kind="text")
    assert (chunk.heading, chunk.text) == ((), "# a comment\nx = 1")


def test_a_document_of_headings_alone_is_one_chunk_and_an_empty_one_none(chunker: Chunker) -> None:
    assert [chunk.text for chunk in cut(chunker, "# One\n\n## Two\n")] == ["# One\n\n## Two"]
    assert cut(chunker, " \n") == []


def test_ids_follow_from_document_revision_and_place_and_hashes_from_the_words_alone(chunker: Chunker) -> None:
    first, again = cut(chunker, "# T\n\nSome words.\n"), cut(chunker, "# T\n\nSome   words.\n")
    assert [chunk.id for chunk in first] == [chunk.id for chunk in again]
    assert first[0].content_hash == again[0].content_hash
    (other,) = chunker.chunk(Document("a.md", "T", "Some words."), "r2")
    assert other.id != first[0].id


def test_a_chunk_names_the_page_on_which_it_begins(chunker: Chunker) -> None:
    text = (
        "# One\n\nFirst page.\n\n\f\n\nSecond page.\n\n\f\n\n\f\n\n# Two\n\n"
        + "Fourth page. " * 20
        + "\n\n\f\n\nFifth."
    )
    chunks = cut(chunker, text)
    assert [(chunk.page, chunk.heading, chunk.text[:12]) for chunk in chunks] == [
        (1, ("One",), "First page.\n"),
        (4, ("Two",), "Fourth page."),
        (4, ("Two",), "Fourth page."),
    ]
    assert chunks[0].text == "First page.\n\nSecond page."
    assert chunks[2].text.endswith("Fourth page.\n\nFifth.")
    assert [chunk.page for chunk in cut(chunker, "First.\fSecond.", kind="text")] == [1]
    assert [chunk.page for chunk in cut(chunker, "No pages.")] == [None]


def test_line_ends_count_where_the_model_has_tokens_for_them() -> None:
    def count(text: str) -> int:  # as byte-level tokenizers do
        return len(re.findall(r"\n|\w+|[^\w\s]", text))

    chunker = Chunker(BUDGET, count)
    code = "```\n" + "\n".join("x" for _ in range(200)) + "\n```"
    chunks = cut(chunker, "# T\n\n" + "\n\n".join(["One two."] * 60) + f"\n\n{code}")
    assert max(count(chunker.embedded_text("Handbook", chunk)) for chunk in chunks) <= BUDGET


def test_a_text_of_a_megabyte_without_a_line_end_is_cut_in_time_and_nothing_is_lost(chunker: Chunker) -> None:
    words = [f"w{n}" for n in range(20_000)]
    chunks = cut(chunker, " ".join(words))
    assert " ".join(chunk.text for chunk in chunks).split() == words
