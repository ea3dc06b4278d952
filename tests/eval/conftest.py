"""Run folders made by hand: real files with answers drawn at random, so that scoring needs no engine."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from crossover.eval.questions import Question, QuestionSet
from crossover.eval.run_log import RunLog
from crossover.eval.runs import QUESTIONS_FILE, RETRIEVAL

MakeRuns = Callable[..., Path]
_TOKENS = {"base": 40, "few-shot": 130, "rag": 260, "rag+examples": 350, "finetune": 40, "hybrid": 262, "auto": 150}


@pytest.fixture
def questions() -> QuestionSet:
    """80 questions: 30 `old` and 30 `new` about 40 facts with a document each, 20 `none` without an answer."""
    rows = [
        Question(f"{name}-{n}", f"What is {name} {n}?", (f"Answer {n}",), name, f"fact-{n % 20}-{name}", (f"{n}.md",))
        for name in ("old", "new")
        for n in range(30)
    ]
    rows += [Question(f"none-{n}", f"Where is nothing {n}?", ("I don't know.",), "none", f"gap-{n}") for n in range(20)]
    return QuestionSet("handmade", tuple(rows))


@pytest.fixture
def make_runs(tmp_path: Path, questions: QuestionSet) -> MakeRuns:
    """Writes a run folder: `rights` maps an arm to the share of right answers in each slice."""

    def make(rights: Mapping[str, Mapping[str, float]], name: str = "runs", asked: QuestionSet = questions) -> Path:
        folder = tmp_path / name
        asked_rng = random.Random(7)
        with RunLog(folder / f"{RETRIEVAL}.jsonl", {}) as log:
            for question in asked:
                documents = [f"{asked_rng.randrange(30)}.md" for _ in range(4)] + list(question.relevant_documents)
                passages = [{"document": document, "chunk": "c", "score": 0.5} for document in reversed(documents)]
                log.append({"id": question.id, "passages": passages})
        for arm, shares in rights.items():
            rng = random.Random(arm)
            identity = {"question_set": asked.digest, "system": "fp_test"}
            header = {
                "arm": arm,
                "questions": asked.name,
                "started_at": "2026-01-01T00:00:00",
                "versions": {"crossover": "0"},
            }
            with RunLog(folder / f"{arm}.jsonl", identity, header) as log:
                for question in asked:
                    right = rng.random() < shares.get(question.slice, 0.0)
                    log.append(_row(arm, question, question.references[0] if right else "Something else"))
        asked.write(folder / QUESTIONS_FILE)
        return folder

    return make


def _row(arm: str, question: Question, answer: str) -> dict[str, object]:
    retrieves = arm in ("rag", "rag+examples", "hybrid")
    documents = [*question.relevant_documents, "other.md"] if retrieves else []
    return {
        "id": question.id,
        "answer": f"{answer} [1]" if retrieves else answer,
        "usage": {"prompt_tokens": _TOKENS[arm], "completion_tokens": 5},
        "wall_ms": 20.0,
        "crossover": {
            "strategy": arm,
            "adapter": "house@3f9c2a41d0be" if arm in ("finetune", "hybrid") else None,
            "sources": [
                {"n": n, "document": document, "title": document, "text": f"<b>Text</b> of {document}", "score": 0.5}
                for n, document in enumerate(documents, start=1)
            ],
        },
    }
