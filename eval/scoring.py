"""Scoring: the run files of a folder and their questions in, arrays of scores out. Nothing is asked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from crossover.eval import questions as question_sets
from crossover.eval.arms import DEFAULT, GOLD, STRATEGY_OF
from crossover.eval.metrics.exact_match import exact_match
from crossover.eval.metrics.ragas_metrics import Sample
from crossover.eval.metrics.token_f1 import token_f1
from crossover.eval.permutation import Scores
from crossover.eval.questions import OVERALL, SEEN, Question, QuestionSet
from crossover.eval.run_log import Row, begun, read, sources_of
from crossover.eval.runs import FEATURES, QUESTIONS_FILE, RETRIEVAL
from crossover.eval.slices.automatic import Mask, Slices


class RunsError(ValueError):
    """A folder holds no finished run, or runs that cannot be compared."""


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """One arm's answers, all in the order of the questions.

    Args:
        rows: the answers as they were recorded.
        exact: exact match, 0 or 1; shape (questions,).
        f1: token F1; shape (questions,).
    """

    arm: str
    header: Mapping[str, Any]
    rows: tuple[Row, ...]
    exact: Scores
    f1: Scores

    @property
    def answers(self) -> list[str]:
        """The answers' texts; empty where the server refused the question."""
        return [str(row["answer"]) for row in self.rows]

    @property
    def adapters(self) -> list[str]:
        """Served names of the adapters that answered."""
        return sorted({str(name) for row in self.rows if (name := row.get("crossover", {}).get("adapter"))})

    @property
    def prompt_tokens(self) -> float:
        """Mean number of prompt tokens of an answer."""
        return _mean_usage(self.rows, "prompt_tokens")

    @property
    def completion_tokens(self) -> float:
        """Mean number of tokens of an answer."""
        return _mean_usage(self.rows, "completion_tokens")

    @property
    def milliseconds(self) -> float:
        """Median wall time of an answer under the run's load."""
        return float(np.median([row["wall_ms"] for row in self.rows if "wall_ms" in row] or [np.nan]))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything a report is made of: the questions, the arms' scored runs, and the search results.

    Args:
        gold: exact match of arms that were also asked with passages of the relevant documents alone; where a question
            has none, of their own answer; shape (questions,).
        automatic: slices of a question set that names none; a question may lie in several.
        judged: by arm whether each answer is right, where a judge carries the headline instead of exact match; NaN
            where it failed.
    """

    questions: QuestionSet
    runs: tuple[ScoredRun, ...]
    retrieved: Mapping[str, tuple[str, ...]]
    gold: Mapping[str, Scores] = field(default_factory=dict)
    automatic: Slices = field(default_factory=dict)
    judged: Mapping[str, Scores] | None = None

    @property
    def groups(self) -> list[str]:
        """The group of each question."""
        return [question.group for question in self.questions]

    @property
    def adapters(self) -> list[str]:
        """Served names of the adapters that answered in any run."""
        return sorted({name for run in self.runs for name in run.adapters})

    def run(self, arm: str) -> ScoredRun:
        """The run of an arm that was asked."""
        return next(run for run in self.runs if run.arm == arm)

    @property
    def slices(self) -> tuple[str, ...]:
        """The slices that the question set names, else the automatic ones."""
        return tuple(name for masks in self.automatic.values() for name in masks) or self.questions.slices

    def mask(self, name: str) -> Mask:
        """Which questions belong to a slice, or to the headline (``overall``), shape (questions,)."""
        masks = {slice_: mask for kind in self.automatic.values() for slice_, mask in kind.items()}
        if name == OVERALL:
            return ~masks[SEEN] if SEEN in masks else np.ones(len(self.questions), bool)
        return masks[name] if name in masks else np.array([question.slice == name for question in self.questions])

    def right(self, arm: str) -> Scores:
        """Whether each answer is right by what carries the headline, shape (questions,); NaN without a verdict."""
        return self.judged[arm] if self.judged else self.run(arm).exact

    def scored(self, name: str) -> Mask:
        """Which questions of a slice, or of the headline, count: a judge has a verdict on every arm's answer."""
        return self.mask(name) & ~np.isnan(np.stack([self.right(run.arm) for run in self.runs])).any(axis=0)

    def scores_on(self, name: str) -> tuple[dict[str, Scores], list[str]]:
        """Every arm's scores on a slice, or on the headline (``overall``), and the groups of its questions.

        Questions that a judge has no verdict on for some arm are left out, so that all arms answer the same ones.
        """
        chosen = self.scored(name)
        groups = [group for group, take in zip(self.groups, chosen, strict=True) if take]
        return {run.arm: self.right(run.arm)[chosen] for run in self.runs}, groups


