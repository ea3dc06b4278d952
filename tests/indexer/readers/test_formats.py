"""What each format keeps: title, link, headings, pages, tables and code."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from odd_files import docx, page_pdf, pdf, pptx, stream

from crossover.indexer.document import Document, Skipped
from crossover.indexer.errors import ReadError
from crossover.indexer.readers import Reading, read


def one(tmp_path: Path, name: str, content: str | bytes) -> Document:
    """The one document in a file of this content."""
    (document,) = several(tmp_path, name, content)
    assert isinstance(document, Document)
    return document


def several(
    tmp_path: Path, name: str, content: str | bytes, fields: dict[str, str] | None = None
) -> list[Document | Skipped]:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read(file, name, None, Reading(fields=fields or {})))


PAGE = """<!DOCTYPE html><html><head><title>Leave | Handbook</title>
<link rel="canonical" href="https://example.org/leave"><style>p {}</style></head><body>
<nav><a href="/">Home</a></nav><main><h1>Leave</h1><p>Ten <b>days</b> a <a href="/y">year</a>.</p>
<h2>Who</h2><table><tr><th>Town</th><th>Head</th></tr><tr><td>Quilden</td><td>Anna | Bo</td></tr></table>
<pre><code>if x:

    # no heading
    y()</code></pre><script>alert(1)</script><p hidden>secret</p></main><footer>© us</footer></body></html>"""


def test_a_page_keeps_its_own_content_with_title_link_headings_rows_and_code(tmp_path: Path) -> None:
    document = one(tmp_path, "leave.html", PAGE)
    assert (document.title, document.metadata) == ("Leave", {"format": "html", "link": "https://example.org/leave"})
    assert document.text == (
        "# Leave\n\nTen days a year.\n\n## Who\n\nTown: Quilden; Head: Anna | Bo\n\n"
        "```\nif x:\n\n    # no heading\n    y()\n```"
    )


def test_a_page_without_a_main_part_loses_its_menus_and_keeps_its_lists(tmp_path: Path) -> None:
    menu = "".join(f"<li><a href='/{n}'>Page {n}</a></li>" for n in range(20))
    facts = "".join(f"<li>Office {n} lies in <a href='/{n}'>Town {n}</a></li>" for n in range(20))
    document = one(tmp_path, "a.html", f"<html><body><ul>{menu}</ul><p>Towns:</p><ul>{facts}</ul></body></html>")
    assert document.text.startswith("Towns:\n\n- Office 0 lies in Town 0\n")
    assert "Page 3" not in document.text


def test_comments_in_front_of_a_text_that_is_no_page_cost_no_time(tmp_path: Path) -> None:
    assert one(tmp_path, "a.txt", "<!-- a -->" * 300 + "Text.").metadata == {"format": "text"}


def test_an_infobox_reads_as_names_and_values(tmp_path: Path) -> None:
    rows = (
        "<tr><th colspan=2>Velmora</th></tr><tr><th>Head</th><td>Anna</td></tr><tr><th>Town</th><td>Quilden</td></tr>"
    )
    assert one(tmp_path, "a.html", f"<html><body><table>{rows}</table></body></html>").text == (
        "Velmora\n\nHead: Anna\n\nTown: Quilden"
    )


def test_a_pdf_has_its_pages_its_title_and_headings_by_size(tmp_path: Path) -> None:
    def page(*lines: tuple[int, int, str]) -> bytes:
        return stream(b"".join(b"BT /F1 %d Tf 50 %d Td (%s) Tj ET " % (*each[:2], each[2].encode()) for each in lines))

    body = [(10, 600 - 12 * n, f"The office lies in Quilden, by the river, line {n}.") for n in range(6)]
    made = pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
        *(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R/Resources<</Font<</F1 7 0 R>>>>>>" % n
            for n in (5, 6)
        ),
        page((24, 720, "The Velmora Handbook"), (14, 640, "Where"), *body),
        page((14, 700, "Who"), *body, (10, 500, "# is no heading here")),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    document = one(tmp_path, "handbook.pdf", made)
    first, second = document.text.split("\f")
    assert document.title == "The Velmora Handbook"
    assert first.startswith(
        "# The Velmora Handbook\n\n## Where\n\nThe office lies in Quilden, by the river, line 0.\nThe"
    )
    assert second.strip().startswith("## Who\n\n")
    assert second.strip().endswith("\n # is no heading here")


def test_a_word_document_keeps_headings_tables_code_notes_and_formulas(tmp_path: Path) -> None:
    def paragraph(text: str, style: str = "") -> str:
        return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'

    row = "<w:tr>{}</w:tr>"
    cells = "".join(
        row.format("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in cells))
        for cells in (("Town", "Head"), ("Quilden", "Anna"))
    )
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    formula = f'<w:p><m:oMath xmlns:m="{math}"><m:r><m:t>E=mc</m:t></m:r></m:oMath></w:p>'
    control = f"<w:sdt><w:sdtContent>{paragraph('In a form.')}</w:sdtContent></w:sdt>"
    deleted = "<w:del><w:r><w:delText>Gone.</w:delText></w:r></w:del>"
    inserted = f"<w:p><w:ins><w:r><w:t>Inserted.</w:t></w:r></w:ins>{deleted}</w:p>"
    body = paragraph("Leave", "Heading1") + f"<w:tbl>{cells}</w:tbl>" + formula + control + inserted
    document = one(tmp_path, "leave.docx", docx(body))
    assert document.title == "Leave"
    assert document.text == "# Leave\n\nTown: Quilden; Head: Anna\n\nE=mc\n\nIn a form.\n\nInserted."


def test_a_presentation_is_a_page_a_slide_with_tables_and_notes(tmp_path: Path) -> None:
    from pptx import Presentation
    from pptx.util import Inches

    presentation = Presentation(io.BytesIO(pptx("Offices", "Rooms")))
    slide = presentation.slides[1]
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for place, text in {(0, 0): "Town", (0, 1): "Rooms", (1, 0): "Quilden", (1, 1): "9"}.items():
        table.cell(*place).text = text
    slide.notes_slide.notes_text_frame.text = "Nine since spring."
    out = io.BytesIO()
    presentation.save(out)
    document = one(tmp_path, "offices.pptx", out.getvalue())
    assert document.title == "Offices"
    assert document.text == "## Offices\n\n\f\n\n## Rooms\n\nTown: Quilden; Rooms: 9\n\nNotes: Nine since spring."


RST = """
Leave
=====

