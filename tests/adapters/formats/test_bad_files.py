"""The bad-data suite: one fault in a file of each format, found at its exact line and field, and nothing written."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from crossover.adapters.data_commands import app
from crossover.adapters.examples import DataError
from crossover.adapters.formats import read
from crossover.adapters.formats.detect import FORMATS, check
from crossover.adapters.settings import AdapterSettings

CONTEXT = SimpleNamespace(settings=AdapterSettings())

GONE = object()
Fields = dict[str, Any]
Case = tuple[str, bytes, int, str]
"""The file's name, its bytes, and the line and field of the first fault."""

PAIRS: dict[str, tuple[str, str]] = {
    "prompt-completion": ("prompt", "completion"),
    "prompt-response": ("prompt", "response"),
    "question-answer": ("question", "answer"),
    "input-output": ("input", "output"),
    "prefix-continuation": ("prefix", "continuation"),
    "vertex-text": ("input_text", "output_text"),
    "alpaca": ("instruction", "output"),
    "dolly": ("instruction", "response"),
    "alpaca-output-text": ("instruction", "output_text"),
    "classification": ("text", "label"),
    "classification-category": ("text", "category"),
}
NO_TEXTS = {"gone": GONE, "null": None, "empty": "", "blank": " \n", "list": ["a"], "object": {"a": 1}}
TURN_FAULTS = {"null": None, "empty": "", "blank": "\t", "number": 7, "object": {"text": "a"}}


def chat(turns: str, role: str, text: str, user: str, assistant: str, wrap: bool = False) -> Fields:
    said = ["Who runs it?", "Anna.", "Since when?", "May."]
    content = [[{"text": words}] if wrap else words for words in said]
    return {turns: [{role: (user, assistant)[n % 2], text: words} for n, words in enumerate(content)]}


CHATS: dict[str, Fields] = {
    "messages": chat("messages", "role", "content", "user", "assistant"),
    "sharegpt": chat("conversations", "from", "value", "human", "gpt"),
    "sharegpt-roles": chat("conversations", "role", "content", "user", "assistant"),
    "vertex": chat("contents", "role", "parts", "user", "model", wrap=True),
}


def pair(names: tuple[str, str], n: int) -> Fields:
    return {names[0]: f"Question {n}?", names[1]: f"Answer {n}."}


