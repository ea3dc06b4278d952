"""The bench of scoring, on few answers."""

from __future__ import annotations

import pytest

from crossover.eval.bench.evaluation import rescoring


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_scoring_is_measured_beside_ragas_own_loop() -> None:
    figures = rescoring(rounds=1, answers=100)
    names = {name.removeprefix("100 answers: ").removesuffix(", seconds") for name in figures}
    assert {"our metrics, all in all", "ragas' own loop over its metrics"} <= names
    assert all(seconds > 0 for (seconds,) in figures.values())
