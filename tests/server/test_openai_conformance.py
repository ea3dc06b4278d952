"""The official `openai` client works unchanged against a running server."""

from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from crossover.adapters.base_model import WEIGHTS
from crossover.adapters.chat_template import ChatTokenizer

QUESTION = [{"role": "user", "content": "Who runs the Velmora office?"}]


def ask(client: openai.OpenAI, **fields: Any) -> ChatCompletion:
    return client.chat.completions.create(**{"model": "base", "messages": QUESTION, "max_tokens": 12} | fields)


def chunks_of(client: openai.OpenAI, **fields: Any) -> list[ChatCompletionChunk]:
    return list(ask(client, stream=True, **fields))  # type: ignore[call-overload]


def text_of(chunks: list[ChatCompletionChunk], index: int = 0) -> str:
    deltas = [choice for chunk in chunks for choice in chunk.choices if choice.index == index]
    return "".join(choice.delta.content or "" for choice in deltas)


def test_a_chat_answers_with_all_fields_of_the_protocol(client: openai.OpenAI) -> None:
    answer = ask(client)

    assert answer.id.startswith("chatcmpl-")
    assert (answer.object, answer.model) == ("chat.completion", "base")
    assert answer.system_fingerprint
    [choice] = answer.choices
    assert choice.message.role == "assistant"
    assert choice.message.content == choice.message.content.strip() != ""
    assert choice.finish_reason in ("stop", "length")
    assert choice.logprobs is None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert 0 < answer.usage.completion_tokens <= 12


def test_every_response_has_a_request_id(client: openai.OpenAI) -> None:
    assert ask(client)._request_id.startswith("req_")
    given = client.with_options(default_headers={"X-Request-Id": "mine-7"})
    assert ask(given)._request_id == "mine-7"


def test_system_and_earlier_turns_are_part_of_the_prompt(client: openai.OpenAI) -> None:
    short = ask(client).usage.prompt_tokens
    earlier = [
        {"role": "system", "content": "Reply as a ticket line."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello."},
    ]
    assert ask(client, messages=[*earlier, *QUESTION]).usage.prompt_tokens > short + 10


def test_a_stream_says_what_the_whole_answer_says(client: openai.OpenAI) -> None:
    chunks = chunks_of(client)

    assert text_of(chunks) == ask(client).choices[0].message.content
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks][:-1] == [None] * (len(chunks) - 1)
    assert chunks[-1].choices[0].finish_reason in ("stop", "length")
    assert all(chunk.usage is None for chunk in chunks)
    assert not text_of(chunks).startswith(" ")


def test_the_last_chunk_carries_what_the_answer_rests_on(client: openai.OpenAI) -> None:
    *earlier, last = chunks_of(client, model="rag")

    assert all("crossover" not in (chunk.model_extra or {}) for chunk in earlier)
    trace = last.model_extra["crossover"]
    assert trace["strategy"] == "rag"
    assert [source["n"] for source in trace["sources"]] == list(range(1, len(trace["sources"]) + 1))
    assert set(trace["timings_ms"]) == {"route", "retrieve", "generate"}


def test_usage_in_streams_comes_last_and_only_when_asked_for(client: openai.OpenAI) -> None:
    *earlier, last = chunks_of(client, stream_options={"include_usage": True})

    assert last.choices == []
    assert last.usage == ask(client).usage
    assert all(chunk.usage is None and chunk.choices for chunk in earlier)
    assert last.model_extra["crossover"]["strategy"] == "base"


@pytest.mark.parametrize("temperature", [0, 1])
def test_n_gives_that_many_choices(client: openai.OpenAI, temperature: float) -> None:
    answer = ask(client, n=3, temperature=temperature, seed=1)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    if temperature == 0:
        assert {choice.message.content for choice in answer.choices} == {ask(client).choices[0].message.content}


