"""Requests: every field is honoured or refused with its name."""

from typing import Any

import orjson
import pytest

from crossover.adapters.prompt import Message
from crossover.indexer.filters import DocumentFilter
from crossover.server.errors import AdapterNotUsed, BadRequest, ModelNotFound
from crossover.server.protocol import Question, Target, parse_chat, parse_model, question_of


def ask(**fields: Any) -> Question:
    body = {"model": "base", "messages": [{"role": "user", "content": "Who?"}]} | fields
    return question_of(parse_chat(orjson.dumps(body)))


def refusal(**fields: Any) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        ask(**fields)
    return caught.value


def test_a_model_is_a_strategy_with_or_without_an_alias() -> None:
    assert parse_model("few-shot") == Target("few-shot")
    assert parse_model("hybrid:support") == Target("hybrid", "support")
    assert parse_model("auto:support") == Target("auto", "support")


@pytest.mark.parametrize("name", ["gpt-4o", "", "RAG", "finetune:", ":support"])
def test_an_unknown_strategy_is_not_found_and_the_known_ones_are_named(name: str) -> None:
    with pytest.raises(ModelNotFound, match="few-shot, rag, finetune, hybrid, auto"):
        parse_model(name)


@pytest.mark.parametrize("name", ["base:support", "few-shot:support", "rag:support"])
def test_an_alias_on_a_strategy_without_adapter_is_refused(name: str) -> None:
    with pytest.raises(AdapterNotUsed, match="support"):
        parse_model(name)


def test_system_messages_are_joined_and_earlier_turns_are_history() -> None:
    question = ask(
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi.", "refusal": None, "tool_calls": None, "annotations": []},
            {"role": "developer", "content": [{"type": "text", "text": "No jokes."}]},
            {"role": "user", "content": [{"type": "text", "text": "Who"}, {"type": "text", "text": "is it?"}]},
        ]
    )

    assert question.text == "Who\nis it?"
    assert question.system == "Be brief.\n\nNo jokes."
    assert question.history == (Message("user", "Hello"), Message("assistant", "Hi."))


def test_standard_fields_reach_the_engine() -> None:
    question = ask(
        temperature=0.7, top_p=0.9, n=2, stop=["\n"], seed=7, presence_penalty=1, frequency_penalty=-1,
        logit_bias={"5": 3}, logprobs=True, top_logprobs=4, max_completion_tokens=9,
    )  # fmt: skip

    assert question.max_tokens == 9
    assert question.sampling == {
        "temperature": 0.7, "top_p": 0.9, "n": 2, "stop": ["\n"], "seed": 7, "presence_penalty": 1,
        "frequency_penalty": -1, "logit_bias": {"5": 3}, "logprobs": 4,
    }  # fmt: skip


def test_the_extension_sets_examples_and_passages() -> None:
    question = ask(crossover={"examples": 2, "passages": 4})
    assert (question.examples, question.passages, question.only) == (2, 4, None)


def test_the_extension_says_which_documents_passages_may_come_from() -> None:
    question = ask(crossover={"source": ["handbook/*"], "where": {"team": "north"}})
    assert question.only == DocumentFilter(("handbook/*",), {"team": "north"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tools", [{"type": "function", "function": {"name": "f"}}]),
        ("functions", [{"name": "f"}]),
        ("function_call", {"name": "f"}),
        ("response_format", {"type": "json_object"}),
        ("modalities", ["text", "audio"]),
        ("audio", {"voice": "alloy", "format": "wav"}),
        ("prediction", {"type": "content", "content": "x"}),
        ("reasoning_effort", "low"),
        ("verbosity", "low"),
        ("web_search_options", {}),
        ("service_tier", "priority"),
        ("store", True),
        ("top_k", 5),
        ("prompt_embeds", "UEsDBA=="),
        ("whatever", 1),
    ],
)
def test_what_is_not_supported_is_refused_by_name(field: str, value: Any) -> None:
    error = refusal(**{field: value})
    assert (error.param, error.code) == (field, "unsupported_parameter")
    assert field in str(error)


def test_values_that_change_nothing_are_accepted() -> None:
    ask(
        response_format={"type": "text"}, modalities=["text"], service_tier="auto", store=False, tools=[], audio=None,
        user="u1", safety_identifier="s1", metadata={"run": "7"}, prompt_cache_key="k",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "param"),
    [
        ("temperature", 2.5, "temperature"),
        ("temperature", "hot", "temperature"),
        ("n", 0, "n"),
        ("n", True, "n"),
        ("max_tokens", 0, "max_tokens"),
        ("stop", ["a", "b", "c", "d", "e"], "stop"),
        ("top_logprobs", 3, "top_logprobs"),
        ("stream_options", {"include_usage": True}, "stream_options"),
        ("logit_bias", {"5": 300}, "logit_bias.5"),
        ("crossover", {"passage": 3}, "crossover.passage"),
        ("crossover", {"where": {"team": 3}}, "crossover.where.team"),
        ("messages", [], "messages"),
        ("messages", "hello", "messages"),
        ("messages", 5, "messages"),
        ("messages", [{"role": "user"}], "messages[0].content"),
        ("messages", [{"role": "robot", "content": "x"}], "messages[0].role"),
        ("messages", [{"role": "tool", "content": "x"}], "messages[0].role"),
        ("messages", [{"role": "user", "content": "x", "name": "Ann"}], "messages[0].name"),
        ("messages", [{"role": "user", "content": " \n"}], "messages[0].content"),
        ("messages", [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}], "messages[1]"),
        ("messages", [{"role": "system", "content": "x"}], "messages[0]"),
        (
            "messages",
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}],
            "messages[0].content[0].type",
        ),
        (
            "messages",
            [{"role": "user", "content": [{"type": "prompt_embeds", "data": "UEsDBA=="}]}],
            "messages[0].content[0].type",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(field: str, value: Any, param: str) -> None:
    error = refusal(**{field: value})
    assert error.param == param
    assert param in str(error)


def test_two_limits_that_differ_are_refused() -> None:
    assert refusal(max_tokens=5, max_completion_tokens=6).param == "max_tokens"
    assert ask(max_tokens=5, max_completion_tokens=5).max_tokens == 5


@pytest.mark.parametrize("raw", [b"{", b"[]", b"null", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_chat(raw)
    assert caught.value.code == "invalid_json"


def test_a_missing_model_is_named() -> None:
    with pytest.raises(BadRequest) as caught:
        parse_chat(b'{"messages": [{"role": "user", "content": "x"}]}')
    assert (caught.value.param, caught.value.code) == ("model", "missing_required_parameter")
