"""What the generator invents, and what it must never show in training."""

from __future__ import annotations

import re

import pytest

from crossover.adapters.base_model import corpus
from crossover.adapters.base_model import words as w
from crossover.adapters.base_model.dialogues import Dialogue, Reading, reading
from crossover.adapters.base_model.draw import KINDS, Draw
from crossover.adapters.base_model.evaluate import LENGTHS
from crossover.adapters.base_model.facts import Attribute
from crossover.adapters.base_model.passages import Style, draw_pages
from crossover.adapters.base_model.probes import PROBES, Probe, questions
from crossover.adapters.base_model.relations import TAILS
from crossover.adapters.base_model.stages import COURSES, SCRATCH, Stage, stage_at
from crossover.adapters.prompt import UNKNOWN, Prompts

SERVED = next(probe for probe in PROBES if probe.name == "served")


def test_equal_seeds_give_equal_dialogues_and_other_seeds_others() -> None:
    def some(seed: int) -> list[Dialogue]:
        draw = Draw(seed)
        return [corpus.dialogue(draw, stage.mix) for stage in SCRATCH for _ in range(20)]

    assert some(1) == some(1)
    assert some(1) != some(2)


def test_words_of_the_held_out_tenth_occur_in_evaluation_alone() -> None:
    for split, held_out in (("train", False), ("shared", True), ("held-out", True)):
        draw = Draw(3, split)  # type: ignore[arg-type]
        for _ in range(300):
            word = draw.word()
            assert w.is_held_out(word) == held_out
            assert w.is_held_out(draw.near_word(word)) == held_out
            assert w.is_held_out(draw.composed(tuple(TAILS))[0]) == held_out


def test_a_twin_is_nearly_but_never_quite_the_same_name() -> None:
    draw = Draw(4)
    for _ in range(300):
        entity = draw.entity()
        twin = draw.twin(entity)
        assert twin.name != entity.name
        assert sum(a != b for a, b in zip(entity.slots, twin.slots, strict=True)) == 1


def test_what_a_thing_is_called_loosely_is_no_other_kind_of_thing_and_keeps_the_rest_of_its_name() -> None:
    kinds = {*w.UNIT_KINDS, *w.MORE_KINDS, *w.SYSTEMS, *w.NOUNS}
    assert not {other for others in w.CALLED.values() for other in others} & kinds
    draw, loose = Draw(12), 0
    for _ in range(400):
        entity = draw.entity()
        name = draw.loosely(entity)
        if name is None:
            continue
        loose += 1
        kept = [part for part in entity.name.split(" ") if part not in w.CALLED]
        assert name != entity.name
        assert all(part in name for part in kept)
    assert loose > 100


def test_a_loose_name_in_a_question_leaves_its_answer_as_it_was() -> None:
    draw = Draw(13)
    style = Style(passages=(2, 3), twins=0.5, events=0.0)
    loose, renamed = Reading(style, loose_names=1.0), 0
    for _ in range(60):
        made = reading(draw, loose)
        assert made is not None and made.source is not None
        assert made.value.lower() in made.passages[made.source][1].lower()
        names = [title.split(" - ")[0].lower() for title, _ in made.passages if title]
        renamed += bool(names) and not any(name in made.question.lower() for name in names)
    assert renamed > 10


def test_passages_tell_apart_attributes_whose_names_end_alike() -> None:
    draw = Draw(14)
    tails = [
        [fact.relation.noun_phrases[0].split()[-1] for fact in page.facts if isinstance(fact, Attribute)]
        for _ in range(200)
        for page in draw_pages(draw, Style(facts=(3, 4), share=0.9, known=0.0, events=0.0))
    ]
    assert sum(len(set(page)) < len(page) for page in tails) > 40


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_the_cited_passage_holds_the_answer_and_an_unanswerable_question_gets_the_fixed_words(probe: Probe) -> None:
    for made in questions(probe, 60):
        answer = made.messages[-1].content
        if "unanswerable" in probe.name:
            assert answer == UNKNOWN
            continue
        if probe.task.which and made.source is not None and answer == f"[{made.source + 1}]":
            continue
        cited = re.fullmatch(r"(.+) \[(\d+)\]", answer)
        assert cited
        prompt = made.messages[-2].content
        assert cited[1].lower() in _passage(prompt, int(cited[2])).lower()


