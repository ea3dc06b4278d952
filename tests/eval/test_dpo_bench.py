"""What `make prove-dpo` measures and says; the run itself takes engines and minutes."""

from __future__ import annotations

from crossover.eval.bench.dpo import ARMS, MEASURES, divide, scores, together, verdict
from crossover.eval.world.generator import generate
from crossover.eval.world.questions import HOUSE_STYLE
from crossover.eval.world.size import SIZES

WORLD = generate(950, SIZES["demo"])
QUESTIONS = [question for question in WORLD.questions if question.slice in ("format", "stable")]
RIGHT = {question.id: question.references[0] for question in QUESTIONS}
PLAIN = {name: text.removeprefix("LOG: ").partition(" @ ")[0] for name, text in RIGHT.items()}


def test_a_tenth_of_the_house_style_is_left_to_the_first_adapter() -> None:
    first, apart = divide(WORLD.examples)
    styled = [example for example in first if example.prompt.endswith(HOUSE_STYLE)]
    assert len(first) + len(apart) == len(WORLD.examples) and len(styled) == -(-(len(styled) + len(apart)) // 10)
    assert all(example.completion.startswith("LOG: ") for example in apart)


def test_an_answer_without_the_form_keeps_it_not_and_is_right_where_no_form_is_asked_for() -> None:
    kept, lost = scores(RIGHT, QUESTIONS), scores(PLAIN, QUESTIONS)
    assert [len(values) for values in kept.values()] == [72, 72, 72]
    assert all(set(values) == {1.0} for values in kept.values())
    assert [set(values) for values in lost.values()] == [{0.0}, {0.0}, {1.0}]


def test_the_verdict_says_whether_it_changes_the_form_and_whether_it_pays() -> None:
    groups = {
        name: [question.group for question in QUESTIONS if question.slice == part] for name, part in MEASURES.items()
    }

    def said(before: dict[str, str], dpo: dict[str, str], examples: dict[str, str]) -> str:
        arms = {arm: scores(answers, QUESTIONS) for arm, answers in zip(ARMS, (before, dpo, examples), strict=True)}
        return verdict(together([{"seed": 950, "scores": arms, "groups": groups}]))

    assert said(PLAIN, RIGHT, RIGHT) == (
        "DPO raises how often the form is kept; beside training on the references: no difference shown."
    )
    assert said(PLAIN, PLAIN, RIGHT).endswith("training on the references does more: it does not pay here.")
