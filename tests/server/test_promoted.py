"""Which adapter answers: the alias asked for, the default, the only one, and never a guess."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.registry import Registry
from crossover.server.errors import ModelNotFound, NoAdapter
from crossover.server.promoted import Promoted

Place = Callable[[str, str], None]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path)


@pytest.fixture
def place(registry: Registry) -> Place:
    """Puts a version with nothing but its card where the registry looks for it."""

    def place(name: str, digest: str) -> None:
        folder = registry.folder / name / digest
        folder.mkdir(parents=True)
        AdapterCard(
            name=name,
            digest=digest,
            base_model="b",
            base_fingerprint="f",
            chat_template="t",
            prompts="p",
            data=DataCard(name="d", fingerprint="x", examples=0),
            trained_at=datetime.now(UTC),
        ).save(folder)

    return place


A, B = "aaaaaaaaaaaa", "bbbbbbbbbbbb"


def test_the_only_promoted_adapter_needs_no_name(registry: Registry, place: Place) -> None:
    place("support", A)
    promoted = Promoted(registry, None)
    with pytest.raises(NoAdapter, match="none is promoted"):
        promoted.get(None, "hybrid")

    registry.set_alias("support", A)

    assert promoted.get(None, "hybrid").served_name == f"support@{A}"
    assert promoted.get("support", "hybrid").digest == A
    assert list(promoted.all()) == ["support"]


def test_a_moved_alias_is_seen_at_once(registry: Registry, place: Place) -> None:
    place("support", A)
    place("support", B)
    registry.set_alias("support", A)
    promoted = Promoted(registry, None)
    assert promoted.get("support", "finetune").digest == A

    registry.set_alias("support", B)

    assert promoted.get("support", "finetune").digest == B


def test_among_several_the_default_answers_and_without_one_nobody_guesses(registry: Registry, place: Place) -> None:
    for name in ("support", "tickets"):
        place(name, A)
        registry.set_alias(name, A)

    with pytest.raises(NoAdapter, match=r"support, tickets.*CROSSOVER_DEFAULT_ADAPTER"):
        Promoted(registry, None).get(None, "finetune")
    assert Promoted(registry, None).default() is None
    assert Promoted(registry, "tickets").get(None, "finetune").name == "tickets"
    with pytest.raises(NoAdapter, match="CROSSOVER_DEFAULT_ADAPTER=gone is not promoted"):
        Promoted(registry, "gone").get(None, "finetune")


def test_an_unknown_alias_is_not_found_and_one_without_promotion_says_how(registry: Registry, place: Place) -> None:
    place("support", A)
    promoted = Promoted(registry, None)
    with pytest.raises(NoAdapter, match="crossover adapters promote support"):
        promoted.get("support", "finetune")
    for alias in ("nobody", "../support", "support@cccccccccccc", "."):
        with pytest.raises(ModelNotFound, match="does not exist"):
            promoted.get(alias, "finetune")


def test_examples_come_from_the_default_else_from_all_promoted_else_from_all(registry: Registry, place: Place) -> None:
    def names(default: str | None) -> list[str]:
        return [version.name for version in Promoted(registry, default).data_sets()]

    assert names(None) == []
    for name in ("one", "two", "three"):
        place(name, A)
    assert names(None) == ["one", "three", "two"]
    for name in ("one", "two"):
        registry.set_alias(name, A)
    assert names(None) == ["one", "two"]
    assert names("two") == ["two"]
