"""features.jsonl: what the router saw of each question of a run, in the folder of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crossover.adapters.chat_template import ChatTokenizer
from crossover.eval.arms import WITH_EXAMPLES
from crossover.eval.client import documents_digest
from crossover.eval.questions import QuestionSet
from crossover.eval.run_log import Row, RunLog, RunMismatch, read
from crossover.server.routing.circumstances import Circumstances, system_fingerprint
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
    from crossover.adapters.registry import Registry
    from crossover.indexer.index import Index
    from crossover.server.examples import TrainingExamples
    from crossover.server.routing.extraction import depth, extract

    headers = _headers(folder)
    server = next(iter(headers.values()))["server"]
    base = resolve(settings.base_model)
    tokenizer = ChatTokenizer(base.path, settings.chat_template_kwargs)
    system = system_fingerprint(settings, base, tokenizer)
    for arm, header in headers.items():
        if (asked := header["server"].get("system") or system) != system:
            raise RunMismatch(
                f"{folder}: {arm} was asked of {asked}, and with these settings a server is {system}: give it the "
                "base model, prompts and settings of then, or run the same `crossover eval run` again"
            )
    shown = {arm: header["identity"].get("prompt_settings", {}).get("examples") for arm, header in headers.items()}
    now = as_asked(Circumstances.of(settings, base, tokenizer), shown)
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


def as_asked(now: Circumstances, shown: Mapping[str, int | None]) -> Circumstances:
    """The circumstances with as many examples as the arms show, which a server's own settings need not know.

    Where it shows as many in `rag` as an arm does, that arm is its `rag`.

    Args:
        shown: by arm; None, or no such arm: the server's own number.
    """
    rag = WITH_EXAMPLES if now.rag_examples == shown.get(WITH_EXAMPLES) else "rag"
    found = {"few_shot": shown.get("few-shot"), "rag_examples": shown.get(rag)}
    return now.model_copy(update={name: count for name, count in found.items() if count is not None})


def _headers(folder: Path) -> dict[str, Row]:
    """The header of each arm's answers."""
    paths = [path for path in sorted(folder.glob("*.jsonl")) if path.stem not in (STEM, "questions", "retrieval")]
    if not paths:
        raise RunMismatch(f"{folder}: no answers in it")
    return {path.stem: read(path)[0] for path in paths}
