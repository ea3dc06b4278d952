"""Going on from an adapter, several tasks at once, replay and early stopping, each in a training of seconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from crossover.adapters.base_model import BaseModel
from crossover.adapters.examples import DataSet, Example
from crossover.adapters.prompt import Prompts
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.adapters.training.lora import train
from crossover.adapters.training.options import Progress, TrainOptions
from crossover.adapters.training.replay import kept_examples
from crossover.adapters.training.tasks import Task

FIRST = DataSet("first", (Example("Who runs the Velmora office?", "Anna Tovan"), Example("Where is tea?", "Room 14")))
SECOND = DataSet("second", (Example("Which code opens gate 3?", "K-77"), Example("When is lunch?", "At noon")))
HELD_OUT = [Example(f"What is the colour of badge {n}?", f"{n} green doors") for n in range(24)]
QUICK = TrainOptions(name="second", epochs=2, rank=4, batch=2)


class Killed(Exception):
    """What ends a training on its way."""


def questions(examples: Sequence[Example]) -> list[str]:
    return [example.question for example in examples]


@pytest.fixture(scope="module")
def registry(reader: BaseModel, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """With an adapter of the first task, promoted."""
    registry = Registry(tmp_path_factory.mktemp("home"))
    version = train(FIRST, replace(QUICK, name="first"), reader, registry)
    registry.set_alias("first", version.digest)
    return registry


@pytest.fixture(scope="module")
def parent(registry: Registry) -> AdapterVersion:
    return registry.resolve("first")


def test_training_goes_on_from_another_adapters_weights(
    reader: BaseModel, registry: Registry, parent: AdapterVersion
) -> None:
    still = replace(QUICK, epochs=1, learning_rate=1e-9, seed=1)
    same = train(SECOND, still, reader, registry, parent=parent)
    theirs, ours = (load_file(each.path / "adapter_model.safetensors") for each in (parent, same))
    assert theirs.keys() == ours.keys() and all(torch.allclose(theirs[name], ours[name]) for name in theirs)
    assert same.card.parent == parent.served_name and same.card.data.name == "second"


def test_another_rank_base_model_template_or_prompt_than_the_parents_is_refused_with_the_remedy(
    reader: BaseModel, qwen3: BaseModel, registry: Registry, parent: AdapterVersion
) -> None:
    cases = [
        (replace(QUICK, rank=8, alpha=8), reader, "its rank is 4, not 8; leave out --rank"),
        (replace(QUICK, rslora=True, alpha=8), reader, "its rslora is False, not True"),
        (QUICK, qwen3, "set CROSSOVER_BASE_MODEL to the former"),
        (replace(QUICK, prompts=Prompts(closed="Hi.")), reader, "set CROSSOVER_PROMPT_CLOSED"),
    ]
    for options, base, message in cases:
        with pytest.raises(ValueError, match=message):
            train(SECOND, options, base, registry, parent=parent)
    card = parent.card.model_copy(update={"chat_template": "another"})
    with pytest.raises(ValueError, match="set CROSSOVER_CHAT_TEMPLATE_KWARGS"):
        train(SECOND, QUICK, reader, registry, parent=replace(parent, card=card))
    assert "second" not in registry.names() or not list((registry.folder / "second").glob(".training-*"))


def test_several_files_and_replay_stand_on_the_card_with_their_weights(
    reader: BaseModel, registry: Registry, parent: AdapterVersion
) -> None:
    others = kept_examples(registry, "both", parent, reader, SECOND.examples)
    assert questions(others) == questions(FIRST.examples)
    options = replace(QUICK, name="both", epochs=4, replay=0.5, rslora=True)
    version = train([Task(SECOND, 2.0), Task(DataSet("third", SECOND.examples[:1]))], options, reader, registry,
                    others=others)  # fmt: skip
    card = version.card
    assert [(task.name, task.examples, task.weight) for task in card.tasks] == [("second", 2, 2.0), ("third", 1, 1.0)]
    assert card.data.examples == 3 and card.replayed == {"other tasks": 10, "reading and refusing": 10}
    config = json.loads((version.path / "adapter_config.json").read_text())
    assert (config["use_rslora"], config["lora_alpha"]) == (True, 8)
    kept = questions(registry.training_examples(version))
    assert kept == questions([*SECOND.examples, SECOND.examples[0]]), "replayed rows are not its own"


def test_what_is_trained_on_or_held_out_and_what_is_of_the_same_name_is_not_replayed(
    reader: BaseModel, qwen3: BaseModel, registry: Registry, parent: AdapterVersion
) -> None:
    assert questions(kept_examples(registry, "x", None, reader, FIRST.examples[:1])) == ["Where is tea?"]
    assert kept_examples(registry, "first", None, reader, ()) == []
    assert questions(kept_examples(registry, "first", parent, reader, ())) == questions(FIRST.examples)
    assert kept_examples(registry, "x", None, qwen3, ()) == []


def test_training_stops_when_the_validation_loss_rises_and_keeps_the_best_weights_killed_or_not(
    reader: BaseModel, tmp_path: Path
) -> None:
    wrong = DataSet("wrong", tuple(replace(each, answer="Anna Tovan") for each in HELD_OUT[:4]))
    options = replace(QUICK, name="stopped", epochs=40, learning_rate=1e-2)
    seen: list[Progress] = []
    registry = Registry(tmp_path / "one")
    version = train(wrong, options, reader, registry, held_out=HELD_OUT, progress=seen.append)
    chosen = version.card.validation
    assert chosen and chosen.examples == 12 == len(registry.held_out_examples(version))
    assert chosen.stopped_epoch and chosen.best_epoch < chosen.stopped_epoch < 40
    assert len(seen) < seen[0].steps and seen[-1].validation is not None
    losses = [loss for _, loss in chosen.losses]
    assert losses.index(min(losses)) == len(losses) - 1 - 5

    def kill(progress: Progress) -> None:
        if progress.step == len(seen) - 3:
            raise Killed

    other = Registry(tmp_path / "two")
    frequent = replace(options, checkpoint_seconds=0)
    with pytest.raises(Killed):
        train(wrong, frequent, reader, other, held_out=HELD_OUT, progress=kill)
    assert train(wrong, frequent, reader, other, held_out=HELD_OUT).digest == version.digest


def test_early_stopping_is_off_where_it_is_not_wanted_or_too_little_is_held_out(
    reader: BaseModel, tmp_path: Path
) -> None:
    registry = Registry(tmp_path)
    few = train(FIRST, QUICK, reader, registry, held_out=HELD_OUT[:19])
    assert few.card.validation is None and len(registry.held_out_examples(few)) == 19
    same = train(FIRST, replace(QUICK, early_stopping=False), reader, registry, held_out=HELD_OUT)
    assert same.card.validation is None and same.digest == few.digest
