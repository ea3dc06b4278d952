"""Questions as the router saw them, with answers that follow from what it saw: material to learn from in a moment."""

from __future__ import annotations

from functools import cache

import numpy as np

from crossover.adapters.prompt import Prompts
from crossover.eval.router.asked import Asked
from crossover.eval.router.fit import fit
from crossover.server.routing.choice import View
from crossover.server.routing.circumstances import Circumstances
from crossover.server.routing.features import Features, Vector
from crossover.server.routing.policy import FittedOn, Policy
from crossover.server.strategies import ABSTAIN

HERE = Circumstances(
    base_model="reader", base_fingerprint="f" * 12, chat_template="t", prompts=Prompts().digest,
    embedding_model="all-MiniLM-L6-v2", passages=1, few_shot=3, rag_examples=0,
)  # fmt: skip


def features(*, changed: bool = False, covered: float = 0.9, similarity: float = 0.9, **others: object) -> Features:
    """A question that an adapter knows, unless it is said to be changed, or not covered by the documents."""
    return Features(
        adapter=True,
        passages=5,
        score=0.9,
        margin=0.1,
        dense=0.7,
        dense_margin=0.05,
        sparse_margin=0.1,
        agreement=1.0,
        coverage=covered,
        title_overlap=1.0,
        sentence_coverage=covered,
        similarity=similarity,
        lead=0.2,
        overlap=0.8,
        taught_agreement=0.3,
        taught_refusal=False,
        best_unseen=changed,
        new_document=False,
        taught_stands=0.0 if changed else 1.0,
        taught_changed=changed,
        words=9.0,
        sentences=1.0,
        asks_person=False,
        asks_number=False,
        asks_time=False,
        asks_place=False,
        **others,  # type: ignore[arg-type]
    )


def asked(n: int = 300, seed: int = 1, adapter: str = "house") -> Asked:
    """`n` questions, three about each fact: what changed is right by `rag`, what did not by `finetune`.

    `hybrid` is never the best, and some questions nobody can answer.
    """
    rng = np.random.default_rng(seed)
    changed, covered = rng.random(n) < 0.5, rng.uniform(0.5, 1.0, n)
    nobody = rng.random(n) < 0.15
    covered[nobody] = rng.uniform(0.1, 0.3, nobody.sum())
    views = [
        View(adapter, features(changed=bool(each), covered=float(share), similarity=float(rng.uniform(0.7, 1.0))))
        for each, share in zip(changed, covered, strict=True)
    ]
    rates = {
        "base": np.full(n, 0.02),
        "rag": np.where(nobody, 0.1, 0.65),
        "finetune": np.where(nobody, 0.0, np.where(changed, 0.05, 0.9)),
        "hybrid": np.where(nobody, 0.1, np.where(changed, 0.3, 0.6)),
    }
    costs = {"base": 0.3, "rag": 0.95, "finetune": 0.3, "hybrid": 1.0, ABSTAIN: 0.0}
    scores = {name: (rng.random(n) < rate).astype(float) for name, rate in rates.items()}
    return Asked(
        views=views,
        groups=[f"{seed}/{k // 3}" for k in range(n)],
        slices=["nobody" if no else "changed" if new else "known" for no, new in zip(nobody, changed, strict=True)],
        scores=scores | {ABSTAIN: nobody.astype(float)},
        prices={name: np.full(n, cost) for name, cost in costs.items()},
        beside={},
        origins=[FittedOn(folder="runs", question_set=str(seed), questions=n, adapter=adapter)],
        circumstances=HERE,
        questions=[f"{seed}/{k}" for k in range(n)],
    )


@cache
def fitted() -> tuple[Policy, dict[str, Vector]]:
    """The policy of 300 such questions, and its cross-validated estimates."""
    return fit(asked())