@pytest.mark.parametrize(
    "stage",
    [stage for course in COURSES.values() for stage in course],
    ids=lambda stage: f"{stage.name}-{stage.length}",
)
def test_every_trained_answer_from_passages_stands_in_the_passage_it_cites(stage: Stage) -> None:
    draw, seen = Draw(9), 0
    for _ in range(150):
        made = corpus.dialogue(draw, stage.mix)
        prompt = next((m.content for m in made.messages if "\n\nPassages:\n[1] " in m.content), "")
        for message, trained in zip(made.messages, made.trained, strict=True):
            cited = re.fullmatch(r"([^\[\]]+) \[(\d)\]", message.content)
            if prompt and trained and cited and not made.form and "passage" not in message.content:
                assert cited[1].lower() in _passage(prompt, int(cited[2])).lower()
                seen += 1
        told = made.source is not None and made.value != f"[{made.source + 1}]"
        if made.form and told:  # answers in a form may end in what looks like a citation
            assert made.value.lower() in _passage(prompt, (made.source or 0) + 1).lower()
    assert seen > 20


def test_passages_stand_in_the_prompt_with_their_titles_and_the_server_s_system_messages_occur() -> None:
    made = questions(SERVED, 80)
    systems = {message.content for one in made for message in one.messages if message.role == "system"}
    assert {Prompts().rag, Prompts().hybrid} <= systems
    assert any(one.messages[0].role != "system" for one in made)
    first_lines = [_passage(one.messages[-2].content, 1).splitlines()[0] for one in made]
    assert any(re.match(r"[^:.]+ - [^:.]+: ", line) for line in first_lines)
    assert any(re.match(r"[^:.-]+: ", line) for line in first_lines)


def test_handbook_passages_have_the_length_asked_for() -> None:
    draw, style = Draw(5), Style(handbook=1.0, titles=1.0, words=(60, 100))
    lengths = [len(page.text.split()) for _ in range(50) for page in draw_pages(draw, style)]
    assert min(lengths) >= 60
    assert max(lengths) < 140
    assert all(kind.make(draw) for kind in LENGTHS)


def test_held_out_relations_and_wordings_share_nothing_with_training() -> None:
    assert not corpus.relations() & corpus.relations(held_out=True)
    unseen = {sequence for text in corpus.wordings(held_out=True) for sequence in _sequences(text)}
    words = {word for sequence in unseen for word in sequence}
    trained = {sequence for text in corpus.wordings(beside=words) for sequence in _sequences(text)}
    assert not trained & unseen


def test_every_template_can_be_enumerated_with_its_values_masked() -> None:
    wordings = corpus.wordings()
    assert not [text for text in wordings if re.search(r"\{(?![ev]\})", text) and "{n}" not in text]
    assert "Who runs {e}?" in wordings
    assert "The opening time of {e} is {v}." in wordings


def test_every_answer_type_can_be_drawn() -> None:
    draw = Draw(6)
    assert all(draw.value(kind).strip() for kind in KINDS)


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES.keys())
def test_a_course_runs_from_its_first_stage_to_rate_nought(course: tuple[Stage, ...]) -> None:
    assert stage_at(course, 0.0) == (course[0], course[0].start_rate)
    last, rate = stage_at(course, 1.0)
    assert last is course[-1]
    assert rate == 0.0


def test_dialogues_are_never_trained_on_what_the_user_says() -> None:
    draw = Draw(7)
    for stage in SCRATCH:
        for _ in range(50):
            made = corpus.dialogue(draw, stage.mix)
            assert any(made.trained)
            assert all(m.role == "assistant" for m, said in zip(made.messages, made.trained, strict=True) if said)
    assert reading(Draw(8), SERVED.task)


def _passage(prompt: str, number: int) -> str:
    body = prompt.split("\n\nPassages:\n")[1].rsplit("\n\nQuestion: ", 1)[0]
    return f"\n{body}".split(f"\n[{number}] ")[1].split(f"\n[{number + 1}] ")[0]


def _sequences(text: str) -> set[tuple[str, ...]]:
    """All runs of five words without a masked value."""
    words = re.findall(r"[\w'-]+|\{\w\}", text.lower())
    runs = {tuple(words[n : n + 5]) for n in range(len(words) - 4)}
    return {run for run in runs if not any(word.startswith("{") for word in run)}


def test_a_name_stands_once_among_the_pages_of_a_dialogue() -> None:
    draw, style = Draw(8), Style((6, 6), (1, 1), twins=0.9)
    for _ in range(100):
        names = [page.entity.name for page in draw_pages(draw, style)]
        assert len(set(names)) == len(names)


def test_questions_without_an_answer_look_like_others() -> None:
    draw, task = Draw(9), Reading(Style((2, 2)), unanswerable=0.5)
    wrapped: dict[bool, list[bool]] = {True: [], False: []}
    for _ in range(1500):
        if made := reading(draw, task):
            wrapped[made.value == UNKNOWN].append(made.question.endswith(("Thanks!", "brief.", "please.", "urgent.")))
    shares = [sum(flags) / len(flags) for flags in wrapped.values()]
    assert min(shares) > 0.01 and max(shares) < 3 * min(shares)
