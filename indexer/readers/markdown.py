"""Markdown without what is not said to a reader: front matter, comments, HTML tags around words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from crossover.indexer.readers.parsed import Parsed

_SUFFIXES = {".md", ".markdown", ".mdx", ".mkd", ".mdown"}
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_FRONT_LINK = re.compile(
    r"^(?:canonical_url|canonical|url|permalink|link|source):[ \t]*[\"']?(https?://[^\s\"']+)", re.MULTILINE
)
_HEADING = re.compile(r"^#{1,6}[ \t]+(\S.*?)[ \t]*#*[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})")
_SETEXT = re.compile(r"^(?![ \t]*(?:[#>|*+-]|\d+\.))[ ]{0,3}(\S.*)\n[ ]{0,3}(=+|-{3,})[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# Attribute lists, `## Heading { #anchor }` and `[link](page.md){.external}`, are for the renderer.
_ATTRIBUTES = re.compile(r"(^#{1,6}[ \t].*?|(?<=\)))[ \t]*\{[ \t]*[#.:][^}\n]*\}", re.MULTILINE)
# Only tags that dress words are dropped: `<name>` in prose is a placeholder that must stay.
_TAG = re.compile(
    r"(`+[^`]*`+)|</?(?:a|abbr|b|br|center|details|div|em|figure|figcaption|font|hr|i|iframe|img|kbd|p|small"
    r"|span|strong|sub|summary|sup|table|tbody|td|th|thead|tr|u)(?:[ \t\n][^<>]*)?/?>",
    re.IGNORECASE,
)


def looks_like(text: str, suffix: str) -> bool:
    """Whether a text is Markdown: by its name, or by headings or fenced code in a file without a telling name."""
    if suffix.lower() in _SUFFIXES:
        return True
    return suffix == "" and bool(_HEADING.search(text)) and ("\n## " in text or "```" in text)


def parse(text: str) -> Parsed:
    """The title is that of the front matter, else the first heading; the link the front matter's URL.

    Code blocks are left as they are.
    """
    front = _FRONT_MATTER.match(text)
    title = link = ""
    if front:
        text = text[front.end() :]
        named, linked = _FRONT_TITLE.search(front.group(1)), _FRONT_LINK.search(front.group(1))
        title = named.group(1).strip("\"'") if named else ""
        link = linked.group(1) if linked else ""
    text = outside_code(text, _clean)
    return Parsed(title or plain_heading(_first_heading(text)), text.strip("\n"), link)


def plain_heading(heading: str) -> str:
    """A heading as it is read: without marks of code, of bold, and of its own end."""
    return heading.strip().rstrip("#").rstrip().replace("`", "").replace("**", "")


def blocks(text: str) -> Iterator[tuple[str, bool]]:
    """The fenced code blocks (True) of a text and what stands between them (False), in order."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            lines.append(line)
            if mark and mark.group(1).startswith(fence) and not line.strip().strip(fence[0]):
                yield "\n".join(lines), True
                lines, fence = [], ""
        elif mark:
            if lines:
                yield "\n".join(lines), False
            lines, fence = [line], mark.group(1)
        else:
            lines.append(line)
    if lines:  # a fence that is never closed runs to the end, as in CommonMark
        yield "\n".join(lines), bool(fence)


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with everything changed but its fenced code."""
    return "\n".join(block if is_code else change(block) for block, is_code in blocks(text))


def _clean(text: str) -> str:
    text = _COMMENT.sub("", text)
    text = _SETEXT.sub(lambda found: f"{'#' if found.group(2)[0] == '=' else '##'} {found.group(1)}", text)
    text = _TAG.sub(lambda found: found.group(1) or "", text)
    return _ATTRIBUTES.sub(r"\1", text)


def _first_heading(text: str) -> str:
    for block, is_code in blocks(text):
        heading = None if is_code else _HEADING.search(block)
        if heading:
            return heading.group(1)
    return ""
