"""Router: `auto` by the fitted policy where there is one, else by the documented rules."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

from prometheus_client import Counter

from crossover.server.routing import rules
from crossover.server.routing.cascade import Second, second_of
from crossover.server.routing.choice import View, choose
from crossover.server.routing.circumstances import Circumstances
from crossover.server.routing.drift import Drift
from crossover.server.routing.features import Vector
from crossover.server.routing.policy import Policy, PolicyRefused, load
from crossover.server.routing.routing_log import RoutingLog
from crossover.server.settings import Settings
from crossover.server.strategies import ABSTAIN, STRATEGIES

logger = logging.getLogger(__name__)

_NAMES_SECONDS = 1.0  # between two looks at which adapters are there: some system calls for each of them

_ROUTED = Counter("crossover_routed_total", "Questions that `auto` routed, by what decided.", ["by"])


@dataclass(frozen=True, slots=True)
class Route:
    """What was chosen for a question.

    Attributes:
        adapter: the name of the adapter that answers, None where the strategy takes none.
        trace: what `crossover.router` says of it: `by` (policy, rules or exploration), the policy's `estimates`,
            and in shadow mode the `shadow` that it would have chosen.
        vector: the features that the policy looked at; None where it was not asked.
        second: what answers instead if the answer does not look right; None where answers are not checked.
    """

    strategy: str
    adapter: str | None
    reason: str
    trace: dict[str, Any] = field(default_factory=dict)
    vector: Vector | None = None
    second: Second | None = None


class Router:
    """Chooses a strategy and an adapter for each question.

    The policy's file is looked at with each question, one system call, and read again when it was replaced or its
    adapters came or went; one that does not belong here is refused, and the rules serve.

    Args:
        path: of policy.json, which need not exist.
        now: what this server answers with.
        adapters: gives the names of the adapters that are there.
        settings: cost weight, cascade, shadow mode, exploration.
    """

    def __init__(
        self, path: Path, now: Circumstances, adapters: Callable[[], Collection[str]], settings: Settings
    ) -> None:
        self.circumstances = now
        self._path = path
        self._adapters = adapters
        self._settings = settings
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._names: frozenset[str] = frozenset()
        self._look_again = 0.0
        self._policy: Policy | None = None
        self._refused = ""
        self._drift: Drift | None = None
        self._chance = random.Random()
        self._log = RoutingLog(settings.home, now) if settings.router_log else None
        self._logs = True  # until it cannot

    @property
    def policy(self) -> Policy | None:
        """The policy in force; None where there is none that belongs here."""
        with self._lock:
            stamp = self._read_stamp()
            if stamp != self._stamp or (stamp and self._adapters_changed()):
                self._stamp = stamp
                self._read()
            return self._policy

    @property
    def decides(self) -> str:
        """What `auto` decides by, policy and settings: equal while it chooses in the same way."""
        policy, settings = self.policy, self._settings
        by = "rules" if policy is None or settings.router_shadow else f"policy fitted at {policy.fitted_at}"
        names = ("router_cost_weight", "router_cascade", "router_abstain_below", "router_explore")
        return ", ".join([by, *(f"{name} {getattr(settings, name)}" for name in names)])

    @property
    def state(self) -> str:
        """One line for /readyz and people: policy or rules, and why."""
        policy = self.policy
        if policy is None:
            return f"rules: {self._refused}" if self._refused else "rules: no policy is fitted"
        told = f"policy of {policy.fitted_at[:10]}, fitted on {policy.questions} questions"
        if self._settings.router_shadow:
            told = f"rules, with a {told} as shadow"
        drift = self._drift
        return f"rules: {drift.reason}; {told}" if drift and drift.strange else told

    @property
    def stream(self) -> str:
        """How the latest questions differ from those that the policy was fitted on, one line; "ok" where they do not.

        Without a policy there is nothing that they could differ from.
        """
        drift = self._drift if self.policy else None
        if drift is None:
            return "ok"
        told = [drift.reason] if drift.strange else []
        if moved := drift.moved():
            told.append("questions have moved since: " + ", ".join(f"{name} ({at})" for name, at in moved.items()))
        return "; ".join(told) or "ok"

    def route(self, views: Sequence[View], *, cost_weight: float | None = None, cascade: bool | None = None) -> Route:
        """The strategy and adapter for one question.

        Args:
            views: of the adapter that the rules would use first, then of the others; at least one.
            cost_weight: of the request; None takes the setting.
            cascade: whether the answer is to be checked; the same.
        """
        plain = rules.choose(views[0].features)
        adapter = views[0].adapter if STRATEGIES[plain.strategy].adapter else None
        by_rules = Route(plain.strategy, adapter, plain.reason, {"by": "rules"})
        policy, drift = self.policy, self._drift
        if policy is None:
            return by_rules
        weight = self._settings.router_cost_weight if cost_weight is None else cost_weight
        chosen = choose(policy, views, weight, self._settings.router_abstain_below)
        if drift and drift.strange:
            chosen = replace(chosen, taken=None, reason=f"{drift.reason}, so the rules decide")
        if chosen.taken is None:
            return replace(by_rules, reason=f"{chosen.reason}: {by_rules.reason}", vector=chosen.vector)
        estimates = {each.name: {"right": round(each.right, 4), "cost": round(each.cost, 4)} for each in chosen.options}
        told: dict[str, Any] = {"estimates": estimates, "cost_weight": weight}
        if self._settings.router_shadow:
            told |= {"by": "rules", "shadow": chosen.taken.name}
            return replace(by_rules, trace=told, vector=chosen.vector)
        if self._chance.random() < self._settings.router_explore:
            taken = self._chance.choice([option for option in chosen.options if option.strategy != ABSTAIN])
            reason = f"{taken.name} was drawn at random, to keep learning."
            return Route(taken.strategy, taken.adapter, reason, {"by": "exploration", **told}, chosen.vector)
        taken = chosen.taken
        checked = self._settings.router_cascade if cascade is None else cascade
        second = second_of(policy, chosen, weight) if checked else None
        return Route(taken.strategy, taken.adapter, chosen.reason, {"by": "policy", **told}, chosen.vector, second)

    def count(self, question: str, views: Sequence[View], route: Route, *, searched: bool = True) -> None:
        """Remembers that a question was answered so, for metrics, drift and learning from what is said of it.

        Args:
            searched: whether all documents were searched for it. Where the request wanted fewer or none, the features
                say nothing of the questions that come in: it is counted, and no more.
        """
        _ROUTED.labels(route.trace["by"]).inc()
        if not searched:
            return
        if (drift := self._drift) and route.vector is not None:
            drift.add(route.vector)
        if self._log:
            self._write(self._log, question, views, route)

    def _write(self, log: RoutingLog, question: str, views: Sequence[View], route: Route) -> None:
        """Keeps a question in the log; a disk that does not take it is told once, for the answer needs no disk."""
        seen = [(view.adapter, view.features) for view in views]
        try:
            log.append(question, seen, route.strategy, route.trace["by"], route.trace.get("shadow"))
        except OSError as error:
            if self._logs:
                logger.warning("what the router sees is not kept (CROSSOVER_ROUTER_LOG) until it can be: %s", error)
            self._logs = False
        else:
            self._logs = True

    def _read_stamp(self) -> tuple[int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_ino

    def _adapters_changed(self) -> bool:
        """Whether the policy that was read, or refused, may be no longer so because of the adapters that are there."""
        if monotonic() < self._look_again:
            return False
        self._look_again = monotonic() + _NAMES_SECONDS
        names = frozenset(self._adapters())
        return names != self._names if self._policy is None else not names.issuperset(self._policy.adapters)

    def _read(self) -> None:
        self._policy, self._refused, self._drift = None, "", None
        Drift.clear_metrics()
        self._names = frozenset(self._adapters())
        try:
            self._policy = load(self._path, self.circumstances, self._names)
        except FileNotFoundError:
            return
        except (PolicyRefused, OSError) as error:
            self._refused = str(error)
            logger.warning("the rules serve: %s", error)
            return
        self._drift = Drift(self._policy)
        logger.info("policy of %s, fitted on %d questions", self._policy.fitted_at, self._policy.questions)
