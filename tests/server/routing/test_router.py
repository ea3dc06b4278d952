"""`auto` at work: the policy where there is one, the rules elsewhere, and what is told of both."""

from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from asked_questions import HERE, asked, features
from prometheus_client import REGISTRY

from crossover.server.context import Context
from crossover.server.doctor import Finding, examine
from crossover.server.routing import routing_log
from crossover.server.routing.choice import View
from crossover.server.routing.distribution import Distribution
from crossover.server.routing.drift import LEAST, Drift
from crossover.server.routing.features import NAMES, Features
from crossover.server.routing.policy import Policy
from crossover.server.routing.router import Router
from crossover.server.settings import Settings

CHANGED = [View("house", features(changed=True))]
KNOWN = [View("house", features())]


def router(folder: Path, adapters: tuple[str, ...] = ("house",), **settings: object) -> Router:
    return Router(folder / "policy.json", HERE, lambda: adapters, Settings(home=folder, **settings))  # type: ignore[arg-type]


def test_without_a_policy_the_rules_serve(tmp_path: Path) -> None:
    plain = router(tmp_path)
    assert plain.state == "rules: no policy is fitted"
    route = plain.route(CHANGED)
    assert (route.strategy, route.adapter, route.trace) == ("hybrid", "house", {"by": "rules"})


def test_a_policy_chooses_says_why_and_shows_its_estimates(policy: Policy, tmp_path: Path) -> None:
    policy.save(tmp_path / "policy.json")
    auto = router(tmp_path)
    route = auto.route(CHANGED)
    assert (route.strategy, route.adapter) == ("rag", None)
    assert route.reason.startswith("rag is likeliest to be right (")
    assert route.trace["by"] == "policy" and route.trace["cost_weight"] == 0.02
    assert set(route.trace["estimates"]) == {"base", "rag", "finetune:house", "hybrid:house", "abstain"}
    right = {name: estimate["right"] for name, estimate in route.trace["estimates"].items()}
    assert max(right, key=right.__getitem__) == "rag"
    assert auto.route(KNOWN).adapter == "house"
    assert auto.state.startswith("policy of ") and "fitted on 300 questions" in auto.state


def test_the_weight_of_cost_is_a_setting_and_the_request_goes_before_it(policy: Policy, tmp_path: Path) -> None:
    policy.save(tmp_path / "policy.json")
    thrifty = router(tmp_path, router_cost_weight=50)
    assert thrifty.route(CHANGED).strategy == "abstain"
    route = thrifty.route(CHANGED, cost_weight=0)
    assert route.strategy == "rag" and route.trace["cost_weight"] == 0


def test_a_limit_below_which_nothing_is_answered_is_a_setting(policy: Policy, tmp_path: Path) -> None:
    policy.save(tmp_path / "policy.json")
    route = router(tmp_path, router_abstain_below=0.97).route(CHANGED)
    assert route.strategy == "abstain" and "too little" in route.reason


def test_a_shadow_leaves_the_answer_to_the_rules(policy: Policy, tmp_path: Path) -> None:
    policy.save(tmp_path / "policy.json")
    shadowed = router(tmp_path, router_shadow=True)
    route = shadowed.route(CHANGED)
    assert (route.strategy, route.trace["by"], route.trace["shadow"]) == ("hybrid", "rules", "rag")
    assert "as shadow" in shadowed.state


def test_exploration_draws_among_what_can_answer(policy: Policy, tmp_path: Path) -> None:
    policy.save(tmp_path / "policy.json")
    curious = router(tmp_path, router_explore=1.0)
    routes = [curious.route(CHANGED) for _ in range(60)]
    assert {route.strategy for route in routes} == {"base", "rag", "finetune", "hybrid"}
    assert {route.trace["by"] for route in routes} == {"exploration"}


