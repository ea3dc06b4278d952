"""What PEFT's own `generate` answers: the reference for adapters in vLLM.

As a process of its own, whose memory is free again when it ends: a request as JSON on stdin, answers on stdout.

    python -m crossover.adapters.gate.trained_answers < request.json
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path


def peft_answers(
    base_model: str,
    adapters: Mapping[str, Path],
    requests: Sequence[tuple[str, Sequence[int]]],
    max_tokens: int,
    dtype: str,
) -> list[list[int]]:
    """Greedy answers as token ids, the end token included, one prompt at a time.

    Args:
        base_model: the base model's folder.
        adapters: the adapters' folders by name.
        requests: (adapter, prompt ids) pairs.
        max_tokens: the longest answer.
        dtype: the precision of the base model, "float32" or "bfloat16"; "auto" takes its own.
    """
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, GenerationConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    # P-tuning's tokens go in front of them, and PEFT says of each prompt that the model counts positions itself.
    warnings.filterwarnings("ignore", "Position ids are not supported")
    base = AutoModelForCausalLM.from_pretrained(base_model, dtype=dtype if dtype == "auto" else getattr(torch, dtype))
    plain = {name: f"adapter{n}" for n, name in enumerate(adapters)}  # PEFT makes module names of them: no dots
    (first, path), *others = adapters.items()
    model = PeftModel.from_pretrained(base, str(path), adapter_name=plain[first])
    for name, path in others:
        model.load_adapter(str(path), adapter_name=plain[name])
    model.eval()
    # What ends a text is often not what ends an answer: as vLLM does, the model's own list of both is taken.
    ends = base.generation_config.eos_token_id
    pad = ends[0] if isinstance(ends, list) else ends
    how = GenerationConfig(max_new_tokens=max_tokens, do_sample=False, eos_token_id=ends, pad_token_id=pad)
    answers: list[list[int]] = []
    with torch.inference_mode():
        for name, ids in requests:
            model.set_adapter(plain[name])
            row = torch.tensor([list(ids)])
            out = model.generate(input_ids=row, attention_mask=torch.ones_like(row), generation_config=how)
            answers.append(out[0, len(ids) :].tolist())
    return answers


def main() -> None:
    """The process."""
    request = json.load(sys.stdin)
    adapters = {"trained": Path(request["adapter"])}
    prompts = [("trained", ids) for ids in request["prompts"]]
    json.dump(peft_answers(request["base"], adapters, prompts, request["max_tokens"], request["dtype"]), sys.stdout)


if __name__ == "__main__":
    main()
