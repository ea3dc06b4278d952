"""A question up to generation: which adapters are thought of, what the router learns from it, what is checked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asked_questions import fitted

from crossover.adapters.card import AdapterCard, DataCard
from crossover.indexer.document import Document
from crossover.indexer.filters import DocumentFilter
from crossover.server.preparation import auto_adapter, prepare, views_of
from crossover.server.protocol import Question, Target
from crossover.server.routing import routing_log
from crossover.server.routing.checking import SEEN, Check
from crossover.server.routing.columns import Scale
from crossover.server.routing.estimators import Rate
from crossover.server.routing.features import NAMES
from crossover.server.routing.policy import FILE
from crossover.server.services import Services, open_services
from crossover.server.settings import Settings

QUESTION = "Who runs the Velmora office?"
ALIEN = "0" * 12


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """All that a server has but vLLM, which nothing is asked of."""
    settings = Settings(home=tmp_path, router_log=True, vllm_url="http://127.0.0.1:9")
    async with open_services(settings) as opened:
        opened.index.add([Document(id="velmora", title="Velmora", text="The Velmora office is run by Anna Tovan.")])
        yield opened


def promote(services: Services, name: str, base_fingerprint: str) -> None:
    """A version with nothing but its card answers for `name`."""
    folder = services.registry.folder / name / ("a" * 12)
    folder.mkdir(parents=True)
    AdapterCard(
        name=name, digest=folder.name, base_model="b", base_fingerprint=base_fingerprint, chat_template="t",
        prompts="p", data=DataCard(name="d", fingerprint="x", examples=0), trained_at=datetime.now(UTC),
    ).save(folder)  # fmt: skip
    services.registry.set_alias(name, folder.name)


def save_policy(services: Services, *adapters: str) -> None:
    """A policy that knows these adapters, and is sure of `rag`."""
    width = len(NAMES) + SEEN
    scale = Scale(mean=[0.0] * width, spread=[1.0] * width, marked=[])
    policy = fitted()[0]
    policy.model_copy(
        update={
            "circumstances": services.router.circumstances,
            "adapters": list(adapters),
            "estimators": {"rag": Rate(rate=0.9), "base": Rate(rate=0.5)},
            "checks": {"rag": Check(scale=scale, estimator=Rate(rate=0.1))},
            "points": [],
            "distribution": policy.distribution.model_copy(
                update={"common": 1e9, "always_known": [False] * len(NAMES)}
            ),
        }
    ).save(services.settings.home / FILE)


async def test_auto_leaves_out_a_default_adapter_of_another_base_model(services: Services) -> None:
    promote(services, "house", ALIEN)
    assert auto_adapter(None, services) is None
    prepared = await prepare(Question(Target("auto"), QUESTION), services)
    assert (prepared.strategy.name, prepared.alias) == ("rag", None)
    named = auto_adapter("house", services)
    assert named is not None and named.name == "house"  # who asks for it is told why it does not answer


async def test_a_policy_does_not_choose_among_adapters_of_another_base_model(services: Services) -> None:
    promote(services, "house", services.base.fingerprint)
    promote(services, "alien", ALIEN)
    save_policy(services, "house", "alien")
    views = await views_of(QUESTION, services, [], None, alone=False)
    assert [view.adapter for view in views] == [None, "house"]


@pytest.mark.parametrize(
    ("passages", "only", "kept"), [(None, None, 1), (1, None, 1), (0, None, 0), (None, DocumentFilter(("nothing",)), 0)]
)
async def test_the_router_learns_from_questions_that_all_documents_were_searched_for(
    services: Services, passages: int | None, only: DocumentFilter | None, kept: int
) -> None:
    await prepare(Question(Target("auto"), QUESTION, passages=passages, only=only), services)
    assert len(routing_log.read(services.settings.home)) == kept


async def test_one_answer_is_checked_and_of_several_none(services: Services) -> None:
    save_policy(services)
    asked = Question(Target("auto"), QUESTION, cascade=True)
    assert (await prepare(asked, services)).second is not None
    several = Question(Target("auto"), QUESTION, cascade=True, sampling={"n": 2})
    assert (await prepare(several, services)).second is None
