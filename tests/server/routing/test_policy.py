"""policy.json: what it says, and what of it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asked_questions import HERE, asked, features

from crossover.server.routing.checking import SEEN
from crossover.server.routing.choice import View, choose
from crossover.server.routing.features import NAMES
from crossover.server.routing.policy import Policy, PolicyRefused, load


def test_a_saved_policy_estimates_as_before(policy: Policy, tmp_path: Path) -> None:
    policy.save(tmp_path / "policy.json")
    again = load(tmp_path / "policy.json", HERE, ["house"])
    rows = asked(20, seed=5).rows
    for name, chances in policy.estimates(rows).items():
        np.testing.assert_allclose(again.estimates(rows)[name], chances)
        assert ((chances > 0) & (chances < 1)).all()


def test_age_and_coverage_decide_as_the_answers_did(policy: Policy) -> None:
    def taken(**seen: Any) -> str:
        found = choose(policy, [View("house", features(**seen))], 0.0).taken
        assert found is not None
        return found.name

    assert taken(changed=True) == "rag"
    assert taken(changed=False) == "finetune:house"
    assert taken(covered=0.15) == "abstain"


def test_what_is_unlike_the_fitted_questions_is_left_to_the_rules(policy: Policy) -> None:
    far = features(similarity=-3.0, covered=40.0)
    found = choose(policy, [View("house", far)], 0.0)
    assert found.taken is None and "unlike" in found.reason
    unknown = features()
    lacking = type(unknown)(adapter=True, passages=5, score=0.9)
    assert choose(policy, [View("house", lacking)], 0.0).taken is None
    others = choose(policy, [View("tickets", features())], 0.0)
    assert others.taken is None and "tickets" in others.reason


def test_a_strategy_without_its_material_is_no_option(policy: Policy) -> None:
    names = {option.name for option in choose(policy, [View("house", features())], 0.0).options}
    assert names == {"base", "rag", "finetune:house", "hybrid:house", "abstain"}
    bare = type(features())(**{**features().known(), "passages": 0})  # type: ignore[arg-type]
    assert "rag" not in {option.name for option in choose(policy, [View("house", bare)], 0.0).options}


def test_where_only_abstaining_is_left_the_rules_decide(policy: Policy) -> None:
    readers = policy.model_copy(update={"estimators": {k: policy.estimators[k] for k in ("rag", "abstain")}})
    bare = type(features())(**{**features().known(), "passages": 0})  # type: ignore[arg-type]
    found = choose(readers, [View("house", bare)], 0.0)
    assert found.taken is None and "the rules decide" in found.reason


def test_of_two_adapters_the_one_that_was_taught_answers(policy: Policy) -> None:
    both = policy.model_copy(update={"adapters": ["house", "tickets"]})
    views = [View("house", features(changed=True, similarity=0.75)), View("tickets", features(similarity=0.95))]
    found = choose(both, views, 0.0)
    assert found.taken is not None and found.taken.name == "finetune:tickets"
    assert {option.name for option in found.options} == {
        "base", "rag", "finetune:house", "finetune:tickets", "hybrid:house", "hybrid:tickets", "abstain",
    }  # fmt: skip


TREE = {
    "kind": "trees", "roots": [0], "column": [0, 0, 0], "threshold": [0.5, 0.0, 0.0], "left": [1, 1, 2],
    "right": [2, 1, 2], "share": [0.5, 0.2, 0.8],
}  # fmt: skip
CHECK = {
    "scale": {"mean": [0.0] * (len(NAMES) + SEEN), "spread": [1.0] * (len(NAMES) + SEEN), "marked": []},
    "estimator": {"kind": "rate", "rate": 0.5},
}
Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda p: p["circumstances"].update(base_fingerprint="0" * 12), "under another base model"),
        (lambda p: p["circumstances"].update(prompts="0" * 12), "under another set of system messages"),
        (lambda p: p["circumstances"].update(embedding_model="other"), "under another embedding model"),
        (lambda p: p["circumstances"].update(passages=9), "under another number of passages"),
        (lambda p: p.update(feature_version=0), "features of version 0, now"),
        (lambda p: p["features"].reverse(), "features of version"),
        (lambda p: p.update(adapters=["house", "gone"]), "fitted with gone, which is no longer here"),
        (lambda p: p.pop("scale"), "broken at scale"),
        (lambda p: p.update(estimators={}), "broken at estimators"),
        (lambda p: p["costs"].pop("rag"), "costs: rag: missing"),
        (lambda p: p["estimators"].update(guess={"kind": "rate", "rate": 0.5}), "guess: no such strategy"),
        (lambda p: p["estimators"].update(rag={"kind": "pickle"}), "broken at estimators.rag"),
        (
            lambda p: p["estimators"].update(rag={"kind": "logistic", "degree": 1, "weights": [1.0], "bias": 0.0}),
            "estimators.rag: 1 weights",
        ),
        (lambda p: p["estimators"].update(rag={"kind": "knn", "k": 3, "right": [1.0]}), "estimators.rag: 1 labels"),
        (
            lambda p: p["estimators"].update(rag=TREE | {"column": [99, 0, 0]}),
            "estimators.rag: a node looks at column 99",
        ),
        (lambda p: p["estimators"].update(rag=TREE | {"column": [-1, 0, 0]}), "a node looks at no column"),
        (lambda p: p["estimators"].update(rag=TREE | {"left": [0, 1, 2]}), "the nodes are no trees"),
        (lambda p: p["estimators"].update(rag=TREE | {"right": [2, 0, 2]}), "the nodes are no trees"),
        (lambda p: p["estimators"].update(rag=TREE | {"roots": [3]}), "the nodes are no trees"),
        (lambda p: p["estimators"].update(rag=TREE | {"share": [0.5]}), "not one entry for each node"),
        (
            lambda p: p.update(checks={"rag": CHECK | {"estimator": TREE | {"column": [99, 0, 0]}}}),
            "checks.rag: a node",
        ),
        (lambda p: p.update(checks={"rag": CHECK | {"scale": p["scale"]}}), "checks.rag: not one entry"),
        (lambda p: p.update(checks={"guess": CHECK}), "guess: no such strategy"),
        (lambda p: p["distribution"]["shares"].pop(), "distribution"),
    ],
)
def test_a_policy_that_is_broken_or_belongs_elsewhere_is_refused_with_reason_and_remedy(
    policy: Policy, tmp_path: Path, change: Change, says: str
) -> None:
    document = json.loads(policy.model_dump_json())
    change(document)
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(document))
    with pytest.raises(PolicyRefused) as refused:
        load(path, HERE, ["house"])
    assert says in str(refused.value)
    assert str(path) in str(refused.value) and "crossover eval fit-router" in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"feature_version": NaN}', "\x80"])
def test_what_is_no_policy_at_all_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(PolicyRefused, match="broken"):
        load(path, HERE, ["house"])
