"""Greedy answers of a model folder, and how many of them are right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crossover.adapters.base_model import squad
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.prompt import UNKNOWN, Message

_CITATION = re.compile(r"\s*\[(\d+)\]\s*$")


@dataclass(frozen=True, slots=True)
class Item:
    """One question as it is put to the model; no reference means that "I don't know." is right."""

    messages: tuple[Message, ...]
    references: tuple[str, ...]
    passage: int | None = None
    """The number that the answer has to cite; None where it isn't scored."""
    form: str = ""
    """How the answer has to look, with places for value {v} and passage {n}; empty: that isn't scored."""


@dataclass(frozen=True, slots=True)
class Score:
    """What became of one item."""

    tokens: int
    """Length of the prompt."""
    value: bool
    """The answer is right, its citation left aside; for an item without reference: it was refused."""
    cited: bool | None
    """The passage is named that holds the answer; None where that isn't scored."""
    refused: bool
    f1: float
    copied: bool | None = None
    """The answer stands word for word in the prompt; None where it was refused, or has a form of its own."""
    formed: bool | None = None
    """The answer has the form that is asked for, whatever its value."""


class Answerer:
    """A causal language model folder, in the precision it is served in."""

    def __init__(self, path: str | Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        self._tokenizer = ChatTokenizer(path)
        self._model = AutoModelForCausalLM.from_pretrained(str(path), dtype=torch.bfloat16).eval()

    def prompt(self, item: Item) -> list[int]:
        """The token ids that ask the item."""
        return self._tokenizer.encode(item.messages)

    def answer(self, items: Sequence[Item], *, batch: int = 16, new_tokens: int = 40) -> list[str]:
        """Greedy answers in the order of the items, without special tokens."""
        prompts = [self.prompt(item) for item in items]
        answers = [""] * len(items)
        for some in _batches(sorted(range(len(items)), key=lambda n: len(prompts[n])), batch):
            for n, ids in zip(some, self._generate([prompts[n] for n in some], new_tokens), strict=True):
                answers[n] = self._tokenizer.decode(ids)
        return answers

    def score(self, items: Sequence[Item]) -> list[Score]:
        """How each item was answered."""
        answers = self.answer(items)
        return [scored(item, len(self.prompt(item)), text) for item, text in zip(items, answers, strict=True)]

    def _generate(self, prompts: list[list[int]], new_tokens: int) -> list[list[int]]:
        import torch

        longest = max(map(len, prompts))
        pad, end = self._tokenizer.pad_token_id, self._tokenizer.eos_token_id
        ids = torch.tensor([[pad] * (longest - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        with torch.inference_mode():
            out = self._model.generate(
                input_ids=ids, attention_mask=mask, max_new_tokens=new_tokens, do_sample=False, pad_token_id=pad,
                eos_token_id=end,
            )  # fmt: skip
        return [[int(token) for token in row[longest:]] for row in out]


def scored(item: Item, tokens: int, text: str) -> Score:
    """What becomes of an item that was answered with `text`."""
    citation = _CITATION.search(text)
    bare = text if item.form else _CITATION.sub("", text)
    refused = squad.exact(bare, (UNKNOWN,)) or "don't know" in bare.lower()
    if not item.references:
        return Score(tokens, refused, cited=None, refused=refused, f1=float(refused))
    cited = None if item.passage is None else citation is not None and int(citation[1]) == item.passage
    formed = bool(_pattern(item.form).fullmatch(text.strip())) if item.form else None
    copied = None if refused or item.form else bare.strip() in item.messages[-1].content
    right = text.strip() in item.references if item.form else squad.exact(bare, item.references)
    f1 = squad.token_f1(bare, item.references)
    return Score(tokens, right, cited, refused, f1, copied, formed)


def _pattern(form: str) -> re.Pattern[str]:
    return re.compile(re.escape(form).replace(r"\{v\}", r"\S.*").replace(r"\{n\}", r"\d+"))


def _batches(order: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(order), size):
        yield order[start : start + size]
