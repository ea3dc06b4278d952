"""HTML as Markdown: the page's own content, without scripts, navigation and what is hidden.

BeautifulSoup and markdownify rather than trafilatura: on the two real pages they were compared on,
trafilatura dropped a page's main heading and every linked value of a table ("Founders" without a
name), a twentieth to a fifth of the words; a search index can bear a menu, not a missing fact.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from crossover.indexer.readers import markdown, table
from crossover.indexer.readers.parsed import Parsed

_SUFFIXES = {".html", ".htm", ".xhtml"}
_BEGINNING = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*|<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_ELEMENT = re.compile(r"<(?:p|div|h[1-6]|table|ul|ol|body|span|a)[\s>]", re.IGNORECASE)
_FURNITURE = (
    "script, style, noscript, template, svg, nav, footer, select, button, dialog, iframe, [hidden], "
    "[aria-hidden=true], [role=navigation], [role=search], [role=contentinfo], .noprint, .navbox, "
    ".mw-editsection, .mw-portlet, sup.reference, a.headerlink, a.hash-link, a.skip-link"
)
_MAIN = ("main", "[role=main]", "article")
_DEEPEST = 200  # elements within elements
_MENU = 12  # links in a list of nothing but links: a menu, not a list of facts
_WIDEST = 100  # columns that one cell may claim
_TRAILING = re.compile(r"[ \t]+\n")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_ZERO_WIDTH = re.compile("[\u200b\ufeff]")


def looks_like(text: str, suffix: str) -> bool:
    """Whether a text is a web page: by how it begins, or by its name and a tag somewhere."""
    return bool(_BEGINNING.match(text[:4096])) or (suffix.lower() in _SUFFIXES and bool(_ELEMENT.search(text)))


def parse(text: str) -> Parsed:
    """The title is the main heading, else <title>; the link the canonical URL.

    Raises:
        RecursionError: elements are nested too deeply.
    """
    from bs4 import BeautifulSoup

    _require_shallow(text)
    soup = BeautifulSoup(text, "lxml")
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    link = _canonical(soup)
    for element in soup.select(_FURNITURE):
        element.decompose()
    for listing in soup.find_all(["ul", "ol"]):
        if not listing.decomposed and _is_menu(listing):
            listing.decompose()
    content = _main(soup)
    heading = content.find("h1")
    return Parsed((heading.get_text(" ", strip=True) if heading else "") or title, to_markdown(content), link)


def to_markdown(soup: Any) -> str:
    """The Markdown of a parsed page or fragment."""
    text = _ZERO_WIDTH.sub("", _converter_class()().convert_soup(soup))
    return markdown.outside_code(text, lambda part: _BLANK_LINES.sub("\n\n", _TRAILING.sub("\n", part))).strip()


class _Depth:
    """Told of each element's beginning and end by the parser that BeautifulSoup uses too."""

    def __init__(self) -> None:
        self._open = 0

    def start(self, *_: object) -> None:
        self._open += 1
        if self._open > _DEEPEST:
            raise RecursionError("elements within elements")

    def end(self, *_: object) -> None:
        self._open -= 1

    def close(self) -> None:
        """Nothing to give back."""


def _require_shallow(text: str) -> None:
    """Refuse what would keep the conversion, which is recursive, busy for minutes before it fails."""
    from lxml import etree

    parser = etree.HTMLParser(target=_Depth(), huge_tree=True)
    parser.feed(text)
    parser.close()


def _canonical(soup: Any) -> str:
    named = soup.find("link", rel="canonical"), soup.find("meta", property="og:url")
    for element, attribute in zip(named, ("href", "content"), strict=True):
        url = str(element.get(attribute, "")).strip() if element else ""
        if urlsplit(url).scheme in ("http", "https"):
            return url
    return ""


def _main(soup: Any) -> Any:
    """The element that the page calls its content, where it is one and not one of many."""
    for selector in _MAIN:
        found = soup.select(selector)
        if len(found) == 1 and found[0].get_text(strip=True):
            return found[0]
    return soup.body or soup


def _is_menu(listing: Any) -> bool:
    links = listing.find_all("a")
    if len(links) < _MENU:
        return False
    linked = sum(len(link.get_text(strip=True)) for link in links)
    return linked >= 0.95 * len(listing.get_text(strip=True))


@cache
def _converter_class() -> Any:
    from markdownify import ATX, MarkdownConverter

    class Converter(MarkdownConverter):
        """Text for an index: no links, pictures or emphasis, and rows of tables that can be read alone."""

        class Options:
            heading_style = ATX
            bullets = "-"
            strip = ("a", "img", "b", "strong", "i", "em", "small", "del", "s", "hr")
            escape_asterisks = escape_underscores = False

        def __init__(self) -> None:
            super().__init__()
            self._cells: dict[int, str] = {}

        def convert_table(self, element: Any, text: str, parent_tags: set[str]) -> str:
            rows = [
                list(row.find_all(["td", "th"], recursive=False))
                for row in element.find_all("tr")
                if row.find_parent("table") is element
            ]
            if max(map(len, rows), default=0) < 2:  # a frame around a text
                return f"\n\n{text}\n\n"
            headed = len(rows[0]) > 1 and all(cell.name == "th" for cell in rows[0])
            cells = [
                [part for cell in row for part in self._parts(cell)][: None if len(row) > 1 else 1] for row in rows
            ]
            if not headed and any(_is_labelled(row) for row in rows):
                paragraphs = (
                    _labelled(texts) if _is_labelled(row) else " ".join(dict.fromkeys(texts))
                    for row, texts in zip(rows, cells, strict=True)
                )
                return "\n\n" + "\n\n".join(filter(None, paragraphs)) + "\n\n"
            return f"\n\n{table.to_text(cells, header=headed or None)}\n\n"

        def convert_td(self, element: Any, text: str, parent_tags: set[str]) -> str:
            self._cells[id(element)] = " ".join(text.split())
            return f"\n\n{text.strip()}\n\n"

        convert_th = convert_td

        def convert_tr(self, element: Any, text: str, parent_tags: set[str]) -> str:
            return text

        def _parts(self, cell: Any) -> list[str]:
            across = str(cell.get("colspan", "1"))
            return [self._cells.get(id(cell), "")] * (min(int(across), _WIDEST) if across.isdigit() else 1)

    return Converter


def _is_labelled(row: list[Any]) -> bool:
    """Whether a row is a label and its values, as in an infobox."""
    return len(row) > 1 and row[0].name == "th" and all(cell.name == "td" for cell in row[1:])


def _labelled(texts: list[str]) -> str:
    values = " | ".join(filter(None, texts[1:]))
    return f"{texts[0]}: {values}" if texts[0] and values else texts[0] or values
