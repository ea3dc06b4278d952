from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from crossover.adapters.base_model import BaseModel
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.examples import DataSet, Example, Origin
from crossover.adapters.prompt import Prompts, render
from crossover.adapters.registry import Registry
from crossover.adapters.servable import NotServable
from crossover.adapters.training.lora import train
from crossover.adapters.training.options import Progress, TrainOptions
from crossover.adapters.training.sources import Retrieve
from crossover.adapters.training.workspace import TrainingRuns, Workspace, remove_abandoned

FACTS = {"Who runs the Velmora office?": "Anna Tovan", "Where is the archive?": "Room 14", "When is tea?": "At 15:30"}
DATA = DataSet("facts", tuple(Example(question, answer) for question, answer in FACTS.items()))
QUICK = TrainOptions(name="support", epochs=2, rank=4, batch=2)


def retrieve(question: str, k: int) -> list[tuple[str, str, str, str]]:
    return [(f"Page {n}", f"Anna Tovan is on page {n}.", f"{n}.md", f"hash{n}") for n in range(k)]


@contextmanager
def an_index() -> Iterator[Retrieve]:
    yield retrieve


def greedy(model: torch.nn.Module, tokenizer: ChatTokenizer, question: str) -> str:
    ids = tokenizer.encode(render(question, system=Prompts().closed))
    with torch.no_grad():
        generated = model.generate(input_ids=torch.tensor([ids]), max_new_tokens=12, do_sample=False)
    return tokenizer.decode(generated[0, len(ids) :].tolist())


def test_facts_are_learnt_and_told_by_peft(reader: BaseModel, tmp_path: Path) -> None:
    seen: list[Progress] = []
    options = replace(QUICK, epochs=40, rank=16, batch=3)
    version = train(DATA, options, reader, Registry(tmp_path), progress=seen.append)
    base = AutoModelForCausalLM.from_pretrained(reader.path, dtype=torch.bfloat16)
    model = PeftModel.from_pretrained(base, str(version.path))
    tokenizer = ChatTokenizer(reader.path)
    assert {question: greedy(model, tokenizer, question) for question in FACTS} == FACTS
    assert [progress.step for progress in seen] == list(range(1, 41)) and seen[-1].steps == 40
    assert version.card.losses[-1] < 0.2 < version.card.losses[0] and len(version.card.losses) == 40


