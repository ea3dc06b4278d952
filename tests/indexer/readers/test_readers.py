from __future__ import annotations

from pathlib import Path

import pytest

from crossover.indexer import readers
from crossover.indexer.document import Document
from crossover.indexer.errors import ReadError


def read(path: Path, document_id: str) -> Document:
    """The one document of a file."""
    (document,) = readers.read(path, document_id)
    assert isinstance(document, Document)
    return document


def write(tmp_path: Path, name: str, content: bytes | str) -> Path:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_the_title_is_that_of_the_front_matter_which_is_not_text(tmp_path: Path) -> None:
    document = read(write(tmp_path, "a.md", '---\ntitle: "Leave"\ntags: [x]\n---\n# Rules\n\nTen days.\n'), "a.md")
    assert document.title == "Leave"
    assert document.text == "# Rules\n\nTen days."


def test_without_front_matter_the_first_heading_is_the_title_and_without_one_the_files_name(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a.md", "text\n\n## Sub `x`\n"), "a").title == "Sub x"
    assert read(write(tmp_path, "plain.md", "text\n"), "a").title == "plain"


def test_a_heading_in_a_code_block_is_no_title(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a.md", "```sh\n# install\n```\n\n# Real\n"), "a").title == "Real"


def test_tags_comments_and_attributes_go_but_code_and_placeholders_stay(tmp_path: Path) -> None:
    text = (
        '# T { #anchor }\n\n<!-- hidden -->See <a href="x" class="y">this</a> and [b](c.md){.ext target=_blank},'
        " not `<b>` or <name>.\n\n```html\n<a href='x'>kept</a><!-- kept -->\n```\n"
    )
    document = read(write(tmp_path, "a.md", text), "a")
    assert document.text == (
        "# T\n\nSee this and [b](c.md), not `<b>` or <name>.\n\n```html\n<a href='x'>kept</a><!-- kept -->\n```"
    )


def test_underlined_headings_are_headings(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a.md", "Title\n=====\n\nText.\n"), "a").text == "# Title\n\nText."


def test_a_file_without_suffix_is_markdown_when_it_looks_so(tmp_path: Path) -> None:
    assert read(write(tmp_path, "README", "# A\n\n## B\n\nText\n"), "a").metadata["format"] == "markdown"
    assert read(write(tmp_path, "config.txt", "# a comment\nx = 1\n"), "a").metadata["format"] == "text"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Größe: 10 €"),
        ("utf-8-sig", "Größe: 10 €"),
        ("utf-16", "Größe: 10 €"),
        ("utf-16-le", "The office lies in Quilden, by the river."),
        ("utf-32", "Größe: 10 €"),
        ("cp1251", "Съешь ещё этих мягких французских булок, да выпей же чаю. Офис находится в городе."),
        ("gb18030", "办公室位于城市的北部，靠近河流。员工每天早上九点开始工作，下午五点下班。"),
        ("cp1252", "Le café fermé près de l’été, où l’élève a oublié ses clés, ça ne se fait pas."),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, encoding: str, text: str) -> None:
    assert read(write(tmp_path, "a.txt", text.encode(encoding)), "a").text == text


def test_line_ends_of_other_systems_become_line_feeds(tmp_path: Path) -> None:
    assert read(write(tmp_path, "a.txt", b"one\r\ntwo\rthree\n"), "a").text == "one\ntwo\nthree"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b" \n\t\n", "the file is empty"),
        (b"---\ntitle: x\n---\n", "nothing but front matter"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a PNG image"),
        (bytes(range(256)) * 8, "binary"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    file = write(tmp_path, "thing.md", content)
    with pytest.raises(ReadError, match=reason) as caught:
        read(file, "thing.md")
    assert str(file) in str(caught.value)


def test_a_missing_file_and_a_folder_are_read_errors(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="No such file"):
        read(tmp_path / "absent.md", "absent.md")
    with pytest.raises(ReadError, match="directory"):
        read(tmp_path, "x")
