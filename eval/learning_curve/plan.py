"""What a learning curve is to be made of, and the folder in which it grows: a home of its own.

plan.json             what all of it depends on; written first, so that nothing else is mixed in
subsets/SIZE-SEED.jsonl
index/ adapters/      as in every home
curve/rag/, curve/SIZE-SEED/      answers, as `eval run` writes them
learning-curve.json   written last
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crossover.adapters.durable import replace_text
from crossover.adapters.examples import DataSet
from crossover.eval.questions import QuestionSet
from crossover.eval.runs import QUESTIONS_FILE, AskOptions
from crossover.eval.scoring import RunsError, load

RIVAL = "rag"
Training = tuple[int, int]  # number of examples and seed
_FILE = "plan.json"


class OtherCurve(ValueError):
    """The folder holds a learning curve of something else."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One learning curve.

    Args:
        examples: the whole training set; subsets are drawn from it.
        before: folders and files to be indexed while adapters are trained.
        now: those indexed when the questions are asked; the same ones, unless documents changed in between.
        arms: finetune, hybrid or both.
        check: whether to train at the predicted crossing too.
    """

    folder: Path
    examples: DataSet
    questions: QuestionSet
    before: Sequence[Path]
    now: Sequence[Path]
    sizes: Sequence[int]
    seeds: Sequence[int]
    arms: Sequence[str] = ("finetune", "hybrid")
    with_context: bool = True
    check: bool = False
    options: AskOptions = field(default_factory=AskOptions)

    def begin(self, base_fingerprint: str) -> None:
        """Write what this curve depends on, or see that what lies there depends on the same.

        Sizes and seeds may change: what is there already is used again.

        Raises:
            OtherCurve: the folder belongs to other examples, questions or settings.
        """
        identity = {
            "examples": self.examples.fingerprint,
            "questions": self.questions.digest,
            "base model": base_fingerprint,
            "documents": [str(path.resolve()) for path in self.now],
            "strategies": list(self.arms),
            "training with context": self.with_context,
            "longest answer": self.options.max_tokens,
        }
        file = self.folder / _FILE
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_text(file, json.dumps(identity, indent=2) + "\n")
            return
        there = json.loads(file.read_text(encoding="utf-8"))
        if different := [key for key in identity if there.get(key) != identity[key]]:
            raise OtherCurve(
                f"{self.folder}: a learning curve of other {', '.join(different)} is in it; give another folder with -o"
            )

    def subset_file(self, size: int, seed: int) -> Path:
        """Where the examples of one training lie."""
        return self.folder / "subsets" / f"{size}-{seed}.jsonl"

    def answers(self, size: int, seed: int) -> Path:
        """Where the answers of one training's adapter lie."""
        return answers_in(self.folder, size, seed)

    def unanswered(self, trainings: Sequence[Training]) -> list[Training]:
        """The trainings whose answers are not all there, so that they are trained (or found) and asked."""
        return [each for each in trainings if not answered(self.answers(*each), self.arms)]

    @property
    def rival_answers(self) -> Path:
        """Where the answers of the arm to be overtaken lie."""
        return self.folder / "curve" / RIVAL


def answers_in(folder: Path, size: int, seed: int) -> Path:
    """Where a learning curve's folder keeps the answers of one training's adapter."""
    return folder / "curve" / f"{size}-{seed}"


def answered(folder: Path, arms: Sequence[str]) -> bool:
    """Whether a folder has every answer of these arms."""
    if not (folder / QUESTIONS_FILE).exists():
        return False
    try:
        return {run.arm for run in load([folder]).runs} >= set(arms)
    except RunsError:
        return False
