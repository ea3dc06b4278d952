"""Token rows of preference pairs, by the renderer that serving uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.preferences.pair import PreferencePair
from crossover.adapters.prompt import Prompts, render
from crossover.adapters.training.rows import Row, RowTooLong


def pair_rows(
    pairs: Sequence[PreferencePair], tokenizer: ChatTokenizer, prompts: Prompts, max_tokens: int
) -> list[Row]:
    """``{"prompt_ids", "chosen_ids", "rejected_ids"}`` for each pair, each answer with its end token.

    The prompt is the one of an adapter without passages. Where a pair is too long its oldest turns are left out, as
    in serving.

    Raises:
        RowTooLong: a question with one of its answers does not fit the context.
    """
    return [_row(pair, tokenizer, prompts, max_tokens) for pair in pairs]


def _row(pair: PreferencePair, tokenizer: ChatTokenizer, prompts: Prompts, max_tokens: int) -> Row:
    system = "\n\n".join(filter(None, (prompts.closed, pair.system)))
    messages = render(pair.question, system=system, history=pair.history)
    encoded = [tokenizer.encode_example(messages, answer) for answer in (pair.chosen, pair.rejected)]
    longest = max(len(ids) for ids, _ in encoded)
    if longest <= max_tokens:
        (chosen, mask), (rejected, _) = encoded
        prompt = mask.index(1)
        return {"prompt_ids": chosen[:prompt], "chosen_ids": chosen[prompt:], "rejected_ids": rejected[prompt:]}
    if pair.history:
        return _row(replace(pair, history=pair.history[2:]), tokenizer, prompts, max_tokens)
    raise RowTooLong(
        f"the pair in line {pair.line} has {longest} tokens, but the base model's context takes {max_tokens}; shorten "
        "it, or set a base model with a longer context"
    )
