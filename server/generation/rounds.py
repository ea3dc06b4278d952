"""The rounds behind an output file, OUT.rounds/001.json …: each one file, replaced in one step, so that no kill hurts.

A round is drafted, then reviewed, then done. What is done is never touched again; OUT is made of it, and made again
where a kill came between the two.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crossover.adapters.durable import replace_text
from crossover.adapters.examples import DataSet, Example, Origin
from crossover.server.generation.wording import Pair, Rejected

SIZE = 20
"""Candidates in a round."""
Kind = Literal["generate", "expand"]
Decision = Literal["", "accept", "fix", "reject"]


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Draft(_Stored):
    """A pair that the model wrote.

    Attributes:
        document: that it was written about; "" where it was written after examples.
        chunk: the content hash of the chunk.
        passage: the text of that chunk.
    """

    question: str
    answer: str
    document: str = ""
    chunk: str = ""
    passage: str = ""


class Refused(Draft):
    """A draft that a check kept from review; `detail` says what was found."""

    reason: str
    detail: str = ""


class Candidate(Draft):
    """A draft for review, and what became of it; a fixed one holds the new text and `before` the old."""

    id: int
    decision: Decision = ""
    reason: str = ""
    before: tuple[str, str] | None = None

    @property
    def accepted(self) -> bool:
        """Whether it goes into the output."""
        return self.decision in ("accept", "fix")


class Asked(_Stored):
    """A request to the model.

    Attributes:
        about: the content hash of the chunk; "" where there is none.
        kept: how many candidates came of it.
        failure: why nothing came of it; "" where something did.
        again: it may succeed another time.
    """

    about: str = ""
    kept: int = 0
    failure: str = ""
    detail: str = ""
    again: bool = False


class Round(_Stored):
    """One round: what was asked, what came of it, and what the reviewer said."""

    number: int
    kind: Kind
    state: Literal["drafting", "review", "done"] = "drafting"
    model: str = ""
    system: str = Field(default="", description="The system message that all its examples have.")
    candidates: list[Candidate] = []
    refused: list[Refused] = []
    asked: list[Asked] = []

    def add(self, draft: Draft) -> None:
        """Makes a draft a candidate."""
        self.candidates.append(Candidate(**draft.model_dump(), id=len(self.candidates) + 1))


class Rounds:
    """The rounds of one output file; held by one process at a time, in a `with` block.

    Args:
        output: the file of examples.
        kind: what makes them.
        system: the system message that all of them get.
    """

    def __init__(self, output: Path, kind: Kind, system: str = "") -> None:
        self.output, self.kind, self._system = output, kind, system
        self.folder = output.with_name(f"{output.stem}.rounds")
        self.all: list[Round] = []
        self._lock = -1

    def __enter__(self) -> Self:
        if not self.folder.is_dir() and self.output.exists():
            raise ValueError(f"{self.output} is there already and holds no rounds of ours: give another name to -o")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.folder, os.O_RDONLY)
        try:
            self._take()
        except BaseException:
            os.close(self._lock)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._lock)

    @property
    def done(self) -> list[Round]:
        """The rounds that are done."""
        return [each for each in self.all if each.state == "done"]

    @property
    def current(self) -> Round | None:
        """The round that is not done."""
        return self.all[-1] if self.all and self.all[-1].state != "done" else None

    def begin(self) -> Round:
        """A new round."""
        self.all.append(Round(number=len(self.all) + 1, kind=self.kind, system=self._system))
        return self.all[-1]

    def candidates(self) -> Iterator[Candidate]:
        """All candidates, in every state."""
        return (candidate for each in self.all for candidate in each.candidates)

    def accepted(self) -> list[Candidate]:
        """Those that go into the output."""
        return [candidate for each in self.done for candidate in each.candidates if candidate.accepted]

    def rejected(self) -> list[Rejected]:
        """What reviewers did not want, the newest last."""
        unwanted = (candidate for candidate in self.candidates() if candidate.decision == "reject")
        return [Rejected(Pair(each.question, each.answer), each.reason) for each in unwanted]

    def requests(self) -> list[Asked]:
        """All requests, in order."""
        return [asked for each in self.all for asked in each.asked]

    def save(self, round_: Round) -> None:
        """Keeps the state of a round."""
        replace_text(self.folder / f"{round_.number:03}.json", round_.model_dump_json(indent=1) + "\n")

    def drop(self, round_: Round) -> None:
        """Forgets a round in which nothing was asked, and which was never saved."""
        self.all.remove(round_)

    def finish(self, round_: Round) -> None:
        """A round is done, and what it accepted stands in the output."""
        round_.state = "done"
        self.save(round_)
        self._write()

    def _take(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RuntimeError(f"{self.output} is being made by another process: wait for it, or stop it") from error
        self.all = [_load(file) for file in sorted(self.folder.glob("[0-9]*.json"), key=lambda file: int(file.stem))]
        if any(each.kind != self.kind for each in self.all):
            raise ValueError(f"{self.folder} holds rounds of `data {self.all[0].kind}`: give another name to -o")
        there = self.output.read_text(encoding="utf-8", errors="replace") if self.output.exists() else None
        if there == self._text(self.done):
            return
        if there not in (None, self._text(self.done[:-1])):
            raise ValueError(
                f"{self.output} was changed since its last round, and would be written anew from {self.folder}: "
                "move it away, and give the command again"
            )
        if self.done:
            self._write()

    def _write(self) -> None:
        replace_text(self.output, self._text(self.done))

    def _text(self, rounds: Sequence[Round]) -> str:
        examples = tuple(
            Example(each.question, each.answer, round_.system, origin=_origin(each))
            for round_ in rounds
            for each in round_.candidates
            if each.accepted
        )
        return DataSet(self.output.stem, examples).to_jsonl()


def counts(rounds: Sequence[Round]) -> tuple[dict[str, int], dict[str, int]]:
    """How many drafts were refused and how many requests failed, by reason, the most frequent first."""
    refused = Counter(draft.reason for each in rounds for draft in each.refused)
    failed = Counter(asked.failure for each in rounds for asked in each.asked if asked.failure)
    return dict(refused.most_common()), dict(failed.most_common())


def _origin(candidate: Candidate) -> Origin | None:
    return Origin(candidate.document, candidate.chunk) if candidate.document else None


def _load(file: Path) -> Round:
    try:
        return Round.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "file"
        raise ValueError(f"{file}:0:{place}: error: {first['msg']}; put back the file as it was written") from error