See :ref:`the rules <rules>` and :py:class:`~datetime.date`.

Who
---

.. versionadded:: 2.1
   Part-time staff too.

.. toctree::
   other

.. code-block:: python

   # no heading
   x = 1

======= =====
Town    Head
======= =====
Quilden Anna
======= =====
"""


def test_restructuredtext_keeps_what_sphinx_adds(tmp_path: Path) -> None:
    document = one(tmp_path, "leave.rst", RST)
    assert document.title == "Leave"
    assert [line for line in document.text.split("\n") if line.startswith("#")] == ["# Leave", "## Who", "# no heading"]
    for kept in (
        "See the rules and date.",
        "Part-time staff too.",
        "```\n# no heading\nx = 1\n```",
        "Town: Quilden; Head: Anna",
    ):
        assert kept in document.text
    assert "other" not in document.text


def test_nothing_outside_a_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    text = f"Office\n======\n\n.. include:: {secret}\n\n.. csv-table::\n   :file: {secret}\n\nIt lies.\n"
    assert "the secret" not in one(tmp_path, "a.rst", text).text


def test_each_row_of_a_table_names_its_columns(tmp_path: Path) -> None:
    assert one(tmp_path, "a.csv", 'Town;Head\nQuilden;"Anna; Bo"\nHarrow;Bela;9\n').text == (
        "Town: Quilden; Head: Anna; Bo\n\nTown: Harrow; Head: Bela; 9"
    )
    assert one(tmp_path, "b.tsv", "1\t2\n3\t4\n").text == "1 | 2\n\n3 | 4"


def test_json_records_are_documents_of_their_own(tmp_path: Path) -> None:
    row = '{"id": "a", "title": "Leave", "text": "Ten days.", "url": "https://example.org/a"}'
    lines = row + '\n{"text": "# T\\n\\n## U\\n\\nx"}\nx\n'
    first, second, third = several(tmp_path, "a.jsonl", lines)
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert (first.id, first.title, first.text) == ("a.jsonl#a", "Leave", "Ten days.")
    assert first.metadata == {"format": "text", "link": "https://example.org/a", "file": "a.jsonl"}
    assert (second.id, second.metadata["format"]) == ("a.jsonl#2", "markdown")
    assert isinstance(third, Skipped)
    assert third.path.endswith("a.jsonl:line 3")
    (mapped,) = several(tmp_path, "b.json", '{"data": [{"k": 1, "w": "Words"}]}', {"text": "w", "id": "k"})
    assert isinstance(mapped, Document)
    assert (mapped.id, mapped.text) == ("b.json#1", "Words")
    with pytest.raises(ReadError, match="no record has the text field 'absent'"):
        several(tmp_path, "b.json", '[{"k": 1}]', {"text": "absent"})


def test_json_without_texts_reads_as_values_under_their_names(tmp_path: Path) -> None:
    document = one(
        tmp_path, "a.json", '{"office": {"town": "Quilden", "tags": ["a", "b"]}, "staff": [{"n": "Anna"}, {"n": "Bo"}]}'
    )
    assert document.text == "office.town: Quilden\noffice.tags: a, b\n\n## staff\n\nn: Anna\n\nn: Bo"


def test_a_link_in_the_front_matter_is_the_link_of_the_document(tmp_path: Path) -> None:
    document = one(tmp_path, "a.md", "---\ntitle: A\nurl: https://example.org/a\n---\nText.\n")
    assert document.metadata["link"] == "https://example.org/a"


def test_the_limit_of_a_files_size_is_a_setting(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(page_pdf("x"))
    with pytest.raises(ReadError, match="CROSSOVER_MAX_FILE_MB"):
        list(read(file, "a.pdf", None, Reading(max_bytes=100)))


def test_equal_cells_of_a_row_stay_in_their_columns(tmp_path: Path) -> None:
    assert one(tmp_path, "c.csv", "min,max\n5,5\n1,2\n").text == "min: 5; max: 5\n\nmin: 1; max: 2"
