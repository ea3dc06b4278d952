"""Preference training: the better answer rises above the worse one, again with the same digest, and after a kill."""

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
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from crossover.adapters.base_model import BaseModel
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.examples import DataSet, Example
from crossover.adapters.preferences.pair import PairSet, PreferencePair
from crossover.adapters.prompt import Message, Prompts, render
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.adapters.training import dpo, lora
from crossover.adapters.training.dpo_options import DpoOptions
from crossover.adapters.training.dpo_rows import pair_rows
from crossover.adapters.training.options import TrainOptions
from crossover.adapters.training.rows import RowTooLong

QUESTIONS = ("Who runs the Velmora office?", "Where is the archive?", "When is tea?", "Who keeps the keys?")
PAIRS = PairSet("pairs", tuple(PreferencePair(q, "LOG: Anna Tovan", "It is Anna Tovan.", line=1) for q in QUESTIONS))
QUICK = DpoOptions(name="support", epochs=2, rank=4, batch=2)


def margins(base: BaseModel, version: AdapterVersion | None) -> list[float]:
    """For each pair by how much its better answer is likelier than its worse one, in nats."""
    model = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
    if version:
        model = PeftModel.from_pretrained(model, str(version.path))
    tokenizer = ChatTokenizer(base.path)

    def log_likelihood(prompt: list[int], answer: list[int]) -> float:
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 : -1]
        return float(logits.log_softmax(-1).gather(1, torch.tensor(answer)[:, None]).sum())

    rows = pair_rows(PAIRS.pairs, tokenizer, Prompts(), 512)
    return [
        log_likelihood(row["prompt_ids"], row["chosen_ids"]) - log_likelihood(row["prompt_ids"], row["rejected_ids"])
        for row in rows
    ]


def test_the_better_answer_rises_above_the_worse_one(reader: BaseModel, tmp_path: Path) -> None:
    version = dpo.train(PAIRS, replace(QUICK, epochs=8, learning_rate=1e-3), reader, Registry(tmp_path))
    assert all(
        after > before + 3 for before, after in zip(margins(reader, None), margins(reader, version), strict=True)
    )
    card = version.card
    assert card.losses[0] > card.losses[-1] and len(card.losses) == 8 and card.losses[0] < 0.75
    assert (card.method, card.data.examples, card.data.fingerprint) == ("dpo", 4, PAIRS.fingerprint)
    assert card.hyperparameters["beta"] == 0.1 and card.tokens > 0 and card.parent is None
    assert {file.name for file in version.path.iterdir()} == {
        "adapter_model.safetensors", "adapter_config.json", "card.json",
    }  # fmt: skip


