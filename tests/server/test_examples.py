"""The nearest training examples of a question, by the embedding model of the index."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.examples import Example
from crossover.adapters.kept_examples import TRAINING_FILE
from crossover.adapters.prompt import Message
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.indexer.embedding import Embedder
from crossover.server.examples import TrainingExamples


class Queries:
    """The embedding model alone, counting how much it is asked."""

    def __init__(self) -> None:
        self._model = Embedder(None)
        self.asked: list[int] = []

    def embed_query(self, text: str) -> np.ndarray:
        """A unit vector."""
        return self._model.query(text)

    def embed_queries(self, texts: list[str]) -> np.ndarray:
        """Unit vectors."""
        self.asked.append(len(texts))
        return self._model.queries(texts)


@pytest.fixture(scope="module")
def queries() -> Queries:
    return Queries()


def version(registry: Registry, name: str, *examples: Example, digest: str = "a" * 12) -> AdapterVersion:
    card = AdapterCard(
        name=name, digest=digest, base_model="b", base_fingerprint="f", chat_template="t", prompts="p",
        data=DataCard(name="d", fingerprint="x", examples=len(examples)), trained_at=datetime.now(UTC),
    )  # fmt: skip
    folder = registry.folder / name / card.digest
    folder.mkdir(parents=True)
    if examples:
        (folder / TRAINING_FILE).write_text("".join(example.to_json() + "\n" for example in examples))
    card.save(folder)
    return registry.resolve(f"{name}@{card.digest}")


def test_the_most_similar_stands_last_and_familiarity_is_its_cosine(tmp_path: Path, queries: Queries) -> None:
    registry = Registry(tmp_path)
    office = version(
        registry, "office", Example("When does the canteen open?", "At 11."), Example("Who is the head?", "Ann.")
    )
    travel = version(registry, "travel", Example("Which form books a train?", "Form 9."))
    examples = TrainingExamples(registry, queries)

    nearest = examples.nearest([office, travel], "At what time does the canteen open?", 2)

    assert nearest.examples[-1] == ("When does the canteen open?", "At 11.")
    assert len(nearest.examples) == 2
    assert nearest.similarity is not None and nearest.similarity > 0.9
    unlike = examples.nearest([office], "Why is the sky blue?", 1).similarity
    assert unlike is not None and unlike < 0.4


def test_vectors_are_computed_once(tmp_path: Path, queries: Queries) -> None:
    registry = Registry(tmp_path)
    office = version(registry, "office", Example("A?", "a"), Example("A?", "a"), Example("B?", "b"))
    examples = TrainingExamples(registry, queries)
    queries.asked.clear()

    examples.nearest([office], "C?", 1)
    examples.nearest([office], "D?", 1)

    assert queries.asked == [2]


def test_examples_in_the_middle_of_a_conversation_are_not_shown(tmp_path: Path, queries: Queries) -> None:
    registry = Registry(tmp_path)
    later = Example("And then?", "Nothing.", history=(Message("user", "Hello"), Message("assistant", "Hi.")))
    examples = TrainingExamples(registry, queries)
    assert examples.nearest([version(registry, "talk", later)], "And then?", 3).examples == []
    assert examples.nearest([version(registry, "bare")], "And then?", 3).similarity is None


def test_a_version_that_another_one_has_replaced_is_forgotten(tmp_path: Path, queries: Queries) -> None:
    registry = Registry(tmp_path)
    old = version(registry, "office", Example("A?", "a"))
    new = version(registry, "office", Example("B?", "b"), digest="b" * 12)
    other = version(registry, "travel", Example("C?", "c"))
    examples = TrainingExamples(registry, queries)
    registry.set_alias("office", old.digest)
    examples.nearest([old, other], "?", 1)
    registry.set_alias("office", new.digest)
    examples.nearest([new], "?", 1)
    queries.asked.clear()

    examples.nearest([new, other], "?", 1)
    assert queries.asked == []
    examples.nearest([old], "?", 1)
    assert queries.asked == [1]