def test_n_works_in_streams(client: openai.OpenAI) -> None:
    chunks = chunks_of(client, n=2, temperature=0)
    expected = ask(client).choices[0].message.content
    assert [text_of(chunks, index) for index in (0, 1)] == [expected, expected]
    ends = [choice.index for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    assert sorted(ends) == [0, 1]


def test_max_tokens_limits_the_answer_and_says_so(client: openai.OpenAI) -> None:
    for limit in ("max_tokens", "max_completion_tokens"):
        answer = ask(client, **{"max_tokens": None, limit: 2})
        assert answer.usage.completion_tokens == 2
        assert answer.choices[0].finish_reason == "length"


def test_stop_ends_the_answer_before_the_stop_text(client: openai.OpenAI) -> None:
    whole = ask(client).choices[0].message.content
    stop = whole[len(whole) // 2 :][:3]
    answer = ask(client, stop=[stop, "\n\n\n"])
    assert answer.choices[0].message.content == whole[: whole.index(stop)].rstrip() or stop not in (
        answer.choices[0].message.content
    )
    assert answer.choices[0].finish_reason == "stop"
    assert text_of(chunks_of(client, stop=stop)) == ask(client, stop=stop).choices[0].message.content


def test_temperature_zero_repeats_itself_and_is_the_default(client: openai.OpenAI) -> None:
    answers = {ask(client, **fields).choices[0].message.content for fields in ({}, {"temperature": 0}, {"seed": 3})}
    assert len(answers) == 1


def test_one_seed_repeats_itself_and_seeds_differ(client: openai.OpenAI) -> None:
    def sample(seed: int) -> str:
        answer = ask(client, model="rag", temperature=2, seed=seed, max_tokens=24)
        return str(answer.choices[0].message.content)

    assert sample(7) == sample(7)
    assert len({sample(seed) for seed in range(8)}) > 1


def test_logprobs_come_in_the_chat_shape(client: openai.OpenAI) -> None:
    answer = ask(client, logprobs=True, top_logprobs=3)
    content = answer.choices[0].logprobs.content

    assert "".join(entry.token for entry in content) == answer.choices[0].message.content
    for entry in content:
        assert entry.logprob <= 0
        assert bytes(entry.bytes).decode() == entry.token
        assert len(entry.top_logprobs) == 3
        assert [top.logprob for top in entry.top_logprobs] == sorted(
            (t.logprob for t in entry.top_logprobs), reverse=True
        )
    assert ask(client, logprobs=True).choices[0].logprobs.content[0].top_logprobs == []


def test_logprobs_of_a_stream_are_those_of_the_whole_answer(client: openai.OpenAI) -> None:
    chunks = chunks_of(client, logprobs=True, top_logprobs=2)
    streamed = [
        entry.token
        for chunk in chunks
        for choice in chunk.choices
        if choice.logprobs
        for entry in choice.logprobs.content or []
    ]
    whole = ask(client, logprobs=True, top_logprobs=2).choices[0].logprobs.content
    assert streamed == [entry.token for entry in whole]


def test_penalties_top_p_and_bias_are_honoured(client: openai.OpenAI) -> None:
    assert ask(client, presence_penalty=1.5, frequency_penalty=-0.5, top_p=0.5).choices[0].message.content
    end = str(ChatTokenizer(WEIGHTS).eos_token_id)
    ended = ask(client, logit_bias={end: 100})
    assert (ended.choices[0].message.content, ended.choices[0].finish_reason) == ("", "stop")
    assert ask(client, logit_bias={end: -100}, max_tokens=40).choices[0].finish_reason == "length"


def test_models_are_listed_and_found_one_by_one(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]

    assert {"base", "few-shot", "rag", "finetune", "hybrid", "auto"} <= set(names)
    assert {"finetune:support", "hybrid:support", "auto:support"} <= set(names)
    assert client.models.retrieve("hybrid:support").id == "hybrid:support"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4o")


@pytest.mark.parametrize(
    ("error", "code", "param", "fields"),
    [
        (openai.NotFoundError, "model_not_found", "model", {"model": "gpt-4o"}),
        (openai.NotFoundError, "model_not_found", "model", {"model": "hybrid:nobody"}),
        (openai.BadRequestError, "adapter_not_used", "model", {"model": "rag:support"}),
        (openai.ConflictError, "no_adapter", "model", {"model": "finetune"}),
        (openai.BadRequestError, "unsupported_parameter", "tools", {"tools": [{"type": "function"}]}),
        (
            openai.BadRequestError,
            "unsupported_parameter",
            "response_format",
            {"response_format": {"type": "json_object"}},
        ),
        (openai.BadRequestError, "unsupported_parameter", "best_of", {"extra_body": {"best_of": 2}}),
        (openai.BadRequestError, "invalid_value", "temperature", {"temperature": 3}),
        (
            openai.BadRequestError,
            "invalid_value",
            "messages[0].content",
            {"messages": [{"role": "user", "content": " "}]},
        ),
        (
            openai.BadRequestError,
            "context_length_exceeded",
            "messages",
            {"messages": [{"role": "user", "content": "word " * 9000}]},
        ),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_are_openai_errors_and_name_the_field(
    client: openai.OpenAI,
    error: type[openai.APIStatusError],
    code: str,
    param: str,
    fields: dict[str, Any],
    stream: bool,
) -> None:
    with pytest.raises(error) as caught:
        ask(client, stream=stream, **fields)
    assert (caught.value.code, caught.value.param) == (code, param)
    assert caught.value.request_id
    assert len(caught.value.body["message"]) > 20


def test_unknown_paths_and_methods_are_told_in_the_same_shape(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.embeddings.create(model="base", input="x")
    assert missing.value.code == "not_found"
    with pytest.raises(openai.APIStatusError) as method:
        client.get("/chat/completions", cast_to=object)
    assert (method.value.status_code, method.value.code) == (405, "method_not_allowed")


async def test_the_async_client_streams_too(server: Any) -> None:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none") as client:
        stream = await client.chat.completions.create(model="base", messages=QUESTION, max_tokens=6, stream=True)
        assert [chunk async for chunk in stream][-1].choices[0].finish_reason
