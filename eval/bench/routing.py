"""What `auto` takes beyond the retrieval that an answer needs anyway: rows of `make bench-serving`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.examples import Example
from crossover.adapters.kept_examples import TRAINING_FILE
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.adapters.sentences import sentence_hash, sentences_of
from crossover.eval.bench import prompts
from crossover.eval.bench.engine import BenchEngine, gateway
from crossover.eval.bench.random_adapters import register
from crossover.eval.router.asked import Asked
from crossover.eval.router.fit import fit
from crossover.indexer.document import Document
from crossover.indexer.index import Index
from crossover.server.examples import TrainingExamples
from crossover.server.routing.choice import View
from crossover.server.routing.circumstances import Circumstances
from crossover.server.routing.extraction import DEPTH, extract
from crossover.server.routing.policy import FILE, FittedOn
from crossover.server.settings import load
from crossover.server.strategies import ABSTAIN, STRATEGIES

_PAGES, _EXAMPLES, _FITTED = 500, 1000, 1000
_NAME = "house"


def overhead(running: BenchEngine, count: int) -> dict[str, Any]:
    """Milliseconds, pair by pair: `auto` and then the strategy that it took, by name, both without their retrieval.

    Each for one token, the questions alike but for a number, so that neither finds a cached prompt.
    """
    pages = [Document(f"page-{n}", title, text) for n, (title, text) in enumerate(prompts.passages(_PAGES))]
    asked = prompts.questions(2 * count, seed=5)
    with (
        gateway(running, pages, lambda home: _fit(home, running)) as (url, _),
        httpx.Client(base_url=url, timeout=120, trust_env=False) as client,
    ):
        both = (_pair(client, first, second) for first, second in zip(asked[::2], asked[1::2], strict=True))
        pairs = [pair for pair in both if pair]
    pairs = pairs[count // 10 :]  # the first ones warmed up
    reads = [pair.added for pair in pairs if pair.reads]
    rest = [pair.added for pair in pairs if not pair.reads]
    return {
        "auto: added ms beyond retrieval": _spread(reads),
        "auto: added ms where the answer needs no retrieval": _spread(rest),
        "auto: ms to route, as it says itself": _spread([pair.route for pair in pairs]),
    }


def _spread(values: list[float]) -> dict[str, float]:
    """The median, and between which values nine of ten lie; nothing of none."""
    if not values:
        return {}
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return {"median": round(float(middle), 3), "min": round(float(low), 3), "max": round(float(high), 3)}


@dataclass(frozen=True, slots=True)
class _Pair:
    """A question to `auto`, and one to what it took, asked for by name.

    Attributes:
        added: milliseconds that `auto` took longer, beyond the retrieval that its answer needed.
        reads: whether the answer needed any.
        route: milliseconds of routing, as the answer says.
    """

    added: float
    reads: bool
    route: float


def _pair(client: httpx.Client, first: str, second: str) -> _Pair | None:
    """None where `auto` would not answer, which nobody can ask for by name."""
    auto, told = _ask(client, "auto", first)
    if told["strategy"] == ABSTAIN:
        return None
    name = told["strategy"] + (f":{_NAME}" if told["adapter"] else "")
    named, by_name = _ask(client, name, second)
    reads = STRATEGIES[told["strategy"]].passages
    needed = told["timings_ms"]["retrieve"] if reads else 0.0
    return _Pair(
        (auto - needed) - (named - by_name["timings_ms"]["retrieve"]), reads, float(told["timings_ms"]["route"])
    )


def _ask(client: httpx.Client, model: str, question: str) -> tuple[float, dict[str, Any]]:
    body = {"model": model, "messages": [{"role": "user", "content": question}], "max_tokens": 1}
    reply = client.post("/v1/chat/completions", json=body).raise_for_status()
    told = reply.json()["crossover"]
    return 1000 * reply.elapsed.total_seconds(), told


def _fit(home: Path, running: BenchEngine) -> None:
    """An adapter with many examples and a long card, and a policy that looks at neighbours."""
    settings = load(home=home)
    registry = Registry(home)
    with Index.open(settings) as index:
        version = _adapter(registry, running, index)
        examples = TrainingExamples(registry, index)
        views = [
            View(_NAME, extract(question, index.search(question, DEPTH), version, examples))
            for question in prompts.questions(_FITTED, seed=7)
        ]
    circumstances = Circumstances.of(settings, running.base, ChatTokenizer(running.base.path))
    policy, _ = fit(_asked(views, circumstances))
    policy.save(home / FILE)


def _adapter(registry: Registry, running: BenchEngine, index: Index) -> AdapterVersion:
    version = register(registry, running.base, _NAME, next(iter(running.adapters.values())))
    asked = prompts.questions(_EXAMPLES, seed=9)
    found = [passage for question in asked[:100] for passage in index.search(question, DEPTH)]
    seen: dict[str, list[str]] = {}
    for passage in found:
        seen.setdefault(passage.document, []).append(passage.content_hash)
    sentences = {sentence_hash(sentence) for passage in found for sentence in sentences_of(passage.text)}
    card = version.card.model_copy(update={"documents": seen, "sentences": sorted(sentences)})
    rows = (Example(question, f"Answer {n}").to_json() for n, question in enumerate(asked))
    (version.path / TRAINING_FILE).write_text("\n".join(rows) + "\n")
    card.save(version.path)
    registry.set_alias(_NAME, version.digest)
    return registry.resolve(_NAME)


def _asked(views: list[View], circumstances: Circumstances) -> Asked:
    """Answers right in islands of the features, so that neighbours tell most and the dearest estimators are taken."""
    rng, n = np.random.default_rng(0), len(views)
    rows = np.nan_to_num(np.array([view.features.vector() for view in views]))
    waves = np.sin(8 * (rows - rows.mean(0)) / np.maximum(rows.std(0), 1e-9)).sum(1)
    names = ("base", "rag", "finetune", "hybrid")
    bands = np.searchsorted(np.quantile(waves, [0.25, 0.5, 0.75]), waves)  # each strategy is best in one of them
    scores = {name: (rng.random(n) < 0.2 + 0.6 * (bands == band)).astype(float) for band, name in enumerate(names)}
    return Asked(
        views=views,
        groups=[str(k) for k in range(n)],
        slices=["all"] * n,
        scores=scores | {ABSTAIN: (rng.random(n) < 0.2).astype(float)},
        prices={name: np.full(n, cost) for cost, name in enumerate((ABSTAIN, *names))},
        beside={},
        origins=[FittedOn(folder="bench", question_set="bench", questions=n, adapter=_NAME)],
        circumstances=circumstances,
    )
