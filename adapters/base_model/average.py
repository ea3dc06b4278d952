"""Averages the weights of two models, one of which went on from the other.

    python -m crossover.adapters.base_model.average build/base_model/mean adapters/base_model/weights RUN/weights

What the later run has learnt is mostly kept, and what it cost the earlier one's abilities mostly not (Wortsman et al.
2022, https://arxiv.org/abs/2109.01903).
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

_WEIGHTS = "model.safetensors"


def average(earlier: Path, later: Path, share: float, out: Path) -> None:
    """`out` becomes a copy of `later` with weights between the two, `share` of the way from the earlier one.

    Raises:
        ValueError: the two have not the same shapes.
        FileExistsError: `out` is there already.
    """
    import torch
    from safetensors.torch import load_file, save_file

    one, other = load_file(earlier / _WEIGHTS), load_file(later / _WEIGHTS)
    if {name: tensor.shape for name, tensor in one.items()} != {name: tensor.shape for name, tensor in other.items()}:
        raise ValueError(f"{earlier} and {later}: models of two shapes have no mean")
    shutil.copytree(later, out)
    mean = {
        name: torch.lerp(one[name].float(), tensor.float(), share).to(tensor.dtype) for name, tensor in other.items()
    }
    save_file(mean, out / _WEIGHTS, metadata={"format": "pt"})


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Average two models of one shape.")
    parser.add_argument("out", type=Path, help="folder to be made")
    parser.add_argument("earlier", type=Path, help="weights folder")
    parser.add_argument("later", type=Path, help="weights folder of a run that went on from the earlier one")
    parser.add_argument("--share", type=float, default=0.5, help="of the later one")
    a = parser.parse_args(arguments)
    try:
        average(a.earlier, a.later, a.share, a.out)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
