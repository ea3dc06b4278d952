"""Real paragraphs: questions of a SQuAD file with the paragraph, or the one sentence, that holds the answer."""

from __future__ import annotations

import json
import random
import re
import string
from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RealQuestion:
    """A question that people asked about a paragraph; without references when the paragraph has no answer."""

    question: str
    title: str
    paragraph: str
    sentence: str
    references: tuple[str, ...]


def load(file: Path, count: int, *, answerable: bool = True, seed: int = 0) -> list[RealQuestion]:
    """A random sample of the questions in a SQuAD 2.0 file, always the same one for a seed.

    Raises:
        ValueError: the file is not in SQuAD's format.
    """
    try:
        articles = json.loads(file.read_text(encoding="utf-8"))["data"]
        questions = [
            _question(article["title"], paragraph["context"], entry["question"], entry["answers"])
            for article in articles
            for paragraph in article["paragraphs"]
            for entry in paragraph["qas"]
            if bool(entry["answers"]) == answerable
        ]
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{file}: not a SQuAD file: {error!r}") from error
    return random.Random(seed).sample(questions, min(count, len(questions)))


def exact(answer: str, references: tuple[str, ...]) -> bool:
    """Whether the answer equals a reference but for case, punctuation and articles (SQuAD's exact match)."""
    return _normalised(answer) in {_normalised(reference) for reference in references}


def token_f1(answer: str, references: tuple[str, ...]) -> float:
    """The best harmonic mean of token precision and recall over the references (SQuAD's F1)."""
    return max(_f1(_normalised(answer).split(), _normalised(reference).split()) for reference in references)


def _f1(answer: list[str], reference: list[str]) -> float:
    if not answer or not reference:
        return float(answer == reference)
    common = sum((Counter(answer) & Counter(reference)).values())
    return 2 * common / (len(answer) + len(reference))


def _normalised(text: str) -> str:
    bare = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


def _question(title: str, paragraph: str, question: str, answers: list[dict[str, str | int]]) -> RealQuestion:
    start = int(answers[0]["answer_start"]) if answers else 0
    ends = [match.end() for match in re.finditer(r"[.!?][\"')\]]*\s+(?=[A-Z0-9\"(])", paragraph)]
    begin = max((end for end in ends if end <= start), default=0)
    end = min((end for end in ends if end > start), default=len(paragraph))
    references = tuple(dict.fromkeys(str(answer["text"]) for answer in answers))
    return RealQuestion(question.strip(), title.replace("_", " "), paragraph, paragraph[begin:end].strip(), references)
