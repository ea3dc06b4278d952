from __future__ import annotations

import torch
from transformers import AutoModelForCausalLM

from crossover.adapters.base_model import BaseModel
from crossover.adapters.training.attention import causal_attention

IDS = torch.arange(4, 64).view(2, 30)


def test_loss_and_gradients_are_those_of_the_plain_attention_with_grouped_heads_too(
    reader: BaseModel, qwen3: BaseModel
) -> None:
    for base in (reader, qwen3):
        seen = []
        for name in ("eager", causal_attention("qwen3")):
            model = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32, attn_implementation=name)
            model.train()
            loss = model(input_ids=IDS, labels=IDS).loss
            loss.backward()
            seen.append((loss, {name: each.grad for name, each in model.named_parameters()}))
        (loss, gradients), (other_loss, others) = seen
        assert torch.isclose(loss, other_loss, rtol=1e-5)
        for name, expected in gradients.items():
            assert (others[name] - expected).norm() <= 1e-4 * expected.norm() + 1e-7, name


def test_padding_behind_a_row_changes_nothing_in_it(reader: BaseModel) -> None:
    name = causal_attention("llama")
    model = AutoModelForCausalLM.from_pretrained(reader.path, dtype=torch.float32, attn_implementation=name)
    alone = model(input_ids=IDS[:1, :20]).logits
    padded = torch.cat([IDS[:1, :20], torch.zeros(1, 10, dtype=torch.long)], 1)
    assert torch.allclose(model(input_ids=padded).logits[:, :20], alone, atol=1e-4)


def test_a_model_whose_attention_does_more_keeps_its_own() -> None:
    assert causal_attention("gemma2") == "eager"