def lines(rows: list[Fields]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def array(rows: list[Fields]) -> bytes:
    return (json.dumps(rows, indent=1) + "\n").encode()


def faulty_pairs() -> Iterator[Case]:
    for name, keys in PAIRS.items():
        for field in keys:
            for fault, value in NO_TEXTS.items():
                rows = [pair(keys, n) for n in range(4)]
                rows[2] |= {field: value}
                if value is GONE:
                    del rows[2][field]
                yield f"{name}.{field}.{fault}.jsonl", lines(rows), 3, field
            rows = [pair(keys, n) for n in range(3)]
            rows[1][field] = ["a"]
            yield f"{name}.{field}.list.json", array(rows), 6, field
        rows = [pair(keys, n) for n in range(3)]
        rows[2][keys[0]] = ""
        yield f"{name}.{keys[0]}.empty.csv", table(rows), 6, keys[0]  # the row before spans two lines


def table(rows: list[Fields]) -> bytes:
    text = [",".join(rows[0])]
    for n, row in enumerate(rows):
        text.append(",".join(f'"{cell}{chr(10) if n == 1 and not i else ""}"' for i, cell in enumerate(row.values())))
    return ("\n" + "\n".join(text) + "\n").encode()


def faulty_chats() -> Iterator[Case]:
    for name, good in CHATS.items():
        key, role, text = next(iter(good)), *next(iter(good.values()))[0]
        for fault, value in TURN_FAULTS.items():
            for turn in (1, 2):
                bad = deepcopy(good)
                bad[key][turn][text] = value
                yield f"{name}.turn{turn}.{fault}.jsonl", lines([good, good, bad]), 3, f"{key}[{turn}].{text}"
        for fault, value in {"unknown": "robot", "null": None, "list": ["user"], "tool": "tool"}.items():
            bad = deepcopy(good)
            bad[key][1][role] = value
            yield f"{name}.role.{fault}.jsonl", lines([good, bad]), 2, f"{key}[1].{role}"
        twice = {key: [good[key][0], good[key][0]]}
        yield f"{name}.two-questions.jsonl", lines([good, twice]), 2, f"{key}[1].{role}"
        yield f"{name}.answer-first.jsonl", lines([good, {key: good[key][1:]}]), 2, f"{key}[0].{role}"
        yield f"{name}.no-answer.jsonl", lines([good, {key: good[key][:1]}]), 2, key
        yield f"{name}.no-turns.jsonl", lines([good, {key: []}]), 2, key
        yield f"{name}.no-list.jsonl", lines([good, {key: "Who?"}]), 2, key
        yield f"{name}.no-object.jsonl", lines([good, {key: [*good[key], "Bye"]}]), 2, f"{key}[4]"
        yield f"{name}.in-array.json", array([good, {key: 7}]), array([good]).count(b"\n"), key


def faulty_fields() -> Iterator[Case]:
    question = {"role": "user", "content": "Who?"}

    def messages(*turns: Fields) -> bytes:
        return lines([CHATS["messages"], {"messages": [question, *turns]}])

    call = {"name": "f", "arguments": "{}"}
    yield "call.jsonl", messages({"role": "assistant", "function_call": call}), 2, "messages[1].function_call"
    yield (
        "calls.jsonl",
        messages({"role": "assistant", "content": "", "tool_calls": [call]}),
        2,
        "messages[1].tool_calls",
    )
    yield "weight.jsonl", messages({"role": "assistant", "content": "A", "weight": "high"}), 2, "messages[1].weight"
    yield "unlearnt.jsonl", messages({"role": "assistant", "content": "A", "weight": 0}), 2, "messages"
    image = {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}]}
    yield "image-part.jsonl", messages(image), 2, "messages[1].content[1]"
    late = {"role": "system", "content": "Be kind."}
    yield "late-system.jsonl", messages(late), 2, "messages[1].role"
    vertex = deepcopy(CHATS["vertex"])
    vertex["contents"][1]["parts"].append({"inlineData": {}})
    yield "vertex-image.jsonl", lines([CHATS["vertex"], vertex]), 2, "contents[1].parts[1]"
    system = CHATS["vertex"] | {"systemInstruction": {"parts": []}}
    yield "vertex-system.jsonl", lines([system]), 1, "systemInstruction.parts"
    yield "sharegpt-system.jsonl", lines([CHATS["sharegpt"] | {"system": 3}]), 1, "system"

    good = {"instruction": "Translate.", "input": "ja", "output": "yes"}
    for field, value, place in (
        ("input", 37, "input"),
        ("input", ["a"], "input"),
        ("system", {}, "system"),
        ("history", "Hi", "history"),
        ("history", [["Hi"]], "history[0]"),
        ("history", [["Hi", "Hello"], ["Who?", None]], "history[1][1]"),
        ("images", ["a.png"], "images"),
        ("audio", "a.wav", "audio"),
    ):
        yield f"alpaca.{place}.{len(str(value))}.json", array([good, good | {field: value}]), 7, place
    one = {"instruction": "Name one.", "instances": [{"input": "", "output": "Fir"}]}
    for value, place in (
        ([], "instances"),
        ("Fir", "instances"),
        (["Fir"], "instances[0]"),
        ([{"input": "", "output": "Fir"}, {"input": ""}], "instances[1].output"),
        ([{"input": 3, "output": "Fir"}], "instances[0].input"),
    ):
        yield f"{place}.{len(str(value))}.jsonl", lines([one, one | {"instances": value}]), 2, place


def refused() -> Iterator[Case]:
    chosen = {"prompt": "Who?", "chosen": "Anna.", "rejected": "Ben."}
    yield "preference.jsonl", lines([chosen]), 1, "rejected"
    yield "preference-chosen.jsonl", lines([{"prompt": "Who?", "chosen": "Anna."}]), 1, "chosen"
    openai = {"input": {"messages": []}, "preferred_output": [], "non_preferred_output": []}
    yield "preference-openai.jsonl", lines([openai]), 1, "non_preferred_output"
    yield "good-bad.jsonl", lines([{"prompt": "Who?", "completion": "Anna.", "label": True}]), 1, "label"
    yield "good-bad.csv", b"prompt,completion,label\nWho?,Anna,False\n", 2, "label"
    who, anna = {"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Anna."}
    yield "good-bad-messages.jsonl", lines([{"messages": [who, anna], "label": False}]), 1, "label"
    yield "good-bad-turns.jsonl", lines([{"prompt": [who], "completion": [anna], "label": False}]), 1, "label"
    mostly = [{"prompt": f"Who is {n}?", "completion": f"Anna {n}."} for n in range(9)]
    yield "good-bad-one.jsonl", lines([*mostly, {"prompt": "Who?", "completion": "Ben.", "label": False}]), 10, "label"
    yield "running-text.jsonl", lines([{"text": "Q: Who?\nA: Anna"}]), 1, "text"
    yield "running-text-empty.jsonl", lines([{"text": " "}]), 1, "text"
    yield "unknown.jsonl", lines([{"premise": "a", "claim": "b"}]), 1, "row"
    yield "instruction-alone.jsonl", lines([{"instruction": "a"}]), 1, "output"
    yield "answer-alone.jsonl", lines([{"answer": "a"}]), 1, "question"
    yield "no-keys.jsonl", b"{}\n", 1, "row"
    yield "unknown.csv", b"premise,claim\na,b\n", 2, "row"