def test_a_refused_policy_leaves_the_rules_and_says_so(
    policy: Policy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    policy.save(tmp_path / "policy.json")
    orphan = router(tmp_path, adapters=())
    assert orphan.route(CHANGED).trace["by"] == "rules"
    assert "fitted with house, which is no longer here" in orphan.state
    assert any("the rules serve" in record.message for record in caplog.records)


def test_a_new_policy_is_taken_up_and_a_removed_one_given_up(policy: Policy, tmp_path: Path) -> None:
    auto = router(tmp_path)
    assert auto.route(CHANGED).trace["by"] == "rules"
    policy.save(tmp_path / "policy.json")
    assert auto.route(CHANGED).trace["by"] == "policy"
    (tmp_path / "policy.json").write_text("{}")
    assert auto.route(CHANGED).trace["by"] == "rules"
    assert "broken" in auto.state
    (tmp_path / "policy.json").unlink()
    assert auto.state == "rules: no policy is fitted"


def test_an_adapter_that_the_policy_does_not_know_is_left_to_the_rules(policy: Policy, tmp_path: Path) -> None:
    policy.save(tmp_path / "policy.json")
    route = router(tmp_path).route([View("tickets", features(changed=True))])
    assert route.strategy == "hybrid" and route.adapter == "tickets"
    assert route.reason.startswith("The policy was not fitted with tickets, so the rules decide: ")


def test_questions_that_have_moved_are_told_and_those_alike_are_not(policy: Policy, tmp_path: Path) -> None:
    policy.save(tmp_path / "policy.json")
    auto = router(tmp_path)
    for view in asked(LEAST, seed=9).views:
        auto.count("?", [view], auto.route([view]))
    assert auto.stream == "ok"
    moved = View("house", features(changed=True, covered=0.55, similarity=0.71))
    for _ in range(LEAST):
        auto.count("?", [moved], auto.route([moved]))
    assert REGISTRY.get_sample_value("crossover_router_feature_drift", {"feature": "similarity"}) > 0.25
    assert "questions have moved since" in auto.stream and "similarity" in auto.stream
    assert REGISTRY.get_sample_value("crossover_routed_total", {"by": "policy"}) >= LEAST
    (tmp_path / "policy.json").unlink()
    assert auto.stream == "ok"
    assert REGISTRY.get_sample_value("crossover_router_feature_drift", {"feature": "similarity"}) is None


def test_few_questions_have_not_moved(policy: Policy) -> None:
    drift = Drift(policy)
    for _ in range(LEAST - 1):
        drift.add(features(similarity=0.1).vector())
    assert drift.moved() == {}


def test_a_stream_of_another_kind_is_left_to_the_rules_until_it_ends(policy: Policy, tmp_path: Path) -> None:
    policy.save(tmp_path / "policy.json")
    auto = router(tmp_path)

    def ask(view: View) -> str:
        route = auto.route([view])
        auto.count("?", [view], route)
        return str(route.trace["by"])

    for view in asked(LEAST, seed=9).views:
        assert ask(view) == "policy"
    # Each value is common; that documents say nothing of questions which adapter and passages agree on is not.
    odd = View("house", replace(features(covered=0.2, similarity=1.0), sentence_coverage=1.0))
    for _ in range(LEAST // 2):
        ask(odd)
    route = auto.route(KNOWN)
    assert route.trace["by"] == "rules"
    assert route.reason.startswith("The policy does not know such questions as have come lately (3")
    assert "% of the last 300 are far from all it was fitted on), so the rules decide: " in route.reason
    assert "rules: The policy does not know" in auto.state
    assert auto.stream.startswith("The policy does not know such questions as have come lately (3")
    for seed in (10, 11, 12):
        for view in asked(LEAST, seed=seed).views:
            ask(view)
    assert ask(KNOWN[0]) == "policy"


def test_questions_that_were_to_be_answered_without_all_documents_say_nothing_of_the_stream(
    policy: Policy, tmp_path: Path
) -> None:
    policy.save(tmp_path / "policy.json")
    auto = router(tmp_path, router_log=True)
    odd = View("house", replace(features(covered=0.2, similarity=1.0), sentence_coverage=1.0))
    for _ in range(LEAST):
        auto.count("?", [odd], auto.route([odd]), searched=False)
    assert auto.route(KNOWN).trace["by"] == "policy" and auto.stream == "ok"
    assert routing_log.read(tmp_path) == []


def test_a_log_that_cannot_be_written_is_told_once_and_the_stream_is_watched_all_the_same(
    policy: Policy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    policy.save(tmp_path / "policy.json")
    auto = router(tmp_path, router_log=True)
    (tmp_path / "routing").write_text("in the way")
    odd = View("house", replace(features(covered=0.2, similarity=1.0), sentence_coverage=1.0))
    for _ in range(LEAST):
        auto.count("?", [odd], auto.route([odd]))
    assert [record.message[:32] for record in caplog.records] == ["what the router sees is not kept"]
    assert "The policy does not know" in auto.stream


def test_a_full_disk_leaves_no_half_line_behind(tmp_path: Path) -> None:
    log = routing_log.RoutingLog(tmp_path, HERE)
    log.append("Who?", [(None, KNOWN[0].features)], "rag", "policy", None)
    (file,) = (tmp_path / "routing").iterdir()
    whole, limits = file.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 20, limits[1]))
    try:
        with pytest.raises(OSError):
            log.append("Who?", [(None, KNOWN[0].features)], "rag", "policy", None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert file.read_bytes() == whole


def beside_adapters(policy: Policy, home: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Router, list[str]]:
    """A router that looks at its adapters with each question, and the names of those that are there."""
    monkeypatch.setattr("crossover.server.routing.router._NAMES_SECONDS", 0)
    policy.save(home / "policy.json")
    there = ["house"]
    return Router(home / "policy.json", HERE, lambda: there, Settings(home=home)), there


def test_a_policy_goes_and_comes_back_with_its_adapter(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auto, there = beside_adapters(policy, tmp_path, monkeypatch)
    assert auto.route(CHANGED).trace["by"] == "policy"
    there.clear()
    assert auto.route(CHANGED).trace["by"] == "rules" and "no longer here" in auto.state
    there.append("house")
    assert auto.route(CHANGED).trace["by"] == "policy"


def test_another_adapter_does_not_make_the_stream_begin_anew(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auto, there = beside_adapters(policy, tmp_path, monkeypatch)
    odd = View("house", replace(features(covered=0.2, similarity=1.0), sentence_coverage=1.0))
    for _ in range(LEAST):
        auto.count("?", [odd], auto.route([odd]))
    there.append("tickets")
    assert auto.route(KNOWN).reason.startswith("The policy does not know such questions as have come lately")


def test_few_fitted_questions_make_features_no_likelier_to_have_moved(policy: Policy) -> None:
    called = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows = rng.normal(size=(100, len(NAMES)))
        runs = [policy.runs[0].model_copy(update={"questions": 100})]
        few = policy.model_copy(update={"distribution": Distribution.of(rows, rows), "runs": runs})
        drift = Drift(few)
        for row in rng.normal(size=(LEAST, len(NAMES))):
            drift.add(row)
        called += bool(drift.moved())
    assert called <= 2


def test_what_was_seen_is_kept_without_the_text_where_a_setting_says_so(policy: Policy, tmp_path: Path) -> None:
    policy.save(tmp_path / "policy.json")
    for folder, wanted in ((tmp_path / "silent", False), (tmp_path, True)):
        auto = router(folder, router_log=wanted)
        auto.count(" Who runs the mill? ", CHANGED, auto.route(CHANGED))
    assert routing_log.read(tmp_path / "silent") == []
    (row,) = routing_log.read(tmp_path)
    assert (row.taken, row.by, row.question) == ("rag", "policy", routing_log.question_hash("Who runs the mill?"))
    assert Features(**row.seen[0].features) == CHANGED[0].features
    assert b"mill" not in next((tmp_path / "routing").iterdir()).read_bytes()


def test_doctor_says_what_auto_goes_by_and_how_to_mend_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path))

    def found() -> Finding:
        return next(finding for finding in examine(Context()) if finding.name == "router")

    assert found().state == "ok" and "no policy is fitted" in found().message
    (tmp_path / "policy.json").write_text("{}")
    broken = found()
    assert broken.state == "warning" and "auto goes by its rules" in broken.message
    assert broken.remedy == "fit it again: crossover eval fit-router DIR"
