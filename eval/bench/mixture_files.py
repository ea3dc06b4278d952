"""Real questions of three kinds as one stream: banking intents, earnings calls and SQuAD, with what answers each.

An intent is known by an adapter trained on labelled messages and by no document; what was said in a call stands in a
page of that call; SQuAD's answers stand in their sentences, each a page of its own.
"""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crossover.eval.bench.public_data import present
from crossover.eval.questions import UNSLICED, Question, QuestionSet

BANKING, CALLS, SQUAD = "banking-intents", "earnings-calls", "squad"
_FORMATS = Path("finetune_formats")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_AMOUNT = re.compile(r"[$€£]?\d(?:[\d,.]*\d)?(?:\s?%|\s(?:percent|thousand|million|billion|trillion))?")


@dataclass(frozen=True, slots=True)
class Mixture:
    """What `write` left in a folder.

    Attributes:
        pages: to be indexed, and named by the questions' `relevant_documents`.
        examples: to train the adapter on.
        questions: a set of each kind, named after it; without slices, so that reports find their own.
    """

    pages: Path
    examples: Path
    questions: list[QuestionSet]


def write(data: Path, folder: Path, each: int, examples: int, seed: int = 0) -> Mixture:
    """Pages, training examples and questions, `each` of a kind; the same ones for the same seed.

    Args:
        data: the folder of the public data sets.

    Raises:
        ValueError: a file of them is missing.
    """
    rng, pages = random.Random(seed), folder / "pages"
    pages.mkdir(parents=True, exist_ok=True)
    for path in _NEEDED:
        present(data / path)
    training, asked = _NEEDED[:2]
    rows = _labelled(data / training)
    lines = [json.dumps({"prompt": text, "completion": label}) for text, label in rng.sample(rows, examples)]
    (folder / "train.jsonl").write_text("\n".join(lines) + "\n")
    banking = [
        Question(f"banking-{n}", text, (label,), UNSLICED, f"banking-{n}")
        for n, (text, label) in enumerate(rng.sample(_labelled(data / asked), each))
    ]
    calls = rng.sample(list(_calls(data / _NEEDED[2], pages)), each)
    squad = rng.sample(list(_squad(data / _NEEDED[3], pages)), each)
    kinds = {BANKING: banking, CALLS: calls, SQUAD: squad}
    return Mixture(pages, folder / "train.jsonl", [QuestionSet(name, tuple(kind)) for name, kind in kinds.items()])


_NEEDED = (
    _FORMATS / "text_label_banking77_train.csv",
    _FORMATS / "text_label_banking77_test.csv",
    _FORMATS / "question_answer_earnings_calls.jsonl",
    Path("squad") / "dev-v2.0-half.json",
)


def _labelled(path: Path) -> list[tuple[str, str]]:
    """Messages and their intents, in words."""
    with path.open(newline="", encoding="utf-8") as file:
        return [(row["text"].strip(), row["category"].replace("_", " ")) for row in csv.DictReader(file)]


def _calls(path: Path, pages: Path) -> Iterator[Question]:
    """Questions whose answer has one amount that they do not say themselves; right is the answer, or it alone."""
    told: dict[str, list[str]] = {}
    for n, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        answer, page = row["answer"].strip(), f"call-{row['ticker']}-{row['q']}.md"
        told.setdefault(page, [f"# {row['ticker']}, call on {row['q']}"]).append(answer)
        asked = row["question"].strip()
        amounts = [amount for amount in _AMOUNT.findall(answer) if amount not in asked]
        if row["has_value"] and len(amounts) == 1:
            yield Question(f"call-{n}", asked, (answer, amounts[0]), UNSLICED, page, (page,))
    for page, sentences in told.items():
        (pages / page).write_text("\n\n".join(sentences) + "\n", encoding="utf-8")


def _squad(path: Path, pages: Path) -> Iterator[Question]:
    """Answerable questions; the sentence that holds the first answer is a page."""
    written: dict[tuple[str, str], str] = {}
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        title = article["title"].replace("_", " ")
        for paragraph in article["paragraphs"]:
            for asked in paragraph["qas"]:
                texts = tuple(dict.fromkeys(answer["text"] for answer in asked["answers"]))
                gold = _sentence(paragraph["context"], asked["answers"][0]["answer_start"]) if texts else ""
                if not gold or asked["is_impossible"]:
                    continue
                page = written.setdefault((title, gold), f"squad-{len(written)}.md")
                (pages / page).write_text(f"# {title}\n\n{gold}\n", encoding="utf-8")
                yield Question(f"squad-{asked['id']}", asked["question"].strip(), texts, UNSLICED, page, (page,))


def _sentence(text: str, place: int) -> str:
    """The sentence of a text in which a character stands."""
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    start = max((end for end in ends if end <= place), default=0)
    return text[start : min((end for end in ends if end > place), default=len(text))].strip()
