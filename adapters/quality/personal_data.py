"""E-mail addresses, phone numbers, bank accounts, cards and social security numbers: an adapter tells what it learnt.

Each is checked by its own rules (check digits, numbering plans), because any shop's order number has as many digits.
Phone numbers are found where they are written with their country, or as in the United States.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crossover.adapters.examples import DataWarning
from crossover.adapters.quality.examined import Examined
from crossover.adapters.quality.texts import masked, texts_of

_MAIL = re.compile(r"(?<![\w.+-])\w[\w.+-]*@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24})\b")
# RFC 2606 and RFC 6761 keep these for examples, and so do people.
_MADE_UP = re.compile(
    r"(?:^|\.)(?:(?:my)?(?:example|test|domain|company|email|mail|website|sample|yourdomain|yourcompany|acme)\.\w+"
    r"|localhost|test|example|invalid|local)$",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d[\d ().-]{5,}\d")
_CARD = re.compile(r"(?<![\d.-])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}|3[47]\d{2}([ -]?)\d{6}\2\d{5})(?![\d.-]?\d)")
_ISSUERS = re.compile(r"3[47]|4|5[1-5]|2[2-7]|6011|65")
_CARDS_FOR_TESTS = re.compile(r"4111|4242|5555555555554444|378282|371449|4012888|4000000|5105105|6011111|(\d)\1{7}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_SSN = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")


def find(examined: Examined) -> Iterator[DataWarning]:
    """Each text that holds such data, told once a kind."""
    for source in examined.sources:
        for example, part, text in texts_of(source):
            for kind, value in dict(reversed(list(_kinds(text)))).items():
                expected = "no personal data, or a made-up one: an adapter repeats what it learnt"
                yield source.warn(example, part, f"{kind} ({masked(value)})", expected, "personal-data")


def _kinds(text: str) -> Iterator[tuple[str, str]]:
    if "@" in text:
        for match in _MAIL.finditer(text):
            if not _MADE_UP.search(match[1]):
                yield "an e-mail address", match[0]
    if not _DIGITS.search(text):
        return
    yield from (("a card number", value) for value in _cards(text))
    yield from (("a bank account", value) for value in _accounts(text))
    yield from (("a social security number", value) for value in _security_numbers(text))
    yield from (("a phone number", value) for value in _phones(text))


def _cards(text: str) -> Iterator[str]:
    from stdnum import luhn

    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _ISSUERS.match(digits) and luhn.is_valid(digits) and not _CARDS_FOR_TESTS.match(digits):
            yield match[0]


def _accounts(text: str) -> Iterator[str]:
    from stdnum import iban

    for match in _IBAN.finditer(text):
        words = match[0].split(" ")
        # Words in capitals behind the number look like more of it.
        for end in range(len(words), 0, -1):
            if iban.is_valid(candidate := " ".join(words[:end])):
                yield candidate
                break


def _security_numbers(text: str) -> Iterator[str]:
    from stdnum.us import ssn

    return (match[0] for match in _SSN.finditer(text) if ssn.is_valid(match[0]) and match[0] != "123-45-6789")


def _phones(text: str) -> Iterator[str]:
    import phonenumbers

    strict = phonenumbers.Leniency.STRICT_GROUPING
    for match in phonenumbers.PhoneNumberMatcher(text, "US", leniency=strict):
        written = match.raw_string
        separated = len(re.findall(r"\d+", written)) >= 3
        # 555 is where films and examples live.
        fictional = match.number.country_code == 1 and re.search(r"^\d{3}555", str(match.number.national_number))
        if (written.startswith("+") or separated) and not fictional:
            yield written
