"""`crossover eval` against the real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

from crossover.eval.bench.eval_kills import kills

_COMMAND = str(Path(sys.executable).with_name("crossover"))


class RunningServer(Protocol):
    """What these tests need of the server fixture."""

    url: str
    home: Path


def start(server: RunningServer, *arguments: str) -> subprocess.Popen[str]:
    env = {**os.environ, "CROSSOVER_HOME": str(server.home)}
    return subprocess.Popen(
        [_COMMAND, "eval", *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(server: RunningServer, *arguments: str) -> tuple[int, str, str]:
    process = start(server, *arguments)
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err


def write_questions(path: Path, copies: int = 1) -> Path:
    rows = []
    for n in range(copies):
        rows += [
            {"question": "Who runs the Velmora office?", "references": ["Anna Tovan"], "slice": "documents"},
            {"question": "Who runs the Quillon office?", "references": ["Berit Halm"], "slice": "documents"},
            {"question": "Which form reports a leak?", "references": ["Form 12."], "slice": "tacit"},
            {"question": "Who runs the Yarrow office?", "references": [], "slice": "unanswerable"},
        ]
        for row in rows[-4:]:
            row |= {"id": f"{n}-{row['question']}", "group": row["question"]}
        rows[-4]["relevant_documents"] = ["offices/velmora.md"]
        rows[-3]["relevant_documents"] = ["offices/quillon.md"]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_every_strategy_is_asked_and_the_report_printed_as_json(server: RunningServer, tmp_path: Path) -> None:
    questions, folder = write_questions(tmp_path / "q.jsonl"), tmp_path / "out"
    code, out, err = run(server, "run", str(questions), "--adapter", "support", "-o", str(folder), "--gold", "--json")
    assert code == 0, err
    document = json.loads(out)
    assert list(document["strategies"]) == ["base", "few-shot", "rag", "rag+examples", "finetune", "hybrid"]
    assert document["questions"] == 4
    assert document["retrieval"]["overall"]["recall_at_5"] == 1.0
    assert document["strategies"]["rag"]["ragas"]["id_based_context_recall"] == 1.0
    assert document["strategies"]["finetune"]["adapter"].startswith("support@")
    assert document["recommendation"].startswith("Too few questions")
    assert document == json.loads((folder / "report.json").read_text())
    row = json.loads((folder / "rag.jsonl").read_text().splitlines()[1])
    assert row["request"]["model"] == "rag"
    assert row["usage"]["prompt_tokens"] > 0
    assert row["crossover"]["sources"][0]["text"]
    gold = [json.loads(line) for line in (folder / "rag+gold.jsonl").read_text().splitlines()[1:]]
    assert len(gold) == 2  # the questions that name a document
    for row in gold:
        assert {source["document"] for source in row["crossover"]["sources"]} == set(
            row["request"]["crossover"]["source"]
        )
    assert [each["arm"] for each in document["oracles"]][:3] == ["rag", "rag+examples", "hybrid"]


def test_a_finished_run_is_not_asked_again_and_ends_with_its_folder(server: RunningServer, tmp_path: Path) -> None:
    questions = write_questions(tmp_path / "again.jsonl")
    first, out, err = run(server, "run", str(questions), "--strategies", "base,rag")
    assert first == 0, err
    report = Path(out.splitlines()[-1])
    assert report.parent == server.home / "reports"
    assert report.name.startswith("again-")
    answers = server.home / "runs" / report.name
    before = {path.name: path.read_bytes() for path in answers.iterdir()}
    second, again, err = run(server, "run", str(questions), "--strategies", "base,rag")
    assert (second, again) == (0, out), err
    assert {path.name: path.read_bytes() for path in answers.iterdir()} == before
    scored, from_report, err = run(server, "report", str(answers), "--fail-under", "base=0.9")
    assert (scored, from_report) == (1, out)
    assert "below the threshold: base scores" in err


def test_killed_in_the_middle_a_run_goes_on_without_asking_twice(server: RunningServer, tmp_path: Path) -> None:
    found = kills(server.home, tmp_path, count=2, size=60, seed=1)
    assert found["answers"] == {"base": 60, "rag": 60, "features": 60, "retrieval": 60}
    assert (found["killed"], found["twice"], found["lost"], found["rows_changed_by_resuming"]) == (2, 0, 0, 0)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--strategies", "ragg"], 2, "unknown strategy 'ragg'; choose from base"),
        (["--adapter", "nobody"], 2, "adapter 'nobody' is not promoted; there are: support, tickets"),
        (["--strategies", "finetune"], 1, "finetune: "),
        (["--prices", "none.json"], 2, "none.json: cannot be read"),
    ],
)
def test_bad_input_is_named_and_nothing_written(
    server: RunningServer, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    questions = write_questions(tmp_path / "q.jsonl")
    given = run(server, "run", str(questions), "-o", str(tmp_path / "out"), *arguments)
    assert given[0] == code
    assert words in given[2]
    assert "Traceback" not in given[2]
    assert not (tmp_path / "out" / "report.json").exists()


def test_a_wrong_question_file_is_refused_before_anything_is_asked(server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"question": "Who?"}\n')
    code, _, err = run(server, "run", str(tmp_path / "q.jsonl"), "-o", str(tmp_path / "out"))
    assert code == 2
    assert "q.jsonl:1:references: error: found nothing" in err
    assert not (tmp_path / "out").exists()


def test_answers_to_other_questions_are_not_mixed(server: RunningServer, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert (
        run(server, "run", str(write_questions(tmp_path / "a.jsonl")), "--strategies", "base", "-o", str(folder))[0]
        == 0
    )
    other = write_questions(tmp_path / "b.jsonl", copies=2)
    code, _, err = run(server, "run", str(other), "--strategies", "base", "-o", str(folder))
    assert code == 2
    assert "answers to another question set are in it" in err
