"""The chat templates that people use: rendered as Hugging Face does, learnt as served, and never written by a text."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.prompt import Message, render
from crossover.eval.bench.tiny_families import FAMILIES, Family, build_tokenizer

DAY = date(2030, 5, 1)
TEXTS = ["Who runs the Velmora office?", "two\n\nlines and a\ttab", "números, 北京 🦊", "{{ 1 + 1 }} <b>[1]</b>"]


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    return FAMILIES[request.param]


@pytest.fixture(scope="module")
def folder(family: Family, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tokenizer(family, tmp_path_factory.mktemp(family.name))


@pytest.fixture(scope="module")
def chat(folder: Path) -> ChatTokenizer:
    return ChatTokenizer(folder, today=DAY)


def by_hugging_face(folder: Path, messages: list[Message], *, generate: bool = True) -> list[int]:
    turns = [{"role": message.role, "content": message.content} for message in messages]
    encoded = AutoTokenizer.from_pretrained(folder).apply_chat_template(
        turns, add_generation_prompt=generate, tokenize=True, return_dict=False, enable_thinking=False,
        strftime_now=DAY.strftime,
    )  # fmt: skip
    return list(encoded)


@pytest.mark.parametrize("text", TEXTS)
def test_a_conversation_is_encoded_as_hugging_face_does(chat: ChatTokenizer, folder: Path, text: str) -> None:
    system = "Be brief." if chat.takes_system else ""
    history = [Message("user", "Hi"), Message("assistant", text)]
    messages = render(text, system=system, passages=[("Title", text)], history=history)
    assert chat.encode(messages) == by_hugging_face(folder, messages)


def test_gemma_alone_has_no_system_role_and_gets_the_message_with_the_question(
    chat: ChatTokenizer, family: Family
) -> None:
    assert chat.takes_system == (family.name != "gemma")
    with_system = chat.encode([Message("system", "Be brief."), Message("user", "Who?")])
    folded = chat.encode([Message("user", "Be brief.\n\nWho?")])
    assert (with_system == folded) == (family.name in ("gemma", "mistral"))  # Mistral's template folds it itself


def test_loss_falls_on_the_answer_and_the_token_that_ends_it_behind_the_prompt_that_is_served(
    chat: ChatTokenizer, family: Family, folder: Path
) -> None:
    history = [Message("user", "Hi"), Message("assistant", "Yes")]
    messages = render("Who runs the office?", system="Be brief.", history=history)
    ids, mask = chat.encode_example(messages, "Anna Tovan")
    prompt = chat.encode(messages)
    assert ids[: len(prompt)] == prompt
    assert mask == [0] * len(prompt) + [1] * (len(ids) - len(prompt))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    learnt = tokenizer.convert_ids_to_tokens(ids[len(prompt) :])
    assert learnt[-1] == family.end_of_turn
    assert not set(learnt[:-1]) & set(family.special)
    assert chat.decode(ids[len(prompt) :]) == "Anna Tovan"


def test_special_tokens_in_documents_questions_and_examples_stay_text(
    chat: ChatTokenizer, family: Family, folder: Path
) -> None:
    attack = " ".join(family.special) + "".join(family.special)

    def asked(words: str) -> list[Message]:
        shown = [(f"Old? {words}", f"Yes {words}")]
        return render(f"Who? {words}", system="Be brief.", passages=[(f"T {words}", f"P {words}")], examples=shown)

    def special(ids: list[int]) -> list[str]:
        return [
            token
            for token in AutoTokenizer.from_pretrained(folder).convert_ids_to_tokens(ids)
            if token in family.special
        ]

    plain, attacked = chat.encode(asked("")), chat.encode(asked(attack))
    assert special(attacked) == special(plain)
    decoded = AutoTokenizer.from_pretrained(folder).decode(attacked)
    assert decoded.count("".join(family.special)) == 6  # the question stands twice beside passages
    learnt, mask = chat.encode_example(asked(attack), f"Anna {attack}")
    ends = [token for token, on in zip(learnt, mask, strict=True) if on]
    assert special(ends) == [family.end_of_turn]


def test_qwen3_thinks_only_when_asked_to_and_llama_3_reads_the_date(
    chat: ChatTokenizer, family: Family, folder: Path
) -> None:
    messages = [Message("user", "Who?")]
    shown = AutoTokenizer.from_pretrained(folder).decode(chat.encode(messages))
    assert ("<think>\n\n</think>" in shown) == (family.name == "qwen3")
    assert ("It is 01 May 2030." in shown) == (family.name == "llama3")
    thinking = ChatTokenizer(folder, {"enable_thinking": True}, today=DAY)
    assert (thinking.encode(messages) != chat.encode(messages)) == (family.name == "qwen3")
