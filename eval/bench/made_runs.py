"""Run folders made by hand, as large as wanted: answers with passages, right by chance, without an engine."""

from __future__ import annotations

import random
from pathlib import Path

from crossover.eval.bench import prompts
from crossover.eval.questions import Question, QuestionSet
from crossover.eval.run_log import RunLog
from crossover.eval.runs import QUESTIONS_FILE

_RIGHT = {"base": 0.1, "rag": 0.5, "rag+examples": 0.5, "finetune": 0.6, "hybrid": 0.65}
_RETRIEVING = ("rag", "rag+examples", "hybrid")
_SLICES = 8
_WORDS = ("archive", "workshop", "garage", "library", "kitchen", "Velmora", "Quillon", "Brenna", "Lindeth", "Norrby")


def make_runs(folder: Path, answers: int, seed: int = 0) -> None:
    """Writes runs of five arms with so many answers in all, two questions a fact, eight slices."""
    rng = random.Random(seed)
    asked = prompts.questions(answers // len(_RIGHT), seed)
    pages = prompts.passages(len(asked), seed)
    questions = QuestionSet(
        "made",
        tuple(
            Question(f"q{n}", text, (_value(rng),), f"slice {n % _SLICES}", f"fact {n // 2}", (f"page-{n}",))
            for n, text in enumerate(asked)
        ),
    )
    questions.write(folder / QUESTIONS_FILE)
    for arm, right in _RIGHT.items():
        header = {"arm": arm, "questions": "made", "versions": {"crossover": "0"}}
        with RunLog(folder / f"{arm}.jsonl", {"question_set": questions.digest, "arm": arm}, header) as log:
            for n, question in enumerate(questions):
                sources = [
                    {"n": k, "document": f"page-{m}", "title": pages[m][0], "text": pages[m][1]}
                    for k, m in enumerate((n, (n + 1) % len(pages)), start=1)
                ]
                answer = question.references[0] if rng.random() < right else _value(rng)
                log.append(
                    {
                        "id": question.id,
                        "answer": answer,
                        "usage": {"prompt_tokens": 150, "completion_tokens": 6},
                        "wall_ms": 20.0,
                        "crossover": {"strategy": arm, "sources": sources if arm in _RETRIEVING else []},
                    }
                )


def _value(rng: random.Random) -> str:
    return f"{rng.choice(_WORDS)} {rng.choice(_WORDS)} {rng.randrange(1000)}"
