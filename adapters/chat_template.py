"""Messages to token ids through the model's own chat template, the same in training and serving.

Text of users and documents never becomes a special token: the template is rendered around
placeholders, and only what the template itself wrote may name special tokens.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerFast

from crossover.adapters.prompt import Message, Role
from crossover.adapters.thoughts import CLOSE, OPEN

# Private-use characters: a template passes them through untouched, and no template writes them itself.
_OPEN, _CLOSE = "\ue000", "\ue001"
_PLACEHOLDER = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_KEPT_FRAMES, _KEPT_TURNS = 256, 64  # kinds of conversations whose frames are kept, and how long these may be


class ChatTemplateError(ValueError):
    """The model's chat template is missing, or cannot render a plain question and answer."""


class ChatTokenizer:
    """The tokenizer and chat template of one model.

    Attributes:
        takes_system: whether the template has a place for system messages.
        opens_thought: whether the template opens a thought, so that every answer begins within it.

    Args:
        path: a folder or hub id with a fast tokenizer and a chat template.
        template_kwargs: extra variables for the template, such as ``{"enable_thinking": False}``.
        today: the date that a template with a clock is shown; fixed, so that training and serving agree.

    Raises:
        ChatTemplateError: no chat template, or one that drops the user's text.
    """

    def __init__(
        self, path: str | Path, template_kwargs: Mapping[str, Any] | None = None, today: date | None = None
    ) -> None:
        self._tokenizer: PreTrainedTokenizerFast = AutoTokenizer.from_pretrained(str(path))
        if not self._tokenizer.chat_template:
            raise ChatTemplateError(f"{path}: the tokenizer has no chat template; add a chat_template.jinja to it")
        clock = today or date(2026, 1, 1)
        self._kwargs = {"enable_thinking": False, "strftime_now": clock.strftime, **(template_kwargs or {})}
        # A second view of the same vocabulary that reads special tokens in a text as plain characters.
        self._plain = type(self._tokenizer._tokenizer).from_str(self._tokenizer._tokenizer.to_str())
        self._plain.encode_special_tokens = True
        self._plain.no_truncation()
        self._plain.no_padding()
        special = {i: token for i, token in self._tokenizer.added_tokens_decoder.items() if token.special}
        self._special = {str(token): i for i, token in special.items()}
        # Some tokens swallow the blanks behind them, as Phi's do, or in front of them.
        longest_first = sorted(special.values(), key=lambda token: -len(str(token)))
        swallowing = (r"\s*" * token.lstrip + re.escape(str(token)) + r"\s*" * token.rstrip for token in longest_first)
        self._special_pattern = re.compile("|".join(swallowing) or r"(?!)")
        self._frames: dict[tuple[tuple[Role, ...], bool], list[str]] = {}
        self.takes_system = self._keeps_system()
        self.opens_thought = self._render([("user", "?")], generate=True).rstrip().endswith(OPEN)

    @property
    def digest(self) -> str:
        """A short hash of the chat template, recorded with every adapter."""
        return hashlib.sha256(str(self._tokenizer.chat_template).encode()).hexdigest()[:12]

    @property
    def eos_token_id(self) -> int:
        """The id that ends a text."""
        return int(self._tokenizer.eos_token_id)

    @property
    def pad_token_id(self) -> int:
        """The id that fills a row; the end token where the model has no padding token of its own."""
        pad = self._tokenizer.pad_token_id
        return self.eos_token_id if pad is None else int(pad)

    @property
    def special_tokens(self) -> frozenset[str]:
        """The tokens that no text of users or documents can become, such as the end token."""
        return frozenset(self._special)

    def count(self, text: str) -> int:
        """The number of tokens of a plain text."""
        return len(self._plain.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some token ids, without special tokens."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True)).strip()

    def encode(self, messages: Sequence[Message], *, generate: bool = True) -> list[int]:
        """The token ids of a conversation, with the opening of the answer when `generate`."""
        contents = [message.content.strip() for message in messages]
        ids: list[int] = []
        plain: list[str] = []
        for n, piece in enumerate(self._frame(tuple(message.role for message in messages), generate)):
            if n % 2:  # the number of a message
                plain.append(contents[int(piece)])
                continue
            position = 0
            for special in self._special_pattern.finditer(piece):
                plain.append(piece[position : special.start()])
                ids += self._encode_plain(plain)
                plain.clear()
                ids.append(self._special[special.group().strip()])
                position = special.end()
            plain.append(piece[position:])
        return ids + self._encode_plain(plain)

    def text(self, messages: Sequence[Message]) -> str:
        """A finished conversation as the template writes it, special tokens as text."""
        return self._render([(message.role, message.content.strip()) for message in messages], generate=False)

    def encode_example(self, messages: Sequence[Message], answer: str) -> tuple[list[int], list[int]]:
        """Token ids of prompt and answer, and a mask that is 1 on the answer and its end token.

        Where the template opens a thought, the answer begins with its end: labelled answers come without thoughts.
        """
        prompt = self.encode(messages)
        whole = self.encode([*messages, Message("assistant", answer)], generate=False)
        start = prompt + self._closed_thought() if self.opens_thought else prompt
        if whole[: len(start)] != start:
            # Templates with thinking parts render a finished answer otherwise than they open a new one.
            whole = start + self._encode_plain([answer]) + [self.eos_token_id]
        special = set(self._special.values())
        end = next((n for n in range(len(start), len(whole)) if whole[n] in special), len(whole) - 1)
        whole = whole[: end + 1]  # what a template writes behind the end of an answer is never generated
        return whole, [0] * len(prompt) + [1] * (len(whole) - len(prompt))

    def _closed_thought(self) -> list[int]:
        end = [self._special[CLOSE]] if CLOSE in self._special else self._encode_plain([CLOSE])
        return end + self._encode_plain(["\n\n"])

    def _frame(self, roles: tuple[Role, ...], generate: bool) -> list[str]:
        """What the template writes around so many messages of these roles; every other piece is a message's number.

        It does not depend on what the messages say, and rendering takes longer than all the rest: so it is kept, but
        for conversations of which there are too many kinds.
        """
        if (known := self._frames.get((roles, generate))) is not None:
            return known
        numbered = [(role, f"{_OPEN}{n}{_CLOSE}") for n, role in enumerate(roles)]
        frame = _PLACEHOLDER.split(self._render(numbered, generate=generate))
        if len(roles) <= _KEPT_TURNS and len(self._frames) < _KEPT_FRAMES:
            self._frames[roles, generate] = frame
        return frame

    def _encode_plain(self, parts: list[str]) -> list[int]:
        text = "".join(parts)
        return list(self._plain.encode(text, add_special_tokens=False).ids) if text else []

    def _render(self, turns: Sequence[tuple[str, str]], *, generate: bool) -> str:
        if not self.takes_system and turns and turns[0][0] == "system":
            (_, system), (role, first), *rest = turns
            turns = [(role, f"{system}\n\n{first}"), *rest]
        return self._apply(turns, generate=generate)

    def _apply(self, turns: Sequence[tuple[str, str]], *, generate: bool) -> str:
        return str(
            self._tokenizer.apply_chat_template(
                [{"role": role, "content": content} for role, content in turns],
                tokenize=False,
                add_generation_prompt=generate,
                **self._kwargs,
            )
        )

    def _keeps_system(self) -> bool:
        """Whether the template has a system role; some raise on it, others drop it without a word."""
        try:
            with_system = self._apply([("system", _OPEN), ("user", _CLOSE)], generate=True)
        except Exception:  # templates raise what they like, TemplateError mostly
            with_system = ""
        if _CLOSE not in with_system and _CLOSE not in self._apply([("user", _CLOSE)], generate=True):
            raise ChatTemplateError("the chat template drops the user's text")
        return _OPEN in with_system and _CLOSE in with_system
