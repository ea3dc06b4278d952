"""Where a training computes: the device, what it has free, and which type it multiplies fastest."""

from __future__ import annotations

import os
import platform
import re

import psutil
import torch


def choose_device(wanted: str | None) -> torch.device:
    """The device a training is to use: ``cpu``, ``cuda`` or ``cuda:N``; None: a GPU where there is one.

    The trainer spreads itself over all GPUs it sees, so from here on this process sees the chosen one alone, as
    ``cuda:0``. That works only before anything else in the process has asked for a GPU.

    Raises:
        ValueError: no such kind of device.
        RuntimeError: no such GPU.
    """
    match = re.fullmatch(r"cpu|cuda(?::(\d+))?", wanted or "cuda")
    if match is None:
        raise ValueError(f"--device {wanted}: expected cpu, cuda or cuda:N")
    if wanted == "cpu":
        return torch.device("cpu")
    number = int(match[1] or 0)
    if torch.version.cuda and not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        names = visible.split(",") if visible is not None else [str(n) for n in range(number + 1)]
        os.environ["CUDA_VISIBLE_DEVICES"] = names[number] if number < len(names) else ""
    if torch.cuda.is_available():
        return torch.device("cuda:0")
    if wanted:
        raise RuntimeError(f"--device {wanted}: PyTorch sees no such GPU here; leave it out, or train on the cpu")
    return torch.device("cpu")


def free_memory(device: torch.device) -> int:
    """Bytes that are free on the device."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def fastest_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the device multiplies it natively; elsewhere float32, by way of which it would go anyway."""
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    elif platform.machine() in ("x86_64", "AMD64"):
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    else:
        native = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if native else torch.float32
