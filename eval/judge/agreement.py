"""How far a judge can be trusted: its verdicts on a labelled sample beside the known ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.eval.judge.endpoint import JudgeError
from crossover.eval.judge.judging import Judgement
from crossover.eval.metrics.ragas_metrics import Sample
from crossover.eval.questions import Question, object_of, read_text, text_of, texts_of

SAMPLE = Path(__file__).with_name("sample.jsonl")
TRUSTED = 0.4  # "fair" ends and "moderate" begins here (Landis & Koch 1977)
RIGHT = 0.5  # a score from which on an answer counts as right, or as faithful
_FEWEST = 20  # verdicts; on fewer a kappa says nothing

#: Which metric gives the verdict that a label is about.
VERDICTS = {"right": "factual_correctness", "faithful": "faithfulness"}


@dataclass(frozen=True, slots=True)
class Labelled:
    """An answer with its known verdicts.

    Args:
        labels: by the names in VERDICTS; a row may have one or both.
        kind: what is hard about it, such as ``long and wrong``.
    """

    sample: Sample
    labels: Mapping[str, bool]
    kind: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """A judge's verdicts beside the known ones.

    Args:
        kappa: Cohen's; None where there are too few verdicts, or none of one kind.
        n: verdicts compared.
        missing: those that the judge did not give, by reason.
        kinds: of each kind of answer the share of verdicts that agree, and how many there are.
    """

    kappa: float | None
    n: int
    missing: Mapping[str, int]
    kinds: Mapping[str, tuple[float, int]]

    @property
    def trusted(self) -> bool:
        """Whether it may carry a headline."""
        return self.kappa is not None and self.kappa >= TRUSTED


def load(path: Path = SAMPLE) -> list[Labelled]:
    """The rows of a labelled sample: question, references, answer, `right` and/or `faithful`; passages, kind.

    Raises:
        JudgeError: it is empty, or a row has no verdict.
        QuestionError: it is missing or no text, or a row is wrong; the message names the line and the field.
    """
    lines = enumerate(read_text(path).split("\n"), start=1)
    rows = [_parse(line, f"{path}:{number}") for number, line in lines if line.strip()]
    if not rows:
        raise JudgeError(f"{path}: no rows in it; {SAMPLE} is an example")
    return rows


def agreement(labels: Sequence[bool], kinds: Sequence[str], judged: Sequence[Judgement | None]) -> Agreement:
    """Cohen's kappa between known verdicts and the judge's, each of shape (rows,).

    A verdict that the judge did not give is missing, and counted.
    """
    from sklearn.metrics import cohen_kappa_score

    rows = list(zip(labels, kinds, judged, strict=True))
    known = [(label, found.value >= RIGHT, kind) for label, kind, found in rows if found and found.value is not None]
    truth, said = [label for label, _, _ in known], [verdict for _, verdict, _ in known]
    enough = len(known) >= _FEWEST and len(set(truth)) == 2
    agreeing: dict[str, list[bool]] = {}
    for label, verdict, kind in known:
        agreeing.setdefault(kind, []).append(label == verdict)
    return Agreement(
        kappa=float(cohen_kappa_score(truth, said)) if enough else None,
        n=len(known),
        missing=Counter(found.reason if found else "nothing to judge" for _, _, found in rows if not _given(found)),
        kinds={kind: (sum(same) / len(same), len(same)) for kind, same in agreeing.items()},
    )


def _given(found: Judgement | None) -> bool:
    return found is not None and found.value is not None


def _parse(line: str, place: str) -> Labelled:
    row = object_of(line, place)
    labels = {label: _verdict(row, label, place) for label in VERDICTS if label in row}
    if not labels:
        raise JudgeError(f"{place}:right: error: found neither right nor faithful, expected true or false for one")
    passages = texts_of(row, "passages", place, default=())
    references = texts_of(row, "references", place, default=())
    question = Question("", text_of(row, "question", place), references, "", "")
    sample = Sample(question, text_of(row, "answer", place), passages, tuple(map(str, range(len(passages)))) or None)
    return Labelled(sample, labels, str(row.get("kind", "")))


def _verdict(row: Mapping[str, Any], field: str, place: str) -> bool:
    if not isinstance(row[field], bool):
        raise JudgeError(f"{place}:{field}: error: found {row[field]!r}, expected true or false")
    return bool(row[field])
