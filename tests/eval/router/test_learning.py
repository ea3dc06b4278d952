"""From a finished world to a policy: everything real but the answers, which are drawn."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asked_questions import asked
from finished_world import finish_world
from rich.console import Console
from typer.testing import CliRunner

from crossover.eval import scoring
from crossover.eval.bench import router as bench
from crossover.eval.bench import router_age
from crossover.eval.bench.worlds import SAMPLED
from crossover.eval.money.prices import load_prices
from crossover.eval.router import features_file, learning
from crossover.eval.router.asked import Asked, as_served, load
from crossover.eval.run_log import RunMismatch
from crossover.server.cli import app
from crossover.server.routing.features import FEATURE_VERSION
from crossover.server.routing.policy import load as load_policy
from crossover.server.settings import Settings


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a small world."""
    return finish_world(tmp_path_factory.mktemp("world"), seed=931)


@pytest.fixture(scope="session")
def questions(world: Path) -> Asked:
    """Its questions, with features taken from its home."""
    return load(world, Settings(home=world.parent.parent), load_prices())


def fit_router(home: Path, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CROSSOVER_HOME", str(home))
    return CliRunner().invoke(app, ["eval", "fit-router", *arguments])


def test_what_the_router_sees_tells_the_slices_apart(questions: Asked) -> None:
    def mean(name: str, kind: str) -> float:
        seen = [getattr(v.features, name) for v, k in zip(questions.views, questions.slices, strict=True) if k == kind]
        return sum(float(value) for value in seen) / len(seen)

    assert mean("best_unseen", "fresh") > 0.7 > 0.5 > mean("best_unseen", "stable")
    assert mean("taught_stands", "stable") > 0.8 > mean("taught_stands", "fresh") + 0.3
    assert mean("new_document", "new") > mean("new_document", "stable") + 0.4
    assert mean("overlap", "tacit") > mean("overlap", "new")
    assert mean("sentences", "format") > 1.9 > mean("sentences", "fresh")


def test_a_server_that_shows_examples_in_rag_is_fitted_on_the_arm_that_does(world: Path, questions: Asked) -> None:
    runs = {run.arm: run for run in scoring.load([world]).runs}
    runs["rag+examples"] = replace(runs["rag"], arm="rag+examples")
    served, others = as_served(runs, questions.circumstances)
    assert served["rag"] is runs["rag"] and others["rag+examples"] is runs["rag+examples"]
    served, others = as_served(runs, questions.circumstances.model_copy(update={"rag_examples": 3}))
    assert served["rag"] is runs["rag+examples"] and others["rag without examples"] is runs["rag"]


def test_features_are_kept_beside_the_answers_and_not_taken_for_some(world: Path, questions: Asked) -> None:
    assert (world / "features.jsonl").exists()
    assert set(questions.scores) == {"base", "few-shot", "rag", "finetune", "hybrid", "abstain"}
    again = load(world, Settings(home=world.parent.parent), load_prices())
    assert [view.features for view in again.views] == [view.features for view in questions.views]


def test_features_of_another_version_or_half_written_are_refused(world: Path, questions: Asked, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    shutil.copytree(world, folder)
    file = folder / "features.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:-2]))
    with pytest.raises(RunMismatch, match="2 of 168 questions have no features yet: run the same"):
        load(folder, Settings(home=tmp_path), load_prices())
    header = json.loads(lines[0])
    header["identity"]["feature_version"] = 0
    file.write_text(json.dumps(header) + "\n" + "".join(lines[1:]))
    with pytest.raises(RunMismatch, match=f"features of version 0, now {FEATURE_VERSION}"):
        load(folder, Settings(home=tmp_path), load_prices())


def test_features_are_not_recorded_again_under_settings_that_the_run_did_not_have(world: Path, tmp_path: Path) -> None:
    home, folder = world.parent.parent, tmp_path / "late"
    shutil.copytree(world, folder, ignore=shutil.ignore_patterns("features.jsonl"))
    with pytest.raises(RunMismatch, match=r"base was asked of fp_\w+, and with these settings a server is fp_"):
        load(folder, Settings(home=home, passages=2), load_prices())
    file = folder / "few-shot.jsonl"
    header, rows = file.read_text().split("\n", 1)
    told = json.loads(header)
    told["identity"]["prompt_settings"] = {"examples": 5}
    file.write_text(json.dumps(told) + "\n" + rows)
    assert load(folder, Settings(home=home), load_prices()).circumstances.few_shot == 5


def test_a_home_that_has_moved_on_cannot_tell_what_was_seen(world: Path, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "late"
    shutil.copytree(world, folder, ignore=shutil.ignore_patterns("features.jsonl"))
    shutil.copytree(world.parent.parent / "adapters", tmp_path / "adapters")
    with pytest.raises(RunMismatch, match="other documents are indexed than in the run"):
        load(folder, Settings(home=tmp_path), load_prices())
    assert not (folder / features_file.FILE).exists()


def test_the_command_writes_a_policy_that_beats_every_single_strategy(
    world: Path, questions: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "policy.json"
    done = fit_router(tmp_path, str(world), "-o", str(out), monkeypatch=monkeypatch)
    assert done.exit_code == 0, done.output
    assert "auto, by this policy" in done.output and "always hybrid" in done.output
    policy = load_policy(out, questions.circumstances, ["house"])
    figures = policy.figures
    assert figures["questions"] == 168
    assert figures["auto"]["score"] > max(figures["singles"].values())
    assert figures["estimators"]["finetune"]["log_loss"] < figures["estimators"]["finetune"]["log_loss_of_rate"]
    assert b"pickle" not in out.read_bytes() and json.loads(out.read_text())


def test_a_folder_without_runs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = fit_router(tmp_path, str(tmp_path), monkeypatch=monkeypatch)
    assert done.exit_code == 2 and "no runs in it" in done.output
    assert not (tmp_path / "policy.json").exists()


def test_a_policy_worse_than_one_strategy_is_not_written(questions: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    # Cost counts so much that it abstains, and one strategy is always right: nobody would want that policy.
    always = {"rag": np.ones(len(questions))}
    sure = replace(questions, scores=questions.scores | always)
    monkeypatch.setattr(learning, "load", lambda *_: sure)
    with pytest.raises(learning.NotWorthIt, match="`auto` keeps to its rules"):
        learning.learn([Path("runs")], Settings(router_cost_weight=90), load_prices())


def test_a_folder_given_twice_is_learnt_from_once(
    world: Path, questions: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = fit_router(tmp_path, str(world), str(world), "--json", monkeypatch=monkeypatch)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["questions"] == len(questions)


def test_where_the_rules_choose_what_was_not_asked_and_nothing_costs_there_is_a_policy_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    some = asked(300)
    names = ("rag", "finetune", "abstain")
    free = {name: np.zeros(300) for name in names}
    monkeypatch.setattr(
        learning, "load", lambda *_: replace(some, scores={name: some.scores[name] for name in names}, prices=free)
    )
    policy = learning.learn([Path("runs")], Settings(home=tmp_path), load_prices())
    assert policy.figures["rules"] is None and policy.figures["cost_of_dearest"] == 0
    console = Console(record=True)
    console.print(learning.table(policy))
    assert "auto, by the rules" in console.export_text()


def test_layout_moves_no_choice_and_a_changed_fact_those_about_it(
    world: Path, questions: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(router_age, "_CHANGES", 3)
    router_age.main(["--fit", str(world), "--world", str(world), "--documents", "60"])
    figures = json.loads((tmp_path / "build" / "prove" / "router_age.json").read_text())["figures"]
    assert figures["pages"] == 60
    assert figures["moved by saving"] == 0
    assert max(figures["moved by dating"], figures["moved by layout"]) < 0.05
    changed = figures["one fact changed"]
    assert changed["facts"] == 3 and changed["on the fact"]["questions"] >= 3
    # A policy of so few questions stands on edges: what else moves is a few, through the words' rarity in the search.
    assert changed["on the fact"]["moved"] > 5 * changed["other pages"]["moved"]
    assert changed["other pages"]["moved"] < 0.1


def test_the_proof_shows_auto_beside_everything_else(
    world: Path, questions: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path))
    other = tmp_path / "other"
    shutil.copytree(world, other)
    for name in SAMPLED:
        shutil.copytree(world, other / "runs" / name)
    bench.main(["--fit", str(world), "--judge", str(other), "--strange", str(other)])
    record = json.loads((tmp_path / "build" / "prove" / "router.json").read_text())["figures"]
    whole = record["all"]
    assert whole["questions"] == 168
    assert set(whole["singles"]) == {"base", "few-shot", "rag", "finetune", "hybrid"}
    assert whole["slice_oracle"] <= whole["question_oracle"]
    assert whole["auto"]["score"] > whole["singles"][whole["best_single"]]
    assert set(whole["stale"]) >= {"auto", "without_age", "finetune"}
    oracles = record["sampled_twice"]["oracles"]
    assert (
        oracles["without"] == oracles["with_luck"] == pytest.approx(whole["question_oracle"])
    )  # the same answers twice
    assert set(record["other_shares"]) == set(whole["by_slice"])
    assert "stale answers in %" in capsys.readouterr().out
    with pytest.raises(ValueError, match="fitted on and judged on"):
        bench.main(["--fit", "1", "--judge", "1"])
