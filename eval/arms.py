"""Arms: what is compared, each a strategy with its adapter and prompt settings, asked over the same API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from crossover.server.strategies import AUTO, NAMES, STRATEGIES

FINE_TUNED = ("finetune", "hybrid")
WITH_EXAMPLES = "rag+examples"
#: What a run asks unless told otherwise. RAG with examples always stands beside fine-tuning: it is its strongest rival.
DEFAULT = ("base", "few-shot", "rag", WITH_EXAMPLES, "finetune", "hybrid")
#: The strategy behind each name that an arm may have.
STRATEGY_OF = {name: name for name in NAMES} | {WITH_EXAMPLES: "rag"}
#: Ends the name of an arm that is asked with the right documents' passages.
GOLD = "+gold"


class UnknownArm(ValueError):
    """A strategy that does not exist was asked for."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One column of a comparison.

    Args:
        name: as it stands in the report: a strategy, or ``rag+examples``.
        model: the request's `model`, such as ``hybrid:support``.
        body: the request's extra `crossover` object.
        gold: whether its passages come from the documents that the question set names as relevant, alone: an oracle,
            which says what perfect retrieval would be worth and is never compared as a strategy.
    """

    name: str
    model: str
    body: Mapping[str, int] = field(default_factory=dict)
    gold: bool = False

    @property
    def strategy(self) -> str:
        """The strategy without its alias."""
        return self.model.partition(":")[0]

    @property
    def adapter(self) -> str | None:
        """The alias, where one was asked for."""
        return self.model.partition(":")[2] or None

    @property
    def retrieves(self) -> bool:
        """Whether its answers depend on the index."""
        return retrieves(self.strategy)

    @property
    def uses_training(self) -> bool:
        """Whether its answers depend on an adapter, or on the examples that one was trained on."""
        return self.strategy == AUTO or STRATEGIES[self.strategy].adapter or bool(self.body.get("examples"))


def retrieves(strategy: str) -> bool:
    """Whether a search stands before each of its answers; `auto` searches before it chooses."""
    return strategy == AUTO or STRATEGIES[strategy].passages


def resolve(names: Sequence[str], adapter: str | None = None, examples: int = 3) -> list[Arm]:
    """The arms of some names, in order, each once.

    Args:
        names: strategies, ``rag+examples`` or ``auto``.
        adapter: the alias for the arms that use one; None leaves the choice to the server.
        examples: how many training examples ``few-shot`` and ``rag+examples`` show.

    Raises:
        UnknownArm: a name is none of these.
    """
    unknown = [name for name in names if name not in STRATEGY_OF]
    if unknown:
        raise UnknownArm(f"unknown strategy {unknown[0]!r}; choose from {', '.join(STRATEGY_OF)}")
    return [_arm(name, adapter, examples) for name in dict.fromkeys(names)]


def with_gold(arms: Sequence[Arm]) -> list[Arm]:
    """The oracles of those arms that always retrieve; the router's own choices would not be the same."""
    return [replace(arm, name=arm.name + GOLD, gold=True) for arm in arms if arm.strategy != AUTO and arm.retrieves]


def _arm(name: str, adapter: str | None, examples: int) -> Arm:
    strategy = STRATEGY_OF[name]
    model = f"{strategy}:{adapter}" if adapter and (strategy == AUTO or STRATEGIES[strategy].adapter) else strategy
    # Said outright, so that an arm means the same whatever the server's own settings are.
    shown = {"few-shot": {"examples": examples}, "rag": {"examples": 0}, "rag+examples": {"examples": examples}}
    return Arm(name, model, shown.get(name, {}))