def mixtures() -> Iterator[Case]:
    kinds = {name: pair(keys, 1) for name, keys in PAIRS.items() if name in ("prompt-completion", "alpaca")} | CHATS
    kinds = {name: row for name, row in kinds.items() if name != "sharegpt-roles"} | {
        "text": {"text": "a", "label": "b"}
    }
    for name, row in kinds.items():
        for other, stranger in kinds.items():
            if name != other:
                yield f"{name}+{other}.jsonl", lines([row, row, stranger, row]), 3, "row"
    chosen = {"prompt": "a", "chosen": "b", "rejected": "c"}
    yield "pairs+preference.jsonl", lines([pair(("prompt", "completion"), 1), chosen]), 2, "rejected"
    yield "label+text.jsonl", lines([{"text": "a", "label": "b"}, {"text": "a"}]), 2, "label"


def broken_files() -> Iterator[Case]:
    good, row = b'{"prompt": "a", "completion": "b"}', pair(("prompt", "completion"), 1)
    known = b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant": "b"}]}'
    yield "role-assistant.jsonl", b"\n".join([good, known, good]), 2, "row"
    yield "role-assistant.json", b"[" + good + b",\n" + known + b"]", 2, "row"
    for name, line in {
        "cut": good[:20], "python": b"{'prompt': 'a'}", "trailing-comma": b'{"prompt": "a",}', "word": b"hello",
        "two": good + good, "true": b'{"prompt": True}', "control": b'{"prompt": "a\tb"}', "list": b"[1]",
        "text": b'"a"', "number": b"7", "null": b"null", "deep": b'{"a":' * 100_000,
        "long-number": b'{"a": ' + b"1" * 5000 + b"}",
        "latin-1": b'{"prompt": "caf\xe9", "completion": "b"}',
    }.items():  # fmt: skip
        yield f"{name}.jsonl", b"\n".join([good, b"", line, good]), 3, "row"
    yield "twice.jsonl", good + b'\n{"prompt": "a", "prompt": "b", "completion": "c"}', 2, "prompt"
    yield "surrogate.jsonl", good + b'\n{"prompt": "\\ud800", "completion": "c"}', 2, "prompt"
    yield "surrogate-key.jsonl", good + b'\n{"\\ud800": "a"}', 2, "row"
    yield "open-array.json", b"[" + good + b",\n" + good, 2, "row"
    yield "no-comma.json", b"[" + good + b"\n" + good + b"]", 2, "row"
    yield "two-commas.json", b"[" + good + b",\n,\n" + good + b"]", 2, "row"
    yield "comma-at-end.json", b"[" + good + b",\n]", 2, "row"
    yield "two-arrays.json", b"[" + good + b"]\n[" + good + b"]", 2, "row"
    yield "array-of-texts.json", b'["a",\n"b"]', 1, "row"
    yield "pretty.json", json.dumps(row, indent=1).encode() + b'\n{\n"prompt": }', 5, "row"
    yield "utf-16.jsonl", (good.decode() + '\n{"prompt": "a"}').encode("utf-16"), 2, "completion"
    yield "utf-16-no-mark.jsonl", (good.decode() + '\n{"prompt": "a"}').encode("utf-16-le"), 2, "completion"
    yield "mark.jsonl", b"\xef\xbb\xbf" + good + b'\n{"prompt": "a"}', 2, "completion"
    yield "crlf.jsonl", good + b'\r\n\r\n{"prompt": "a"}\r\n', 3, "completion"
    yield "cr.jsonl", good + b'\r{"prompt": "a"}\r', 2, "completion"
    yield "named-jsonl.jsonl", b"[" + good + b',\n{"prompt": "a"}]', 2, "completion"
    for name, data in {"empty": b"", "blank": b" \n\n", "array": b"[]"}.items():
        yield f"{name}.json", data, 0, "file"
    yield "binary.jsonl", b"\x89PNG\x00\xff", 0, "file"
    yield "more-cells.csv", b"prompt,completion\na,b\na,b,c\n", 3, "column 3"
    yield "fewer-cells.csv", b"prompt,completion\na,b\na\n", 3, "completion"
    yield "open-quote.csv", b'prompt,completion\na,b\n"a,b\na,b\n', 3, "row"
    yield "quote-inside.csv", b'prompt,completion\na,b\n"a"x,b\n', 3, "row"
    yield "same-header.csv", b"prompt,prompt\na,b\n", 1, "prompt"
    yield "header-alone.csv", b"prompt,completion\n", 0, "file"
    yield "tabs.tsv", b"prompt\tcompletion\na\tb\n\tb\n", 3, "prompt"
    yield "semicolons.csv", b"prompt;completion\na;b\na;\n", 3, "completion"
    yield "damaged.parquet", b"PAR1\x00\x00PAR1", 0, "file"


