"""The router's other benches, on questions whose right strategy is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from asked_questions import asked, features, fitted
from finished_world import finish_world

from crossover.eval.bench import cascade, router_mixture
from crossover.eval.router.judge import by_policy, by_stream
from crossover.server.routing.choice import View


def test_each_half_of_the_stream_is_chosen_for_by_a_policy_of_the_other() -> None:
    questions = asked(600)
    first, second = router_mixture.halves(questions)
    groups = np.array(questions.groups)
    assert not set(groups[first]) & set(groups[second])
    assert (first ^ second).all()
    figures = router_mixture.figures_of(questions, 0.02)
    assert figures["never_below_best"] and figures["against"][figures["best_single"]]["words"] == "better"
    assert figures["kinds"]["changed"]["signal"] and not figures["kinds"]["nobody"]["signal"]
    router_mixture.show(figures)


def test_a_stream_like_the_fitted_one_is_chosen_for_as_before_and_a_strange_one_by_the_rules() -> None:
    policy, _ = fitted()
    alike = asked(600, seed=8)
    assert by_stream(policy, alike, 0.02).chosen == by_policy(policy, alike, 0.02).chosen
    odd = View("house", replace(features(covered=0.2, similarity=1.0), sentence_coverage=1.0))
    strange = replace(alike, views=[odd if n % 2 else view for n, view in enumerate(alike.views)])
    chosen = by_stream(policy, strange, 0.02).chosen
    assert sum(one != other for one, other in zip(chosen, by_policy(policy, strange, 0.02).chosen, strict=True)) > 100


def test_a_cascade_is_judged_beside_the_router_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path))
    folder = finish_world(tmp_path / "home", seed=932)
    copy = tmp_path / "home" / "runs" / "copy"
    copy.symlink_to(folder)
    cascade.main(["--fit", str(folder), "--judge", str(copy)])
    figures = json.loads((tmp_path / "build" / "prove" / "cascade.json").read_text())["figures"]
    assert figures["questions"] == 168 and len(figures["rows"]) == len(cascade.WEIGHTS)
    free, dear = figures["rows"][0], figures["rows"][-1]
    assert free["cascade"]["cost"] >= free["one_shot"]["cost"] >= dear["one_shot"]["cost"]
    assert "the router alone and with a check" in capsys.readouterr().out
