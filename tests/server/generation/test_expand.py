"""`data expand`: a few dozen examples into more of their kind, none of which was there before."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from reviewing import OFFICES, Crossover, document, edit
from scripted_model import ScriptedModel

from crossover.adapters.formats import read

ALL = ("--review", "accept-all", "--json")
THINGS = ("lamp", "heater", "window", "door", "shower", "bed", "kettle", "phone")
BROKEN = "The {} in my room is broken since this morning, what shall I do now?"
MENDED = "Dear guest, we are sorry. Room service mends the {}."
SEEDS = [(BROKEN.format(thing), MENDED.format(thing)) for thing in THINGS]


@pytest.fixture
def seeds(crossover: Crossover) -> Path:
    path = Path("seeds.jsonl")
    path.write_text("".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in SEEDS))
    return path


@pytest.fixture
def inventive(model: ScriptedModel) -> ScriptedModel:
    """Writes five pairs in the style of the seeds each time, with subjects of its own."""
    number = itertools.count()

    def script(prompt: str) -> str:
        names = [f"{OFFICES[next(number) % 16]} {next(number)}" for _ in range(5)]
        rows = [{"question": f"My {name} is broken, what now?",
                 "answer": f"Dear guest, we are sorry. Room service mends the {name}."} for name in names]  # fmt: skip
        return json.dumps(rows)

    model.script = script
    return model


def test_examples_grow_to_the_number_wanted_in_the_form_that_the_seeds_share(
    crossover: Crossover, seeds: Path, inventive: ScriptedModel
) -> None:
    command = ("data", "expand", seeds, "-o", "more.jsonl", "--url", inventive.url, "--style", "formal", *ALL)
    done = document(crossover(*command, "--count", 45))
    assert (done["accepted"], done["rounds"], done["status"]) == (45, 3, "done")
    assert len({each.question for each in read(Path("more.jsonl")).examples}) == 45
    prompt = inventive.prompts[0]
    assert "formal; answers beginning with 'Dear guest, we are sorry. Room service mends the'" in prompt
    assert sum(question in prompt for question, _ in SEEDS) == 6
    asked = len(inventive.prompts)
    assert document(crossover(*command, "--count", 45))["accepted"] == 45 and len(inventive.prompts) == asked
    assert document(crossover(*command, "--count", 50))["accepted"] == 50


@pytest.mark.parametrize(
    "question, answer, reason",
    [
        (
            "the lamp in my room is broken since  this morning, what shall I do now",
            SEEDS[0][1],
            "like an earlier question",
        ),
        (
            "The heater in my room is brokken since this morning, what shall I do now?",
            SEEDS[1][1],
            "like an earlier question",
        ),
        ("My sofa is broken, what now?", SEEDS[0][1], "a question of the evaluation set"),
        ("My sink is broken, what now?", "Not my job.", "an answer of another form"),
        ("My sink is broken " * 30, SEEDS[0][1], "a question too long"),
    ],
)
def test_what_is_not_new_or_has_another_form_is_refused_and_a_model_that_repeats_itself_ends_it(
    crossover: Crossover, seeds: Path, model: ScriptedModel, question: str, answer: str, reason: str
) -> None:
    Path("questions.jsonl").write_text('{"question": "My sofa is broken, what now?", "references": ["x"]}\n')
    model.script = lambda prompt: json.dumps([{"question": question, "answer": answer}])
    command = ("data", "expand", seeds, "-o", "more.jsonl", "--url", model.url, "--against", "questions.jsonl", *ALL)
    done = document(crossover(*command))
    assert (done["accepted"], done["status"], list(done["refused"])) == (0, "done", [reason])
    assert len(model.prompts) < 30


def test_labels_stay_among_those_of_the_seeds_and_are_named_to_the_model(
    crossover: Crossover, model: ScriptedModel
) -> None:
    rows = [{"text": f"The {name} card was charged twice", "label": ("card", "refund")[n % 2]}
            for n, name in enumerate(OFFICES)]  # fmt: skip
    Path("seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    answers = itertools.cycle(["card", "weather"])
    model.script = lambda prompt: json.dumps(
        [{"question": f"Why did gate {len(model.prompts)} eat it?", "answer": next(answers)}]
    )
    done = document(crossover("data", "expand", "seeds.jsonl", "-o", "m.jsonl", "--url", model.url, "--count", 4, *ALL))
    assert done["accepted"] == 4 and set(done["refused"]) == {"an answer of another form"}
    assert "one of 2 labels: card, refund" in model.prompts[0]
    assert {each.answer for each in read(Path("m.jsonl")).examples} == {"card"}


def test_what_a_reviewer_rejected_stands_in_the_next_rounds_requests(
    crossover: Crossover, seeds: Path, inventive: ScriptedModel
) -> None:
    command = ("data", "expand", seeds, "-o", "more.jsonl", "--url", inventive.url, "--count", 30)
    review = Path(document(crossover(*command, "--json"))["review"])

    def decide(row: dict[str, Any]) -> None:
        row.update(decision="reject", reason="No such thing in our hotel") if row["id"] == "3" else row.update(
            decision="accept"
        )

    edit(review, decide)
    first = len(inventive.prompts)
    told = document(crossover(*command, "--json"))
    assert (told["accepted"], told["rejected"]) == (19, 1)
    assert all("Rejected because: No such thing in our hotel" in prompt for prompt in inventive.prompts[first:])


def test_the_system_message_of_the_seeds_is_kept_and_what_cannot_be_grown_is_told(
    crossover: Crossover, inventive: ScriptedModel
) -> None:
    rows = [{"question": q, "answer": a, "system": "You serve guests."} for q, a in SEEDS]
    Path("seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ("data", "expand", "seeds.jsonl", "-o", "m.jsonl", "--url", inventive.url, "--count", 3, *ALL)
    assert document(crossover(*command))["accepted"] == 3
    assert {each.system for each in read(Path("m.jsonl")).examples} == {"You serve guests."}

    rows[1]["system"] = "Another."
    Path("mixed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = crossover("data", "expand", "mixed.jsonl", "-o", "x.jsonl", "--url", inventive.url)
    assert result.exit_code == 2 and "mixed.jsonl:2:system: error: found another system message" in result.stderr
    Path("two.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[2:4]))
    result = crossover("data", "expand", "two.jsonl", "-o", "x.jsonl", "--url", inventive.url)
    assert result.exit_code == 2 and "two.jsonl:0:file: error: found 2 examples" in result.stderr
