from __future__ import annotations

import pytest

from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.examples import Example
from crossover.adapters.prompt import Message, Prompts, render
from crossover.adapters.training.context import Drawn
from crossover.adapters.training.rows import Rows, RowTooLong

EXAMPLES = [Example(f"Question {'very ' * (n % 7)}{n}?", f"Answer {n}", line=n + 1) for n in range(50)]
PASSAGES = (("One", "The first passage."), ("Two", "The second passage."))


def rows(tokenizer: ChatTokenizer, drawn: list[Drawn], epochs: int = 1, max_tokens: int = 500) -> Rows:
    originals = [each.example for each in drawn]
    return Rows(lambda _, row: drawn[row], originals, epochs, tokenizer, Prompts(), max_tokens)


def test_a_row_is_what_serving_sends_and_the_answer_alone_is_learnt(tokenizer: ChatTokenizer) -> None:
    example = Example("Who?", "Anna", system="Be kind.")
    for drawn, system in ((Drawn(example), Prompts().closed), (Drawn(example, PASSAGES, 1), Prompts().hybrid)):
        (row,) = rows(tokenizer, [drawn])
        prompt = tokenizer.encode(render("Who?", system=f"{system}\n\nBe kind.", passages=drawn.passages))
        assert row["input_ids"][: len(prompt)] == prompt
        learnt = [label for label in row["labels"] if label != -100]
        assert row["input_ids"][len(prompt) :] == learnt
        assert tokenizer.decode(learnt) == drawn.answer


def test_every_epoch_holds_every_example_once_in_another_order(tokenizer: ChatTokenizer) -> None:
    table = rows(tokenizer, [Drawn(example) for example in EXAMPLES], epochs=3)
    order = list(table.order(part=4, seed=1))
    assert sorted(order) == list(range(150)) and order != sorted(order)
    assert order == list(table.order(part=4, seed=1)) != list(table.order(part=4, seed=2))


def test_rows_of_a_part_are_of_similar_length(tokenizer: ChatTokenizer) -> None:
    table = rows(tokenizer, [Drawn(example) for example in EXAMPLES], epochs=2)
    order = list(table.order(part=4, seed=1))
    spans = []
    for start in range(0, 96, 4):
        lengths = [len(table[index]["input_ids"]) for index in order[start : start + 4]]
        spans.append(max(lengths) - min(lengths))
    assert sum(spans) / len(spans) < 2


def test_questions_alone_and_questions_with_passages_take_turns_so_that_a_step_of_two_parts_has_both(
    tokenizer: ChatTokenizer,
) -> None:
    drawn = [Drawn(example, PASSAGES if n % 2 else ()) for n, example in enumerate(EXAMPLES[:48])]
    table = rows(tokenizer, drawn)
    order = list(table.order(part=4, seed=1))
    kinds = [{bool(index % 2) for index in order[start : start + 4]} for start in range(0, 48, 4)]
    assert kinds == [{False}, {True}] * 6


def test_what_does_not_fit_goes_without_passages_and_without_its_oldest_turns(tokenizer: ChatTokenizer) -> None:
    history = (Message("user", "Hi " * 40), Message("assistant", "Hello " * 40))
    drawn = Drawn(Example("Who?", "Anna", history=history), (("Long", "word " * 100),), 0)
    (row,) = rows(tokenizer, [drawn], max_tokens=60)
    assert row["input_ids"][:-3] != [] and len(row["input_ids"]) <= 60
    assert tokenizer.decode([label for label in row["labels"] if label != -100]) == "Anna"


def test_an_example_that_never_fits_is_named_by_its_line(tokenizer: ChatTokenizer) -> None:
    with pytest.raises(RowTooLong, match=r"line 7 has \d+ tokens, but the base model's context takes 50"):
        rows(tokenizer, [Drawn(Example("word " * 100, "Anna", line=7))], max_tokens=50).check()


def test_a_check_looks_at_every_example_without_its_history(tokenizer: ChatTokenizer) -> None:
    history = (Message("user", "Hi " * 90), Message("assistant", "Hello " * 90))
    rows(tokenizer, [Drawn(Example("Who?", "Anna", history=history))], max_tokens=60).check()
    many = [*(Drawn(example) for example in EXAMPLES), Drawn(Example("word " * 300, "Anna", line=51))]
    with pytest.raises(RowTooLong, match="line 51"):
        rows(tokenizer, many, max_tokens=200).check()
