"""reStructuredText as Markdown, by way of docutils' HTML; nothing is included and no file is read."""

from __future__ import annotations

import re
import threading
from typing import Any

from crossover.indexer.readers import html
from crossover.indexer.readers.parsed import Parsed

_SUFFIXES = {".rst", ".rest"}
_UNDERLINED = re.compile(r"^\S.*\n([=\-~^\"'*+#:.`_])\1{2,}[ \t]*$", re.MULTILINE)
_MARKUP = re.compile(r"^\.\. [\w:-]+::|:[\w:+.-]+:`[^`\n]+`|^\.\. _[^:\n]+:", re.MULTILINE)
_DIRECTIVES = re.compile(r"^[ \t]*\.\. ([\w:+.-]+)::", re.MULTILINE)
_ROLES = re.compile(r":([\w:+.-]+):`")
_SILENT = {"toctree", "index", "currentmodule", "module", "highlight", "tabularcolumns"}  # they say nothing to a reader
_REGISTERING = threading.Lock()  # docutils keeps its directives and roles in one table for all
_SETTINGS: dict[str, Any] = {
    "report_level": 5,
    "halt_level": 5,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    "syntax_highlight": "none",
    "math_output": "LaTeX",
    "doctitle_xform": True,
    "initial_header_level": 2,
    "embed_stylesheet": False,
    "stylesheet_path": "",
    "line_length_limit": 1_000_000,
}


def looks_like(text: str, suffix: str) -> bool:
    """Whether a text is reStructuredText: by its name, or by an underlined heading and markup of no other language."""
    if suffix.lower() in _SUFFIXES:
        return True
    return suffix.lower() in ("", ".txt") and bool(_UNDERLINED.search(text) and _MARKUP.search(text))


def parse(text: str) -> Parsed:
    """The title is the document's; directives and roles that docutils does not know (Sphinx's) keep their text.

    Raises:
        RecursionError: nested too deeply.
    """
    from bs4 import BeautifulSoup
    from docutils.core import publish_parts

    with _REGISTERING:
        _register(text)
        parts = publish_parts(text, writer="html5", settings_overrides=_SETTINGS)
    soup = BeautifulSoup(parts["html_body"], "lxml")
    for element in soup.select(".system-message, .docutils.contents, nav"):
        element.decompose()
    title = soup.find(["h1", "h2", "h3"])
    return Parsed(title.get_text(" ", strip=True) if title else "", html.to_markdown(soup))


def _register(text: str) -> None:
    """Give each unknown directive and role of a text one that keeps what stands in it."""
    from docutils import nodes
    from docutils.parsers.rst import Directive, directives, roles
    from docutils.parsers.rst.languages import en

    class Kept(Directive):
        """The arguments as a paragraph, the content as it would be without the directive."""

        optional_arguments = 1
        final_argument_whitespace = True
        has_content = True

        def run(self) -> list[Any]:
            kept = nodes.container()
            if self.arguments:
                kept += nodes.paragraph("", self.arguments[0])
            self.state.nested_parse(self.content, self.content_offset, kept)
            return [] if self.name in _SILENT else [kept]

    def plain(name: str, rawtext: str, text: str, *_: Any, **__: Any) -> tuple[list[Any], list[Any]]:
        target = re.match(r"(.+?)\s*<[^>]*>$", text, re.DOTALL)
        return [nodes.literal(rawtext, target.group(1) if target else text.lstrip("~!"))], []

    for name in set(_DIRECTIVES.findall(text)):
        if name not in directives._directives and name not in en.directives:
            directives.register_directive(name, Kept)
    for name in set(_ROLES.findall(text)):
        if name not in roles._roles and name not in en.roles:
            roles.register_local_role(name, plain)
