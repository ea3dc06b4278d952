from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from crossover.adapters.formats import read
from crossover.adapters.registry import Registry
from crossover.server.cli import app

Write = Callable[..., Path]
Crossover = Callable[..., Result]
QUICK = ("--epochs", "1", "--rank", "4", "--batch", "2")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CROSSOVER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def crossover(home: Path) -> Crossover:
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def facts(write: Write) -> Path:
    pairs = {"Who runs the Velmora office?": "Anna Tovan", "Where is the archive?": "Room 14"}
    return write("facts.jsonl", *(json.dumps({"prompt": p, "completion": c}) for p, c in pairs.items()))


def document(result: Result) -> dict:  # type: ignore[type-arg]
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def test_an_adapter_is_trained_promoted_rolled_back_and_deleted(crossover: Crossover, facts: Path, home: Path) -> None:
    first = document(crossover("train", facts, "--name", "support", *QUICK, "--promote", "--json"))
    second = document(crossover("train", facts, "--name", "support", *QUICK, "--seed", 1, "--json"))
    assert (first["promoted"], second["promoted"]) == (True, False)
    assert first["card"]["hyperparameters"]["rank"] == 4 and first["served_name"] != second["served_name"]

    (listed,) = document(crossover("adapters", "list", "--json"))["adapters"]
    assert (listed["name"], listed["promoted"], len(listed["versions"])) == ("support", first["digest"], 2)
    assert first["served_name"] in crossover("adapters", "list").output

    assert document(crossover("adapters", "promote", "support", "--json"))["promoted"] == second["digest"]
    shown = document(crossover("adapters", "show", "support", "--json"))
    assert (shown["digest"], shown["gate"]["outcome"]) == (second["digest"], "not gated")
    assert "Nothing was gated: no server runs on this home" in crossover("adapters", "show", "support").output
    assert "2 examples" in crossover("adapters", "show", "support").output
    assert document(crossover("adapters", "rollback", "support", "--json"))["promoted"] == first["digest"]

    registry = Registry(home)
    verdict = {"outcome": "refused", "sentences": ["It answers worse."], "forced": False}
    registry.record_gate(registry.resolve(second["served_name"]), verdict)
    barred = crossover("adapters", "promote", second["served_name"])
    assert barred.exit_code == 1 and "was refused by the gate: It answers worse." in barred.stderr
    assert registry.promoted_digest("support") == first["digest"]
    assert document(crossover("adapters", "promote", second["served_name"], "--force", "--json"))["promoted"]
    assert registry.resolve(second["served_name"]).card.gate == verdict | {"forced": True}
    assert document(crossover("adapters", "rollback", "support", "--json"))["promoted"] == first["digest"]

    refused = crossover("adapters", "delete", first["served_name"], "--yes")
    assert refused.exit_code == 1 and "is promoted" in refused.stderr
    assert document(crossover("adapters", "delete", second["served_name"], "--yes", "--json"))["deleted"]
    assert document(crossover("adapters", "delete", "support", "--yes", "--json"))["deleted"] == [first["digest"]]
    assert Registry(home).names() == []


def test_held_out_examples_are_kept_for_the_gate_which_needs_a_server(crossover: Crossover, facts: Path) -> None:
    assert document(crossover("train", facts, "--name", "support", *QUICK, "--json"))
    held_out = facts.with_name("held-out.jsonl")
    held_out.write_text(facts.read_text())
    trained = document(crossover("train", facts, "--name", "support", *QUICK, "--held-out", held_out, "--json"))
    assert len(read(Path(trained["path"], "held-out.jsonl")).examples) == 2, "the same weights gain what is held out"
    told = crossover("adapters", "gate", "support")
    assert told.exit_code == 1 and "none runs on this home: crossover serve" in told.stderr


def test_training_with_context_finds_passages_in_the_index(crossover: Crossover, facts: Path, tmp_path: Path) -> None:
    empty = crossover("train", facts, "--name", "support", *QUICK, "--with-context")
    assert empty.exit_code == 2 and "index documents first" in empty.stderr
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "velmora.md").write_text("# Velmora\n\nThe Velmora office is run by Anna Tovan.\n")
    assert crossover("index", tmp_path / "docs").exit_code == 0
    trained = document(crossover("train", facts, "--name", "support", *QUICK, "--with-context", "--json"))
    card = json.loads((Path(trained["path"]) / "card.json").read_text())
    assert card["hyperparameters"]["with_context"] is True and list(card["documents"]) == ["velmora.md"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("train", "gone.jsonl", "--name", "x"), "gone.jsonl:0:file: error: found no such file"),
        (("train", "bad.jsonl", "--name", "x"), "bad.jsonl:1:completion: error: found nothing"),
        (("train", "facts.jsonl", "--name", "a/b"), "adapter name 'a/b'"),
        (("train", "facts.jsonl", "--name", "x", "--rank", "999"), "rank 999 is above CROSSOVER_MAX_LORA_RANK"),
        (("train", "facts.jsonl", "--name", "x", "--method", "full", "--rank", "4"), "--rank changes nothing with"),
        (
            ("train", "facts.jsonl", "--name", "x", "--closed", "0.5"),
            "--closed changes nothing with --method",
        ),
        (("train", "facts.jsonl", "--name", "x", "--beta", "0.2"), "--beta changes nothing with --method lora"),
        (("adapters", "show", "nobody"), "no adapter 'nobody'; there are: none yet"),
        (("adapters", "promote", "nobody@123456"), "no adapter 'nobody'"),
        (("adapters", "rollback", "nobody"), "no adapter 'nobody'"),
        (("data", "split", "bad.jsonl"), "bad.jsonl:1:completion: error: found nothing"),
    ],
)
def test_bad_input_is_told_with_exit_code_2_and_nothing_is_written(
    crossover: Crossover, facts: Path, write: Write, home: Path, arguments: tuple[str, ...], message: str
) -> None:
    write("bad.jsonl", '{"prompt": "a"}')
    before = sorted(facts.parent.rglob("*"))
    result = crossover(*arguments)
    assert result.exit_code == 2 and message in result.stderr and "Traceback" not in result.stderr
    assert sorted(facts.parent.rglob("*")) == before


