"""A policy fitted in a moment, on questions whose right strategy is known."""

from __future__ import annotations

import pytest
from asked_questions import fitted

from crossover.server.routing.policy import Policy


@pytest.fixture(scope="session")
def policy() -> Policy:
    """Changed facts are right by `rag`, others by `finetune`, and what nothing covers is unknown."""
    return fitted()[0]
