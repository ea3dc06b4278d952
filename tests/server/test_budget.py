"""The prompt budget: what is left out when the context is short, and in which order."""

import tracemalloc
from dataclasses import replace

import pytest

from crossover.adapters.base_model import WEIGHTS
from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.prompt import Message
from crossover.server.budget import Material, fit
from crossover.server.errors import ContextExceeded

TOKENIZER = ChatTokenizer(WEIGHTS)
TEXT = "The Velmora office is run by Anna Tovan since 2014."
FULL = Material(
    question="Who runs the Velmora office?",
    system="Answer from the passages.",
    passages=[(f"Passage {n}", TEXT) for n in range(5)],
    examples=[(f"Question {n}?", "Answer.") for n in range(3)],
    history=[Message("user" if n % 2 == 0 else "assistant", f"turn {n}") for n in range(4)],
)
WHOLE = len(TOKENIZER.encode(FULL.messages))


def test_all_of_it_goes_in_while_there_is_room() -> None:
    fitted = fit(FULL, TOKENIZER, context=WHOLE + 16, max_tokens=16, default=256)
    assert fitted.material == FULL
    assert fitted.prompt == TOKENIZER.encode(FULL.messages)


def test_the_last_passages_go_first_and_whole() -> None:
    fitted = fit(FULL, TOKENIZER, context=WHOLE + 15, max_tokens=16, default=256)
    kept = fitted.material
    assert 0 < len(kept.passages) < 5
    assert kept.passages == FULL.passages[: len(kept.passages)]
    assert (kept.examples, kept.history) == (FULL.examples, FULL.history)


def test_then_the_oldest_turns_and_history_still_begins_with_the_user() -> None:
    without = len(TOKENIZER.encode(replace(FULL, passages=()).messages))
    kept = fit(FULL, TOKENIZER, context=without + 15, max_tokens=16, default=256).material
    assert not kept.passages
    assert list(kept.history) == FULL.history[2:]
    assert kept.examples == FULL.examples


@pytest.mark.parametrize("context", range(64, 400, 13))
def test_the_prompt_never_exceeds_the_context(context: int) -> None:
    fitted = fit(FULL, TOKENIZER, context, max_tokens=16, default=256)
    assert len(fitted.prompt) + fitted.max_tokens <= context
    assert fitted.material.question == FULL.question


def test_without_a_limit_the_answer_takes_at_most_a_quarter() -> None:
    assert fit(FULL, TOKENIZER, context=400, max_tokens=None, default=256).max_tokens == 100
    assert fit(FULL, TOKENIZER, context=4000, max_tokens=None, default=256).max_tokens == 256


def test_a_question_that_does_not_fit_is_refused_with_the_figures() -> None:
    long = Material(question="word " * 500)
    with pytest.raises(ContextExceeded, match=r"takes \d+ tokens .* context of 256"):
        fit(long, TOKENIZER, context=256, max_tokens=None, default=256)
    with pytest.raises(ContextExceeded, match="lower max_tokens"):
        fit(Material(question="Who?"), TOKENIZER, context=256, max_tokens=256, default=256)


def test_many_short_turns_cost_memory_of_their_number_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TOKENIZER, "_frames", {})
    turns = [Message("user" if n % 2 == 0 else "assistant", "a") for n in range(5000)]
    tracemalloc.start()
    fitted = fit(Material("Who?", history=turns), TOKENIZER, context=256, max_tokens=16, default=256)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0 < len(fitted.material.history) < 256
    assert peak < 20 << 20
    assert sum(len(roles) for roles, _ in TOKENIZER._frames) < 1000
