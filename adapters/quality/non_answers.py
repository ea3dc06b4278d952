"""Answers that answer nothing: what people say in chats while the answer is still to come, and empty placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crossover.adapters.examples import DataWarning
from crossover.adapters.quality.examined import Examined

_LONGEST = 14  # words; a longer answer says something besides

_ACKNOWLEDGED = (
    r"ok(?:ay)?|sure|yep|yup|thanks?(?: you)?|thx|will do|got it|noted|done|roger|on it|👍"
    r"|хорошо|ок|ладно|понял[аи]?|спасибо|vale|gracias|d'accord|merci|mach ich|danke"
)
_PROMISED = (
    r"i(?:'|’)?(?:ll| will| am going to|'m going to) (?:do|check|look|see|get back|send|call|ask|try|let you know|"
    r"come back|fix|handle|take care|be back|ping|have a look|work on)\b.*"
    r"|let me (?:check|ask|look|see|get back)\b.*|(?:one|just a) (?:moment|sec(?:ond)?|minute)\b.*"
    r"|(?:please )?hold on\b.*"
    r"|(?:я )?(?:сделаю|посмотрю|проверю|отвечу|перезвоню)\b.*|ich (?:schaue|melde mich|kümmere mich)\b.*"
    r"|lo (?:miro|haré|reviso)\b.*|je (?:vais|te|vous) (?:regarde|rappelle|vérifi)\w*\b.*"
)
_ELSEWHERE = r"see (?:above|below|attached|attachment)|same as above|as discussed|ditto|idem|siehe oben|см\. выше"
_NOTHING = r"n/?a|tbd|tbc|todo|nan|null|undefined|xxx+|lorem ipsum\b.*|asdf+|\.{2,}|…|-+|\?+"
_WHOLE = re.compile(
    rf"(?:(?:{_ACKNOWLEDGED})[\s,.!…-]*)*(?P<kind>(?P<promise>{_PROMISED})|(?P<elsewhere>{_ELSEWHERE})"
    rf"|(?P<nothing>{_NOTHING})|(?P<acknowledged>{_ACKNOWLEDGED}))[\s.!…)]*",
    re.IGNORECASE | re.DOTALL,
)
_KINDS = {
    "promise": "a promise",
    "elsewhere": "a pointer to another place",
    "nothing": "a placeholder",
    "acknowledged": "an acknowledgement",
}
_ASKS = re.compile(r"[?？¿]|^\s*(?:who|what|when|where|why|how|which|can|could|is|are|do|does)\b", re.IGNORECASE)


def find(examined: Examined) -> Iterator[DataWarning]:
    """Answers that are a promise, an acknowledgement, a pointer or a placeholder."""
    for source in examined.sources:
        if source.labels:
            continue
        for example in source.examples:
            kind = non_answer(example.question, example.answer)
            if kind:
                shown = example.answer[:40] + ("…" if len(example.answer) > 40 else "")
                expected = "an answer to the question: this one would be learnt"
                yield source.warn(example, "answer", f'{kind} ("{shown}")', expected, "non-answer")


def non_answer(question: str, answer: str) -> str:
    """What kind of non-answer an answer is; "" for an answer. A thank-you for a thank-you is one."""
    if len(answer.split()) > _LONGEST:
        return ""
    match = _WHOLE.fullmatch(answer.strip())
    if not match:
        return ""
    kind = next(kind for kind in _KINDS if match[kind] is not None)
    # "Sure." is how one answers an order or good wishes, but no question.
    return "" if kind == "acknowledged" and not _ASKS.search(question) else _KINDS[kind]
