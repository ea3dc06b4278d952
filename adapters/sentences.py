"""Sentences and their hashes: by them a card says what training saw, finer than by chunks, whatever the layout."""

from __future__ import annotations

import hashlib
import re

# At full stops, blank lines and items of a list; a line that merely ends does not end a sentence.
_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n\s*\n|\n(?=\s*(?:[-*+|#>]|\d+[.)]\s))")


def sentences_of(text: str) -> list[str]:
    """The sentences and list items of a text, empty ones left out."""
    return [sentence.strip() for sentence in _END.split(text) if sentence and sentence.strip()]


def sentence_hash(sentence: str) -> str:
    """12 hexadecimal digits, equal for equal words whatever the blanks between them."""
    return hashlib.sha256(" ".join(sentence.split()).encode(errors="surrogatepass")).hexdigest()[:12]
