"""Planted failures: run logs made by hand, in which the right cause of every wrong answer is known."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.examples import Example
from crossover.eval import scoring
from crossover.eval.attribution import Cause, Taught, explain, taught_by
from crossover.eval.questions import Question, QuestionSet
from crossover.eval.run_log import RunLog
from crossover.eval.runs import QUESTIONS_FILE
from crossover.eval.world.facts import Fact
from crossover.eval.world.generator import World, generate
from crossover.eval.world.size import SIZES

ADAPTER = "house@3f9c2a41d0be"
REFUSAL = "I don't know."


@dataclass
class Planter:
    """Collects answers with their known causes, and has them explained."""

    questions: Sequence[Question]
    examples: Sequence[Example] = ()
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    planted: dict[tuple[str, str], Cause] = field(default_factory=dict)

    def plant(
        self, arm: str, question: Question, answer: str, cause: Cause, passages: Sequence[tuple[str, str]] = (),
        strategy: str = "",
    ) -> None:  # fmt: skip
        chosen = strategy or arm
        sources = [{"n": n, "document": d, "title": d, "text": t} for n, (d, t) in enumerate(passages, start=1)]
        adapter = ADAPTER if chosen in ("finetune", "hybrid") else None
        trace = {"strategy": chosen, "adapter": adapter, "sources": sources}
        self.rows[arm][question.id] = {"id": question.id, "answer": answer, "crossover": trace}
        self.planted[arm, question.id] = cause

    def named(self, folder: Path) -> dict[tuple[str, str], Cause | None]:
        """The cause of every answer by arm and question, through files as a run writes them."""
        for arm, rows in self.rows.items():
            with RunLog(folder / f"{arm}.jsonl", {}, {"arm": arm}) as log:
                for question in self.questions:
                    right = {"id": question.id, "answer": (question.references or (REFUSAL,))[0], "crossover": {}}
                    log.append(rows.get(question.id, right))
        asked = QuestionSet("planted", tuple(self.questions))
        asked.write(folder / QUESTIONS_FILE)
        evaluation = scoring.load([folder])
        causes = explain(evaluation, {ADAPTER: Taught(self.examples)} if self.examples else {})
        ids = [question.id for question in asked]
        return {(arm, i): cause for arm, found in causes.items() for i, cause in zip(ids, found, strict=True)}


@pytest.fixture(scope="module")
def world() -> World:
    return generate(3, SIZES["demo"])


def told(fact: Fact, value: str) -> tuple[str, str]:
    """A passage of the fact's page that states a value."""
    return fact.entity.page, f"The {fact.relation.noun} here is {value}. The lamp is green."


def test_at_least_nine_of_ten_planted_failures_are_named(world: World, tmp_path: Path) -> None:
    rng, facts = random.Random(1), {fact.id: fact for fact in world.facts}
    planter = Planter(world.questions, [Example(e.prompt, e.completion) for e in world.examples])
    elsewhere = ("elsewhere.md", "The kitchen is on the second floor.")
    for number, question in enumerate(world.questions):
        fact = facts.get(question.group)
        if question.slice == "unanswerable" or fact is None:
            for arm in ("rag", "finetune", "hybrid"):
                planter.plant(arm, question, "the green mill", Cause.SHOULD_REFUSE, [elsewhere])
            continue
        same = [
            f.now for f in facts.values() if f.relation == fact.relation and f.now not in (fact.now, fact.before, "")
        ]
        other = rng.choice(same) if same else "the green mill"
        page, lacking = told(fact, fact.now), (fact.entity.page, "The lamp here is green.")
        if question.slice == "tacit":
            planter.plant("rag", question, other, Cause.NO_SOURCE, [elsewhere])
            planter.plant("finetune", question, *_pick(number, (REFUSAL, Cause.REFUSED), (other, Cause.NEVER_LEARNED)))
            planter.plant("hybrid", question, other, Cause.NEVER_LEARNED, [elsewhere])
            continue
        searched = [
            (other, Cause.RETRIEVAL_MISSED, [elsewhere]),
            (REFUSAL, Cause.RETRIEVAL_MISSED, [lacking]),
            (other, Cause.MISREAD, [elsewhere, page]),
            (REFUSAL, Cause.REFUSED, [page]),
            (f"It would be {fact.now}, they say", Cause.WRONG_FORMAT, [page]),
        ]
        for arm in ("rag", "hybrid"):
            answer, cause, passages = searched[(number + (arm == "hybrid")) % 5]
            planter.plant(arm, question, answer, cause, passages)
        if question.slice in ("fresh", "format+fresh"):
            planter.plant("finetune", question, fact.before, Cause.STALE)
            old = told(fact, fact.before)  # an index that is as old as the adapter: the passage misled it
            planter.plant(
                "hybrid", question, fact.before,
                *_pick(number, (Cause.STALE, [page]), (Cause.RETRIEVAL_MISSED, [old])),
            )  # fmt: skip
        else:
            planter.plant("finetune", question, other, Cause.NEVER_LEARNED)
    named = planter.named(tmp_path)
    hits: dict[Cause, list[bool]] = defaultdict(list)
    for place, cause in planter.planted.items():
        hits[cause].append(named[place] == cause)
    shares = {cause: sum(right) / len(right) for cause, right in hits.items()}
    assert sum(map(sum, hits.values())) / len(planter.planted) >= 0.9
    assert len(shares) == 8
    assert min(shares.values()) >= 0.9


