"""vLLM's plugin hook: right and fast LoRA, and seeds, where vLLM runs on the CPU; no LoRA on input embeddings anywhere.

vLLM calls :func:`register` in each of its processes (entry point group ``vllm.general_plugins``). What
is wrong with the stock version, and what comes in its place, stands in :mod:`crossover.adapters.segmented_lora`.
"""

from __future__ import annotations

import hashlib
import inspect
from typing import Any, NoReturn

# SHA-256 of the source of the stock classes that SegmentedPunicaWrapper was written against and replaces.
KNOWN_SOURCES = {"e5da4c0867e6786349d17be5415e13e57627b6e3611d08c068601eaf135bffbe": "vLLM 0.32.0"}
WRAPPER = "crossover.adapters.segmented_lora.SegmentedPunicaWrapper"


class UnknownLoraCode(RuntimeError):
    """This vLLM's CPU LoRA is not the one that the plugin corrects, so its answers could be wrong."""


def register() -> None:
    """Let vLLM on the CPU take our LoRA, or refuse LoRA altogether where its code is not known.

    Serving without LoRA is left as it is. Safe to call more than once.
    """
    from vllm.platforms import current_platform

    _leave_embeddings_alone()
    if not current_platform.is_cpu():
        return
    from vllm.platforms.cpu import CpuPlatform
    from vllm.v1.worker.cpu_model_runner import CPUModelRunner

    from crossover.adapters.seeded_draws import take_back_by_state

    take_back_by_state(CPUModelRunner)
    try:
        from vllm.lora.punica_wrapper import punica_base, punica_cpu

        source = inspect.getsource(punica_cpu) + inspect.getsource(punica_base)
        found = hashlib.sha256(source.encode()).hexdigest()
    except (ImportError, OSError) as error:
        found = repr(error)
    CpuPlatform.get_punica_wrapper = classmethod(_ours if found in KNOWN_SOURCES else _refuse(found))


def _leave_embeddings_alone() -> None:
    """No LoRA layer around the input embeddings, which no adapter that the registry takes has anything for.

    Where some prompts of a batch are embeddings (P-tuning), vLLM 0.32 looks up the tokens of the others alone, but that
    layer takes the rows of the whole batch for them: on a GPU it would write beyond its own (gpu_model_runner.py,
    `embed_input_ids(input_ids=token_ids)`; punica_gpu.py, `add_lora_embedding`).
    """
    from vllm.lora.layers import VocabParallelEmbeddingWithLoRA

    VocabParallelEmbeddingWithLoRA.can_replace_layer = classmethod(_never)


def _never(cls: type[Any], /, *_: object, **__: object) -> bool:
    return False


def _ours(cls: type[Any]) -> str:
    return WRAPPER


def _refuse(found: str) -> Any:
    def get_punica_wrapper(cls: type[Any]) -> NoReturn:
        import vllm

        known = ", ".join(KNOWN_SOURCES.values())
        raise UnknownLoraCode(
            f"LoRA is refused: the CPU LoRA of vLLM {vllm.__version__} ({found[:12]}) is not one that Crossover "
            f"knows ({known}), and the stock one mixes adapters into base answers. Install the pinned version: "
            "pip install -r requirements-cpu.lock"
        )

    return get_punica_wrapper
