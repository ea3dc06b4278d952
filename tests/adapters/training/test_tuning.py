from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crossover.adapters.base_model import BaseModel
from crossover.adapters.examples import DataSet, Example
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.adapters.training.lora import train
from crossover.adapters.training.options import TrainOptions
from crossover.adapters.training.tuning import TUNED, Report, Train, repeating, search
from crossover.adapters.training.workspace import TrainingRuns

DATA = DataSet("facts", (Example("Who runs the Velmora office?", "Anna Tovan"), Example("Where is tea?", "Room 14")))
HELD_OUT = [Example(f"What is the colour of badge {n}?", f"{n} green doors") for n in range(20)]
OPTIONS = TrainOptions(name="tuned", epochs=2, rank=4, batch=2)
WORDS = ["train", "facts.jsonl", "--name", "tuned", "--tune", "3", "--held-out", "h.jsonl"]


class Killed(Exception):
    """What ends a search on its way."""


def test_the_best_of_several_settings_is_kept_and_a_killed_search_goes_on(reader: BaseModel, tmp_path: Path) -> None:
    registry, said, tried = Registry(tmp_path, max_rank=8), [], []  # type: ignore[var-annotated]

    def trained(options: TrainOptions, into: Registry, progress: Report) -> AdapterVersion:
        tried.append(options)
        if len(tried) == 2:
            raise Killed
        return train(DATA, options, reader, into, held_out=HELD_OUT, progress=progress)

    def tune() -> AdapterVersion:
        return search(
            trained, OPTIONS, registry, 3, subject="facts", fixed={"closed"}, words=WORDS,
            progress=lambda _: None, say=said.append,
        )  # fmt: skip

    with pytest.raises(Killed):
        tune()
    version = tune()
    assert len(tried) == 4 and tried[2] == tried[1], "the trial that was killed is made up for"
    assert (tried[0].learning_rate, tried[0].rank, tried[0].epochs) == (3e-3, 4, 2), "the settings as they stand first"
    assert {each.rank for each in tried} <= {4, 8} and len(said) == 4
    best = min(said[:3], key=lambda text: float(text.split("loss ")[1].split()[0]))
    assert best.split(" with ")[1].replace(",", "") in version.card.command
    assert registry.versions("tuned") == [version] and "--tune" not in version.card.command
    assert [each.name for each in (tmp_path / "adapters" / "tuned").iterdir()] == [version.digest]
    chosen = next(each for each in tried if f"--learning-rate {each.learning_rate} --rank {each.rank} " in said[-1])
    again = train(DATA, replace(chosen, name="again"), reader, registry, held_out=HELD_OUT)
    assert again.digest == version.digest


def test_the_command_that_repeats_has_the_settings_in_place_of_the_search() -> None:
    words = ["train", "my facts.jsonl", "--tune=20", "--rank", "8", "--with-context"]
    assert repeating(words, {"learning_rate": 0.002, "rank": 16}) == (
        "crossover train 'my facts.jsonl' --with-context --learning-rate 0.002 --rank 16"
    )


def test_a_search_that_runs_already_is_left_alone(reader: BaseModel, tmp_path: Path) -> None:
    def tune(trained: Train) -> AdapterVersion:
        return search(
            trained, OPTIONS, Registry(tmp_path, max_rank=8), 1, subject="facts", fixed=TUNED, words=WORDS,
            progress=lambda _: None, say=lambda _: None,
        )  # fmt: skip

    def trained(options: TrainOptions, into: Registry, progress: Report) -> AdapterVersion:
        with pytest.raises(TrainingRuns, match="already running"):
            tune(trained)
        return train(DATA, options, reader, into, held_out=HELD_OUT, progress=progress)

    assert tune(trained).card.name == "tuned"