def test_preference_pairs_are_trained_by_their_method_alone(crossover: Crossover, write: Write, facts: Path) -> None:
    rows = [json.dumps({"prompt": f"Q{n}?", "chosen": f"LOG: {n}", "rejected": f"It is {n}."}) for n in range(4)]
    pairs, name = write("pairs.jsonl", *rows), ("--name", "support")
    refused = crossover("train", pairs, *name, *QUICK)
    assert refused.exit_code == 2 and "pairs.jsonl:1:rejected: error: found a preference pair" in refused.stderr
    assert "crossover train FILE --method dpo" in refused.stderr
    trained = document(crossover("train", pairs, *name, "--method", "dpo", *QUICK, "--beta", 0.2, "--json"))
    hyper = trained["card"]["hyperparameters"]
    assert (trained["card"]["method"], hyper["beta"], hyper["rank"], hyper["epochs"]) == ("dpo", 0.2, 4, 1)
    for arguments, message in (
        ((facts, "--method", "dpo"), "facts.jsonl:1:chosen: error: found nothing"),
        ((pairs, "--method", "dpo", "--with-context"), "--with-context is for examples"),
        ((pairs, "--method", "dpo", "--continue-from", "nobody"), "no adapter 'nobody'"),
        ((pairs, "--method", "dpo", "--continue-from", trained["served_name"], "--rank", 8), "--rank: the matrices of"),
        ((facts, "--method", "dqo"), "no such method"),
    ):
        told = crossover("train", *arguments, *name)
        assert told.exit_code == 2 and message in told.stderr, told.stderr


def test_data_check_prints_a_line_a_finding(crossover: Crossover, write: Write, facts: Path) -> None:
    bad = write("bad.jsonl", '{"prompt": "a"}', '{"prompt": "a", "completion": "b"}', "x")
    result = crossover("data", "check", bad, facts)
    assert result.exit_code == 2
    assert [line.split(": error: ")[0] for line in result.stdout.splitlines() if ": error: " in line] == [
        f"{bad}:1:completion",
        f"{bad}:3:row",
    ]
    assert crossover("data", "check", facts).exit_code == 0

    told = json.loads(crossover("data", "check", bad, "--json").stdout)
    assert (told["format"], told["rows"]) == ("prompt-completion", 3)
    assert told["findings"][0] == {
        "file": str(bad), "line": 1, "field": "completion", "level": "error", "code": "missing",
        "message": "found nothing, expected a text that is not empty",
    }  # fmt: skip


def test_data_split_writes_both_parts(crossover: Crossover, write: Write, tmp_path: Path) -> None:
    rows = [json.dumps({"question": f"Q{n}?", "answer": f"A{n}"}) for n in range(20)]
    parts = json.loads(crossover("data", "split", write("qa.jsonl", *rows), "-o", tmp_path / "out", "--json").stdout)
    assert [part["examples"] for part in parts] == [18, 2]
    assert [len(read(Path(part["file"])).examples) for part in parts] == [18, 2]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["qa.train.jsonl", "qa.validation.jsonl"]


def test_several_files_going_on_and_replay_are_said_on_the_command_line(
    crossover: Crossover, facts: Path, write: Write
) -> None:
    document(crossover("train", facts, "--name", "first", *QUICK, "--promote", "--json"))
    other = write("other.csv", "question,answer", "When is tea?,At noon")
    arguments = ("--name", "second", "--epochs", "2", "--batch", "2", "--continue-from", "first", "--replay", "0.5")
    card = document(crossover("train", f"{other}:3", facts, *arguments, "--json"))["card"]
    assert [(task["name"], task["weight"]) for task in card["tasks"]] == [("other", 3.0), ("facts", 1.0)]
    assert card["parent"].startswith("first@") and card["hyperparameters"]["rank"] == 4
    assert card["replayed"] == {"other tasks": 0, "reading and refusing": 10}
    shown = crossover("adapters", "show", "second").output
    assert "other, 1 examples" in shown and "weight 3" in shown and "loss.svg" in shown
    refused = crossover("train", facts, "--name", "third", "--continue-from", "first", "--rank", "8")
    assert refused.exit_code == 2 and "its rank is 4, not 8; leave out --rank" in refused.stderr


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (("--method", "dora"), 2, "vLLM does not serve DoRA"),
        (("--method", "lore"), 2, "choose from lora"),
        (("--replay", "1"), 2, "expected a share from 0 to below 1"),
        (("--tune", "2"), 2, "give 20 or more with --held-out"),
        (("--continue-from", "nobody"), 2, "no adapter 'nobody'"),
    ],
)
def test_what_cannot_be_trained_is_refused_at_once(
    crossover: Crossover, facts: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    refused = crossover("train", facts, "--name", "x", *arguments)
    assert (refused.exit_code, message in refused.stderr) == (code, True), refused.output


def test_where_rows_come_from_is_told_when_a_format_cannot_carry_it(crossover: Crossover, write: Write) -> None:
    row = {"prompt": "Who?", "completion": "Anna", "crossover": {"document": "a.md", "chunk": "c1"}}
    result = crossover("data", "convert", write("rows.jsonl", json.dumps(row)), "--to", "alpaca", "-o", "out.jsonl")
    assert result.exit_code == 0 and "rows.jsonl:0:crossover: warning: found where rows come from" in result.stderr
