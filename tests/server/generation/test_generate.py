"""`data generate`: pairs about documents, each checked, in rounds that a person reviews."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from openai_server import completion
from reviewing import Crossover, accept, document, edit, reader, write_office
from scripted_model import Script, ScriptedModel

from crossover.adapters.formats import read
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings
from crossover.server.generation.grounded import gives_back

ALL = ("--review", "accept-all", "--json")


def test_every_chunk_gives_pairs_that_name_their_document_and_the_hash_that_the_index_has(
    crossover: Crossover, documents: Path, model: ScriptedModel, tmp_path: Path
) -> None:
    done = document(crossover("data", "generate", documents, "-o", "train.jsonl", "--url", model.url, *ALL))
    assert (done["status"], done["accepted"], done["rounds"]) == ("done", 32, 2)
    data = read(Path("train.jsonl"))
    assert len({example.question for example in data.examples}) == 32
    velmora = [each for each in data.examples if "Velmora" in each.question]
    assert {each.answer for each in velmora} == {"Anna Tovan.", "7:30"}
    with Index.open(IndexerSettings(home=tmp_path / "home")) as index:
        index.ingest_paths([documents])
        (passage,) = index.search("Who runs the Velmora office?", 1)
    assert all(each.origin for each in data.examples)
    assert data.origins["velmora.md"] == [passage.content_hash]

    asked = len(model.prompts)
    again = document(crossover("data", "generate", documents, "-o", "train.jsonl", "--url", model.url, *ALL))
    assert (again["accepted"], again["rounds"], len(model.prompts)) == (32, 2, asked), "nothing is left to ask"
    write_office(documents, "Velmora", "Edda Rusk", "9:15")
    more = document(crossover("data", "generate", documents, "-o", "train.jsonl", "--url", model.url, *ALL))
    assert more["refused"] == {"like an earlier question": 2}, "the changed chunk is asked about, and it alone"


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_person_accepts_fixes_and_rejects_and_the_next_round_is_told(
    crossover: Crossover, documents: Path, model: ScriptedModel, kind: str
) -> None:
    command = ("data", "generate", documents, "-o", "train.jsonl", "--url", model.url, "--review", kind)
    told = document(crossover(*command, "--json"))
    review = Path(told["review"])
    assert (told["status"], told["accepted"], review.name) == ("review", 0, f"train.review.{kind}")
    first = len(model.prompts)

    def decide(row: dict[str, Any]) -> None:
        row["decision"] = "Accept"
        if str(row["id"]) == "1":
            row.update(decision="fix", question="Who is head of that office?", answer="Nobody but Anna")
        if str(row["id"]) == "2":
            row.update(decision="reject", reason="We never ask for times")

    edit(review, decide)
    told = document(crossover(*command, "--json"))
    assert (told["accepted"], told["rejected"], told["status"]) == (19, 1, "review")
    examples = read(Path("train.jsonl")).examples
    assert (examples[0].question, examples[0].answer) == ("Who is head of that office?", "Nobody but Anna")
    drafting = [prompt for prompt in model.prompts[first:] if prompt.startswith("Passage:")]
    assert drafting and all("Rejected because: We never ask for times" in prompt for prompt in drafting)
    edit(review, accept)
    done = document(crossover(*command, "--json"))
    assert (done["status"], done["accepted"]) == ("done", 31) and not review.exists()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"decision": ""}, ":{line}:decision: error: found "),
        ({"decision": "maybe"}, ':{line}:decision: error: found the text "maybe", expected accept, fix, reject'),
        ({"decision": "reject"}, ":{line}:reason: error: found "),
        ({"decision": "fix"}, ":{line}:decision: error: found fix, and question and answer as they were"),
        ({"answer": "Nobody"}, ':{line}:answer: error: found the text "Nobody", expected "'),
        ({"decision": "fix", "question": " "}, ":{line}:question: error: found an empty text"),
        ({"id": "77"}, ":{line}:id: error: found "),
        ({"id": "1"}, ":{line}:id: error: found "),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind, line", [("csv", 4), ("jsonl", 3)])
def test_a_bad_edit_is_told_by_line_and_field_and_nothing_moves(
    crossover: Crossover,
    documents: Path,
    model: ScriptedModel,
    kind: str,
    line: int,
    change: dict[str, str],
    message: str,
) -> None:
    command = ("data", "generate", documents, "-o", "train.jsonl", "--url", model.url, "--review", kind)
    review = Path(document(crossover(*command, "--count", 3, "--json"))["review"])
    edit(review, lambda row: row.update({"decision": "accept"} | (change if str(row["id"]) == "3" else {})))
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    result = crossover(*command, "--count", 3)
    assert result.exit_code == 2 and f"{review}{message.format(line=line)}" in result.stderr
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_a_missing_row_and_a_broken_file_are_told_too(
    crossover: Crossover, documents: Path, model: ScriptedModel
) -> None:
    command = ("data", "generate", documents, "-o", "train.jsonl", "--url", model.url, "--review", "jsonl")
    review = Path(document(crossover(*command, "--count", 2, "--json"))["review"])
    edit(review, accept)
    whole = review.read_text()
    review.write_text(whole.splitlines()[0] + "\n")
    result = crossover(*command, "--count", 2)
    assert result.exit_code == 2 and f"{review}:0:id: error: found no row of the id 2" in result.stderr
    review.write_text(whole[:-9])
    result = crossover(*command, "--count", 2)
    assert result.exit_code == 2 and f"{review}:2:row: error: found broken JSON" in result.stderr
    review.write_text(whole)
    assert document(crossover(*command, "--count", 2, "--json"))["accepted"] == 2


def test_accept_all_takes_what_a_person_left_open_and_keeps_what_was_decided(
    crossover: Crossover, documents: Path, model: ScriptedModel
) -> None:
    command = ("data", "generate", documents, "-o", "train.jsonl", "--url", model.url, "--count", 4)
    review = Path(document(crossover(*command, "--json"))["review"])
    edit(review, lambda row: row.update({"decision": "reject", "reason": "dull"} if row["id"] == "2" else {}))
    done = document(crossover(*command, *ALL))
    assert (done["accepted"], done["rejected"], done["rounds"]) == (4, 1, 2)


@pytest.mark.parametrize(
    "pair, reason",
    [
        ({"question": "Who runs the Velmora office?", "answer": "Berit Halm"}, "words that are not in the passage"),
        ({"question": "When does it open?", "answer": "At 7:45"}, "words that are not in the passage"),
        ({"question": "When is Velmora closed?", "answer": "On working days"}, "not answered from its passage"),
        ({"question": "Who runs the office in this passage?", "answer": "Anna Tovan"}, "speaks of the passage"),
        ({"question": "Who runs the Velmora office?", "answer": "TBD"}, "an answer that is none"),
        ({"question": "Who runs the Velmora office?", "answer": "..."}, "an empty question or answer"),
    ],
)
def test_a_pair_that_its_chunk_does_not_answer_is_refused_with_the_reason(
    crossover: Crossover, tmp_path: Path, model: ScriptedModel, pair: dict[str, str], reason: str
) -> None:
    write_office(tmp_path, "Velmora", "Anna Tovan", "7:30")
    model.script = lambda prompt: json.dumps([pair]) if prompt.startswith("Passage:") else reader(prompt)
    done = document(crossover("data", "generate", "velmora.md", "-o", "train.jsonl", "--url", model.url, *ALL))
    assert (done["accepted"], done["refused"]) == (0, {reason: 1})


@pytest.mark.parametrize(
    "script, reason",
    [
        (lambda prompt: "I would rather talk about the weather.", "no question with an answer in the reply"),
        (lambda prompt: '[{"question": "Who", "answer": ["x"]}, {"q": 1}', "no question with an answer in the reply"),
        (lambda prompt: "<think>hm</think>", "an empty reply"),
        (lambda prompt: (200, completion(None, refusal="I can't help with that.")), "refused by the model"),
        (lambda prompt: (200, completion("", finish="content_filter")), "refused by the model"),
        (lambda prompt: (200, {"choices": []}), "no chat completion"),
        (lambda prompt: (200, b"<html>"), "no chat completion"),
        (lambda prompt: (400, {"error": {"message": "longer than the context"}}), "refused by the server"),
    ],
)
def test_a_model_that_answers_rubbish_or_refuses_is_counted_with_the_reason(
    crossover: Crossover, documents: Path, model: ScriptedModel, script: Script, reason: str
) -> None:
    model.script = script
    done = document(crossover("data", "generate", documents, "-o", "train.jsonl", "--url", model.url, *ALL))
    assert (done["status"], done["accepted"], done["failed"]) == ("done", 0, {reason: 16})


def test_what_timed_out_is_asked_again_by_the_next_command(
    crossover: Crossover, documents: Path, model: ScriptedModel
) -> None:
    def slow(prompt: str) -> str:
        if prompt.startswith("Passage: Velmora"):
            time.sleep(0.8)
        return reader(prompt)

    model.script = slow
    command = ("data", "generate", documents, "-o", "train.jsonl", "--url", model.url, *ALL)
    done = document(crossover(*command, "--timeout", 0.4))
    assert (done["accepted"], done["failed"]) == (30, {"timed out": 1})
    model.script = reader
    assert document(crossover(*command))["accepted"] == 32


def test_a_model_that_is_gone_ends_the_command_and_what_was_done_is_kept(
    crossover: Crossover, documents: Path, model: ScriptedModel
) -> None:
    def failing(prompt: str) -> Any:
        return (500, {"error": {"message": "out of memory"}}) if len(model.prompts) > 10 else reader(prompt)

    model.script = failing
    command = ("data", "generate", documents, "-o", "train.jsonl", "--url", model.url, *ALL)
    result = crossover(*command)
    assert result.exit_code == 1 and "requests in a row came to nothing (failed at the server" in result.stderr
    model.script = reader
    assert document(crossover(*command))["accepted"] == 32


def test_a_run_that_is_killed_goes_on_at_every_step(
    crossover: Crossover, documents: Path, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every write is a point at which a kill may come; after each the same command ends as if none had come."""
    from crossover.server.generation import review, rounds

    class Killed(Exception):
        pass

    replace, left = rounds.replace_text, [0]

    def dying(path: Path, text: str) -> None:
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        replace(path, text)

    monkeypatch.setattr(rounds, "replace_text", dying)
    monkeypatch.setattr(review, "replace_text", dying)
    command = ("data", "generate", documents, "-o", "train.jsonl", "--url", model.url)
    left[0] = 1000
    document(crossover(*command, *ALL))
    whole, kills = sorted(Path("train.jsonl").read_text().splitlines()), 0
    shutil.rmtree("train.rounds")
    Path("train.jsonl").unlink()
    accepted: set[str] = set()
    while True:
        left[0] = kills % 3
        kills += 1
        result = crossover(*command, "--json")
        written = Path("train.jsonl")
        now = set(written.read_text().splitlines()) if written.exists() else set()
        assert accepted <= now, "nothing accepted is lost"
        accepted = now
        if isinstance(result.exception, Killed):
            assert kills < 60
            continue
        told = document(result)
        if told["status"] == "done":
            break
        edit(Path(told["review"]), accept)
    assert kills > 8 and sorted(Path("train.jsonl").read_text().splitlines()) == whole


