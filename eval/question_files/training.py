"""A labelled training file as a question set: each example's question, its answer the reference."""

from __future__ import annotations

from crossover.adapters.formats import read
from crossover.adapters.formats.detect import check
from crossover.eval.question_files import csv_table
from crossover.eval.question_files.source import Imported, Source
from crossover.eval.questions import Question

NAME = "labelled training examples"
_KEYS = ("messages", "prompt", "completion", "answer")


def matches(source: Source) -> bool:
    """Whether the first row has a training format's keys and not ours; of a table, whether one can be trained on."""
    if source.is_json:
        return source.has(*_KEYS) and not source.has("references")
    if csv_table.has_questions(source):
        return False
    found = check(source.path)
    return not found.errors and all(example.question for example in found.examples)


def parse(source: Source) -> Imported:
    """One question an example; examples of one question are one group.

    A run asks each question alone. So a turn that has others before it is left out, and counted in a note.

    Raises:
        DataError: what `crossover data check` says of the file.
    """
    examples = read(source.path).examples
    groups: dict[str, str] = {}
    questions = []
    for example in examples:
        if example.history:
            continue
        identity = f"q{example.line}"
        group = groups.setdefault(" ".join(example.question.casefold().split()), identity)
        questions.append((example.line, Question(identity, example.question, (example.answer,), "all", group)))
    notes = ["an adapter trained on these examples has seen the answers: ask those it was not trained on"]
    if later := len(examples) - len(questions):
        notes.append(f"{later} later turns of conversations left out: a run asks each question alone")
    if with_system := sum(bool(example.system) for example in examples):
        notes.append(f"{with_system} examples have a system message, which a run does not send")
    return Imported(questions, tuple(notes))
