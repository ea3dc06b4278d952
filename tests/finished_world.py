"""A world as `crossover eval world` leaves it, made in seconds: its documents, index, card and search are real, and so
is what the router sees; only the answers are drawn, at the rates that real strategies have on each slice."""

from __future__ import annotations

import random
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from crossover.adapters.base_model import resolve
from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.formats.detect import read
from crossover.adapters.prompt import Prompts
from crossover.adapters.registry import TRAINING_FILE, Registry
from crossover.adapters.training.sources import documents_of, find_sources, sentences_seen, stated_in
from crossover.eval import questions as question_sets
from crossover.eval.client import ServerState, documents_digest
from crossover.eval.questions import Question, QuestionSet
from crossover.eval.run_log import RunLog
from crossover.eval.runs import QUESTIONS_FILE
from crossover.eval.world.generator import generate
from crossover.eval.world.size import WorldSize
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings
from crossover.server.routing.circumstances import system_fingerprint
from crossover.server.settings import Settings

SMALL = WorldSize(
    families=2, entities=7, added=2, missing=4, relations=10, known_later=8, stable=12, fresh=12, tacit=12,
    questions=24, wordings=5, house_style=1, refusals=8,
)  # fmt: skip

# Shares of right answers as measured on the demo's worlds. A strategy that reads is right only where the search
# brought the page, which it did for most.
RATES = {
    "base": {"unanswerable": 0.95},
    "few-shot": {"stable": 0.4, "tacit": 0.5, "format": 0.3, "unanswerable": 0.5},
    "rag": {"stable": 0.6, "fresh": 0.6, "new": 0.55, "unanswerable": 0.56, "tacit": 0.0},
    "finetune": {"stable": 0.62, "tacit": 0.84, "format": 0.49, "unanswerable": 0.3},
    "hybrid": {
        "stable": 0.62, "fresh": 0.2, "new": 0.12, "tacit": 0.44, "format": 0.49, "format+fresh": 0.15,
        "unanswerable": 0.42,
    },
}  # fmt: skip
_READERS = ("rag", "hybrid")
_PROMPT_TOKENS = {"base": 40, "few-shot": 130, "rag": 150, "finetune": 40, "hybrid": 155}


def finish_world(home: Path, seed: int, size: WorldSize = SMALL, rates: dict[str, dict[str, float]] = RATES) -> Path:
    """The run folder of a world on `home`."""
    world = generate(seed, size)
    world.write(home / "world")
    settings = IndexerSettings(home=home)
    with Index.open(settings) as index:
        index.ingest_paths([home / "world" / "documents" / "v1"], prune=True)
        digest = _register(home, index)
        index.ingest_paths([home / "world" / "documents" / "v2"], prune=True)
        documents = documents_digest((record.id, record.revision) for record in index.documents())
        found = {q.question: index.search(q.question, 1)[0].document for q in world.questions}
    asked = question_sets.load(home / "world" / "questions.jsonl")
    questions = QuestionSet(f"world-{seed}", asked.questions)
    folder = home / "runs" / f"world-{seed}"
    base = resolve(None)
    system = system_fingerprint(Settings(home=home), base, ChatTokenizer(base.path))
    state = ServerState(system, {"house": digest}, documents)
    for arm, by_slice in rates.items():
        rng = random.Random(f"{seed}/{arm}")
        header = {"arm": arm, "questions": questions.name, "server": asdict(state)}
        with RunLog(folder / f"{arm}.jsonl", {"question_set": questions.digest, "arm": arm}, header) as log:
            for question in questions:
                chance = by_slice.get(question.slice, 0.0)
                if arm in _READERS and question.relevant_documents:
                    chance = chance if found[question.question] in question.relevant_documents else 0.0
                log.append(_row(arm, question, right=rng.random() < chance))
    questions.write(folder / QUESTIONS_FILE)
    return folder


def _register(home: Path, index: Index) -> str:
    """An adapter without weights, with the card that training with context would have written."""
    data, base = read(home / "world" / "train.jsonl"), resolve(None)
    sources = find_sources(
        data.examples, lambda q, k: [(p.title, p.text, p.document, p.content_hash) for p in index.search(q, k)], 8
    )
    card = AdapterCard(
        name="house",
        digest="3f9c2a41d0be",
        base_model=base.name,
        base_fingerprint=base.fingerprint,
        chat_template="t",
        prompts=Prompts().digest,
        data=DataCard(name="train", fingerprint=data.fingerprint, examples=len(data.examples)),
        documents=documents_of(sources),
        sentences=sentences_seen(sources),
        stated=stated_in(sources),
        trained_at=datetime.now(UTC),
    )
    registry = Registry(home)
    folder = registry.folder / card.name / card.digest
    folder.mkdir(parents=True)
    (folder / TRAINING_FILE).write_text(data.to_jsonl())
    card.save(folder)
    registry.set_alias(card.name, card.digest)
    return card.digest


def _row(arm: str, question: Question, *, right: bool) -> dict[str, object]:
    return {
        "id": question.id,
        "answer": question.references[0] if right else "Something else",
        "usage": {"prompt_tokens": _PROMPT_TOKENS[arm], "completion_tokens": 5},
        "wall_ms": 20.0,
        "crossover": {"strategy": arm, "sources": [], "adapter": "house" if arm in ("finetune", "hybrid") else None},
    }