def test_questions_of_the_evaluation_set_are_refused_from_the_model_and_from_the_reviewer(
    crossover: Crossover, documents: Path, model: ScriptedModel
) -> None:
    Path("questions.jsonl").write_text('{"question": "Who runs the Brenna office", "references": ["Carlo Vint"]}\n')
    command = ("data", "generate", documents, "-o", "t.jsonl", "--url", model.url, "--against", "questions.jsonl")
    told = document(crossover(*command, "--count", 31, "--json"))
    review = Path(told["review"])
    edit(review, lambda row: row.update(decision="fix", question="Who runs the Brenna office?") if row["id"] == "1"
         else accept(row))  # fmt: skip
    result = crossover(*command)
    assert (
        result.exit_code == 2 and f"{review}:2:question: error: found a question of the evaluation set" in result.stderr
    )
    edit(review, lambda row: row.update(question="Who heads it?") if row["id"] == "1" else None)
    done = document(crossover(*command, *ALL))
    assert (done["accepted"], done["refused"]) == (31, {"a question of the evaluation set": 1})


def test_a_cell_that_a_spreadsheet_would_compute_is_shielded_and_comes_back_as_it_was(
    crossover: Crossover, tmp_path: Path, model: ScriptedModel
) -> None:
    (tmp_path / "cold.md").write_text(
        "# Cold room\n\nThe cold room in Velmora is kept at -18 degrees, day and night.\n"
    )
    rows = [{"question": "How cold is the cold room in Velmora?", "answer": "-18 degrees"}]
    model.script = lambda prompt: json.dumps(rows) if prompt.startswith("Passage:") else "-18 degrees"
    command = ("data", "generate", "cold.md", "-o", "train.jsonl", "--url", model.url)
    review = Path(document(crossover(*command, "--json"))["review"])
    assert ",'-18 degrees," in review.read_text()
    edit(review, accept)
    document(crossover(*command, "--json"))
    assert [each.answer for each in read(Path("train.jsonl")).examples] == ["-18 degrees"]


