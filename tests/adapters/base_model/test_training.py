"""Training: what a row holds, that a killed run goes on as if nothing had happened, that its export answers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoConfig

from crossover.adapters.base_model import WEIGHTS, checkpoint, corpus, prose, resolve, rows
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.measure import Answerer, Item
from crossover.adapters.base_model.model import Reader, Shape
from crossover.adapters.base_model.stages import SCRATCH
from crossover.adapters.base_model.train import Options, Run, main
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.prompt import Prompts, render

TINY = (replace(SCRATCH[0], until=1.0, rows=2, length=256),)
STEPS = 6
BUDGET = STEPS * 2 * 256 / 1e6
KILLED_BEFORE_STEP = 5  # after the checkpoint of step 4


@pytest.fixture(scope="module")
def encoder() -> rows.Encoder:
    return rows.Encoder(WEIGHTS)


def test_dialogues_are_encoded_exactly_as_the_server_encodes_its_prompts(encoder: rows.Encoder) -> None:
    served = ChatTokenizer(WEIGHTS)
    draw = Draw(1)
    for stage in SCRATCH:
        for _ in range(15):
            made = corpus.dialogue(draw, stage.mix)
            encoded = encoder.encode(made)
            ids, mask = served.encode_example(made.messages[:-1], made.messages[-1].content)
            assert encoded.ids == ids
            if sum(made.trained) == 1:
                assert encoded.trained == mask


def test_a_row_holds_whole_dialogues_and_is_never_longer_than_asked(encoder: rows.Encoder) -> None:
    draw = Draw(2)
    ids, trained = rows.batch(lambda: encoder.encode(corpus.dialogue(draw, SCRATCH[0].mix)), rows=8, length=256)
    assert ids.shape == trained.shape == (8, 257)
    assert trained.sum(1).min() > 0
    for row in ids.tolist():
        used = row[: max(n for n, token in enumerate(row) if token != rows.PAD) + 1]
        assert used[0] == 1
        assert used[-1] == rows.END


def test_dialogues_in_one_row_do_not_see_each_other(encoder: rows.Encoder) -> None:
    model = Reader(Shape())
    checkpoint.load_weights(model, WEIGHTS)
    draw = Draw(3)
    first, second = (encoder.encode(corpus.dialogue(draw, SCRATCH[0].mix)).ids for _ in range(2))
    alone = model(torch.tensor([second]), torch.float32)
    # Behind the first one the second stands at other positions, which rotary embeddings see only as distances.
    together = model(torch.tensor([first + second]), torch.float32)[:, len(first) :]
    assert torch.allclose(alone, together, atol=1e-3)


def test_a_model_that_grows_in_depth_answers_as_before_and_can_learn() -> None:
    draw = Draw(4)
    ids = torch.tensor([rows.Encoder(WEIGHTS).encode(corpus.dialogue(draw, SCRATCH[0].mix)).ids])
    before, deeper = Reader(Shape()), Reader(Shape(layers=Shape().layers + 2))
    for model in (before, deeper):
        checkpoint.load_weights(model, WEIGHTS)
    hidden = deeper(ids, torch.float32)
    assert torch.allclose(before(ids, torch.float32), hidden, atol=1e-4)
    hidden.square().sum().backward()
    silent = [p for name, p in deeper.named_parameters() if name.endswith("o_proj.weight") and not p.any()]
    assert len(silent) == 2
    assert all(p.grad is not None and p.grad.any() for p in silent)


def test_a_killed_run_goes_on_to_the_same_weights_as_an_uninterrupted_one(tmp_path: Path) -> None:
    options = Options(tmp_path / "whole", mtok=BUDGET, threads=1, every=2, questions=0, course=TINY)
    Run(options).train()
    script = f"""
import os, signal
from pathlib import Path
from dataclasses import replace
from crossover.adapters.base_model import prose
from crossover.adapters.base_model.stages import SCRATCH
from crossover.adapters.base_model.train import Options, Run

prose.PROSE = Path({str(prose.PROSE)!r})

class Killed(Run):
    def _step(self, stage, rate):
        if self.progress.step == {KILLED_BEFORE_STEP}:
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._step(stage, rate)

course = (replace(SCRATCH[0], until=1.0, rows=2, length=256),)
out = Path({str(tmp_path / "killed")!r})
Killed(Options(out, mtok={BUDGET}, threads=1, every=2, questions=0, course=course)).train()
"""
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed = Run(replace(options, out=tmp_path / "killed"))
    assert resumed.progress.step == KILLED_BEFORE_STEP - 1
    resumed.train()
    whole, again = (load_file(tmp_path / name / "weights" / "model.safetensors") for name in ("whole", "killed"))
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    assert (tmp_path / "killed" / checkpoint.CURVE).read_text().splitlines()[-1].startswith(f"{STEPS},")


def test_an_export_loads_in_transformers_and_answers_from_a_passage(tmp_path: Path) -> None:
    model = Reader(Shape())
    checkpoint.load_weights(model, WEIGHTS)
    checkpoint.export(model.state_dict(), tmp_path / "weights")
    question, passage = "Who runs the Velmora office?", ("The Velmora office", "Anna Tovan runs the Velmora office.")
    messages = render(question, system=Prompts().rag, passages=[passage])
    assert Answerer(tmp_path / "weights").answer([Item(tuple(messages), ())]) == ["Anna Tovan [1]"]
    assert resolve(str(tmp_path / "weights")).max_model_len == resolve(None).max_model_len


def test_a_checkpoint_of_fewer_layers_can_still_be_exported(tmp_path: Path) -> None:
    shallow = Reader(Shape(layers=2))
    checkpoint.export(shallow.state_dict(), tmp_path / "weights")
    assert AutoConfig.from_pretrained(tmp_path / "weights").num_hidden_layers == 2


def test_a_checkpoint_can_be_exported_at_any_time_and_an_absent_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(Options(tmp_path / "run", mtok=BUDGET, stop_mtok=2 * 256 / 1e6, threads=1, questions=0, course=TINY))
    run.train()
    assert main(["--out", str(tmp_path / "run"), "--export", str(tmp_path / "weights")]) == 0
    exported = load_file(tmp_path / "weights" / "model.safetensors")
    assert torch.equal(exported["model.norm.weight"], run.model.state_dict()["model.norm.weight"].bfloat16())
    assert main(["--out", str(tmp_path / "absent"), "--export", str(tmp_path / "weights")]) == 2
    assert "no checkpoint there" in capsys.readouterr().err


def test_weights_of_another_shape_are_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other").mkdir()
    from safetensors.torch import save_file

    save_file({"model.norm.weight": torch.ones(8)}, tmp_path / "other" / "model.safetensors")
    assert main(["--out", str(tmp_path / "run"), "--init", str(tmp_path / "other")]) == 2
    assert f"{tmp_path / 'other'}: not weights of this model" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_the_card_names_the_parameters_that_the_weights_have() -> None:
    card = json.loads((WEIGHTS / "card.json").read_text())
    assert card["parameters"] == sum(p.numel() for p in Reader(Shape()).parameters())
