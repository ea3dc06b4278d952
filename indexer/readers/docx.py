"""Word documents as Markdown, by way of mammoth's HTML.

mammoth rather than python-docx: it reads content controls, text boxes, tracked insertions and
footnotes, which python-docx's paragraphs leave out. Formulas, which both leave out, are read as
their bare symbols. Word has no fixed pages, so there are none.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

from crossover.indexer.readers import html
from crossover.indexer.readers.parsed import Parsed

_BODY = "word/document.xml"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_STYLES = """
p[style-name='Title'] => h1.title:fresh
p[style-name='title'] => h1.title:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='HTML Preformatted'] => pre:separator('\\n')
p[style-name='Code'] => pre:separator('\\n')
p[style-name='Source Code'] => pre:separator('\\n')
"""


def parse(raw: bytes) -> Parsed:
    """The title is that of the document's properties, else its title paragraph, else its first heading.

    Raises:
        zipfile.BadZipFile, KeyError, ValueError, lxml.etree.XMLSyntaxError, xml.sax.SAXException: damaged.
    """
    import mammoth
    from bs4 import BeautifulSoup

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        title = _core_title(archive)
        raw = _with_formulas(archive) or raw
    page = mammoth.convert_to_html(
        io.BytesIO(raw), style_map=_STYLES, convert_image=mammoth.images.img_element(lambda image: {})
    ).value
    soup = BeautifulSoup(page, "lxml")
    heading = soup.find("h1", class_="title") or soup.find(["h1", "h2", "h3"])
    return Parsed(title or (heading.get_text(" ", strip=True) if heading else ""), html.to_markdown(soup))


def _core_title(archive: zipfile.ZipFile) -> str:
    if "docProps/core.xml" not in archive.namelist():
        return ""
    found = _xml(archive.read("docProps/core.xml")).findtext("{http://purl.org/dc/elements/1.1/}title")
    return " ".join((found or "").split())


def _with_formulas(archive: zipfile.ZipFile) -> bytes | None:
    """The document with each formula's symbols as a run of text; None where it has no formula."""
    from lxml import etree

    body = archive.read(_BODY)
    if b"oMath" not in body:
        return None
    root = _xml(body)
    for formula in list(root.iter(f"{_M}oMath")):
        run = etree.Element(f"{_W}r")
        etree.SubElement(run, f"{_W}t").text = "".join(formula.itertext(f"{_M}t"))
        run.tail = formula.tail
        formula.getparent().replace(formula, run)
    for frame in list(root.iter(f"{_M}oMathPara")):  # mammoth passes over what it does not know, with all inside
        at = frame.getparent().index(frame)
        frame.getparent()[at : at + 1] = list(frame.iterchildren(f"{_W}r"))
    changed = io.BytesIO()
    with zipfile.ZipFile(changed, "w") as copy:
        for part in archive.infolist():
            copy.writestr(part, etree.tostring(root) if part.filename == _BODY else archive.read(part))
    return changed.getvalue()


def _xml(content: bytes) -> Any:
    from lxml import etree

    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
