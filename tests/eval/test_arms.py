"""Arms."""

from __future__ import annotations

import pytest

from crossover.eval.arms import DEFAULT, UnknownArm, resolve


def test_rag_with_examples_is_rag_asked_with_examples() -> None:
    (arm,) = resolve(["rag+examples"], adapter="support", examples=4)
    assert (arm.name, arm.model, arm.body) == ("rag+examples", "rag", {"examples": 4})


def test_an_alias_goes_only_to_strategies_that_take_one() -> None:
    models = {arm.name: arm.model for arm in resolve([*DEFAULT, "auto"], adapter="support")}
    assert models["finetune"] == "finetune:support"
    assert models["auto"] == "auto:support"
    assert models["base"] == "base"
    assert models["few-shot"] == "few-shot"


def test_an_arm_knows_what_its_answers_depend_on() -> None:
    arms = {arm.name: arm for arm in resolve(DEFAULT)}
    assert [name for name, arm in arms.items() if arm.retrieves] == ["rag", "rag+examples", "hybrid"]
    assert [name for name, arm in arms.items() if arm.uses_training] == [
        "few-shot",
        "rag+examples",
        "finetune",
        "hybrid",
    ]


def test_an_unknown_strategy_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownArm, match=r"unknown strategy 'ragg'; choose from base, few-shot, rag"):
        resolve(["rag", "ragg"])
