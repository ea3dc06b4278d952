from __future__ import annotations

from dataclasses import replace

from crossover.adapters.prompt import Message, Prompts, render, with_passages

PASSAGES = [("Velmora", "Velmora: Anna runs it."), ("Archive", "It is in room 14.")]


def test_a_question_without_passages_stands_alone() -> None:
    assert with_passages("Who runs it?", []) == "Who runs it?"


def test_the_question_stands_before_and_behind_numbered_passages() -> None:
    lines = with_passages("Who runs it?", PASSAGES).split("\n")
    assert lines[0] == lines[-1] == "Question: Who runs it?"
    assert lines[3:5] == ["[1] Velmora: Anna runs it.", "[2] Archive: It is in room 14."]


def test_a_title_that_the_text_begins_with_is_not_repeated() -> None:
    assert "Velmora: Velmora" not in with_passages("Who?", PASSAGES)
    assert with_passages("Who?", [("", "Nobody.")]).count("[1] Nobody.") == 1


def test_messages_come_as_system_examples_history_question() -> None:
    history = [Message("user", "Hello"), Message("assistant", "Good day.")]
    messages = render("Who?", system="Be brief.", examples=[("When?", "Now.")], history=history)
    assert [message.role for message in messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert [message.content for message in messages] == ["Be brief.", "When?", "Now.", "Hello", "Good day.", "Who?"]


def test_an_empty_system_message_is_left_out() -> None:
    assert [message.role for message in render("Who?")] == ["user"]


def test_the_digest_changes_with_every_prompt_and_only_then() -> None:
    assert Prompts().digest == Prompts().digest
    changed = [replace(Prompts(), **{name: "Other."}).digest for name in ("closed", "rag", "hybrid")]
    assert len({Prompts().digest, *changed}) == 4
