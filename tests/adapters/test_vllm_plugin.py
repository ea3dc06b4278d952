"""The plugin: LoRA on the CPU against its definition, row by row, and a refusal where vLLM is another."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch

pytestmark = pytest.mark.filterwarnings("ignore:.*script_method:DeprecationWarning")  # vLLM's imports

SLOTS, RANK, WIDTH, ROWS = 4, 8, 16, 40
SLICES = (12, 4, 4)
# Row by row the slot, -1 for none: in long pieces, thoroughly mixed, one adapter alone, none at all; mixed adapters are
# two, about as many rows each, with an unused slot between them, or nearly all rows one adapter's.
BATCHES = {
    "pieces": [0] * 10 + [-1] * 10 + [2] * 15 + [-1] * 5,
    "mixed": [n % 4 - 1 for n in range(ROWS)],
    "two": [n % 3 - 1 for n in range(ROWS)],
    "gap": [(0, -1, 3, 1, 3)[n % 5] for n in range(ROWS)],
    "uneven": [(n % 4 - 1 if n % 10 < 4 else 1) for n in range(ROWS)],
    "one": [1] * ROWS,
    "none": [-1] * ROWS,
}


@pytest.fixture(scope="module")
def wrapper_for() -> Callable[[list[int]], Any]:
    """Our wrapper, told which row has which slot."""
    from vllm.lora.layers import LoRAMapping

    from crossover.adapters.segmented_lora import SegmentedPunicaWrapper

    wrapper = SegmentedPunicaWrapper(256, 64, "cpu")

    def told(slots: list[int]) -> Any:
        ids = tuple(slot + 1 for slot in slots)  # vLLM counts adapters from 1; 0 is none
        wrapper.update_metadata(LoRAMapping(ids, ids, is_prefill=True), list(range(1, SLOTS + 1)), SLOTS + 1, 100)
        return wrapper

    return told


def weights(*shape: int, rank_dim: int) -> torch.Tensor:
    """Random weights of SLOTS adapters, each with a rank of its own and zeros above it, as vLLM pads them."""
    stacked = torch.randn(SLOTS, 1, *shape)
    for slot, rank in enumerate((RANK, 3, 5, 2)):
        stacked[slot].narrow(rank_dim, rank, RANK - rank).zero_()
    return stacked


def expected(slots: list[int], y: torch.Tensor, x: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """y + x Aᵀ Bᵀ, each row with its own slot's weights."""
    y = y.clone()
    for row, slot in enumerate(slots):
        if slot >= 0:
            y[row] += b[slot, 0] @ (a[slot, 0] @ x[row])
    return y


