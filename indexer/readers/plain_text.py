"""Text out of bytes: the encoding by byte order mark, then UTF-8, then by statistics."""

from __future__ import annotations

import codecs
from pathlib import Path

from crossover.indexer.errors import ReadError
from crossover.indexer.readers.parsed import Parsed

_BYTE_ORDER_MARKS = (  # UTF-32 first: its mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SIGNATURES = {
    b"\x89PNG": "a PNG image; run it through OCR",
    b"\xff\xd8\xff": "a JPEG image; run it through OCR",
    b"GIF8": "a GIF image",
    b"II*\0": "a TIFF image; run it through OCR",
    b"MM\0*": "a TIFF image; run it through OCR",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"\x1f\x8b": "a gzip archive; unpack it",
    b"7z\xbc\xaf": "a 7z archive; unpack it",
    b"\xd0\xcf\x11\xe0": "an old or encrypted Office document; save it as DOCX, PPTX or CSV, without a password",
    b"{\\rtf": "an RTF document; save it as DOCX",
    b"%!PS": "PostScript; save it as PDF",
    b"SQLite format 3": "a database",
    b"ID3": "a sound file",
}
_SAMPLE = 65536  # bytes that the guess of the encoding looks at


def decode(raw: bytes, path: Path) -> str:
    """The text of a file, with line feeds as the only line ends.

    Raises:
        ReadError: the bytes are no text, or in no encoding that can be told.
    """
    for signature, name in _SIGNATURES.items():
        if raw.startswith(signature):
            raise ReadError(path, name)
    encoding = _encoding(raw)
    if encoding is None:
        raise ReadError(path, "binary, in no format that is read")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise ReadError(path, f"not {encoding} from byte {error.start} on; save it as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse(text: str) -> Parsed:
    """Everything in the file; a plain text names no title."""
    return Parsed("", text.strip("\n"))


def _encoding(raw: bytes) -> str | None:
    for mark, name in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return name
    if b"\0" in raw:
        return _utf16_without_mark(raw)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return _guess(raw)
    return "utf-8"


def _utf16_without_mark(raw: bytes) -> str | None:
    """UTF-16 where every second byte of mostly Latin text is zero; other bytes with zeros are no text."""
    sample = raw[: _SAMPLE & ~1]
    high, low = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if low > 0.4 * half and high < 0.05 * half:
        return "utf-16-le"
    if high > 0.4 * half and low < 0.05 * half:
        return "utf-16-be"
    return None


def _guess(raw: bytes) -> str | None:
    from charset_normalizer import from_bytes

    matches = from_bytes(raw[:_SAMPLE])
    best = matches.best()
    if best is None:
        return None
    ranks = {match.encoding: (match.chaos, -match.coherence) for match in matches}
    # Of encodings that fit equally well the library names the first by alphabet; the Western one is the commonest.
    return "cp1252" if ranks.get("cp1252", (2.0, 0.0)) <= ranks[best.encoding] else best.encoding