def load(folders: Sequence[Path]) -> Evaluation:
    """The runs of one or more folders over the same questions, the strategies in their usual order.

    Raises:
        RunsError: a folder without runs, an unfinished run, other questions, or one arm twice.
    """
    loaded = [_load_folder(folder) for folder in folders]
    questions = loaded[0].questions
    for folder, other in zip(folders, loaded, strict=True):
        if other.questions.digest != questions.digest:
            raise RunsError(
                f"{folder}: its questions are not those of {folders[0]}; compare runs over one question set"
            )
    runs = [run for evaluation in loaded for run in evaluation.runs]
    names = [run.arm for run in runs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise RunsError(
            f"{twice} was run in more than one of the folders: {', '.join(map(str, folders))}; leave one out"
        )
    usual = [*DEFAULT, *STRATEGY_OF]
    runs.sort(key=lambda run: (usual.index(run.arm) if run.arm in usual else len(usual), run.arm))
    gold = {arm: scores for evaluation in loaded for arm, scores in evaluation.gold.items()}
    # Searches of the folder with `rag` count before the others', and those of an earlier folder before a later one's.
    searched = sorted(loaded, key=lambda each: all(run.arm != "rag" for run in each.runs))
    retrieved = {question: found for each in reversed(searched) for question, found in each.retrieved.items()}
    return Evaluation(questions, tuple(runs), retrieved, gold)


def samples(evaluation: Evaluation, run: ScoredRun) -> list[Sample]:
    """The answers of a run as metrics take them, in the questions' order."""
    found = []
    for question, row in zip(evaluation.questions, run.rows, strict=True):
        sources = sources_of(row)
        texts = tuple(str(source["text"]) for source in sources)
        documents = tuple(str(source["document"]) for source in sources)
        found.append(Sample(question, str(row["answer"]), texts, documents if sources else None))
    return found


def _load_folder(folder: Path) -> Evaluation:
    if not (folder / QUESTIONS_FILE).exists():
        raise RunsError(f"{folder}: no runs in it; `crossover eval run QUESTIONS -o {folder}` makes them")
    questions = question_sets.load(folder / QUESTIONS_FILE)
    files = [path for path in sorted(folder.glob("*.jsonl")) if path.stem not in (RETRIEVAL, FEATURES, "questions")]
    files = [path for path in files if begun(path)]
    if not files:
        raise RunsError(f"{folder}: questions, but no answers to them; run `crossover eval run` again")
    runs = tuple(_score(path, questions) for path in files if not path.stem.endswith(GOLD))
    if not runs:
        raise RunsError(f"{folder}: answers with gold passages alone; run `crossover eval run` again")
    name = str(runs[0].header.get("questions", questions.name))
    gold = {
        run.arm: _gold(path, run, questions) for run in runs if (path := folder / f"{run.arm}{GOLD}.jsonl") in files
    }
    return Evaluation(QuestionSet(name, questions.questions), runs, _retrieved(folder), gold)


def _gold(path: Path, run: ScoredRun, questions: QuestionSet) -> Scores:
    """An arm's scores with gold passages, its own where a question has none."""
    with_documents = [question for question in questions if question.relevant_documents]
    rows = _rows_of(with_documents, path, read(path)[1])
    found = {q.id: exact_match(str(row["answer"]), q) for q, row in zip(with_documents, rows, strict=True)}
    return np.array([found.get(question.id, own) for question, own in zip(questions, run.exact, strict=True)])


def _rows_of(questions: Sequence[Question], path: Path, rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows in the questions' order."""
    by_id = {row["id"]: row for row in rows}
    missing = [question.id for question in questions if question.id not in by_id]
    if missing:
        raise RunsError(
            f"{path}: {len(missing)} of {len(questions)} questions are not answered yet "
            f"(the first is {missing[0]}); run the same `crossover eval run` again, it goes on where it stopped; or "
            "remove the file to leave these answers out"
        )
    return tuple(by_id[question.id] for question in questions)


def _score(path: Path, questions: QuestionSet) -> ScoredRun:
    header, rows = read(path)
    ordered = _rows_of(questions.questions, path, rows)
    pairs = [(str(row["answer"]), question) for row, question in zip(ordered, questions, strict=True)]
    return ScoredRun(
        arm=str(header.get("arm", path.stem)),
        header=header,
        rows=ordered,
        exact=np.array([exact_match(answer, question) for answer, question in pairs]),
        f1=np.array([token_f1(answer, question) for answer, question in pairs]),
    )


def _retrieved(folder: Path) -> dict[str, tuple[str, ...]]:
    """Document ids of the passages found for each question, the best first."""
    path = folder / f"{RETRIEVAL}.jsonl"
    rows = read(path)[1] if path.exists() else []
    return {row["id"]: tuple(str(passage["document"]) for passage in row["passages"]) for row in rows}


def _mean_usage(rows: Sequence[Row], key: str) -> float:
    counts = [row["usage"][key] for row in rows if key in row.get("usage", {})]
    return float(np.mean(counts)) if counts else float("nan")