CASES = [
    case for family in (faulty_pairs, faulty_chats, faulty_fields, refused, mixtures, broken_files) for case in family()
]


def test_the_suite_has_at_least_120_files_of_different_names() -> None:
    assert len({name for name, *_ in CASES}) == len(CASES) >= 120


@pytest.mark.parametrize("name, data, line, field", CASES, ids=[case[0] for case in CASES])
def test_the_first_fault_is_named_exactly_and_nothing_is_written(
    tmp_path: Path, name: str, data: bytes, line: int, field: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    first = check(path).errors[0]
    assert (first.line, first.field) == (line, field), first
    with pytest.raises(DataError) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path}:{line}:{field}: error: found ")
    for command in (
        ["check", path],
        ["convert", path, "--to", "messages", "-o", tmp_path / "out.jsonl"],
        ["split", path],
    ):
        told = CliRunner().invoke(app, [str(part) for part in command], obj=CONTEXT)
        assert told.exit_code == 2 and isinstance(told.exception, SystemExit), told.output
        assert f"{path}:{line}:{field}: error: " in told.output
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("names", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("fault", [None, "", " "], ids=["null", "empty", "blank"])
def test_a_fault_in_parquet_is_named_by_the_number_of_its_row(
    tmp_path: Path, names: tuple[str, str], fault: str | None
) -> None:
    from pyarrow import Table, parquet

    rows = [pair(names, n) for n in range(4)]
    rows[2][names[1]] = fault
    parquet.write_table(Table.from_pylist(rows), tmp_path / "rows.parquet")
    (error,) = check(tmp_path / "rows.parquet").errors
    assert (error.line, error.field) == (3, names[1])


def test_the_missing_content_key_is_explained_at_its_column(tmp_path: Path) -> None:
    path = tmp_path / "known.jsonl"
    path.write_text('{"messages": [{"role": "assistant": "Anna"}]}')
    (error,) = check(path).errors
    assert "column 35" in error.found and error.expected == '{"role": "assistant", "content": "…"}'


def test_a_mixture_shows_both_kinds(tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    path.write_bytes(lines([CHATS["messages"], pair(("prompt", "completion"), 1), CHATS["messages"]]))
    (error,) = check(path).errors
    assert str(error).endswith(
        ":2:row: error: found a row of prompt-completion (prompt and completion), "
        "expected messages as in line 1: one format a file"
    )


@pytest.mark.parametrize("good", [*CHATS.values(), *map(pair, PAIRS.values(), range(20))])
def test_no_value_in_any_place_is_more_than_a_fault_of_its_row(tmp_path: Path, good: Fields) -> None:
    rows = [
        mutant
        for value in (None, True, 7, float("nan"), "x", "", [], [[]], {}, {"a": {}})
        for mutant in replaced(good, value)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(lines([good, *rows, good]))
    reading = check(path)
    assert reading.rows == len(rows) + 2 and not reading.broken
    assert {1, len(rows) + 2} <= {example.line for example in reading.examples}
    bad = {error.line for error in reading.errors}
    assert len(bad) == len(reading.errors) and bad.isdisjoint(example.line for example in reading.examples)
    assert bad | {example.line for example in reading.examples} == set(range(1, reading.rows + 1))


def test_no_choice_of_keys_is_more_than_a_fault_of_its_row(tmp_path: Path) -> None:
    keys = sorted({key for kind in FORMATS for key in kind.keys | kind.optional})
    rows: list[Fields] = [{key: "a"} for key in keys]
    rows += [{one: "a", other: "b"} for one in keys for other in keys if one < other]
    path = tmp_path / "rows.jsonl"
    for row in rows[: len(keys)]:
        path.write_bytes(lines([row]))
        (error,) = check(path).errors
        assert error.line == 1
    path.write_bytes(lines(rows))
    reading = check(path)
    assert reading.rows == len(rows) == len(reading.errors) + len(reading.examples)


def replaced(node: Any, value: object) -> Iterator[Any]:
    """The node once for each place in it, with `value` in that place."""
    places = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    for key, child in places:
        for mutant in [value, *replaced(child, value)]:
            copy = deepcopy(node)
            copy[key] = mutant
            yield copy


def test_a_csv_written_by_the_standard_library_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([("question", "answer"), ('She said "who,\nwhere"?', "Anna; here")])
    (example,) = read(path).examples
    assert (example.question, example.answer, example.line) == ('She said "who,\nwhere"?', "Anna; here", 2)
