from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crossover.adapters.examples import DataError, Example
from crossover.adapters.formats import read
from crossover.adapters.formats.detect import check
from crossover.adapters.prompt import Message

Write = Callable[..., Path]
FILES = Path(__file__).parents[4] / "shared" / "data" / "finetune_formats"


@pytest.mark.parametrize("question, answer", [("prompt", "completion"), ("question", "answer")])
def test_pairs_are_read_stripped_with_their_lines(write: Write, question: str, answer: str) -> None:
    path = write(
        "pairs.jsonl",
        json.dumps({question: " Who? ", answer: " Anna. ", "more": 1}),
        "",
        json.dumps({question: "When?", answer: "Now."}),
    )
    data = read(path)
    assert data.examples == (Example("Who?", "Anna.", line=1), Example("When?", "Now.", line=3))
    assert (data.name, data.format) == ("pairs", "prompt-completion")


def test_each_answer_of_a_conversation_is_an_example_with_what_came_before(write: Write) -> None:
    turns = [("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello"), ("user", "Who?"), ("assistant", "Anna")]
    path = write("chat.jsonl", json.dumps({"messages": [{"role": role, "content": text} for role, text in turns]}))
    first, second = read(path).examples
    assert first == Example("Hi", "Hello", "Be kind.", line=1)
    assert second == Example("Who?", "Anna", "Be kind.", (Message("user", "Hi"), Message("assistant", "Hello")), 1)


def test_a_turn_of_weight_zero_is_context_alone(write: Write) -> None:
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello", "weight": 0},
        {"role": "user", "content": [{"type": "text", "text": "Who"}, {"type": "text", "text": "?"}]},
        {"role": "assistant", "content": "Anna"},
    ]
    (example,) = read(write("chat.jsonl", json.dumps({"messages": messages}))).examples
    assert (example.question, example.answer) == ("Who?", "Anna")


def test_an_example_written_out_is_read_back_the_same(write: Write) -> None:
    history = (Message("user", "Hi"), Message("assistant", "Hello"))
    for example in (Example("Who?", "Änna", line=1), Example("Who?", "Anna", "Be kind.", history, 1)):
        assert read(write("back.jsonl", example.to_json())).examples == (example,)


def test_a_json_array_is_read_and_a_fault_named_by_its_first_line(write: Write) -> None:
    good, bad = '{"prompt": "a",\n "completion": "b"}', '{"prompt": "a",\n "completion": 7}'
    assert [e.line for e in read(write("good.json", "[", good + ",", good, "]")).examples] == [2, 4]
    with pytest.raises(DataError, match=r"bad\.json:4:completion: error: found the number 7, expected a text"):
        read(write("bad.json", "[", good + ",", bad, "]"))


GOOD = '{"prompt": "a", "completion": "b"}'


@pytest.mark.parametrize(
    "row, finding",
    [
        ('{"prompt": "a"}', "completion: error: found nothing, expected a text that is not empty"),
        ('{"prompt": "a", "completion": "  "}', "completion: error: found an empty text"),
        ('{"prompt": ["a"], "completion": "b"}', "prompt: error: found a list of 1"),
        ('{"prompt": "a", "completion": true}', "completion: error: found the truth value true"),
        ('{"prompt": "a", "completion": ', "row: error: found broken JSON at column"),
        ("[1]", "row: error: found a list of 1, expected a JSON object"),
        ('{"tokens": "a"}', "row: error: found an object with tokens, expected the keys messages, or prompt"),
        ('{"messages": []}', "messages: error: found a list of 0, expected a list of messages"),
        ('{"messages": [{"role": "user", "content": "a"}]}', "messages: error: found a list of 1, expected an"),
        ('{"messages": [{"role": "assistant", "content": "a"}]}', 'messages[0].role: error: found the text "ass'),
        (
            '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "function_call": {}}]}',
            "messages[1].content: error: found nothing, expected a text",
        ),
        (
            '{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}',
            "messages[0].content[0]: error: found an object with type, expected a text part",
        ),
        ('{"messages": [{"role": "robot", "content": "a"}]}', 'messages[0].role: error: found the text "robot", ex'),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_by_file_line_and_field(write: Write, row: str, finding: str) -> None:
    path = write("rows.jsonl", GOOD, row, GOOD)
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}:2:{finding}")


def test_check_finds_every_fault_and_keeps_the_good_rows(write: Write) -> None:
    reading = check(write("rows.jsonl", '{"prompt": "a"}', GOOD, "nonsense", GOOD, '{"x": 1}'))
    assert [error.line for error in reading.errors] == [1, 3, 5]
    assert (reading.rows, len(reading.examples)) == (5, 2)


def test_a_missing_empty_or_binary_file_is_named(write: Write, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for path, found in (
        (tmp_path / "gone.jsonl", "no such file"),
        (write("empty.jsonl"), "an empty file"),
        (tmp_path / "binary", "byte 0 that is no UTF-8"),
        (tmp_path, "Is a directory"),
    ):
        with pytest.raises(DataError, match=found) as error:
            read(path)
        assert str(error.value).startswith(f"{path}:0:file: error:")


def test_line_separators_inside_a_text_do_not_end_the_row(write: Write) -> None:
    (example,) = read(write("rows.jsonl", '{"prompt": "a\u2028b", "completion": "c\u0085d"}')).examples
    assert example.question == "a\u2028b"


@pytest.mark.skipif(not FILES.is_dir(), reason="the public data sets are not here")
@pytest.mark.parametrize(
    "name, rows, format",
    [
        ("prompt_completion_superbowl.jsonl", 1800, "prompt-completion"),
        ("prompt_completion_agnews.jsonl", 200, "prompt-completion"),
        ("question_answer_earnings_calls.jsonl", 1000, "prompt-completion"),
        ("messages_openai_coqa.jsonl", 10, "messages"),
        ("messages_content_parts.jsonl", 200, "messages"),
    ],
)
def test_public_files_are_read_without_a_fault(name: str, rows: int, format: str) -> None:  # noqa: A002
    reading = check(FILES / name)
    assert (reading.errors, reading.rows, reading.format) == ([], rows, format)
