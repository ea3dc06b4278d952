"""Which option is taken, and why."""

import pytest

from crossover.server.routing.choice import Option, decide

RAG = Option("rag", None, 0.70, 0.9)
FINETUNE = Option("finetune", "house", 0.60, 0.3)
HYBRID = Option("hybrid", "house", 0.705, 1.0)
NOBODY = Option("abstain", None, 0.1, 0.0)


@pytest.mark.parametrize(
    ("weight", "taken"),
    [
        (0.0, "rag"),  # hybrid is better by less than a tie, and dearer
        (0.1, "rag"),
        (0.2, "finetune:house"),
        (5.0, "abstain"),  # no answer is worth so much
    ],
)
def test_cost_counts_as_much_as_its_weight_says(weight: float, taken: str) -> None:
    option, reason = decide([HYBRID, RAG, FINETUNE, NOBODY], weight)
    assert option.name == taken
    assert reason.endswith(".") and reason.count(". ") == 0 and "\n" not in reason


def test_the_reason_names_what_was_weighed() -> None:
    assert decide([RAG, FINETUNE], 0.0)[1] == "rag is likeliest to be right (70 %; finetune:house 60 %)."
    cheaper = decide([RAG, FINETUNE], 0.3)[1]
    assert cheaper == (
        "finetune:house is cheaper than rag, and nearly enough as likely to be right (60 % against 70 %)."
    )
    assert decide([RAG], 0.0)[1].startswith("rag is the only strategy that can answer")


def test_what_nothing_is_likely_to_answer_is_not_answered() -> None:
    sure = Option("abstain", None, 0.8, 0.0)
    option, reason = decide([RAG, FINETUNE, sure], 0.0)
    assert option is sure
    assert reason == "No strategy is likely to be right (rag at best, 70 %: less than that nothing answers it)."
    assert decide([RAG, NOBODY], 0.0, abstain_below=0.75)[0] is NOBODY
    assert decide([RAG, NOBODY], 0.0, abstain_below=0.65)[0] is RAG
    assert decide([RAG], 0.0, abstain_below=0.99)[0] is RAG  # it was not fitted to abstain


def test_of_two_adapters_the_likelier_one_answers() -> None:
    other = Option("finetune", "tickets", 0.8, 0.3)
    assert decide([FINETUNE, other], 0.02)[0].name == "finetune:tickets"
