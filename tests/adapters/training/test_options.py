"""What is left to us follows the number of examples; what the user says stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossover.adapters.training.options import TrainOptions

OPTIONS = TrainOptions(name="support")


@pytest.mark.parametrize("examples", [10, 640])
def test_few_examples_are_seen_often_at_the_full_rate(examples: int) -> None:
    assert OPTIONS.suited(examples) == OPTIONS


@pytest.mark.parametrize(
    ("examples", "epochs", "rate"), [(2_000, 32, 9.8e-4), (9_003, 7, 9.9e-4), (100_000, 3, 2.1e-4)]
)
def test_many_examples_are_seen_less_often_and_long_courses_go_slower(examples: int, epochs: int, rate: float) -> None:
    suited = OPTIONS.suited(examples)
    assert (suited.epochs, suited.learning_rate) == (epochs, rate)


def test_what_the_user_gives_stays() -> None:
    assert OPTIONS.suited(9_003, {"epochs", "learning_rate"}) == OPTIONS
    assert OPTIONS.suited(9_003, {"epochs"}).epochs == OPTIONS.epochs
    assert OPTIONS.suited(9_003, {"epochs"}).learning_rate < OPTIONS.suited(9_003).learning_rate
    assert OPTIONS.suited(9_003, {"learning_rate"}).learning_rate == OPTIONS.learning_rate


def test_with_context_a_fifth_of_the_course_keeps_reading_unless_the_user_decides() -> None:
    context = OPTIONS.for_context()
    assert (context.replay, context.epochs) == (0.2, round(0.8 * OPTIONS.epochs))
    assert OPTIONS.for_context({"replay", "strength"}) == OPTIONS
    assert OPTIONS.for_context({"epochs"}).epochs == OPTIONS.epochs


def test_with_context_not_all_that_is_learnt_counts_unless_the_user_decides() -> None:
    assert OPTIONS.for_context().hyperparameters()["strength"] == 0.9
    assert "strength" not in OPTIONS.for_context({"strength"}).hyperparameters()
    assert "strength" not in replace(OPTIONS, method="p-tuning", strength=0.5).hyperparameters()
    for wrong in (0.0, 1.5):
        with pytest.raises(ValueError, match=f"strength {wrong}"):
            replace(OPTIONS, strength=wrong)
