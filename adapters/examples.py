"""Example and DataSet: what an adapter learns from, whatever file format it came in."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import ClassVar

from crossover.adapters.prompt import Message


class DataError(ValueError):
    """A data set that cannot be used: the file, the line, the field, what stands there and what should.

    Args:
        file: the file as the user named it.
        line: 1-based; 0 when the whole file is meant.
        field: the key at fault, such as ``completion`` or ``messages[2].content``.
        found: what stands there.
        expected: what would be right.
        code: the kind of fault, for scripts.
    """

    level = "error"

    def __init__(
        self, file: str | Path, line: int, field: str, *, found: str, expected: str, code: str = "wrong-value"
    ) -> None:
        # Half of a surrogate pair, which JSON can smuggle in, could not be printed.
        self.field, self.found = (text.encode("utf-8", "backslashreplace").decode() for text in (field, found))
        self.file, self.line, self.expected, self.code = str(file), line, expected, code
        super().__init__(f"{file}:{line}:{self.field}: {self.level}: found {self.found}, expected {expected}")


@dataclass(frozen=True, slots=True)
class DataWarning:
    """Something in a data set that can be trained on, but perhaps not as its owner thinks; fields as in DataError."""

    file: str
    line: int
    field: str
    found: str
    expected: str
    code: str
    level: ClassVar[str] = "warning"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.field}: {self.level}: found {self.found}, expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Origin:
    """The document that an example was made from, and the content hash of the chunk."""

    document: str
    chunk: str


ORIGIN = "crossover"
"""The field of a row that holds its origin."""


@dataclass(frozen=True, slots=True)
class Example:
    """One question with the answer that the model shall give."""

    question: str
    answer: str
    system: str = ""
    """The data set's own system message, kept behind ours."""
    history: tuple[Message, ...] = ()
    """Earlier turns, without system messages, oldest first."""
    line: int = 0
    """Where it stands in its file, 1-based; 0: unknown."""
    group: str = ""
    """What it belongs to, where its owner says: examples of one group go into the same split."""
    origin: Origin | None = None
    """Where it comes from, where it was made from a document."""

    def to_json(self) -> str:
        """One line that `formats.read` reads back as this example."""
        if self.is_pair:
            return self._line({"prompt": self.question, "completion": self.answer})
        return self.to_messages()

    @property
    def is_pair(self) -> bool:
        """Whether question and answer are all there is."""
        return not self.system and not self.history

    def to_messages(self) -> str:
        """One line of messages that `formats.read` reads back as this example."""
        turns = [Message("system", self.system)] if self.system else []
        turns += [*self.history, Message("user", self.question), Message("assistant", self.answer)]
        messages: list[dict[str, object]] = [{"role": turn.role, "content": turn.content} for turn in turns]
        for message in messages[:-1]:
            if message["role"] == "assistant":
                message["weight"] = 0  # an earlier answer is context here, not an example of its own
        return self._line({"messages": messages})

    def _line(self, row: dict[str, object]) -> str:
        return json.dumps(row | ({ORIGIN: asdict(self.origin)} if self.origin else {}), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class DataSet:
    """Validated examples in file order."""

    name: str
    examples: tuple[Example, ...]
    format: str = ""
    """The file format that it was read from."""

    @property
    def fingerprint(self) -> str:
        """The first 12 hex digits of a SHA-256: equal for equal examples in equal order, whatever format and origin."""
        digest = hashlib.sha256()
        for example in self.examples:
            digest.update(replace(example, origin=None).to_json().encode() + b"\n")
        return digest.hexdigest()[:12]

    @property
    def origins(self) -> dict[str, list[str]]:
        """The documents that examples were made from, each with the content hashes of the chunks."""
        chunks: dict[str, set[str]] = {}
        for example in self.examples:
            if example.origin:
                chunks.setdefault(example.origin.document, set()).add(example.origin.chunk)
        return {document: sorted(hashes) for document, hashes in sorted(chunks.items())}

    def to_jsonl(self) -> str:
        """The examples one a line and in one format, which `formats.read` reads back as they are."""
        pairs = all(example.is_pair for example in self.examples)
        return "".join((each.to_json() if pairs else each.to_messages()) + "\n" for each in self.examples)

    def split(self, validation: float, seed: int = 0) -> tuple[DataSet, DataSet]:
        """Training and validation part. What belongs together stays together, so that nothing leaks: examples of one
        group, of one question, and of questions that are nearly the same.

        Args:
            validation: the share of distinct questions that goes into the second part, 0 to 1; less where whole
                groups do not add up to it.
            seed: which questions those are.

        Raises:
            ValueError: the share is outside 0 to 1.
        """
        if not 0 <= validation <= 1:
            raise ValueError(f"validation share {validation}: expected a number from 0 to 1")
        questions = self._together()
        groups: dict[str, list[str]] = {}
        for question in sorted(questions):
            groups.setdefault(questions[question], []).append(question)
        drawn = list(groups.values())
        random.Random(seed).shuffle(drawn)
        held_out: set[str] = set()
        for group in drawn:
            if len(held_out) + len(group) <= round(validation * len(questions)):
                held_out.update(group)
        return (
            self._part("train", [example for example in self.examples if _key(example) not in held_out]),
            self._part("validation", [example for example in self.examples if _key(example) in held_out]),
        )

    def _together(self) -> dict[str, str]:
        """Each distinct question with the one that stands for all that belong together with it."""
        from crossover.adapters.quality.similarity import clusters

        return clusters((_key(example), first_question(example), example.group) for example in self.examples)

    def _part(self, part: str, examples: Sequence[Example]) -> DataSet:
        return DataSet(f"{self.name}.{part}", tuple(examples), self.format)


def first_question(example: Example) -> str:
    """What a conversation begins with: its turns share it, and each contains the ones before."""
    return next((turn.content for turn in example.history if turn.role == "user"), example.question)


def _key(example: Example) -> str:
    return " ".join(first_question(example).lower().split())
