"""`auto` without a policy: the documented rules, one by one."""

from dataclasses import replace

import pytest

from crossover.server.routing.features import Features
from crossover.server.routing.rules import choose

KNOWN = Features(adapter=True, passages=2, score=0.9, dense=0.7, similarity=0.9, best_unseen=False)


@pytest.mark.parametrize(
    ("features", "strategy"),
    [
        (Features(adapter=False, passages=0), "base"),
        (Features(adapter=True, passages=0), "finetune"),
        (Features(adapter=False, passages=2, score=0.9), "rag"),
        (Features(adapter=True, passages=2, similarity=0.2, best_unseen=False), "rag"),
        (Features(adapter=True, passages=2, similarity=0.9), "hybrid"),
        (Features(adapter=True, passages=2, similarity=0.9, best_unseen=True), "hybrid"),
        (KNOWN, "finetune"),
        (replace(KNOWN, taught_changed=True), "hybrid"),
        (replace(KNOWN, taught_changed=False), "finetune"),
    ],
)
def test_each_rule_chooses_its_strategy_and_says_why_in_one_sentence(features: Features, strategy: str) -> None:
    route = choose(features)
    assert route.strategy == strategy
    assert route.reason.endswith(".") and "\n" not in route.reason
