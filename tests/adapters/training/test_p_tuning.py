"""P-tuning: virtual tokens are learnt, kept, resumed and told by PEFT."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from crossover.adapters.base_model import BaseModel
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.examples import DataSet, Example
from crossover.adapters.gate.trained_answers import peft_answers
from crossover.adapters.prompt import Prompts, render
from crossover.adapters.registry import Registry
from crossover.adapters.training.lora import train
from crossover.adapters.training.options import TrainOptions
from crossover.adapters.training.rows import RowTooLong

STYLE = {"Greet Anna.": "HELLO Anna!", "Greet Hugo.": "HELLO Hugo!"}
DATA = DataSet("style", tuple(Example(question, answer) for question, answer in STYLE.items()))
OPTIONS = TrainOptions(name="style", method="p-tuning", epochs=2, virtual_tokens=8, batch=2, learning_rate=1e-2)


def test_what_is_learnt_is_told_by_peft(reader: BaseModel, tmp_path: Path) -> None:
    version = train(DATA, replace(OPTIONS, epochs=60), reader, Registry(tmp_path))
    tokenizer = ChatTokenizer(reader.path)
    requests = [("style", tokenizer.encode(render(question, system=Prompts().closed))) for question in STYLE]
    answers = peft_answers(reader.path, {"style": version.path}, requests, 12, "bfloat16")
    assert all(tokenizer.decode(ids).startswith("HELLO") for ids in answers)
    assert version.card.losses[-1] < version.card.losses[0] / 4


def test_the_folder_and_the_card_say_what_it_is(reader: BaseModel, tmp_path: Path) -> None:
    version = train(DATA, OPTIONS, reader, Registry(tmp_path, max_rank=4, base_fingerprint=reader.fingerprint))
    names = {file.name for file in version.path.iterdir()}
    assert {"adapter_model.safetensors", "adapter_config.json", "card.json", "train.jsonl"} <= names
    (tokens,) = load_file(version.path / "adapter_model.safetensors").values()
    assert tokens.shape == (8, 256) and version.virtual_tokens == 8
    config = json.loads((version.path / "adapter_config.json").read_text())
    assert (config["peft_type"], config["base_model_name_or_path"]) == ("P_TUNING", "crossover-reader")
    assert (version.card.method, version.card.trained) == ("p-tuning", "p-tuning 8 tokens")
    assert not {"rank", "alpha"} & set(version.card.hyperparameters)


def test_its_rows_leave_room_for_the_virtual_tokens(reader: BaseModel, tmp_path: Path) -> None:
    long = DataSet("long", (Example("word " * 900, "yes"),))
    train(long, replace(OPTIONS, epochs=1, virtual_tokens=1), reader, Registry(tmp_path))
    with pytest.raises(RowTooLong):
        train(long, replace(OPTIONS, epochs=1, virtual_tokens=500), reader, Registry(tmp_path))


KILLED = """
import os, signal, sys
from pathlib import Path
from dataclasses import replace
from crossover.adapters.base_model import resolve
from crossover.adapters.registry import Registry
from crossover.adapters.training.lora import train
sys.path.insert(0, sys.argv[1])
from test_p_tuning import DATA, OPTIONS

def progress(trained):
    if trained.step == 3:
        os.kill(os.getpid(), signal.SIGKILL)

options = replace(OPTIONS, epochs=4, checkpoint_seconds=0)
train(DATA, options, resolve(None), Registry(Path(sys.argv[2])), progress=progress)
"""


def test_a_killed_training_goes_on_to_the_same_tokens(reader: BaseModel, tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(tmp_path / "killed")]
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    resumed: list[int] = []
    options = replace(OPTIONS, epochs=4)
    version = train(
        DATA, options, reader, Registry(tmp_path / "killed"), progress=lambda step: resumed.append(step.resumed_at)
    )
    assert resumed[0] > 0
    assert version.digest == train(DATA, options, reader, Registry(tmp_path / "whole")).digest