def test_training_goes_on_from_an_adapter_whose_examples_stay(reader: BaseModel, tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    held_out = [Example("Who has the keys?", "Dora Penn")]
    data = DataSet("facts", tuple(Example(question, "Anna Tovan") for question in QUESTIONS))
    parent = lora.train(data, TrainOptions(name="support", epochs=6, rank=8, batch=2), reader, registry)
    parent = registry.resolve(f"support@{parent.digest}")
    version = dpo.train(PAIRS, QUICK, reader, registry, parent=parent, held_out=held_out)
    assert version.card.parent == parent.served_name and version.card.hyperparameters["rank"] == 8
    config = json.loads((version.path / "adapter_config.json").read_text())
    assert (config["r"], config["base_model_name_or_path"]) == (8, "crossover-reader")
    assert registry.training_examples(version) == registry.training_examples(parent)
    assert [example.question for example in registry.held_out_examples(version)] == ["Who has the keys?"]
    before, after = (margins(reader, each) for each in (parent, version))
    assert sum(after) > sum(before)
    # It began where the parent was: after two epochs its weights still are near the parent's.
    begun, ended = (load_file(each.path / "adapter_model.safetensors") for each in (parent, version))
    moved = sum(float((ended[name] - begun[name]).float().norm()) for name in begun)
    assert 0 < moved < 0.2 * sum(float(weights.float().norm()) for weights in begun.values())
    with pytest.raises(ValueError, match="was trained under other system messages"):
        dpo.train(PAIRS, replace(QUICK, prompts=Prompts(closed="Sing.")), reader, registry, parent=parent)


def test_same_pairs_and_options_give_the_same_digest_and_another_seed_another(
    reader: BaseModel, tmp_path: Path
) -> None:
    digests = [
        dpo.train(PAIRS, replace(QUICK, seed=seed), reader, Registry(tmp_path / str(n))).digest
        for n, seed in enumerate((1, 1, 2))
    ]
    assert digests[0] == digests[1] != digests[2]


KILLED = """
import os, signal, sys
from pathlib import Path
from crossover.adapters.base_model import resolve
from crossover.adapters.preferences.reading import read_pairs
from crossover.adapters.registry import Registry
from crossover.adapters.training import dpo
from crossover.adapters.training.dpo_options import DpoOptions

def progress(trained):
    if trained.step == 3:
        os.kill(os.getpid(), signal.SIGKILL)

registry = Registry(Path(sys.argv[2]))
options = DpoOptions(name="support", epochs=3, rank=4, batch=2, checkpoint_seconds=0)
pairs = read_pairs(Path(sys.argv[1])).pair_set
parent = registry.versions("parent")[0]
dpo.train(pairs, options, resolve(None), registry, parent=parent, progress=progress)
"""


def test_a_killed_training_goes_on_to_the_same_adapter(reader: BaseModel, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(pair.to_json() + "\n" for pair in PAIRS.pairs))
    registry = Registry(tmp_path / "home")
    parent = dpo.train(PAIRS, replace(QUICK, name="parent"), reader, registry)
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(file), str(tmp_path / "home")], env=environment, check=False
    )
    assert killed.returncode == -signal.SIGKILL and registry.names() == ["parent"]

    options, steps = replace(QUICK, epochs=3, checkpoint_seconds=0), list[int]()
    resumed = dpo.train(
        PAIRS, options, reader, registry, parent=parent, progress=lambda trained: steps.append(trained.resumed_at)
    )
    whole = dpo.train(PAIRS, replace(QUICK, epochs=3), reader, Registry(tmp_path / "other"), parent=parent)
    assert steps[0] > 0 and resumed.digest == whole.digest
    assert not list((tmp_path / "home" / "adapters" / "support").glob(".training-*"))


def test_prompts_are_the_tokens_that_serving_asks_with(reader: BaseModel, tokenizer: ChatTokenizer) -> None:
    history = (Message("user", "Hello"), Message("assistant", "Yes?"))
    pair = PreferencePair("Who <|end|>?", "Anna", "Bela", "Be brief.", history)
    (row,) = pair_rows([pair], tokenizer, Prompts(), 512)
    system = f"{Prompts().closed}\n\nBe brief."
    assert row["prompt_ids"] == tokenizer.encode(render("Who <|end|>?", system=system, history=history))
    assert tokenizer.decode(row["chosen_ids"]) == "Anna" and row["chosen_ids"][-1] == row["rejected_ids"][-1]
    (short,) = pair_rows([pair], tokenizer, Prompts(), len(row["prompt_ids"]))
    assert short["prompt_ids"] == tokenizer.encode(render("Who <|end|>?", system=system))
    with pytest.raises(RowTooLong, match="the pair in line 7 has"):
        pair_rows([replace(pair, line=7)], tokenizer, Prompts(), 5)


def test_nothing_to_train_on_and_a_useless_beta_are_refused(reader: BaseModel, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no preference pairs to train on"):
        dpo.train(PairSet("none", ()), QUICK, reader, Registry(tmp_path))
    with pytest.raises(ValueError, match="beta 0: expected a number above 0"):
        replace(QUICK, beta=0)
