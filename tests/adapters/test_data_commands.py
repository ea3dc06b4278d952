"""`crossover data`: rows set aside, converted and split, and real files read."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from crossover.adapters.data_commands import app
from crossover.adapters.formats import read
from crossover.adapters.formats.detect import check
from crossover.adapters.formats.mapping import parse_mapping
from crossover.adapters.formats.template import load_template
from crossover.adapters.settings import AdapterSettings

DATA = Path(os.environ.get("BENCH_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
FILES = DATA / "finetune_formats"
CONTEXT = SimpleNamespace(settings=AdapterSettings())
GOOD = {"prompt": "a", "completion": "b"}
real = pytest.mark.skipif(not FILES.is_dir(), reason="the public data sets are not here")


def data(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], obj=CONTEXT)


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def rejected(path: Path) -> list[tuple[int, str, Any]]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert all(row["found"] and row["expected"] for row in rows)
    return [(row["line"], row["field"], row["row"]) for row in rows]


def test_bad_rows_are_set_aside_with_the_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    half = {"prompt": "\ud800", "completion": "b"}
    path = write(
        tmp_path / "rows.jsonl", GOOD, {"prompt": "a"}, "{nonsense", half, {"x": 1}, {"prompt": "c", "completion": "d"}
    )
    expected = [(2, "completion", {"prompt": "a"}), (3, "row", "{nonsense"), (4, "prompt", half), (5, "row", {"x": 1})]

    assert data("check", path, "--skip-bad").exit_code == 0
    assert rejected(tmp_path / "rows.rejected.jsonl") == expected
    told = data("convert", path, "--to", "messages", "-o", tmp_path / "out" / "new.jsonl", "--skip-bad", "--json")
    document = json.loads(told.stdout)
    assert document["rows"] == 2 and rejected(Path(document["rejected"])) == expected
    assert len(read(tmp_path / "out" / "new.jsonl").examples) == 2
    assert data("split", path, "--skip-bad", "--validation", 0.5, "-o", tmp_path / "parts").exit_code == 0
    assert sorted(file.name for file in (tmp_path / "parts").iterdir()) == [
        "rows.rejected.jsonl", "rows.train.jsonl", "rows.validation.jsonl",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ['[{"prompt": "a", "completion": "b"},\n{"prompt": ]', '{"prompt": "a"}'])
def test_no_rows_are_skipped_where_the_rest_would_be_lost_or_none_is_good(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.json"
    path.write_text(text)
    told = data("convert", path, "--to", "messages", "-o", tmp_path / "out.jsonl", "--skip-bad")
    assert told.exit_code == 2 and ": error: " in told.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["rows.json"]


def test_warnings_are_told_apart_and_do_not_fail(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", {"prompt": "{{name}}?", "completion": "b"}, GOOD)
    assert data("check", path).exit_code == 0
    finding, few = json.loads(data("check", path, "--json").stdout)["findings"]
    assert few["code"] == "few-examples"
    assert (finding["level"], finding["code"], finding["field"]) == ("warning", "placeholder", "prompt")


def test_a_check_names_the_format_with_the_rows_that_prove_it(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", *({"prompt": f"Question {n}?", "completion": "b"} for n in range(12)))
    told = data("check", path)
    assert "12 rows, 12 examples, 0 errors, 0 warnings, format prompt-completion" in told.stderr
    assert "(prompt and completion in 12 rows: line 1, 2, 3, …)" in told.stderr


def test_map_and_template_are_options_of_every_command(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", "body,stars", "Lovely.,5", "Bad.,1")
    template = write(
        tmp_path / "t.jinja", "{% block question %}{{ body }}{% endblock %}{% block answer %}{{ stars }}{% endblock %}"
    )
    assert data("check", path).exit_code == 2
    for option in (("--map", "question=body,answer=stars"), ("--template", template)):
        assert data("check", path, *option).exit_code == 0
        assert data("split", path, *option, "-o", tmp_path).exit_code == 0
        assert data("convert", path, *option, "--to", "prompt-completion", "-o", tmp_path / "out.jsonl").exit_code == 0
        assert [example.answer for example in read(tmp_path / "out.jsonl").examples] == ["5", "1"]
    both = data("check", path, "--map", "question=body,answer=stars", "--template", template)
    assert both.exit_code and isinstance(both.exception, ValueError)


TURNS = [
    ("user", "Hi"),
    ("assistant", "Hello"),
    ("user", "Who?"),
    ("assistant", "Anna"),
    ("user", "Why?"),
    ("assistant", "So"),
]
CHAT = {"messages": [{"role": role, "content": text} for role, text in TURNS]}
SYSTEM = {"messages": [{"role": "system", "content": "Be kind."}, *CHAT["messages"]]}
PARTLY = {"messages": [turn | {"weight": int(n == 3)} for n, turn in enumerate(CHAT["messages"]) if n < 4]}
SHAREGPT = {"conversations": [{"from": "human" if role == "user" else "gpt", "value": text} for role, text in TURNS]}
ALPACA = {"instruction": "Say", "input": "x", "output": "X", "system": "S", "history": [["Hi", "Hello"]]}


@pytest.mark.parametrize("target", ["messages", "prompt-completion", "alpaca", "vertex"])
@pytest.mark.parametrize(
    "rows", [[GOOD, GOOD], [CHAT, CHAT], [SYSTEM], [PARTLY, CHAT], [SHAREGPT], [ALPACA], [{"text": "a", "label": "b"}]]
)
def test_what_a_format_carries_comes_back_equal_and_the_rest_is_refused(
    tmp_path: Path, rows: list[dict[str, Any]], target: str
) -> None:
    path, out = write(tmp_path / "rows.jsonl", *rows), tmp_path / "out.jsonl"
    told = data("convert", path, "--to", target, "-o", out)
    turns = any(example.history for example in read(path).examples)
    unlearnt = rows[0] in (PARTLY, ALPACA)
    if (target == "prompt-completion" and turns) or (target == "vertex" and unlearnt):
        assert told.exit_code == 2 and not out.exists()
        assert f"{path}:1:{'history' if turns and target != 'vertex' else 'weight'}: error: " in told.stderr
    else:
        assert told.exit_code == 0, told.output
        assert read(out).fingerprint == read(path).fingerprint
        assert target == "alpaca" or len(out.read_text().splitlines()) == len(rows)


def test_messages_back_and_forth_are_the_same_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", CHAT, SYSTEM, CHAT)
    assert data("convert", path, "--to", "messages", "-o", tmp_path / "out.jsonl").exit_code == 0
    assert (tmp_path / "out.jsonl").read_text() == path.read_text()


def test_a_file_is_not_converted_onto_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", GOOD)
    told = data("convert", path, "--to", "messages", "-o", path)
    assert isinstance(told.exception, ValueError) and json.loads(path.read_text()) == GOOD


def test_pairs_and_conversations_split_into_files_of_one_format(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", CHAT, SYSTEM)
    assert data("split", path, "--validation", 0, "-o", tmp_path / "out").exit_code == 0
    train = read(tmp_path / "out" / "rows.train.jsonl")
    assert (train.format, train.fingerprint) == ("messages", read(path).fingerprint)


def test_warnings_that_repeat_are_counted_after_the_first_few(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", *({"prompt": f"{{{{name}}}} {n}?", "completion": "b"} for n in range(12)))
    lines = data("check", path).stdout.splitlines()
    assert len(lines) == 6 and lines[-1] == f"{path}: … and 7 warnings more of placeholder (--all shows them)"
    assert len(data("check", path, "--all").stdout.splitlines()) == 12
    document = json.loads(data("check", path, "--json").stdout)
    assert (len(document["findings"]), document["summary"]) == (12, {"placeholder": 12})
    assert "12 unfilled placeholders" in document["verdict"]


def test_a_gzipped_file_is_read_like_the_one_inside(tmp_path: Path) -> None:
    rows, table = tmp_path / "rows.jsonl.gz", tmp_path / "rows.csv.gz"
    rows.write_bytes(gzip.compress(json.dumps(GOOD).encode()))
    table.write_bytes(gzip.compress(b"prompt,completion\na,b\n"))
    assert read(rows).fingerprint == read(table).fingerprint and read(rows).name == "rows"
    rows.write_bytes(rows.read_bytes()[:-9])
    told = data("check", rows)
    assert told.exit_code == 2 and f"{rows}:0:file: error: found damaged gzip" in told.stdout


def test_text_is_written_as_the_chat_template_writes_it(tmp_path: Path) -> None:
    path, out = write(tmp_path / "rows.jsonl", CHAT, SYSTEM), tmp_path / "out.jsonl"
    assert data("convert", path, "--to", "text", "-o", out).exit_code == 0
    first, second = (json.loads(line)["text"] for line in out.read_text().splitlines())
    assert all(text in first for _, text in TURNS) and "Be kind." in second and "Be kind." not in first
    special = write(tmp_path / "special.jsonl", {"prompt": "a", "completion": f"b{_end_token(first)}"})
    told = data("convert", special, "--to", "text", "-o", tmp_path / "none.jsonl")
    assert told.exit_code == 2 and f"{special}:1:assistant: error: found {_end_token(first)} as text" in told.stderr


def _end_token(text: str) -> str:
    return "<" + text.rstrip().rpartition("<")[2]


def test_rows_of_one_group_are_not_divided(tmp_path: Path) -> None:
    rows = [{"prompt": f"Question {n} on {n % 5}?", "completion": "b", "ticket": n % 5} for n in range(40)]
    path = write(tmp_path / "rows.jsonl", *rows)
    assert data("split", path, "--group", "ticket", "--validation", 0.4, "-o", tmp_path / "out").exit_code == 0
    train, held_out = (
        {example.question.split()[-1] for example in read(tmp_path / "out" / f"rows.{part}.jsonl").examples}
        for part in ("train", "validation")
    )
    assert len(train) == 3 and len(held_out) == 2 and not train & held_out
    refused = data("split", path, "--group", "author", "-o", tmp_path / "none")
    assert refused.exit_code == 2 and f"{path}:1:author: error: found nothing" in refused.stderr


@real
@pytest.mark.parametrize(
    "name, kind, rows, examples, codes",
    [
        ("alpaca_array.json", "alpaca", 500, 500, set()),
        ("alpaca_array_zh.json", "alpaca", 200, 200, set()),
        ("alpaca_identity_placeholders.json", "alpaca", 91, 91, {"placeholder"}),
        ("messages_content_parts.jsonl", "messages", 200, 200, {"placeholder"}),
        ("messages_openai_coqa.jsonl", "messages", 10, 151, set()),
        ("nested_instances_seed_tasks.jsonl", "instances", 175, 175, {"unused"}),
        ("prompt_completion_agnews.jsonl", "prompt-completion", 200, 200, {"special-token"}),
        ("prompt_completion_superbowl.jsonl", "prompt-completion", 1800, 1800, set()),
        ("prompt_completion_superbowl_valid.jsonl", "prompt-completion", 144, 144, set()),
        ("question_answer_earnings_calls.jsonl", "prompt-completion", 1000, 1000, {"unused"}),
        ("sharegpt_vicuna_identity.json", "sharegpt", 300, 601, {"unused"}),
        ("text_label_banking77_test.csv", "classification", 3080, 3080, {"line-ends"}),
        ("text_label_banking77_train.csv", "classification", 10003, 10003, {"line-ends"}),
    ],
)
def test_real_files_are_recognised_and_come_back_from_messages(
    tmp_path: Path,
    name: str,
    kind: str,
    rows: int,
    examples: int,
    codes: set[str],
) -> None:
    reading = check(FILES / name)
    assert (reading.errors, reading.format, reading.rows, len(reading.examples)) == ([], kind, rows, examples)
    assert {warning.code for warning in reading.warnings} == codes
    assert data("convert", FILES / name, "--to", "messages", "-o", tmp_path / "out.jsonl").exit_code == 0
    assert read(tmp_path / "out.jsonl").fingerprint == reading.dataset().fingerprint


@real
@pytest.mark.parametrize(
    "name, kind, rows, errors, field",
    [
        ("messages_openai_function_call.jsonl", "messages", 96, 41, "messages[2].function_call"),
        ("sharegpt_toolcall.json", "sharegpt", 100, 53, "conversations[3].from"),
        ("text_wikisql.jsonl", "text", 1000, 1000, "text"),
        ("text_wikisql_valid.jsonl", "text", 100, 100, "text"),
    ],
)
def test_real_files_of_tools_and_running_text_are_recognised_and_say_what_is_missing(
    name: str,
    kind: str,
    rows: int,
    errors: int,
    field: str,
) -> None:
    reading = check(FILES / name)
    assert (reading.format, reading.rows, len(reading.errors)) == (kind, rows, errors)
    assert reading.errors[0].field == field


@real
def test_real_files_of_other_shapes_are_read_by_map_and_template(tmp_path: Path) -> None:
    claims = FILES / "premise_claim_label_fib_val.jsonl"
    assert check(claims).errors[0].code == "unknown-format"
    assert len(read(claims, parse_mapping("question=premise+hypothesis,answer=target")).examples) == 180
    template = tmp_path / "sql.jinja"
    template.write_text(
        "{% block question %}{{ text.rsplit('\\nA: ', 1)[0] }}{% endblock %}"
        "{% block answer %}{{ text.rsplit('\\nA: ', 1)[1] }}{% endblock %}"
    )
    examples = read(FILES / "text_wikisql_valid.jsonl", load_template(template)).examples
    assert len(examples) == 100 and all(example.answer.startswith("SELECT") for example in examples)
