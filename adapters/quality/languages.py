"""Examples in another language than the rest of their file, and files of several languages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from crossover.adapters.examples import DataWarning, Example
from crossover.adapters.quality.examined import Examined, Source

if TYPE_CHECKING:
    from lingua import LanguageDetector

_LANGUAGES = "AR CS DA DE EL EN ES FI FR HE HI HU ID IT JA KO NL PL PT RO RU SV TH TR UK VI ZH".split()
_SHORTEST, _SAMPLE = 60, 400  # characters
_WIDE = re.compile(r"[\u0400-\u05ff\u0600-\u06ff\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_WIDE_SHORTEST = 8  # characters of a script that few languages share
_SUSPECTED, _SUSPECTS, _SURE = 0.8, 5, 0.97
_ONE = 0.8  # share of one language in a file that is meant to be in that one
_ROWS = 20
_CODE = re.compile(r"[{}<>;=_\\|]|SELECT |http")
_TRANSLATES = re.compile(
    r"translat|traduc|traduire|übersetz|перев[её]|翻译|翻譯|vertaal|tłumacz|çevir|языке|en français"
    r"|in (?:german|french|spanish|italian|russian|chinese|japanese|english)",
    re.IGNORECASE,
)


def find(examined: Examined) -> Iterator[DataWarning]:
    """Rare examples in another language, or one finding for a file that is mixed throughout."""
    for source in examined.sources:
        yield from _within(source)


def _within(source: Source) -> Iterator[DataWarning]:
    candidates = [example for example in source.examples if _tellable(_text(example))]
    if len(candidates) < _ROWS:
        return
    guessed = _guess(_detector(), [_text(example) for example in candidates])
    counts = Counter(language for language, _ in guessed)
    main, most = counts.most_common(1)[0]
    if not _named(guessed, main):
        return
    suspects = [example for example, (name, _) in zip(candidates, guessed, strict=True) if name != main]
    told = _guess(_detector(main, *_named(guessed, main)), [_text(example) for example in suspects])
    others = [
        (example, name)
        for example, (name, sure) in zip(suspects, told, strict=True)
        if name != main and sure >= _SURE and not _TRANSLATES.search(f"{example.system} {example.question}")
    ]
    if most >= _ONE * len(candidates):
        for example, name in others:
            found = f"an example in {name.capitalize()}"
            expected = f"{main.capitalize()} as in the rest of the file, unless the mix is meant"
            yield source.warn(example, "question", found, expected, "language")
    elif others:
        shares = Counter({main: len(candidates) - len(others)} | Counter(name for _, name in others))
        listed = ", ".join(f"{name.capitalize()} {100 * n / len(candidates):.0f} %" for name, n in shares.most_common())
        yield source.warn_file("question", listed, "one language, unless the mix is meant", "language")


def _text(example: Example) -> str:
    return f"{example.question}\n{example.answer}"[:_SAMPLE]


def _tellable(text: str) -> bool:
    if len(_CODE.findall(text)) > 2:
        return False
    return len(text) >= _SHORTEST or len(_WIDE.findall(text)) >= _WIDE_SHORTEST


def _guess(detector: LanguageDetector, texts: Sequence[str]) -> list[tuple[str, float]]:
    values = detector.compute_language_confidence_values_in_parallel(list(texts))
    return [(best[0].language.name, best[0].value) for best in values]


def _named(guessed: Sequence[tuple[str, float]], main: str) -> list[str]:
    """The languages worth a closer look: each takes its time to load."""
    counts = Counter(name for name, sure in guessed if name != main and sure >= _SUSPECTED)
    return sorted(name for name, _ in counts.most_common(_SUSPECTS))


@cache
def _detector(*languages: str) -> LanguageDetector:
    """Surer and slower for the languages given, fast for any."""
    from lingua import IsoCode639_1, Language, LanguageDetectorBuilder

    if languages:
        return LanguageDetectorBuilder.from_languages(*(getattr(Language, name) for name in languages)).build()
    codes = [getattr(IsoCode639_1, code) for code in _LANGUAGES]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_low_accuracy_mode().build()