def asking(identifier: str, *references: str, slice_: str = "all", documents: tuple[str, ...] = ()) -> Question:
    return Question(identifier, f"What about {identifier}?", references, slice_, identifier, documents)


def test_the_router_is_to_blame_where_another_strategy_was_right(tmp_path: Path) -> None:
    question = asking("mill", "red", documents=("mill.md",))
    planter = Planter([question])
    planter.plant("auto", question, "blue", Cause.WRONG_ROUTE, strategy="finetune")
    planter.plant("rag", question, "red", Cause.OTHER)
    assert planter.named(tmp_path) == {("auto", "mill"): Cause.WRONG_ROUTE, ("rag", "mill"): None}


def test_without_named_documents_the_passages_of_any_arm_show_what_is_documented(tmp_path: Path) -> None:
    mill, yard = asking("mill", "red door"), asking("yard", "old oak")
    planter = Planter([mill, yard], [Example("What about mill?", "blue gate")])
    planter.plant("finetune", mill, "blue gate", Cause.STALE)
    planter.plant("rag", mill, "green", Cause.MISREAD, [("a.md", "It has a red door.")])
    planter.plant("rag", yard, "green", Cause.RETRIEVAL_MISSED, [("a.md", "It has a red door.")])
    named = planter.named(tmp_path)
    assert {place: named[place] for place in planter.planted} == planter.planted


def test_what_the_data_does_not_tell_is_called_other(tmp_path: Path) -> None:
    long = "a sentence of many words that no passage will ever repeat exactly"
    questions = [asking("mill", "red", documents=("mill.md",)), asking("yes", "Yes", documents=("mill.md",)),
                 asking("long", long, documents=("mill.md",))]  # fmt: skip
    planter, shown = Planter(questions), [("mill.md", "The lamp is green.")]
    planter.plant("finetune", questions[0], "blue", Cause.OTHER)  # its training examples are not here
    planter.plant("rag", questions[0], "", Cause.OTHER, shown)
    planter.plant("rag", questions[1], "No", Cause.OTHER, shown)
    planter.plant("rag", questions[2], "something", Cause.OTHER, shown)
    named = planter.named(tmp_path)
    assert {place: named[place] for place in planter.planted} == planter.planted


def test_an_adapter_for_another_task_is_not_stale_for_a_word_in_common(tmp_path: Path) -> None:
    question = Question("eu", "In which country did the Normans settle?", ("France",), "all", "eu", ("normans.md",))
    intents = [Example("In which country can I get a card?", "country support"), Example("Where is it?", "transfer")]
    planter = Planter([question], intents)
    planter.plant("finetune", question, "country support", Cause.NEVER_LEARNED)
    assert planter.named(tmp_path) == planter.planted


def test_an_example_in_the_prompt_may_have_held_the_answer(tmp_path: Path) -> None:
    mill, yard = asking("mill", "red", documents=("mill.md",)), asking("yard", "oak", documents=("yard.md",))
    planter = Planter([mill, yard], [Example("What about mill?", "red")])
    planter.plant("few-shot", mill, "blue", Cause.OTHER)
    planter.plant("few-shot", yard, "blue", Cause.NO_SOURCE)
    for row in planter.rows["few-shot"].values():
        row["request"] = {"crossover": {"examples": 3}}
    named = planter.named(tmp_path)
    assert {place: named[place] for place in planter.planted} == planter.planted


def test_a_form_that_all_references_share_is_told_from_their_values(tmp_path: Path) -> None:
    colours = ("red", "blue", "green", "white", "black")
    questions = [asking(f"mill{n}", f"LOG: {c} @ mill{n}", slice_="form") for n, c in enumerate(colours)]
    planter = Planter(questions)
    planter.plant("base", questions[0], "Red.", Cause.WRONG_FORMAT)
    planter.plant("base", questions[1], "LOG: red @ mill1", Cause.NO_SOURCE)
    named = planter.named(tmp_path)
    assert {place: named[place] for place in planter.planted} == planter.planted


def test_training_examples_come_from_the_first_home_that_has_them(tmp_path: Path) -> None:
    assert taught_by([ADAPTER], [tmp_path]) == {}
    folder = tmp_path / "adapters" / "house" / "3f9c2a41d0be"
    folder.mkdir(parents=True)
    (folder / "train.jsonl").write_text('{"prompt": "Who runs the mill?", "completion": "Ada"}\n')
    card = AdapterCard(
        name="house", base_model="m", base_fingerprint="f", chat_template="c", prompts="p",
        data=DataCard(name="d", fingerprint="f", examples=1), trained_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    card.save(folder)
    taught = taught_by([ADAPTER, "other@000000000000"], [tmp_path / "none", tmp_path])
    assert list(taught) == [ADAPTER]
    assert taught[ADAPTER].answers_about("Tell me who runs the mill") == [["ada"]]
    assert taught[ADAPTER].answers_about("Where is Quillon?") == []


def _pick(number: int, *choices: Any) -> Any:
    return choices[number % len(choices)]
