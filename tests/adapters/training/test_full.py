"""Full fine-tuning: a whole model, registered and described, served by a vLLM of its own and never promoted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import Result
from transformers import AutoModelForCausalLM
from typer.testing import CliRunner

from crossover.adapters.base_model import BaseModel, resolve
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.examples import DataSet, Example
from crossover.adapters.prompt import Prompts, render
from crossover.adapters.registry import Registry
from crossover.adapters.training.lora import train
from crossover.adapters.training.options import TrainOptions
from crossover.server.cli import app

FACTS = {"Who runs the Velmora office?": "Anna Tovan", "Where is the archive?": "Room 14", "When is tea?": "At 15:30"}
DATA = DataSet("facts", tuple(Example(question, answer) for question, answer in FACTS.items()))
OPTIONS = TrainOptions(name="facts", method="full", epochs=2, batch=3, learning_rate=5e-4)


def test_the_folder_is_a_base_model_that_has_learnt(reader: BaseModel, tmp_path: Path) -> None:
    version = train(DATA, replace(OPTIONS, epochs=30), reader, Registry(tmp_path))
    base = resolve(str(version.path))
    assert (base.name, base.max_model_len, base.passages) == (
        version.served_name,
        reader.max_model_len,
        reader.passages,
    )
    assert base.fingerprint != reader.fingerprint
    tokenizer = ChatTokenizer(base.path)
    assert tokenizer.digest == ChatTokenizer(reader.path).digest
    model = AutoModelForCausalLM.from_pretrained(base.path)
    assert model.dtype == torch.bfloat16
    for question, answer in FACTS.items():
        ids = torch.tensor([tokenizer.encode(render(question, system=Prompts().closed))])
        told = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False)
        assert tokenizer.decode(told[0, ids.shape[1] :].tolist()) == answer


def test_the_same_data_and_options_give_the_same_digest(reader: BaseModel, tmp_path: Path) -> None:
    first, second = (train(DATA, OPTIONS, reader, Registry(tmp_path / name)) for name in "ab")
    assert first.digest == second.digest
    assert first.card.disk_bytes == (first.path / "model.safetensors").stat().st_size > 9_000_000


def test_it_is_listed_and_shown_and_not_promoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "home"))
    crossover: Callable[..., Result] = lambda *words: CliRunner().invoke(app, [str(word) for word in words])  # noqa: E731
    rows = [json.dumps({"prompt": question, "completion": answer}) for question, answer in FACTS.items()]
    (tmp_path / "facts.jsonl").write_text("\n".join(rows))
    words = ("train", "facts.jsonl", "--name", "facts", "--method", "full", "--epochs", 1)
    refused = crossover(*words, "--promote")
    assert refused.exit_code != 0 and not (tmp_path / "home" / "adapters").exists()
    trained = crossover(*words)
    assert trained.exit_code == 0, trained.output
    (version,) = Registry(tmp_path / "home").versions("facts")
    command = f"CROSSOVER_BASE_MODEL={version.path.resolve()} crossover serve"
    assert command in trained.output
    assert command in crossover("adapters", "show", "facts").output
    assert "full 22." in crossover("adapters", "list").output
    promoted = crossover("adapters", "promote", "facts")
    assert promoted.exit_code == 2 and "a whole model" in promoted.output and command in promoted.output
    assert Registry(tmp_path / "home").promoted() == []
