from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from crossover.adapters.training.losses import Losses

STEPS = [(0.5, 4.0), (1.0, 2.0), (1.5, 1.0), (2.0, 0.5)]


def test_losses_are_told_by_epoch_with_what_chose_the_weights() -> None:
    losses = Losses(STEPS, [(1.0, 3.0), (2.0, 3.5)], epochs=8)
    assert losses.by_epoch() == [3.0, 0.75]
    chosen = losses.chosen(24)
    assert chosen and (chosen.examples, chosen.best_epoch, chosen.stopped_epoch) == (24, 1.0, 2.0)
    whole = Losses(STEPS, [(1.0, 3.0), (2.0, 2.5)], epochs=2).chosen(24)
    assert whole and (whole.best_epoch, whole.stopped_epoch) == (2.0, None)
    assert Losses(STEPS, [], epochs=2).chosen(0) is None


def test_the_picture_is_svg_and_the_same_each_time(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        Losses(STEPS, [(1.0, 3.0), (2.0, 3.5)], epochs=2).draw(tmp_path / name)
        texts.append((tmp_path / name / "loss.svg").read_text())
    assert texts[0] == texts[1] and ElementTree.fromstring(texts[0]).tag.endswith("svg")
    assert "validation" in texts[0] and "validation" not in _drawn_without(tmp_path)


def _drawn_without(folder: Path) -> str:
    Losses(STEPS, [], epochs=2).draw(folder)
    return (folder / "loss.svg").read_text()
