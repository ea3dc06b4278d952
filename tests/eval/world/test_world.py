"""The synthetic world is new to the built-in model, asks in wordings that no example has, and can be confused."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest

from crossover.adapters.base_model import corpus
from crossover.adapters.base_model.words import CALLED
from crossover.adapters.prompt import UNKNOWN
from crossover.eval.world.documents import FILLER
from crossover.eval.world.facts import LOOSE_NAMES
from crossover.eval.world.generator import World, generate
from crossover.eval.world.relations import RELATIONS, asked, told
from crossover.eval.world.size import SIZES, Grade

MASK = re.compile(r"\{\w+\}")


@pytest.fixture(scope="module")
def world() -> World:
    return generate(901)


def runs_of_five(texts: list[str]) -> set[tuple[str, ...]]:
    """Every five words in a row; what a template leaves open is a border, since it is never the same words."""
    runs: set[tuple[str, ...]] = set()
    for text in texts:
        for part in MASK.split(text.lower()):
            words = re.findall(r"[a-z']+", part)
            runs |= {tuple(words[start : start + 5]) for start in range(len(words) - 4)}
    return runs


def masked_runs_of_five(texts: list[str]) -> set[tuple[str, ...]]:
    """The same with each open place counted as one word."""
    runs: set[tuple[str, ...]] = set()
    for text in texts:
        words = re.findall(r"[a-z']+|_", MASK.sub("_", text.lower()))
        runs |= {tuple(words[start : start + 5]) for start in range(len(words) - 4)}
    return {run for run in runs if set(run) != {"_"}}


def wordings() -> list[str]:
    frames = [
        frame for relation in RELATIONS for frame in (*told(relation), *told(relation, nameless=True), *asked(relation))
    ]
    return [*frames, *FILLER]


def test_no_five_words_in_a_row_are_shared_with_the_pre_training_text() -> None:
    ours = wordings()
    theirs = corpus.wordings(beside={word for text in ours for word in re.findall(r"[a-z']+", text.lower())})
    assert runs_of_five(ours) & runs_of_five(theirs) == set()
    assert masked_runs_of_five(ours) & masked_runs_of_five(theirs) == set()


def test_no_loose_name_is_one_that_pre_training_has_for_anything() -> None:
    assert not {*LOOSE_NAMES.values()} & {other for others in CALLED.values() for other in others}


def test_at_most_half_of_the_relations_are_known_from_pre_training() -> None:
    known = {relation.lower() for relation in corpus.relations()}
    shared = [relation.key for relation in RELATIONS if relation.key in known or relation.noun in known]
    assert len(shared) <= len(RELATIONS) / 2


def test_a_seed_gives_the_same_world_and_another_seed_another(world: World) -> None:
    assert generate(901) == world
    assert generate(902).questions != world.questions


def test_no_question_is_asked_in_the_words_of_an_example(world: World) -> None:
    names = sorted({fact.entity.name for fact in world.facts}, key=len, reverse=True)

    def masked(text: str) -> str:
        for name in names:
            text = text.replace(name, "_")
        return text

    asked_so = {masked(question.question) for question in world.questions}
    trained_so = {masked(example.prompt) for example in world.examples}
    assert asked_so & trained_so == set()


def test_every_slice_is_there_and_unanswerable_questions_expect_a_refusal(world: World) -> None:
    slices = {question.slice for question in world.questions}
    assert slices == {"stable", "fresh", "new", "tacit", "format", "format+fresh", "unanswerable"}
    for question in world.questions:
        assert (question.references == (UNKNOWN,)) == (question.slice == "unanswerable")


def test_what_a_slice_says_of_documents_and_examples_holds(world: World) -> None:
    facts = {fact.id: fact for fact in world.facts}
    for question in world.questions:
        fact = facts.get(question.group)
        if fact is None or question.slice == "unanswerable":
            continue
        stated = any(fact.now in world.now.get(page, "") for page in question.relevant_documents)
        assert stated == (question.slice != "tacit"), question
        if question.slice in ("fresh", "format+fresh"):
            assert fact.before != fact.now
        taught = any(fact.before in example.completion for example in world.examples)
        assert taught == (question.slice != "new"), question


def test_every_question_has_three_documents_that_state_the_same_relation_of_a_similar_name(world: World) -> None:
    by_id = {fact.id: fact for fact in world.facts}
    for question in world.questions:
        fact = by_id.get(question.group)
        if fact is None or not question.relevant_documents:
            continue
        words = set(fact.entity.name.lower().split())
        stem = fact.entity.name.lower().split()[0][:4]
        near = {
            other.entity.page
            for other in world.facts
            if other.relation == fact.relation
            and other.entity != fact.entity
            and other.entity.page in world.now
            and other.now in world.now[other.entity.page]
            and (words & set(other.entity.name.lower().split()) or other.entity.name.lower().startswith(stem))
        }
        assert len(near) >= 3, question


def test_a_graded_world_teaches_and_indexes_a_part_of_the_same_company(world: World) -> None:
    part = generate(901, grade=Grade(taught=0.5, indexed=0.75))
    assert part.facts == world.facts and part.before == world.before
    assert len(part.now) == round(0.75 * len(world.now)) and part.now.items() <= world.now.items()
    size = SIZES["demo"]
    taught = {example.completion for example in part.examples if not example.completion.startswith(("LOG", UNKNOWN))}
    known = [fact for fact in world.facts if fact.standing in ("stable", "fresh", "tacit")]
    assert len(known) == size.stable + size.fresh + size.tacit
    assert sum(fact.before in taught for fact in known) == pytest.approx(len(known) / 2, abs=4)  # some values repeat
    assert generate(901, grade=Grade()) == world


def test_a_census_asks_about_the_same_facts_in_many_more_wordings(world: World) -> None:
    census = generate(901, census=216)
    assert (census.facts, census.now, census.examples) == (world.facts, world.now, world.examples)
    for name in {question.slice for question in world.questions}:
        few, many = ([q for q in each.questions if q.slice == name] for each in (world, census))
        assert len(many) == 216 == 3 * len(few)
        assert {question.group for question in few} <= {question.group for question in many}


def test_the_files_hold_the_world(tmp_path: Path) -> None:
    world = generate(5, SIZES["tiny"])
    world.write(tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "questions.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [question.id for question in world.questions]
    assert {path.name for path in (tmp_path / "documents/v2").iterdir()} == set(world.now)
    assert len((tmp_path / "train.jsonl").read_text().splitlines()) == len(world.examples)
    assert all(a != b for a, b in itertools.pairwise(row["id"] for row in rows))