@pytest.mark.parametrize("saved", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("batch", BATCHES)
def test_every_row_gets_its_own_adapter_and_base_rows_are_untouched(
    wrapper_for: Callable[[list[int]], Any], batch: str, dtype: torch.dtype, saved: torch.dtype
) -> None:
    slots = BATCHES[batch]
    wrapper = wrapper_for(slots)
    x, y = torch.randn(ROWS, WIDTH).to(dtype), torch.randn(ROWS, sum(SLICES)).to(dtype)
    a = tuple(weights(RANK, WIDTH, rank_dim=1).to(saved).to(dtype) for _ in SLICES)
    b = tuple(weights(out, RANK, rank_dim=2).to(saved).to(dtype) for out in SLICES)
    result = y.clone()
    wrapper.add_lora_linear(result, x, a, b, 0.5, SLICES)
    columns = zip(y.float().split(SLICES, dim=1), a, b, strict=True)
    wanted = [expected(slots, c, x.float(), a_.float() * 0.5, b_.float()) for c, a_, b_ in columns]
    torch.testing.assert_close(result, torch.cat(wanted, dim=1).to(dtype))  # as near as a sum in float32 comes
    base = torch.tensor(slots) < 0
    assert torch.equal(result[base], y[base])


def test_an_overflow_of_one_adapter_stays_with_its_rows(wrapper_for: Callable[[list[int]], Any]) -> None:
    slots = BATCHES["mixed"]
    wrapper = wrapper_for(slots)
    a, b = weights(RANK, WIDTH, rank_dim=1), weights(WIDTH, RANK, rank_dim=2)
    a[2].fill_(float("inf"))
    y = torch.zeros(ROWS, WIDTH)
    wrapper.add_lora_linear(y, torch.randn(ROWS, WIDTH), (a,), (b,), 1.0, (WIDTH,))
    sane = torch.tensor(slots) != 2
    assert y[sane].isfinite().all()


def test_new_weights_in_a_slot_are_seen_also_with_a_higher_rank(wrapper_for: Callable[[list[int]], Any]) -> None:
    slots = BATCHES["one"]
    wrapper = wrapper_for(slots)
    x, zero = torch.randn(ROWS, WIDTH), torch.zeros(ROWS, WIDTH)
    a, b = weights(RANK, WIDTH, rank_dim=1), weights(WIDTH, RANK, rank_dim=2)
    for _ in range(2):
        result = zero.clone()
        wrapper.add_lora_linear(result, x, (a,), (b,), 1.0, (WIDTH,))
        torch.testing.assert_close(result, expected(slots, zero, x, a, b))
        a[1].copy_(torch.randn(1, RANK, WIDTH))
        b[1].copy_(torch.randn(1, WIDTH, RANK))


@pytest.mark.parametrize("batch", BATCHES)
def test_sharded_layers_embeddings_and_logits_are_right_too(
    wrapper_for: Callable[[list[int]], Any], batch: str
) -> None:
    slots = BATCHES[batch]
    wrapper = wrapper_for(slots)
    x, y = torch.randn(ROWS, WIDTH), torch.randn(ROWS, WIDTH)
    a, b = weights(RANK, WIDTH, rank_dim=1), weights(WIDTH, RANK, rank_dim=2)
    wanted = expected(slots, y, x, a, b)

    sharded, shrunk = y.clone(), torch.ones(1, ROWS, RANK)
    wrapper.add_shrink(shrunk, x, (a,), 1.0)
    wrapper.add_expand(sharded, shrunk, (b,), (WIDTH,))
    torch.testing.assert_close(sharded, wanted)

    embedded = y.clone()
    wrapper.add_lora_embedding(embedded, shrunk[0], b)
    torch.testing.assert_close(embedded, wanted)

    other_type = y.clone()  # as where the model's own type is bfloat16, and the logits' is not
    coarse = x.bfloat16()
    wrapper.add_lora_linear(other_type, coarse, (a,), (b,), 1.0, (WIDTH,))
    torch.testing.assert_close(other_type, expected(slots, y, coarse.float(), a, b))

    logits = torch.cat([y, torch.zeros(ROWS, 3)], dim=1)  # padded beyond B's vocabulary
    wrapper.add_lora_logits(logits, x, a, b, 1.0)
    torch.testing.assert_close(logits[:, :WIDTH], wanted)
    assert not logits[:, WIDTH:].any()


SCRIPT = """
from vllm.platforms import current_platform
import crossover.adapters.vllm_plugin as plugin
plugin.KNOWN_SOURCES = {"0" * 64: "vLLM 0.0.0"} if UNKNOWN else plugin.KNOWN_SOURCES
plugin.register()
plugin.register()
try:
    print(current_platform.get_punica_wrapper())
except RuntimeError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(("unknown", "said"), [(False, "SegmentedPunicaWrapper"), (True, "UnknownLoraCode LoRA is")])
def test_the_wrapper_is_registered_where_vllm_is_known_and_lora_refused_where_not(unknown: bool, said: str) -> None:
    # A process of its own: the plugin changes vLLM for good.
    script = SCRIPT.replace("UNKNOWN", str(unknown))
    told = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    assert said in told.stdout
    assert ("vLLM 0.0.0" in told.stdout) is unknown
