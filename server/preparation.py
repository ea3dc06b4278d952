"""Everything of a question up to generation: route, retrieve, choose examples, fit the prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from crossover.adapters.registry import AdapterVersion
from crossover.indexer.document import Passage
from crossover.server.budget import Fitted, Material, fit
from crossover.server.errors import BadRequest, NoExamples
from crossover.server.protocol import Question
from crossover.server.routing.cascade import Second
from crossover.server.routing.choice import View
from crossover.server.routing.extraction import depth, extract
from crossover.server.routing.router import Route
from crossover.server.services import Services
from crossover.server.strategies import ABSTAIN, ABSTAINING, AUTO, STRATEGIES, Strategy

_GREEDY = 1e-5  # below it vLLM takes a temperature for 0
_LONG_TEXT = 20_000  # characters from which tokenising would hold up the other requests
_TURN = 100  # characters that a turn takes as long as, however short it is


@dataclass(slots=True)
class Prepared:
    """A question with everything that its answer needs.

    Attributes:
        alias: of the adapter that answers; None for the base model.
        passages: those in the prompt, numbered from 1.
        trace: the `crossover` object of the answer, but for what generation adds.
        found: passages as a prompt that takes some gets them, whether or not this one does.
        second: what answers instead if the answer does not look right.
    """

    strategy: Strategy
    alias: str | None
    passages: Sequence[Passage]
    fitted: Fitted
    sampling: dict[str, Any]
    trace: dict[str, Any]
    found: Sequence[Passage] = ()
    second: Second | None = None


async def prepare(question: Question, services: Services, found: Sequence[Passage] | None = None) -> Prepared:
    """Everything up to generation; what does not fit the context is left out and counted."""
    started = perf_counter()
    version = _adapter(question, services)
    found, retrieving = await _retrieve(question, services, found)
    route = await _route(question, services, found, version)
    strategy = ABSTAINING if route.strategy == ABSTAIN else STRATEGIES[route.strategy]
    version = services.promoted.get(route.adapter, strategy.name) if strategy.adapter else None
    found = found[: _wanted(question, services)]  # the router looks deeper than the prompt
    material = Material(
        question=question.text,
        system="\n\n".join(filter(None, (getattr(services.prompts, strategy.prompt), question.system))),
        passages=[(passage.title, passage.text) for passage in found] if strategy.passages else (),
        examples=await _examples(question, services, strategy),
        history=question.history,
    )
    fitted = await _fit(material, question, services, version.virtual_tokens if version else 0)
    passages = found[: len(fitted.material.passages)]
    trace = {
        "strategy": strategy.name,
        "adapter": version.served_name if version else None,
        "reason": route.reason,
        **({"router": route.trace} if route.trace else {}),
        "sources": [_source(n, passage) for n, passage in enumerate(passages, start=1)],
        "dropped": _dropped(material, fitted.material),
        "timings_ms": {"route": _ms(perf_counter() - started - retrieving), "retrieve": _ms(retrieving)},
    }
    alias = version.name if version else None
    sampling = _sampling(question, services)
    # Which of several answers to judge by, nobody can say.
    second = route.second if sampling.get("n", 1) == 1 else None
    return Prepared(strategy, alias, passages, fitted, sampling, trace, found, second)


def _adapter(question: Question, services: Services) -> AdapterVersion | None:
    """The adapter that may answer, before anything is spent on a question that it cannot."""
    strategy, alias = question.target.strategy, question.target.adapter
    if strategy == AUTO:
        return auto_adapter(alias, services)
    row = STRATEGIES[strategy]
    if question.passages and not row.passages:
        raise BadRequest(f"crossover.passages: {strategy!r} takes no passages; leave it out", "crossover.passages")
    if question.examples and not row.examples:
        raise BadRequest(f"crossover.examples: {strategy!r} takes no examples; leave it out", "crossover.examples")
    if question.only and not row.passages:
        field = "crossover.source" if question.only.sources else "crossover.where"
        raise BadRequest(f"{field}: {strategy!r} takes no passages; leave it out", field)
    if question.cost_weight is not None:
        raise BadRequest(f"crossover.cost_weight: only {AUTO!r} weighs cost; leave it out", "crossover.cost_weight")
    if question.cascade is not None:
        raise BadRequest(f"crossover.cascade: only {AUTO!r} may ask again; leave it out", "crossover.cascade")
    return services.promoted.get(alias, strategy) if row.adapter else None


def auto_adapter(alias: str | None, services: Services) -> AdapterVersion | None:
    """The adapter that `auto` would use first: the one asked for, else the default one if it fits the base model."""
    if alias:
        return services.promoted.get(alias, AUTO)
    version = services.promoted.default()
    return version if version and _fits_base(version, services) else None


def _fits_base(version: AdapterVersion, services: Services) -> bool:
    return version.card.base_fingerprint == services.base.fingerprint


def _wanted(question: Question, services: Services) -> int:
    """How many passages the prompt takes."""
    return services.passages if question.passages is None else question.passages


async def _retrieve(
    question: Question, services: Services, found: Sequence[Passage] | None
) -> tuple[Sequence[Passage], float]:
    """As many passages as the prompt takes, for the router at least DEPTH, and the seconds that finding them took."""
    wanted, strategy = _wanted(question, services), question.target.strategy
    if not wanted or not (strategy == AUTO or STRATEGIES[strategy].passages):
        return (), 0.0
    if found is not None:
        return found, 0.0
    before = perf_counter()
    k = depth(wanted) if strategy == AUTO else wanted
    return await services.search(question.text, k, question.only), perf_counter() - before


async def _route(
    question: Question, services: Services, found: Sequence[Passage], version: AdapterVersion | None
) -> Route:
    if question.target.strategy != AUTO:
        return Route(
            question.target.strategy, version.name if version else None, f"The request asked for {question.target}."
        )
    views = await views_of(question.text, services, found, version, alone=question.target.adapter is not None)
    route = services.router.route(views, cost_weight=question.cost_weight, cascade=question.cascade)
    searched = question.only is None and question.passages != 0
    services.router.count(question.text, views, route, searched=searched)
    return route


async def views_of(
    question: str, services: Services, found: Sequence[Passage], version: AdapterVersion | None, *, alone: bool
) -> list[View]:
    """The question beside each adapter that may answer it, `version` first.

    Args:
        version: the adapter asked for, or the default one; None where there is neither.
        alone: whether only that one may answer; else the policy chooses among all that it knows and the base model
            fits.
    """
    policy = services.router.policy
    others = [] if alone or policy is None else services.promoted.all().values()
    known = [other for other in others if policy and other.name in policy.adapters and _fits_base(other, services)]
    versions = [version, *(other for other in known if other != version)]
    return await asyncio.to_thread(
        lambda: [
            View(each.name if each else None, extract(question, found, each, services.examples)) for each in versions
        ]
    )


async def _examples(question: Question, services: Services, strategy: Strategy) -> list[tuple[str, str]]:
    if not strategy.examples:
        return []
    setting = int(getattr(services.settings, strategy.examples))
    k = setting if question.examples is None else question.examples
    if not k:
        return []
    nearest = await asyncio.to_thread(services.examples.nearest, services.promoted.data_sets(), question.text, k)
    if not nearest.examples:
        raise NoExamples(
            f"{strategy.name!r} shows {k} training examples and there are none: crossover train FILE --name NAME"
        )
    return nearest.examples


async def _fit(material: Material, question: Question, services: Services, virtual_tokens: int) -> Fitted:
    context = services.context - virtual_tokens
    arguments = (material, services.tokenizer, context, question.max_tokens, services.settings.max_tokens)
    length = len(material.question) + len(material.system)
    length += sum(len(turn.content) + _TURN for turn in material.history)
    return await asyncio.to_thread(fit, *arguments) if length > _LONG_TEXT else fit(*arguments)


def _sampling(question: Question, services: Services) -> dict[str, Any]:
    sampling = {"temperature": services.settings.temperature, **question.sampling}
    if sampling.get("n", 1) > 1 and sampling["temperature"] < _GREEDY:
        # vLLM refuses several greedy answers; sampling from the one best token is the same and allowed.
        sampling |= {"temperature": 1.0, "top_k": 1}
    return sampling


def _dropped(whole: Material, kept: Material) -> dict[str, int]:
    return {
        "passages": len(whole.passages) - len(kept.passages),
        "examples": len(whole.examples) - len(kept.examples),
        "history": len(whole.history) - len(kept.history),
        "citations": 0,
    }


def _source(n: int, passage: Passage) -> dict[str, Any]:
    return {
        "n": n,
        "document": passage.document,
        "chunk": passage.chunk,
        "title": passage.title,
        "score": passage.score,
        "relevance": passage.relevance,
        "text": passage.text,
        **({"page": passage.page} if passage.page else {}),
        **({"link": passage.link} if passage.link else {}),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
