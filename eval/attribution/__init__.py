"""Why an answer is wrong: scored runs and training examples in, one cause an answer out. Nothing is asked here."""

from crossover.eval.attribution.causes import COMPONENTS, Cause
from crossover.eval.attribution.explain import explain
from crossover.eval.attribution.taught import Taught, taught_by, training_examples

__all__ = ["COMPONENTS", "Cause", "Taught", "explain", "taught_by", "training_examples"]
