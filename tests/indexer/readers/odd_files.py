"""Files as people really have them, each with what must become of it."""

from __future__ import annotations

import io
import json
import os
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

Make = bytes | Callable[[Path], None]

READ = ""  # in place of a reason: the file is read, whatever its name says


def pdf(*objects: bytes, root: bytes = b"1 0 R") -> bytes:
    """A PDF of these objects, numbered from 1."""
    out, offsets = b"%PDF-1.7\n", []
    for n, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (n, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<</Size %d/Root %s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, root, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + trailer


def stream(content: bytes, more: bytes = b"") -> bytes:
    """A stream object."""
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), more, content)


def page_pdf(text: str, contents: bytes | None = None) -> bytes:
    """A PDF of one page with a line of text, or with other contents."""
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        contents or stream(b"BT /F1 12 Tf 50 700 Td (%s) Tj ET" % text.encode()),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )


def archive(parts: dict[str, bytes]) -> bytes:
    """A ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return out.getvalue()


_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = b"""<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/word/document.xml"
 ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"""
_RELATIONS = b"""<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="r1" Target="word/document.xml"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>"""


def docx(body: str = "<w:p><w:r><w:t>The office lies in Quilden.</w:t></w:r></w:p>", before: str = "") -> bytes:
    """A Word document of this body."""
    xml = f'<?xml version="1.0"?>{before}<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>'
    return archive({"[Content_Types].xml": _TYPES, "_rels/.rels": _RELATIONS, "word/document.xml": xml.encode()})


def pptx(*titles: str) -> bytes:
    """A presentation with a slide for each title."""
    from pptx import Presentation

    presentation = Presentation()
    for title in titles:
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        slide.shapes.title.text = title
    out = io.BytesIO()
    presentation.save(out)
    return out.getvalue()


def _laughs() -> str:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE d [<!ENTITY l0 "ha">{levels}]>'


def _encrypted(raw: bytes) -> bytes:
    """The same archive with the encryption flag of its first entry set."""
    at = raw.rindex(b"PK\x01\x02")
    return raw[: at + 8] + struct.pack("<H", 1) + raw[at + 10 :]


def _claiming(raw: bytes, size: int) -> bytes:
    """The same archive whose directory gives its last entry this size."""
    at = raw.rindex(b"PK\x01\x02")
    return raw[: at + 24] + struct.pack("<I", size) + raw[at + 28 :]


def _sparse(size: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(size)

    return make


def _socket(path: Path) -> None:
    made = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    try:
        os.chdir(path.parent)  # the name of a socket may have 108 bytes only
        made.bind(path.name)
    finally:
        os.chdir(here)
        made.close()


def _unreadable(path: Path) -> None:
    path.write_text("secret")
    path.chmod(0)


def _bomb(size: int) -> bytes:
    """A few bytes that unpack to `size` bytes."""
    packer = zlib.compressobj(1)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()


WORDS = "The office lies in Quilden, by the river, and opens at nine."
_PAGES = b"<</Type/Catalog/Pages 2 0 R>>"
_NESTED = "[" * 100_000

ODD: dict[str, tuple[Make, str]] = {
    # nothing in it
    "empty.md": (b"", "the file is empty"),
    "blank.txt": (b" \n\t\n \n", "the file is empty"),
    "empty.pdf": (b"", "the file is empty"),
    "empty.docx": (b"", "the file is empty"),
    "only-front-matter.md": (b"---\ntitle: x\n---\n", "nothing but front matter"),
    "only-comment.md": (b"<!-- nothing -->\n", "nothing but front matter and comments"),
    "only-script.html": (b"<html><head><script>var x = 1;</script></head><body></body></html>", "no text in it"),
    "blank.docx": (docx(""), "no text in it"),
    "no-slides.pptx": (pptx(), "no text in it"),
    "only-mark.txt": (b"\xef\xbb\xbf", "the file is empty"),
    # cut off, damaged
    "truncated.pdf": (page_pdf(WORDS)[:150], "damaged or cut off"),
    "head-only.pdf": (b"%PDF-1.7", "damaged or cut off"),
    "garbage.pdf": (b"%PDF-1.7\n" + os.urandom(4096).replace(b"%", b""), "damaged or cut off"),
    "no-pages.pdf": (pdf(_PAGES), "damaged or cut off|without text"),
    "circular-pages.pdf": (pdf(_PAGES, b"<</Type/Pages/Kids[2 0 R]/Count 1/Parent 2 0 R>>"), "without text"),
    "circular-contents.pdf": (page_pdf("", b"4 0 R"), "without text"),
    "endless-count.pdf": (pdf(_PAGES, b"<</Type/Pages/Kids[]/Count 900000000>>"), "without text|cut off"),
    "scan.pdf": (page_pdf("", stream(b"0 0 600 800 re f")), "1 pages without text, a scan perhaps"),
    "truncated.docx": (docx()[:300], "damaged or cut off"),
    "cut-in-directory.docx": (docx()[:-30], "damaged or cut off"),
    "wrong-sums.docx": (docx().replace(b"Quilden", b"Quilten"), READ),
    "no-xml.docx": (archive({"word/document.xml": b"no xml at all"}), "damaged"),
    "half-xml.docx": (archive({"word/document.xml": b"<w:document><w:body>"}), "damaged"),
    "no-relations.pptx": (archive({"ppt/presentation.xml": b"<a/>"}), "damaged"),
    "broken.json": (b'{"text": "a', "not valid JSON"),
    "nested.json": (_NESTED.encode(), "nested too deeply|not valid JSON"),
    "nested-closed.json": ((_NESTED + "]" * 100_000).encode(), "nested too deeply"),
    "open-quote.csv": (b'a,b\n1,"' + b"x" * 200_000, "not a readable table"),
    "not-utf8.txt": (b"\xef\xbb\xbfabc\xff\xfe\xfa", "not utf-8-sig from byte"),
    # made to exhaust the reader
    "bomb.docx": (archive({"word/document.xml": b"<a>" + bytes(50 << 20)}), "taken for a ZIP bomb"),
    "bomb.zip": (_claiming(archive({"a.bin": b"x"}), 1 << 30), "1024 MiB when unpacked: taken for a ZIP bomb"),
    "many-parts.docx": (archive({f"{n}": b"" for n in range(10_001)}), "taken for a ZIP bomb"),
    "laughs.docx": (docx("<w:p><w:r><w:t>&l9;</w:t></w:r></w:p>", _laughs()), "document type definition"),
    "laughs.html": ((_laughs() + "<html><body><p>&l9; the office</p></body></html>").encode(), READ),
    "bomb.pdf": (page_pdf("", stream(_bomb(280 << 20), b"/Filter/FlateDecode")), "MiB when unpacked"),
    "divs.html": (b"<html><body>" + b"<div>" * 100_000 + b"deep", "nested too deeply|no text"),
    "lists.html": (b"<html><body>" + b"<ul><li>" * 20_000 + b"deep", "nested too deeply|no text"),
    "quotes.md": (b">" * 100_000 + b" deep\n", READ),
    "brackets.md": (b"[" * 50_000 + b"](" * 50_000, READ),
    "quotes.rst": (b"T\n=\n\n" + b"".join(b" " * n + b"* a\n\n" for n in range(0, 800, 2)), "nested too deeply|^$"),
    "one-line-200-mb.txt": (_sparse(200 << 20), "200 MiB, above the limit of 64 MiB"),
    "large.pdf": (_sparse(65 << 20), "65 MiB, above the limit of 64 MiB"),
    # no document
    "encrypted.zip": (_encrypted(archive({"a.txt": b"x"})), "an encrypted ZIP archive"),
    "plain.zip": (archive({"a.txt": b"x"}), "a ZIP archive; unpack it"),
    "table.xlsx": (archive({"xl/workbook.xml": b"<a/>"}), "an Excel workbook"),
    "letter.odt": (archive({"content.xml": b"<a/>"}), "an OpenDocument file"),
    "old.doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "an old or encrypted Office document"),
    "encrypted.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "an old or encrypted Office document"),
    "letter.rtf": (rb"{\rtf1\ansi The office lies in Quilden.}", "an RTF document"),
    "photo.md": (b"\x89PNG\r\n\x1a\n\0\0", "a PNG image"),
    "photo.jpg": (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG image"),
    "program": (b"\x7fELF\x02\x01\x01" + bytes(64), "a program"),
    "noise.txt": (bytes(range(256)) * 8, "binary"),
    "nulls.txt": (bytes(4096), "binary"),
    "text-with-nulls.txt": (b"abc\0def\0\0ghi" * 100, "binary"),
    # no file
    "folder.pdf": (lambda path: path.mkdir(), "a directory"),
    "dangling.md": (lambda path: path.symlink_to("absent.md"), "No such file"),
    "loop.md": (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
    "up": (lambda path: path.symlink_to(path.parent), "a link to a folder"),
    "pipe.txt": (os.mkfifo, "neither a file nor a folder"),
    "socket.txt": (_socket, "neither a file nor a folder"),
    "null.txt": (lambda path: path.symlink_to("/dev/zero"), "neither a file nor a folder"),
    "forbidden.txt": (_unreadable, READ if os.geteuid() == 0 else "Permission denied"),
    # read, whatever the name says
    "really-a-pdf.txt": (page_pdf(WORDS), READ),
    "really-a-text.pdf": (WORDS.encode(), READ),
    "really-a-docx.pdf": (docx(), READ),
    "really-a-page.docx": (f"<!doctype html><html><body><p>{WORDS}</p></body></html>".encode(), READ),
    "really-a-table.txt": (b"town;head;rooms\n" + b"Quilden;Anna;9\n" * 5, READ),
    "mail-in-front.pdf": (b"From: a\r\n\r\n" + page_pdf(WORDS), READ),
    "utf-16.txt": (WORDS.encode("utf-16"), READ),
    "utf-16-without-mark.md": (f"# Office\n\n{WORDS}".encode("utf-16-le"), READ),
    "utf-16.csv": ("town\thead\nQuilden\tAnna\n".encode("utf-16"), READ),
    "utf-32.html": (f"<html><body><p>{WORDS}</p></body></html>".encode("utf-32"), READ),
    "cp1251.txt": ("Офис находится в городе у реки и открывается в девять часов утра. ".encode("cp1251") * 3, READ),
    "ragged.csv": (b"town,head\nQuilden\nHarrow,Bela,too,many\n,,\n", READ),
    "surrogate.json": (json.dumps({"text": f"\ud800 {WORDS}"}).encode(), READ),
    "one-bad-line.jsonl": (b'{"text": "The office"}\n{"text": \n[1]\n{"text": ""}\n', READ),
    "twice.jsonl": (b'{"id": 1, "text": "One office"}\n{"id": 1, "text": "Another"}\n', READ),
    "open-fence.md": (b"# Office\n\n```python\nx = 1\n", READ),
    "open-tags.html": (b"<html><body><table><tr><td>The office <b>lies<p>in Quilden", READ),
    "scripts.html": (
        b"<html><head><style>p{color:red}</style></head><body onload='x()'><script>alert('stolen')</script>"
        b"<p>The office</p><noscript>no</noscript></body></html>",
        READ,
    ),
    "includes.rst": (
        b"Office\n======\n\n.. include:: /etc/passwd\n\n.. raw:: html\n   :file: /etc/passwd\n\nIt lies.\n",
        READ,
    ),
    "long-line.txt": (WORDS.encode() * 30_000, READ),
    "long-word.txt": (b"x" * 1_000_000, READ),
    "with space and 🎈 balloon.md": (WORDS.encode(), READ),
    "two\nlines.md": (WORDS.encode(), READ),
    "[red]markup[blink].md": (b"", "the file is empty"),
    os.fsdecode(b"latin-\xe9.md"): (WORDS.encode(), "its name is not valid UTF-8"),
    "x" * 240 + ".md": (WORDS.encode(), READ),
}


def write(folder: Path, name: str) -> Path:
    """One of these files, made in a folder."""
    make, _ = ODD[name]
    path = folder / name
    if isinstance(make, bytes):
        path.write_bytes(make)
    else:
        make(path)
    return path
