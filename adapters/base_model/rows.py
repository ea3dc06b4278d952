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
        self.opening = [vocabulary[token] for token in ("[", "Ġ[", "Ġ") if token in vocabulary]
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
    """Ids and training mask, both (rows, length + 1): whole dialogues, the last one cut after an answer."""
    ids, trained = zip(*(_row(draw, length + 1) for _ in range(rows)), strict=True)
    return torch.tensor(ids), torch.tensor(trained)


def _row(draw: Callable[[], Encoded], length: int) -> tuple[list[int], list[int]]:
    ids: list[int] = []
    trained: list[int] = []
    misses = 0
    while len(ids) < length and misses < 3:
        new = draw()
        room, keep = length - len(ids), len(new.ids)
        if keep > room:
            misses += 1
            ends = [n + 1 for n in range(room) if new.ids[n] == END and new.trained[n]]
            keep = ends[-1] if ends else 0
        ids += new.ids[:keep]
        trained += new.trained[:keep]
    padding = [0] * (length - len(ids))
    return ids + padding, trained + padding
