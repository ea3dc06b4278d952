"""Log-probabilities of tokens, from the shape of OpenAI's completions to that of its chat completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CERTAIN_NOT = -9999.0  # vLLM's finite stand-in for minus infinity


def chat_logprobs(raw: Mapping[str, Any], special: frozenset[str], top: int, *, first: bool) -> list[dict[str, Any]]:
    """The entries of `logprobs.content`, one a token.

    Args:
        raw: tokens, token_logprobs and top_logprobs as vLLM's /v1/completions gives them.
        special: tokens that end an answer; they are no part of it.
        top: how many alternatives the client asked for; vLLM adds the chosen token to them.
        first: whether the answer begins here: its leading blanks are not handed on, and no more are the tokens'.
    """
    entries: list[dict[str, Any]] = []
    for token, logprob, by_token in zip(raw["tokens"], raw["token_logprobs"], raw["top_logprobs"], strict=True):
        if token in special:
            continue
        begins = first and not entries
        text = token.lstrip() if begins else token
        if text:
            entries.append({**_token(text, logprob), "top_logprobs": _alternatives(by_token or {}, top)})
    return entries


def _alternatives(by_token: Mapping[str, float], top: int) -> list[dict[str, Any]]:
    best = sorted(by_token.items(), key=lambda item: item[1], reverse=True)[:top]
    return [_token(token, logprob) for token, logprob in best]


def _token(token: str, logprob: float | None) -> dict[str, Any]:
    # A token that is a part of a character has no text, and its bytes are not told to us.
    known = None if "\ufffd" in token else list(token.encode())
    return {"token": token, "logprob": _CERTAIN_NOT if logprob is None else logprob, "bytes": known}
