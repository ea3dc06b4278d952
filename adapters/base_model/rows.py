"""Dialogues as token ids, several packed into each row of a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from crossover.adapters.base_model.dialogues import Dialogue
from crossover.adapters.base_model.model import BEGIN

PAD, END = 0, 2
ROLES = {"system": 3, "user": 4, "assistant": 5}


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids, and 1 where the model is trained to say the token."""

    ids: list[int]
    trained: list[int]


class Encoder:
    """Encodes dialogues as the weights' chat template renders them, without the cost of running it."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        vocabulary = self._tokenizer.get_vocab()
        self.size: int = self._tokenizer.get_vocab_size()
        self.bracket = vocabulary["]"]
        """Ends the number of a passage."""
        self.opening = [vocabulary[token] for token in ("[", "▁[", "▁")]
        """Tokens after which an answer is decided anew: the passage number, or the first digit of a number."""

    def encode(self, dialogue: Dialogue) -> Encoded:
        """The whole dialogue, begin token to end token."""
        texts = [" " + message.content.strip() for message in dialogue.messages]
        encodings = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        ids, trained = [BEGIN], [0]
        for message, wanted, encoding in zip(dialogue.messages, dialogue.trained, encodings, strict=True):
            ids += [ROLES[message.role], *encoding.ids, END]
            trained += [0] + [int(wanted)] * (len(encoding.ids) + 1)
        return Encoded(ids, trained)


def batch(draw: Callable[[], Encoded], rows: int, length: int) -> tuple[Tensor, Tensor]:
    """Ids and training mask, both (rows, length + 1): whole dialogues, one longer than a row cut after an answer."""
    room = length + 1
    drawn: list[Encoded] = []
    wanted = rows * room
    while wanted > 0:
        drawn.append(_cut(draw(), room))
        wanted -= len(drawn[-1].ids)
    packed: list[list[Encoded]] = [[] for _ in range(rows)]
    free = [room] * rows
    for new in sorted(drawn, key=lambda one: len(one.ids), reverse=True):  # best fit: what is left over is short
        fitting = [n for n in range(rows) if free[n] >= len(new.ids)]
        if fitting:
            n = min(fitting, key=free.__getitem__)
            packed[n].append(new)
            free[n] -= len(new.ids)
    ids = [[token for one in row for token in one.ids] for row in packed]
    trained = [[said for one in row for said in one.trained] for row in packed]
    return _padded(ids, room), _padded(trained, room)


def _cut(dialogue: Encoded, room: int) -> Encoded:
    if len(dialogue.ids) <= room:
        return dialogue
    ends = [n + 1 for n in range(room) if dialogue.ids[n] == END and dialogue.trained[n]]
    keep = ends[-1] if ends else 0
    return Encoded(dialogue.ids[:keep], dialogue.trained[:keep])


def _padded(rows: list[list[int]], length: int) -> Tensor:
    return torch.tensor([row + [0] * (length - len(row)) for row in rows])