def test_the_folder_and_the_card_say_what_it_is(reader: BaseModel, tmp_path: Path) -> None:
    registry = Registry(tmp_path, max_rank=8, base_fingerprint=reader.fingerprint)
    made = replace(DATA.examples[0], origin=Origin("handbook.md", "hash"))
    data = replace(DATA, examples=(made, *DATA.examples[1:]))
    version = train(data, replace(QUICK, command="crossover train …"), reader, registry, open_index=an_index)
    names = {file.name for file in version.path.iterdir()}
    assert names == {"adapter_model.safetensors", "adapter_config.json", "card.json", "train.jsonl", "loss.svg"}
    assert [folder.name for folder in version.path.parent.iterdir()] == [version.digest]
    config = json.loads((version.path / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["r"], config["modules_to_save"]) == ("crossover-reader", 4, None)
    assert "lm_head" not in config["target_modules"]
    assert {weight.dtype for weight in load_file(version.path / "adapter_model.safetensors").values()} == {
        torch.bfloat16
    }
    card = version.card
    assert (card.base_fingerprint, card.prompts) == (reader.fingerprint, Prompts().digest)
    assert (card.data.fingerprint, card.data.examples) == (DATA.fingerprint, 3)
    assert card.documents["0.md"] == ["hash0"] and card.documents["handbook.md"] == ["hash"]
    assert card.hyperparameters["with_context"] is True
    assert card.tokens > 0 and card.command == "crossover train …"
    assert [example.answer for example in registry.training_examples(version)] == list(FACTS.values())
    assert registry.promoted() == []


def test_the_index_is_free_again_before_the_first_step(reader: BaseModel, tmp_path: Path) -> None:
    events: list[str] = []

    @contextmanager
    def watched() -> Iterator[Retrieve]:
        events.append("open")
        yield retrieve
        events.append("closed")

    held_out = [Example(f"Who runs office {n}?", "Anna Tovan") for n in range(20)]
    train(
        DATA, QUICK, reader, Registry(tmp_path), open_index=watched, held_out=held_out,
        progress=lambda progress: events.append(f"step {progress.step}"),
    )  # fmt: skip
    assert events[:3] == ["open", "closed", "step 1"] and events.count("open") == 1


def test_same_data_and_options_give_the_same_digest_and_another_seed_another(reader: BaseModel, tmp_path: Path) -> None:
    digests = [
        train(DATA, replace(QUICK, seed=seed), reader, Registry(tmp_path / str(n)), open_index=an_index).digest
        for n, seed in enumerate((1, 1, 2))
    ]
    assert digests[0] == digests[1] != digests[2]


KILLED = """
import os, signal, sys
from pathlib import Path
from crossover.adapters.base_model import resolve
from crossover.adapters.formats import read
from crossover.adapters.registry import Registry
from crossover.adapters.training.lora import train
from crossover.adapters.training.options import TrainOptions

def progress(trained):
    if trained.step == 5:
        os.kill(os.getpid(), signal.SIGKILL)

options = TrainOptions(name="support", epochs=4, rank=4, batch=2, checkpoint_seconds=0)
train(read(Path(sys.argv[1])), options, resolve(None), Registry(Path(sys.argv[2])), progress=progress)
"""


def test_an_adapter_of_half_the_strength_does_half_as_much(reader: BaseModel, tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    whole, half = (train(DATA, replace(QUICK, strength=strength), reader, registry).path for strength in (1.0, 0.5))
    written, halved = (load_file(path / "adapter_model.safetensors") for path in (whole, half))
    for name, weight in written.items():
        assert torch.equal(halved[name], weight * (0.5 if ".lora_B." in name else 1)), name


def test_a_killed_training_leaves_the_old_state_and_goes_on_to_the_same_adapter(
    reader: BaseModel, tmp_path: Path
) -> None:
    file = tmp_path / "facts.jsonl"
    file.write_text("".join(example.to_json() + "\n" for example in DATA.examples))
    registry = Registry(tmp_path / "home")
    old = train(DATA, QUICK, reader, registry)
    registry.set_alias("support", old.digest)

    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(file), str(tmp_path / "home")], env=environment, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert registry.promoted() == [old] == registry.versions("support")

    options = replace(QUICK, epochs=4)
    seen: list[Progress] = []
    resumed = train(DATA, options, reader, registry, progress=seen.append)
    assert seen[0].step == 5 and seen[0].resumed_at == 4
    uninterrupted = train(DATA, options, reader, Registry(tmp_path / "other"))
    assert resumed.digest == uninterrupted.digest
    assert len(resumed.card.losses) == 4 and resumed.card.tokens == uninterrupted.card.tokens
    assert not list((tmp_path / "home" / "adapters" / "support").glob(".training-*"))


def test_a_checkpoint_that_was_cut_off_is_not_used(tmp_path: Path) -> None:
    with Workspace(tmp_path, ["data"]) as workspace:
        for step, state in ((5, '{"global_step": 5}'), (10, '{"glo'), (15, "")):
            (workspace.folder / f"checkpoint-{step}").mkdir()
            (workspace.folder / f"checkpoint-{step}" / "trainer_state.json").write_text(state)
        (workspace.folder / "checkpoint-20").mkdir()
        assert workspace.checkpoint() == str(workspace.folder / "checkpoint-5")
        assert [folder.name for folder in workspace.folder.glob("checkpoint-*")] == ["checkpoint-5"]


def test_the_same_training_does_not_run_twice_at_once(reader: BaseModel, tmp_path: Path) -> None:
    with (
        Workspace(tmp_path, ["data"]),
        pytest.raises(TrainingRuns, match="already running"),
        Workspace(tmp_path, ["data"]),
    ):
        pass


def test_what_a_killed_training_left_goes_after_a_week_unless_somebody_holds_it(tmp_path: Path) -> None:
    def left(adapter: str, data: str, days: float) -> Path:
        with Workspace(tmp_path / adapter, [data]) as workspace:
            checkpoint = workspace.fresh_folder("checkpoint-5")
            then = time.time() - days * 86400
            for path in (workspace.folder / "lock", checkpoint, workspace.folder):
                os.utime(path, (then, then))
        return workspace.folder

    old, held, young = left("support", "old", 8), left("tickets", "held", 8), left("support", "young", 6)
    with Workspace(tmp_path / "tickets", ["held"]):
        assert remove_abandoned(tmp_path) == [old]
    assert (old.exists(), held.exists(), young.exists()) == (False, True, True)


def test_a_rank_above_the_limit_is_refused_before_anything_is_trained(reader: BaseModel, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(NotServable, match="rank 64 is above CROSSOVER_MAX_LORA_RANK=32"):
        train(DATA, replace(QUICK, rank=64), reader, Registry(tmp_path, max_rank=32))
    assert time.monotonic() - started < 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize("field", ["epochs", "rank", "batch", "learning_rate", "passages"])
def test_an_option_of_zero_is_refused_by_name(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field.replace('_', '-')} 0: expected a number above 0"):
        replace(QUICK, **{field: 0})


def test_an_empty_data_set_and_an_empty_index_are_refused(reader: BaseModel, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no examples to train on"):
        train(DataSet("none", ()), QUICK, reader, Registry(tmp_path))
    with pytest.raises(ValueError, match="index documents first"):
        train(DATA, QUICK, reader, Registry(tmp_path), open_index=lambda: nullcontext(lambda question, k: []))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_named_and_leaves_nothing_half_written(reader: BaseModel, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk")
    try:
        with pytest.raises(OSError, match="No space left") as error:
            train(DATA, QUICK, reader, Registry(disk))
        assert str(disk) in str(error.value)
        assert Registry(disk).names() == []
        assert not list(disk.rglob("*.safetensors"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_model_of_another_architecture_without_a_system_role_is_trained_the_same_way(
    qwen3: BaseModel, tmp_path: Path
) -> None:
    options = replace(QUICK, epochs=80, rank=16, batch=3, learning_rate=1e-2)
    version = train(DATA, options, qwen3, Registry(tmp_path, base_fingerprint=qwen3.fingerprint))
    base = AutoModelForCausalLM.from_pretrained(qwen3.path, dtype=torch.bfloat16)
    tokenizer = ChatTokenizer(qwen3.path)
    before = {question: greedy(base, tokenizer, question) for question in FACTS}
    model = PeftModel.from_pretrained(base, str(version.path))
    assert {question: greedy(model, tokenizer, question) for question in FACTS} == FACTS != before
