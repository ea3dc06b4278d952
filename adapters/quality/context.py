"""Context: how many tokens an example takes under the base model's own tokenizer, and how many it may take."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.adapters.base_model import BaseModel
from crossover.adapters.examples import Example
from crossover.adapters.prompt import Prompts

if TYPE_CHECKING:
    from tokenizers import Tokenizer


_AROUND = 1  # tokens that a chat template puts around a turn, at least


@dataclass(frozen=True)
class Context:
    """The context of one base model.

    Args:
        model: what to call it.
        folder: where its tokenizer lies.
        limit: tokens that prompt and answer may take together.
        prompts: the system messages.
    """

    model: str
    folder: Path
    limit: int
    prompts: Prompts

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text alone."""
        return [len(encoding.ids) for encoding in self._plain.encode_batch_fast(list(texts), add_special_tokens=False)]

    def tokens(self, examples: Sequence[Example], *, history: bool) -> list[int]:
        """About how many tokens each example takes in training, rather too few than too many.

        Args:
            examples: any.
            history: whether the turns before count too.
        """
        turns = [_turns(example, history=history) for example in examples]
        counts = iter(self.count([text for texts in turns for text in texts]))
        ours = self.count([self.prompts.closed])[0]
        return [ours + sum(next(counts) + _AROUND for _ in texts) for texts in turns]

    @property
    def _plain(self) -> Tokenizer:
        return _tokenizer(self.folder / "tokenizer.json")


def find_context(base: BaseModel, prompts: Prompts) -> Context | None:
    """The context of a base model; None where its tokenizer is not on this machine, or has no limit that is known."""
    folder = _folder(base.path)
    limit = base.max_model_len or (_limit(folder) if folder else None)
    return Context(base.name, folder, limit, prompts) if folder and limit else None


@lru_cache(maxsize=2)
def _tokenizer(file: Path) -> Tokenizer:
    # Not by transformers, whose import takes longer than the check of a file.
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.encode_special_tokens = True
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _folder(path: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    if (Path(path) / "tokenizer.json").is_file():
        return Path(path)
    cached = None if Path(path).is_dir() else try_to_load_from_cache(path, "tokenizer.json")
    return Path(cached).parent if isinstance(cached, str) else None


def _limit(folder: Path) -> int | None:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except OSError:
        return None
    limit = (config.get("text_config") or config).get("max_position_embeddings")
    return limit if isinstance(limit, int) else None


def _turns(example: Example, *, history: bool) -> list[str]:
    before = [turn.content for turn in example.history] if history else []
    return [*([example.system] if example.system else []), *before, example.question, example.answer]
