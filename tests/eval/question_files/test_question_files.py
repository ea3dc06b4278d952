"""Every format of question files, told apart by content, with every fault named by its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossover.eval.metrics.ragas_metrics import Sample, dataset
from crossover.eval.question_files import read
from crossover.eval.question_files.json_place import object_lines
from crossover.eval.questions import Question, QuestionError, load

ANSWERED = {"id": "a1", "question": "Who runs it?", "answers": [{"text": "Ada", "answer_start": 0}] * 2}
IMPOSSIBLE = {"id": "a2", "question": "Who owns it?", "answers": [], "is_impossible": True}


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def squad(*qas: Any) -> dict[str, Any]:
    return {
        "version": "x",
        "data": [{"title": "Mill", "paragraphs": [{"context": "Ada runs {it}.", "qas": list(qas)}]}],
    }


def test_our_own_rows_are_read_as_before_and_as_an_array_too(tmp_path: Path) -> None:
    rows = [{"question": "a", "references": ["x"]}, {"question": "b", "references": [], "slice": "s"}]
    lines = write(tmp_path / "q.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert read(lines).questions == load(lines)
    assert read(lines).format == "Crossover question set"
    array = read(write(tmp_path / "array.json", json.dumps(rows, indent=1))).questions
    assert [(q.question, q.references, q.slice) for q in array] == [("a", ("x",), "all"), ("b", (), "s")]


def test_squad_keeps_paragraphs_together_and_marks_the_impossible(tmp_path: Path) -> None:
    found = read(write(tmp_path / "dev.json", json.dumps(squad(ANSWERED, IMPOSSIBLE))))
    known, unknown = found.questions
    assert found.format == "SQuAD"
    assert (known.id, known.references, known.slice, known.group) == ("a1", ("Ada",), "answerable", "Mill#1")
    assert known.relevant_documents == ("Mill",)
    assert (unknown.references, unknown.slice, unknown.group) == ((), "unanswerable", "Mill#1")
    assert unknown.relevant_documents == ()


def test_squad_v1_has_one_slice(tmp_path: Path) -> None:
    assert read(write(tmp_path / "dev.json", json.dumps(squad(ANSWERED)))).questions.slices == ("all",)


def test_squad_rows_of_hugging_face_are_squad_too(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "title": "Mill", "context": "c" * 999, "question": "Who?", "answers": {"text": ["Ada"]}},
        {"id": "2", "title": "Mill", "context": "c" * 999, "question": "Why?", "answers": {"text": []}},
        {"id": "3", "title": "Mill", "context": "d" * 999, "question": "How?", "answers": {"text": ["so"]}},
    ]
    known, unknown, other = read(write(tmp_path / "s.jsonl", "".join(json.dumps(row) + "\n" for row in rows))).questions
    assert (known.references, known.relevant_documents, known.group) == (("Ada",), ("Mill",), unknown.group)
    assert (unknown.references, unknown.slice) == ((), "unanswerable")
    assert other.group != known.group and len(known.group) < 20


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_takes_our_fields_as_columns(tmp_path: Path, delimiter: str) -> None:
    lines = [
        ["ID", "Question", "answer", "slice", "relevant_documents"],
        ["7", '"Who,\nthen; really?"', "Ada", "people", '"[""a.md"", ""b.md""]"'],
        ["8", "What?", "[]", "", ""],
    ]
    text = "\ufeff" + "\r\n".join(delimiter.join(line) for line in lines) + "\r\n"
    found = read(write(tmp_path / "q.csv", text))
    first, second = found.questions
    assert found.format == "CSV"
    assert (first.id, first.question, first.references) == ("7", "Who,\nthen; really?", ("Ada",))
    assert (first.slice, first.relevant_documents) == ("people", ("a.md", "b.md"))
    assert (second.references, second.slice, second.relevant_documents) == ((), "all", ())


def test_a_bracket_in_a_cell_may_belong_to_the_answer(tmp_path: Path) -> None:
    (question,) = read(write(tmp_path / "q.csv", "question,reference\nWhich?,[draft]\n")).questions
    assert question.references == ("[draft]",)


def test_training_examples_become_questions_with_one_group_a_question(tmp_path: Path) -> None:
    rows = [
        {"prompt": "Who runs it?", "completion": "Ada"},
        {"prompt": "who runs  it?", "completion": "Ada"},
        {"prompt": "Why?", "completion": "Rain"},
    ]
    found = read(write(tmp_path / "t.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    assert found.format == "labelled training examples"
    assert [q.references for q in found.questions] == [("Ada",), ("Ada",), ("Rain",)]
    assert [q.group for q in found.questions] == ["q1", "q1", "q3"]


def test_a_table_of_training_examples_is_one_too(tmp_path: Path) -> None:
    found = read(write(tmp_path / "t.csv", 'text,category\n"Where, then, is my card?",card_arrival\nWhy?,reasons\n'))
    assert found.format == "labelled training examples"
    assert [(q.question, q.references) for q in found.questions] == [
        ("Where, then, is my card?", ("card_arrival",)),
        ("Why?", ("reasons",)),
    ]


def test_later_turns_of_a_conversation_are_left_out_and_counted(tmp_path: Path) -> None:
    turns = [("user", "Who?"), ("assistant", "Ada"), ("user", "And then?"), ("assistant", "Bo")]
    row = {"messages": [{"role": role, "content": content} for role, content in turns]}
    found = read(write(tmp_path / "t.jsonl", json.dumps(row)))
    assert [q.question for q in found.questions] == ["Who?"]
    assert any(note.startswith("1 later turns") for note in found.notes)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_ragas_writes_is_read(tmp_path: Path) -> None:
    asked = Question("1", "Who?", ("Ada",), "all", "1", ("a.md",))
    dataset([Sample(asked, "Bo")]).to_jsonl(str(tmp_path / "r.jsonl"))
    found = read(tmp_path / "r.jsonl")
    (question,) = found.questions
    assert found.format == "ragas EvaluationDataset"
    assert (question.question, question.references, question.relevant_documents) == ("Who?", ("ada",), ("a.md",))
    assert "1 samples have a response" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"question": "Who?"}', "q:1:references: error: found nothing"),
        ('[\n{"question": "a", "references": ["x"]},\n3]', "q:3:row: error: found the number 3, expected"),
        ("question;slice\nWho?;x\n", "q:1:references: error: found the columns question, slice, expected question"),
        ("who;answer\n", "q:1:question: error: found the columns who, answer"),
        ('question,answer\n"Who,\nthen?",Ada\nWhat?,\n', "q:4:answer: error: found an empty text, expected a text"),
        ("question,answer\nWho?,Ada,Bo\n", "q:2:row: error: found 3 cells, expected 2 as in the header"),
        ('question,answer\nWho?,"Ada\n', "q:2:row: error: found unexpected end of data, expected a CSV row"),
        ('"question"s,references\nWho?,Ada\n', "q:1:row: error: found ',' expected after '\"', expected a CSV row"),
        ('"Who runs it?" he asked\nAda\n', "q:1:row: error: found ',' expected after '\"', expected a CSV row"),
        (",,\n", "q:1:question: error: found the columns , expected question"),
        ("id,question,answer\n1,a,x\n1,b,x\n", "q:3:id: error: found '1' again, expected every id once"),
        ("question,answer,slice\na,x,overall\n", "q:2:slice: error: found 'overall', expected another name"),
        ("question,answer\n", "q: no questions in it"),
        ("", "q: no questions in it"),
        ('{"prompt": "Who?", "completion": ""}', "q:1:completion: error: found an empty text, expected a text"),
        ('{"user_input": [{"content": "Who?"}]}', "q:1:user_input: error: found a list of 1, expected one question"),
        ('{"user_input": "Who?"}', "q:1:reference: error: found nothing, expected a text"),
        ('{"data": [\n{"title": "Mill"}]}', "q:2:data[0].paragraphs: error: found nothing, expected a list"),
        ('{"data": [3]}', "q:1:data[0]: error: found the number 3, expected an object"),
        ('{"data": [\n{]}', "q:2:row: error: found broken JSON"),
        (
            json.dumps(squad({**ANSWERED, "answers": []}), indent=1),
            ":answers: error: found a list of 0, expected a list",
        ),
        (json.dumps(squad({"id": "1", "answers": [{"text": "x"}]})), "q:1:question: error: found nothing"),
    ],
)
def test_a_fault_is_named_by_file_line_and_field(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(QuestionError) as caught:
        read(write(tmp_path / "q", text))
    assert words in str(caught.value)


def test_a_fault_deep_in_squad_names_the_line_its_question_begins_on(tmp_path: Path) -> None:
    text = json.dumps(squad(ANSWERED, {**ANSWERED, "id": "a1"}), indent=1)
    second = [n for n, line in enumerate(text.split("\n"), 1) if '"id": "a1"' in line][1] - 1
    with pytest.raises(QuestionError, match=f":{second}:id: error: found 'a1' again"):
        read(write(tmp_path / "q.json", text))


def test_braces_in_strings_open_no_object() -> None:
    text = '{"a": "{\\"{",\n"b": [\n{"c": 1}]}'
    document = json.loads(text)
    lines = object_lines(text, document)
    assert (lines[id(document)], lines[id(document["b"][0])]) == (1, 3)
