"""Which language a text is in, among those that the word search knows how to treat."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lingua import LanguageDetector

FALLBACK = "en"
# ISO 639-1 to the names that Qdrant's BM25 gives its stemmers and stop words; "" has neither.
LANGUAGES = {
    "ar": "arabic",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "ja": "japanese",
    "ko": "",
    "nl": "dutch",
    "pt": "portuguese",
    "ru": "russian",
    "sv": "swedish",
    "zh": "chinese",
}
WITHOUT_SPACES = {"ja", "ko", "zh"}  # scripts whose words need the multilingual tokenizer to be told apart
_SAMPLE = 4000  # characters
_SURE = 0.5  # below, the fallback: code and names are guessed as anything


def detect(text: str, among: Collection[str] = ()) -> str:
    """The ISO 639-1 code of a text's language, :data:`FALLBACK` where it cannot be told.

    Args:
        text: its first 4,000 characters decide.
        among: the only candidates; without it all of :data:`LANGUAGES`.
    """
    candidates = set(among) or set(LANGUAGES)
    if len(candidates) == 1:
        return next(iter(candidates))
    for value in _detector().compute_language_confidence_values(text[:_SAMPLE]):
        code = value.language.iso_code_639_1.name.lower()
        if code in candidates:
            # Among few candidates the best of them is the answer, however low its share.
            return code if among or value.value >= _SURE else FALLBACK
    return FALLBACK


@cache
def _detector() -> LanguageDetector:
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    codes = [getattr(IsoCode639_1, code.upper()) for code in LANGUAGES]
    # Low accuracy concerns texts under 120 characters; it saves a second of loading.
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_low_accuracy_mode().build()
