"""Every shape that people bring is read, from every kind of file, and what is odd about it is told."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from crossover.adapters.examples import DataError, Example
from crossover.adapters.formats import detect, read
from crossover.adapters.formats.detect import check
from crossover.adapters.formats.mapping import parse_mapping
from crossover.adapters.formats.rows import Row
from crossover.adapters.formats.template import load_template
from crossover.adapters.prompt import Message

Fields = dict[str, Any]
HELLO = (Message("user", "Hi"), Message("assistant", "Hello"))
WHO = Example("Who?", "Anna", line=1)


def write(path: Path, *rows: Fields) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "row, kind, examples",
    [
        ({"prompt": "Who?", "output": "Anna"}, "prompt-completion", [WHO]),
        ({"prompt": "Who?", "response": "Anna", "system": "Be kind."}, "prompt-completion",
         [replace(WHO, system="Be kind.")]),
        ({"prompt": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"},
                     {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Who?"}],
          "completion": [{"role": "assistant", "content": "Anna"}]}, "conversational-prompt-completion",
         [replace(WHO, system="Be kind.", history=HELLO)]),
        ({"prefix": "Who?", "continuation": " Anna"}, "prompt-completion", [WHO]),
        ({"input": "Who?", "output": "Anna"}, "prompt-completion", [WHO]),
        ({"input_text": "Who?", "output_text": "Anna"}, "vertex", [WHO]),
        ({"text": "Who?", "label": "Anna"}, "classification", [WHO]),
        ({"text": "Who?", "label": 3, "label_text": "Anna"}, "classification", [WHO]),
        ({"text": "Who?", "label": 3}, "classification", [replace(WHO, answer="3")]),
        ({"instruction": "Who?", "input": "", "output": "Anna"}, "alpaca", [WHO]),
        ({"instruction": "Translate.", "input": "ja", "output_text": "yes"}, "alpaca",
         [Example("Translate.\n\nja", "yes", line=1)]),
        ({"instruction": "Who?", "context": "The office.", "response": "Anna"}, "alpaca",
         [replace(WHO, question="Who?\n\nThe office.")]),
        ({"instruction": "Who?", "output": "Anna", "system": "Be kind.", "history": [["Hi", "Hello"]]}, "alpaca",
         [replace(WHO, system="Be kind.", history=HELLO)]),
        ({"instruction": "Say", "instances": [{"input": "a", "output": "A"}, {"input": "", "output": "B"}]},
         "instances", [Example("Say\n\na", "A", line=1), Example("Say", "B", line=1)]),
        ({"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"},
                            {"from": "human", "value": "Who?"}, {"from": "gpt", "value": "Anna"}],
          "system": "Be kind."}, "sharegpt",
         [Example("Hi", "Hello", "Be kind.", line=1), replace(WHO, system="Be kind.", history=HELLO)]),
        ({"conversations": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Anna"}]}, "sharegpt",
         [WHO]),
        ({"contents": [{"role": "user", "parts": [{"text": "W"}, {"text": "ho?"}]},
                       {"role": "model", "parts": [{"text": "Anna"}]}],
          "systemInstruction": {"role": "system", "parts": [{"text": "Be kind."}]}}, "vertex",
         [replace(WHO, system="Be kind.")]),
        ({"messages": [{"role": "developer", "content": "Be kind."}, {"role": "user", "content": "Who?"},
                       {"role": "assistant", "content": [{"type": "text", "text": "Anna"}]}]}, "messages",
         [replace(WHO, system="Be kind.")]),
    ],
)  # fmt: skip
def test_a_row_of_each_shape_is_read_and_its_format_named(
    tmp_path: Path,
    row: Fields,
    kind: str,
    examples: list[Example],
) -> None:
    reading = check(write(tmp_path / "rows.jsonl", row))
    assert (reading.errors, reading.examples, reading.format) == ([], examples, kind)
    assert reading.proof.endswith("in 1 rows: line 1")


def test_one_file_reads_the_same_from_every_container_and_encoding(tmp_path: Path) -> None:
    from pyarrow import Table, parquet

    rows = [{"question": f"Où, {n}?", "answer": f'Là\n"{n}"; {n}'} for n in range(3)]
    expected = [(row["question"], row["answer"]) for row in rows]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    cells = "question;answer\n" + "".join(
        '"{question}";"{}"\n'.format(row["answer"].replace('"', '""'), **row) for row in rows
    )
    files: dict[str, bytes] = {
        "lines.jsonl": text.encode(), "mark.jsonl": b"\xef\xbb\xbf" + text.encode(),
        "crlf.jsonl": text.replace("\n", "\r\n").encode(), "utf16.jsonl": text.encode("utf-16"),
        "utf16be.jsonl": text.encode("utf-16-be"), "utf32.jsonl": text.encode("utf-32"),
        "array.json": json.dumps(rows, indent=2).encode(), "array.jsonl": json.dumps(rows).encode(),
        "pretty.json": "\n".join(json.dumps(row, indent=2) for row in rows).encode(),
        "table.csv": cells.encode(), "table16.csv": cells.encode("utf-16"),
        "crlf.csv": cells.replace("\n", "\r\n").encode(),
        "table.tsv": cells.replace(";", "\t").encode().replace(b"\t ", b"; "),
    }  # fmt: skip
    parquet.write_table(Table.from_pylist(rows), tmp_path / "table.parquet")
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    for name in (*files, "table.parquet"):
        reading = check(tmp_path / name)
        assert not reading.errors, name
        assert [(example.question, example.answer) for example in reading.examples] == expected, name
    told = {name: {warning.code for warning in check(tmp_path / name).warnings} for name in files}
    assert {name for name, codes in told.items() if "encoding" in codes} == {
        "mark.jsonl", "utf16.jsonl", "utf16be.jsonl", "utf32.jsonl", "table16.csv",
    }  # fmt: skip
    assert {name for name, codes in told.items() if "line-ends" in codes} == {"crlf.jsonl", "crlf.csv"}
    assert {name for name, codes in told.items() if "json-array" in codes} == {"array.jsonl"}


def test_parquet_of_messages_fills_gaps_with_nulls_that_mean_nothing(tmp_path: Path) -> None:
    from pyarrow import Table, parquet

    turns = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Anna", "weight": 1}]
    more = [*turns, {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
    parquet.write_table(Table.from_pylist([{"messages": turns}, {"messages": more}]), tmp_path / "chat.parquet")
    assert [example.answer for example in read(tmp_path / "chat.parquet").examples] == ["Anna", "Anna", "So."]


def test_lists_in_the_cells_of_a_table_are_read_as_json(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    path.write_text('instruction,output,history\nWho?,Anna,"[[""Hi"", ""Hello""]]"\nWho?,Anna,\n')
    assert [example.history for example in read(path).examples] == [HELLO, ()]


CHAT: list[Fields] = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Anna"}]


@pytest.mark.parametrize(
    "row, field, code",
    [
        ({"prompt": "I am {{name}}.", "completion": "b"}, "prompt", "placeholder"),
        ({"prompt": "a", "completion": "b<|im_end|>"}, "completion", "special-token"),
        ({"prompt": "[INST] a", "completion": "b"}, "prompt", "special-token"),
        ({"prompt": "a", "completion": "caf\ufffd"}, "completion", "damaged-text"),
        ({"prompt": "a", "completion": "b", "tools": [{"name": "f"}]}, "tools", "not-carried"),
        ({"prompt": "a", "completion": "b", "weight": 0.5}, "weight", "not-carried"),
        ({"prompt": "a", "completion": "b", "source": "x"}, "source", "unused"),
        ({"text": "a", "label": 1}, "label", "label-number"),
        ({"messages": CHAT, "functions": [{"name": "f"}]}, "functions", "not-carried"),
        ({"messages": [*CHAT, CHAT[0]]}, "messages[2]", "unanswered"),
        ({"messages": [CHAT[0], CHAT[1] | {"weight": 0.3}]}, "messages[1].weight", "weight"),
        ({"messages": [CHAT[0], CHAT[1] | {"reasoning_content": "Hm."}]}, "messages[1].reasoning_content", "thoughts"),
        ({"messages": [CHAT[0] | {"content": "<s>Who?"}, CHAT[1]]}, "messages[0].content", "special-token"),
    ],
)
def test_what_is_odd_or_not_carried_is_a_warning_at_its_field(
    tmp_path: Path, row: Fields, field: str, code: str
) -> None:
    path = write(tmp_path / "rows.jsonl", row)
    reading = check(path)
    (warning,) = reading.warnings
    assert (reading.errors, warning.line, warning.field, warning.code) == ([], 1, field, code)
    assert str(warning).startswith(f"{path}:1:{field}: warning: found ")


def test_rows_of_one_format_under_other_names_are_read_with_a_warning(tmp_path: Path) -> None:
    pair = {"prompt": "a", "completion": "b"}
    reading = check(write(tmp_path / "rows.jsonl", pair, {"question": "c", "answer": "d"}, pair))
    assert not reading.errors and len(reading.examples) == 3
    assert [(warning.line, warning.code) for warning in reading.warnings] == [(2, "mixed-keys")]


def test_loss_weights_of_zero_leave_an_answer_out(tmp_path: Path) -> None:
    turns = [CHAT[0], CHAT[1] | {"loss_weight": 0.0}, CHAT[0], CHAT[1] | {"loss_weight": 1.0}]
    (example,) = read(write(tmp_path / "rows.jsonl", {"messages": turns})).examples
    assert len(example.history) == 2


def test_a_map_finds_question_and_answer_anywhere(tmp_path: Path) -> None:
    row = {"review": {"title": "Fine", "parts": [{"body": "I liked it."}]}, "stars": 5, "a+b": "x"}
    path = write(tmp_path / "rows.jsonl", row, {"review": {"title": "Bad", "parts": []}, "stars": 1})
    reading = check(path, parse_mapping("question=review.title+review.parts[0].body,answer=stars"))
    assert reading.examples == [Example("Fine\n\nI liked it.", "5", line=1)]
    assert [(error.line, error.field) for error in reading.errors] == [(2, "review.parts[0].body")]
    assert check(path, parse_mapping("question=a+b,answer=stars,system=review.title")).examples[0].system == "Fine"


@pytest.mark.parametrize("text", ["", "question=a", "question=a,answer=", "q=a,answer=b", "question=a,question=b"])
def test_a_map_that_says_nothing_is_refused_with_its_usage(text: str) -> None:
    with pytest.raises(ValueError, match="expected question=FIELD,answer=FIELD"):
        parse_mapping(text)


def test_a_map_does_not_make_answers_of_what_was_rejected(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", {"prompt": "a", "chosen": "b", "rejected": "c"})
    assert check(path, parse_mapping("question=prompt,answer=chosen")).examples == [Example("a", "b", line=1)]
    assert check(path, parse_mapping("question=prompt,answer=rejected")).errors[0].code == "preference"
    judged = write(tmp_path / "judged.jsonl", {"prompt": "a", "completion": "b", "label": False})
    assert check(judged, parse_mapping("question=prompt,answer=completion")).errors[0].field == "label"


def test_a_template_makes_questions_of_any_row(tmp_path: Path) -> None:
    file = tmp_path / "reviews.jinja"
    file.write_text(
        "{% block system %}{{ row['the shop'] }}{% endblock %}"
        "{% block question %}Is this kind? {{ review }}{% endblock %}"
        "{% block answer %}{{ 'yes' if stars > 3 else 'no' }}{% endblock %}"
    )
    shop = {"the shop": "Shop"}
    rows = [
        shop | {"review": "Lovely.", "stars": 5},
        shop | {"review": "Lovely."},
        shop | {"review": "x", "stars": "5"},
    ]
    rows += [{"review": "x", "stars": 1}, shop | {"review": None, "stars": 1}]
    reading = check(write(tmp_path / "rows.jsonl", *rows), load_template(file))
    assert reading.examples == [Example("Is this kind? Lovely.", "yes", "Shop", line=1)]
    assert [(error.line, error.field, error.code) for error in reading.errors] == [
        (2, "stars", "missing"), (3, "answer", "template"), (4, "system", "template"), (5, "question", "template"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "source, line, found",
    [
        ("{% block question %}a{% endblock %}", 0, "no block answer"),
        ("a\n{% block question %}{{ }}", 2, "Expected an expression"),
    ],
)
def test_a_template_that_cannot_work_is_refused_where_it_fails(
    tmp_path: Path, source: str, line: int, found: str
) -> None:
    file = tmp_path / "bad.jinja"
    file.write_text(source)
    with pytest.raises(DataError, match=f"bad.jinja:{line}:template: error: found {found}"):
        load_template(file)
    with pytest.raises(DataError, match=r"gone.jinja:0:template: error: found No such file"):
        load_template(tmp_path / "gone.jinja")


def test_a_template_stays_in_its_sandbox(tmp_path: Path) -> None:
    file = tmp_path / "evil.jinja"
    file.write_text("{% block question %}{{ ''.__class__.__mro__ }}{% endblock %}{% block answer %}a{% endblock %}")
    (error,) = check(write(tmp_path / "rows.jsonl", {"a": "b"}), load_template(file)).errors
    assert error.field == "question" and "unsafe" in error.found


def test_a_new_format_is_one_file_and_one_place_in_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Riddle:
        name: str = "riddle"
        shape: str = "riddle and solution"
        keys: frozenset[str] = frozenset({"riddle", "solution"})
        places: tuple[str, str] = ("riddle", "solution")
        optional: frozenset[str] = frozenset()

        def matches(self, row: Row) -> bool:
            return self.keys <= row.fields.keys()

        def parse(self, row: Row) -> list[Example]:
            return [Example(row.text("riddle"), row.text("solution"), line=row.line)]

    monkeypatch.setattr(detect, "FORMATS", (*detect.FORMATS, Riddle()))
    reading = check(write(tmp_path / "rows.jsonl", {"riddle": "Who?", "solution": "Anna"}, {"riddle": "Who?"}))
    assert reading.examples == [WHO] and (reading.errors[0].line, reading.errors[0].field) == (2, "solution")


@pytest.mark.parametrize(
    "prompt, completion, field",
    [
        ([{"role": "user", "content": "a"}], "b", "completion"),
        ([{"role": "user", "content": "a"}], [{"role": "user", "content": "b"}], "completion[0].role"),
        ([{"role": "user", "content": "a"}], [{"role": "assistant", "content": ""}], "completion[0].content"),
        ([{"role": "user"}], [{"role": "assistant", "content": "b"}], "prompt[0].content"),
        (["a"], [{"role": "assistant", "content": "b"}], "prompt[0]"),
    ],
)
def test_faults_in_a_prompt_or_completion_of_messages_are_told_at_their_own_field(
    tmp_path: Path, prompt: object, completion: object, field: str
) -> None:
    (error,) = check(write(tmp_path / "rows.jsonl", {"prompt": prompt, "completion": completion})).errors
    assert (error.line, error.field) == (1, field)
