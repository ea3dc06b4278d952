"""Office documents as the ZIP archives that they are: which kind, and whether it is safe to unpack."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

from crossover.indexer.errors import ReadError

_KINDS = {
    "word/document.xml": "docx",
    "ppt/presentation.xml": "pptx",
    "xl/workbook.xml": "an Excel workbook; save its sheets as CSV",
    "content.xml": "an OpenDocument file; save it as DOCX, PPTX or CSV",
    "META-INF/container.xml": "an e-book; convert it to HTML",
}
_UNPACKED = 512 << 20  # bytes of all parts together; a 200-page report with its pictures has some 50 MiB
_PARTS = 10_000
_XML = 48 << 20  # bytes of XML, which takes ten times as much memory when parsed


def looks_like(raw: bytes) -> bool:
    """Whether bytes are a ZIP archive, an empty or divided one too."""
    return raw.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"))


def kind(raw: bytes, path: Path) -> str:
    """ "docx" or "pptx".

    Raises:
        ReadError: another archive, a damaged one, or one that unpacks to more than is sensible.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = archive.infolist()
            _require_modest(parts, path)
            if any(b"<!DOCTYPE" in archive.read(part) for part in parts if part.filename.endswith((".xml", ".rels"))):
                raise ReadError(path, "an Office document with a document type definition, which none needs: refused")
    except ReadError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError) as error:
        raise ReadError(path, f"a ZIP archive or Office document that is damaged or cut off ({error})") from error
    names = {part.filename for part in parts}
    found = next((kind for part, kind in _KINDS.items() if part in names), "a ZIP archive; unpack it")
    if found not in ("docx", "pptx"):
        raise ReadError(path, found)
    return found


def _require_modest(parts: list[zipfile.ZipInfo], path: Path) -> None:
    # A part that lies about its size fails when it is unpacked: zipfile stops there and checks the sum.
    unpacked = sum(part.file_size for part in parts)
    xml = sum(part.file_size for part in parts if part.filename.endswith((".xml", ".rels")))
    if unpacked > _UNPACKED or xml > _XML or len(parts) > _PARTS:
        size = f"{len(parts)} files of {unpacked >> 20} MiB when unpacked"
        raise ReadError(path, f"{size}: taken for a ZIP bomb")
    if any(part.flag_bits & 1 for part in parts):
        raise ReadError(path, "an encrypted ZIP archive; save it without a password")
