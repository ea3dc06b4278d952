"""features.jsonl: what the router saw of each question of a run, in the folder of the answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.eval.client import documents_digest
from crossover.eval.questions import QuestionSet
from crossover.eval.run_log import RunLog, RunMismatch, read
from crossover.server.routing.circumstances import Circumstances
from crossover.server.routing.features import FEATURE_VERSION, Features
from crossover.server.settings import Settings

STEM = "features"
FILE = f"{STEM}.jsonl"


@dataclass(frozen=True, slots=True)
class Recorded:
    """The features of a run's questions, by the questions' ids.

    Args:
        adapter: the name of the adapter beside which they were taken; None for none.
    """

    features: dict[str, Features]
    adapter: str | None
    circumstances: Circumstances


def open_log(folder: Path, questions: QuestionSet, state: tuple[str, str | None], now: Circumstances) -> RunLog:
    """The file, to be written.

    Args:
        state: the hash of the documents (`documents_digest`), and the served name of the adapter.

    Raises:
        RunMismatch: it holds features of another state, or of another version of the features.
    """
    documents, adapter = state
    identity = {
        "question_set": questions.digest,
        "documents": documents,
        "adapter": adapter,
        "feature_version": FEATURE_VERSION,
    }
    return RunLog(folder / FILE, identity, {"circumstances": now.model_dump()})


def load(folder: Path, questions: QuestionSet) -> Recorded:
    """The recorded features of a folder.

    Raises:
        RunMismatch: there are none, not of all questions, or of another version.
    """
    path, again = folder / FILE, "run the same `crossover eval run` again"
    header, rows = read(path)
    identity = header["identity"]
    if identity["feature_version"] != FEATURE_VERSION:
        raise RunMismatch(
            f"{path}: features of version {identity['feature_version']}, now {FEATURE_VERSION}: remove it and {again}"
        )
    found = {str(row["id"]): row["features"] for row in rows}
    missing = sum(question.id not in found for question in questions)
    if missing:
        raise RunMismatch(f"{path}: {missing} of {len(questions)} questions have no features yet: {again}")
    name = identity["adapter"]
    return Recorded(
        features={
            question.id: Features(**{**found[question.id], "adapter": name is not None}) for question in questions
        },
        adapter=str(name).partition("@")[0] if name else None,
        circumstances=Circumstances.model_validate(header["circumstances"]),
    )


def record_from_home(folder: Path, questions: QuestionSet, settings: Settings) -> None:
    """Writes the features of a run that was made before they were recorded, from the home it was made on.

    Retrieval and nearest examples run again, by the server's own code; nothing is generated.

    Raises:
        RunMismatch: the home is no longer as it was in the run.
        IndexLocked: a server runs on that home.
    """
    from crossover.adapters.base_model import resolve
    from crossover.adapters.chat_template import ChatTokenizer
    from crossover.adapters.registry import Registry
    from crossover.indexer.index import Index
    from crossover.server.examples import TrainingExamples
    from crossover.server.routing.extraction import depth, extract

    server = _server_of(folder)
    base = resolve(settings.base_model)
    now = Circumstances.of(settings, base, ChatTokenizer(base.path, settings.chat_template_kwargs))
    promoted = server["adapters"]
    if len(promoted) > 1:
        raise RunMismatch(f"{folder}: several adapters were promoted; features are recorded by `crossover eval run`")
    registry = Registry(settings.home)
    version = next((registry.resolve(f"{name}@{digest}") for name, digest in promoted.items()), None)
    with Index.open(settings) as index:
        documents = documents_digest((record.id, record.revision) for record in index.documents())
        if documents != server["documents"]:
            raise RunMismatch(f"{settings.home}: other documents are indexed than in the run of {folder}")
        examples = TrainingExamples(registry, index)
        state = (documents, version.served_name if version else None)
        with open_log(folder, questions, state, now) as log:
            for question in questions:
                if question.id not in log.done:
                    found = index.search(question.question, depth(now.passages))
                    seen = extract(question.question, found, version, examples)
                    log.append({"id": question.id, "features": seen.known()})


def _server_of(folder: Path) -> dict[str, Any]:
    for path in sorted(folder.glob("*.jsonl")):
        if path.stem not in (STEM, "questions", "retrieval"):
            header, _ = read(path)
            return dict(header["server"])
    raise RunMismatch(f"{folder}: no answers in it")
