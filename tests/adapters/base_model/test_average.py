"""The mean of two models lies between them and is a model again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from crossover.adapters.base_model import WEIGHTS
from crossover.adapters.base_model.average import main
from crossover.adapters.base_model.measure import Answerer, Item
from crossover.adapters.prompt import render

FILE = "model.safetensors"


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The built-in model with each weight a little larger."""
    folder = tmp_path / "later"
    shutil.copytree(WEIGHTS, folder)
    moved = {name: (1.1 * tensor.float()).to(tensor.dtype) for name, tensor in load_file(WEIGHTS / FILE).items()}
    save_file(moved, folder / FILE, metadata={"format": "pt"})
    return folder


def test_the_mean_lies_between_both_and_answers(later: Path, tmp_path: Path) -> None:
    assert main([str(tmp_path / "mean"), str(WEIGHTS), str(later), "--share", "0.25"]) == 0
    one, other, mean = (load_file(folder / FILE) for folder in (WEIGHTS, later, tmp_path / "mean"))
    for name, tensor in mean.items():
        expected = 0.75 * one[name].float() + 0.25 * other[name].float()
        assert tensor.dtype == one[name].dtype
        torch.testing.assert_close(tensor.float(), expected, rtol=0.01, atol=1e-6)
    passage = ("", "The Velmora office is run by Anna Tovan.")
    item = Item(tuple(render("Who runs the Velmora office?", passages=[passage])), ("Anna Tovan",))
    assert Answerer(tmp_path / "mean").score([item])[0].value


def test_models_of_two_shapes_are_refused_and_nothing_is_overwritten(
    later: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(later), str(WEIGHTS), str(later)]) == 2
    weights = load_file(later / FILE)
    save_file(dict(list(weights.items())[1:]), later / FILE, metadata={"format": "pt"})
    assert main([str(tmp_path / "mean"), str(WEIGHTS), str(later)]) == 2
    assert "two shapes" in capsys.readouterr().err
    assert not (tmp_path / "mean").exists()
