"""What adapters cost beside a larger base model: there they are small, beside the built-in one they are not.

    python -m crossover.eval.bench.adapters                writes build/bench/adapters.json

The model has the built-in one's tokenizer and random weights, 86 million of them, as many as GPT-2 small has in its
layers; what it says means nothing, what it costs is real.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from crossover.adapters.base_model import resolve
from crossover.eval.bench import mixes, record
from crossover.eval.bench.engine import bench_engine
from crossover.eval.bench.load import LoadGenerator
from crossover.eval.serving import tidy_on_sigterm

_VLLM = "--max-model-len 1024 --gpu-memory-utilization 0.3"  # of the memory, which on a CPU is the machine's
_SHAPE = {"hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 12}


def larger_model(folder: Path) -> Path:
    """A Llama of that shape in `folder`, with the built-in model's tokenizer and chat template."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    own = Path(resolve().path)
    shape = _SHAPE | {"num_key_value_heads": _SHAPE["num_attention_heads"], "head_dim": 64}
    AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(own, **shape), dtype=torch.float32).save_pretrained(
        folder
    )
    for file in own.glob("*"):
        if file.name.startswith(("tokenizer", "chat_template")):
            shutil.copy(file, folder)
    return folder


async def run(rounds: int, size: int, concurrency: int) -> dict[str, Any]:
    """The figures of `rounds` interleaved rounds."""
    with tempfile.TemporaryDirectory(prefix="crossover-bench-") as folder:
        model = larger_model(Path(folder) / "larger")
        async with bench_engine(mixes.ADAPTERS, str(model), _VLLM) as running, LoadGenerator() as load:
            bench = mixes.Mixes(running, load, size, concurrency)
            await bench.warm_up()
            for n in range(rounds):
                await bench.round(n)
    return mixes.summary(bench.figures)


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds.")] = 3,
    size: Annotated[int, typer.Option(min=8, help="Requests in a phase.")] = 64,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests at once.")] = 32,
) -> None:
    """Measure one, four and eight adapters of rank 16 against a base model of 86 million parameters.

    Example: python -m crossover.eval.bench.adapters --rounds 3
    """
    with tidy_on_sigterm():
        figures = asyncio.run(run(rounds, size, concurrency))
    path = record.write("bench", "adapters", {"rounds": rounds, "size": size, "concurrency": concurrency, **figures})
    Console().print(record.table(f"{rounds} rounds, concurrency {concurrency}", figures))
    print(path)


if __name__ == "__main__":
    typer.run(main)