def test_the_key_comes_from_the_variable_and_old_and_new_names_of_fields_are_tried(
    crossover: Crossover, documents: Path, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strict(prompt: str) -> Any:
        for name in ("max_tokens", "temperature"):
            if name in model.bodies[-1]:
                return 400, {"error": {"message": f"Unsupported: {name}", "param": name, "code": "unsupported"}}
        return reader(prompt)

    model.script = strict
    monkeypatch.setenv("WRITER_KEY", "s3cret")
    command = ("data", "generate", documents / "velmora.md", "-o", "train.jsonl", "--url", model.url, *ALL)
    assert document(crossover(*command, "--api-key-env", "WRITER_KEY"))["accepted"] == 2
    assert model.headers["Authorization"] == "Bearer s3cret" and "max_completion_tokens" in model.bodies[-1]


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (("gone/", "-o", "x.jsonl"), 2, "gone: no such file or folder"),
        (("docs", "-o", "x.jsonl", "--url", "localhost"), 2, "--url localhost: expected http://HOST:PORT/v1"),
        (("docs", "-o", "x.jsonl", "--url", "http://127.0.0.1:9/v1"), 1, "give one with --model"),
        (("docs", "-o", "x.jsonl", "--url", "URL", "--api-key-env", "NOKEY"), 2, "--api-key-env NOKEY: no such"),
        (("docs", "-o", "mine.jsonl", "--url", "URL"), 2, "mine.jsonl is there already"),
        (("docs", "-o", "docs/x.jsonl", "--url", "URL"), 2, "-o docs/x.jsonl is in a folder of documents"),
    ],
)
def test_bad_input_is_told(
    crossover: Crossover, documents: Path, model: ScriptedModel, arguments: tuple[str, ...], code: int, message: str
) -> None:
    Path("mine.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    result = crossover("data", "generate", *(model.url if each == "URL" else each for each in arguments))
    assert result.exit_code == code and message in result.stderr, result.output
    assert Path("mine.jsonl").read_text().count("\n") == 1 and not Path("x.jsonl").exists()


def test_several_models_ask_for_a_name_and_a_changed_output_is_not_overwritten(
    crossover: Crossover, documents: Path, model: ScriptedModel
) -> None:
    model.models = ("small", "large")
    command = ("data", "generate", documents, "-o", "train.jsonl", "--url", model.url, "--count", 2, *ALL)
    assert "--model: expected one of small, large" in crossover(*command).stderr
    assert document(crossover(*command, "--model", "large"))["accepted"] == 2
    assert model.bodies[-1]["model"] == "large"
    with Path("train.jsonl").open("a") as stream:
        stream.write('{"prompt": "mine", "completion": "own"}\n')
    result = crossover(*command, "--model", "large")
    assert result.exit_code == 2 and "train.jsonl was changed since its last round" in result.stderr
    result = crossover("data", "expand", "train.jsonl", "-o", "train.jsonl", "--url", model.url)
    assert result.exit_code == 2 and "holds rounds of `data generate`" in result.stderr


@pytest.mark.parametrize(
    "answer, given, same",
    [
        ("Anna Tovan", "It is run by Anna Tovan [1].", True),
        ("Anna Tovan", "I don't know.", False),
        ("At 8:30", "It opens at 9:30.", False),
        ("Trips above 400 euros need approval", "Approval is needed for trips above 400 euros", True),
        ("8:30", "The Velmora office is run by Anna Tovan and opens at 8:30 while Quillon opens at 9:00.", False),
        ("In May", "The office moves in May.", True),
        ("安娜经营办公室", "办公室由安娜经营", True),
    ],
)
def test_a_reply_gives_an_answer_back_when_it_says_the_same(answer: str, given: str, same: bool) -> None:
    assert gives_back(answer, given) is same
