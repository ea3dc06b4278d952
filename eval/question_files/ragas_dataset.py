"""ragas' EvaluationDataset as its `to_jsonl` writes it: ``user_input`` and ``reference``, one turn each."""

from __future__ import annotations

from crossover.adapters.formats.rows import Row
from crossover.eval.question_files.source import Imported, Source
from crossover.eval.questions import Question

NAME = "ragas EvaluationDataset"


def matches(source: Source) -> bool:
    """Whether the first row asks as ragas does."""
    return source.has("user_input")


def parse(source: Source) -> Imported:
    """One question a sample; ``reference_context_ids`` are the documents that hold the answer.

    Raises:
        DataError: a sample without a reference, or a conversation instead of one question.
    """
    rows = list(source.rows())
    answered = sum("response" in row.fields and row.fields["response"] is not None for row in rows)
    notes = (f"{answered} samples have a response, which is not used: a run asks anew",) if answered else ()
    return Imported([(row.line, _question(row)) for row in rows], notes)


def _question(row: Row) -> Question:
    identity = f"q{row.line}"
    if isinstance(row.fields.get("user_input"), list):
        raise row.error("user_input", row.fields["user_input"], "one question; conversations are not asked")
    documents = row.fields.get("reference_context_ids") or []
    if not isinstance(documents, list):
        raise row.error("reference_context_ids", documents, "a list of document ids")
    return Question(
        id=identity,
        question=row.text("user_input"),
        references=(row.text("reference"),),
        slice=row.text("synthesizer_name") if row.fields.get("synthesizer_name") else "all",
        group=identity,
        relevant_documents=tuple(dict.fromkeys(map(str, documents))),
    )
