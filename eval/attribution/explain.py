"""One cause for each wrong answer, from what the run logged, the question set and the training examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crossover.adapters.refusal import is_refusal
from crossover.eval.attribution.causes import Cause
from crossover.eval.attribution.literal import form_words, holds, is_literal, value_of, words
from crossover.eval.attribution.taught import SAME, Taught
from crossover.eval.metrics.abstention import answerable
from crossover.eval.questions import Question
from crossover.eval.run_log import Row, sources_of
from crossover.eval.scoring import Evaluation
from crossover.server.strategies import AUTO, STRATEGIES

Words = Sequence[str]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a question, whoever answers it.

    Args:
        values: the words of each reference's value.
        documented: whether a document holds the answer; None when nobody said so and no passage shows it.
    """

    question: Question
    values: tuple[Words, ...]
    documented: bool | None


@dataclass(frozen=True, slots=True)
class _Answer:
    """One wrong answer with what it was made from."""

    text: str
    strategy: str
    passages: tuple[tuple[str, Words], ...]
    taught: Taught | None

    @property
    def refused(self) -> bool:
        return is_refusal(self.text)


def explain(evaluation: Evaluation, taught: Mapping[str, Taught]) -> dict[str, list[Cause | None]]:
    """For each arm the cause of every wrong answer in the questions' order; None where it is not wrong.

    Args:
        taught: what the adapters were trained on, by served name; an adapter that is not in it has no causes of
            its own, and what only they could tell is `other`.
    """
    known = _known(evaluation)
    causes: dict[str, list[Cause | None]] = {}
    for run in evaluation.runs:
        routed, right = run.arm == AUTO, evaluation.right(run.arm)
        causes[run.arm] = [
            None
            if right[index] == 1 or np.isnan(right[index])
            else _cause(known[index], row, taught, routed and _elsewhere(evaluation, index))
            for index, row in enumerate(run.rows)
        ]
    return causes


def _elsewhere(evaluation: Evaluation, index: int) -> bool:
    return any(evaluation.right(run.arm)[index] == 1 for run in evaluation.runs if run.arm != AUTO)


def _known(evaluation: Evaluation) -> list[_Known]:
    forms = {
        name: form_words(r for q in evaluation.questions if q.slice == name for r in q.references)
        for name in evaluation.questions.slices
    }
    annotated = any(question.relevant_documents for question in evaluation.questions)
    found = []
    for index, question in enumerate(evaluation.questions):
        values = tuple(value_of(r, question.question, forms[question.slice]) for r in question.references)
        if annotated:
            documented: bool | None = bool(question.relevant_documents)
        else:
            shown = (text for run in evaluation.runs for _, text in _passages(run.rows[index]))
            documented = any(holds(text, value) for text in shown for value in values) or None
        found.append(_Known(question, values, documented))
    return found


def _passages(row: Row) -> tuple[tuple[str, Words], ...]:
    """Document id and words of each passage in the prompt."""
    return tuple(
        (str(source["document"]), words(f"{source.get('title', '')} {source['text']}")) for source in sources_of(row)
    )


def _cause(known: _Known, row: Row, taught: Mapping[str, Taught], right_elsewhere: bool) -> Cause:
    trace = row.get("crossover", {})
    strategy = str(trace.get("strategy", ""))
    text = str(row["answer"]).strip()
    if "error" in row or not text or strategy not in STRATEGIES:
        return Cause.OTHER
    if right_elsewhere:
        return Cause.WRONG_ROUTE
    if not answerable(known.question):
        return Cause.SHOULD_REFUSE
    answer = _Answer(text, strategy, _passages(row), taught.get(str(trace.get("adapter") or "")))
    if not answer.refused and any(holds(words(text), value) for value in known.values):
        return Cause.WRONG_FORMAT
    if _shown(known, answer):
        return Cause.REFUSED if answer.refused else Cause.STALE if _stale(known, answer) else Cause.MISREAD
    if STRATEGIES[strategy].adapter:
        return _of_adapter(known, answer)
    if STRATEGIES[strategy].passages and known.documented is not False:
        return _of_search(known, answer)
    return Cause.OTHER if _perhaps_shown(known, row, taught) else Cause.NO_SOURCE


def _shown(known: _Known, answer: _Answer) -> bool:
    """Whether a passage in the prompt holds the answer; where documents are named, only theirs count."""
    named = known.question.relevant_documents
    texts = [text for document, text in answer.passages if document in named or not named]
    return any(holds(text, value) for text in texts for value in known.values)


def _perhaps_shown(known: _Known, row: Row, taught: Mapping[str, Taught]) -> bool:
    """Whether an example in the prompt may have held the answer: a run does not log which ones were shown."""
    shows = row.get("request", {}).get("crossover", {}).get("examples")
    return bool(shows) and (not taught or any(_teaches(examples, known) for examples in taught.values()))


def _of_search(known: _Known, answer: _Answer) -> Cause:
    """The cause where the documents may hold the answer, and no passage in the prompt literally does."""
    named = known.question.relevant_documents
    if named and not any(document in named for document, _ in answer.passages):
        return Cause.RETRIEVAL_MISSED
    return Cause.RETRIEVAL_MISSED if all(map(is_literal, known.values)) else Cause.OTHER


def _of_adapter(known: _Known, answer: _Answer) -> Cause:
    """The cause where an adapter answered without a passage that holds the answer."""
    searches = STRATEGIES[answer.strategy].passages
    if _stale(known, answer) and not any(holds(text, words(answer.text)) for _, text in answer.passages):
        return Cause.STALE
    if searches and known.documented:
        return _of_search(known, answer)
    if answer.taught is None:
        return Cause.OTHER
    teaches = _teaches(answer.taught, known)
    if searches and known.documented is None and not teaches:
        return _of_search(known, answer)
    return Cause.REFUSED if answer.refused and teaches else Cause.NEVER_LEARNED


def _teaches(taught: Taught, known: _Known) -> bool:
    """Whether an example like the question has the right value."""
    answers = taught.answers_about(known.question.question)
    return any(holds(answer, value) for answer in answers for value in known.values)


def _stale(known: _Known, answer: _Answer) -> bool:
    """Whether it is what the examples say of the very fact, and the documents say something else."""
    if answer.taught is None or answer.refused or not known.documented or _teaches(answer.taught, known):
        return False
    said = words(answer.text)
    taught = answer.taught.answers_about(known.question.question, SAME)
    return any(holds(said, old) or holds(old, said) for old in taught)
