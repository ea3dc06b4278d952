"""LoRA through the plugin in a real vLLM: base answers stay base answers, adapters answer as in PEFT."""

from __future__ import annotations

import asyncio
from itertools import cycle

from greedy import token_ids
from served import Served

from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.gate.trained_answers import peft_answers
from crossover.adapters.prompt import render
from crossover.eval.bench import prompts

COUNT = 12


async def test_base_and_adapters_in_one_batch_do_not_touch_each_other_and_agree_with_peft(served: Served) -> None:
    tokenizer = ChatTokenizer(served.base.path)
    asked = [
        tokenizer.encode(render(question, passages=prompts.passages(n % 3, n)))
        for n, question in enumerate(prompts.questions(COUNT))
    ]
    adapters = {v.served_name: v.path for v in (served.versions["support"][0], served.versions["tickets"][0])}
    base = [(served.base.name, ids) for ids in asked]
    adapted = list(zip(cycle(adapters), asked, strict=False))
    alone = await token_ids(served.engine, base, salt="alone")
    both = [request for pair in zip(base, adapted, strict=True) for request in pair]
    mixed = await token_ids(served.engine, both, salt="mixed")
    assert mixed[::2] == alone
    assert mixed[1::2] != alone, "the adapters change nothing: the test would show nothing"
    reference = await asyncio.to_thread(peft_answers, served.base.path, adapters, adapted, 12, "float32")
    assert mixed[1::2] == reference
