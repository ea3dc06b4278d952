"""Question files."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.eval.questions import QuestionError, load


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_row_needs_only_question_and_references(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "mine.jsonl", '{"question": "Who?", "references": ["Ada", "A. Tovan"]}'))
    (question,) = loaded
    assert (loaded.name, question.id, question.slice, question.group) == ("mine", "q1", "all", "q1")
    assert question.references == ("Ada", "A. Tovan")


def test_slices_keep_their_order_and_the_digest_covers_what_is_expected(tmp_path: Path) -> None:
    rows = [
        '{"question": "a", "references": ["x"], "slice": "z"}',
        "",
        '{"question": "b", "references": [], "slice": "a"}',
    ]
    first = load(write(tmp_path / "a.jsonl", *rows))
    assert first.slices == ("z", "a")
    other = load(write(tmp_path / "b.jsonl", rows[0].replace('"x"', '"y"'), rows[2]))
    assert first.digest != other.digest
    assert first.digest == load(write(tmp_path / "c.jsonl", *rows)).digest


def test_a_set_written_and_read_again_is_the_same(tmp_path: Path) -> None:
    line = '{"id": "1", "question": "Wo?\u2028", "references": ["Köln"], "group": "g", "relevant_documents": ["a.md"]}'
    loaded = load(write(tmp_path / "a.jsonl", line))
    loaded.write(tmp_path / "b.jsonl")
    assert load(tmp_path / "b.jsonl").questions == loaded.questions


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("{not json}", "q.jsonl:2:", "expected one object a line"),
        ("[1]", "q.jsonl:2:", "found list"),
        ('{"references": ["x"]}', "q.jsonl:2:question:", "nothing (the row has references)"),
        ('{"question": "  ", "references": ["x"]}', "q.jsonl:2:question:", "not empty"),
        ('{"question": "a", "references": "x"}', "q.jsonl:2:references:", 'found "x"'),
        ('{"question": "a", "references": [""]}', "q.jsonl:2:references:", "list of texts"),
        ('{"question": "a", "references": ["x"], "relevant_documents": 3}', "q.jsonl:2:relevant_documents:", "found 3"),
        ('{"question": "a", "references": ["x"], "slice": "overall"}', "q.jsonl:2:slice:", "it means all questions"),
        ('{"question": "a", "references": ["x"], "id": "q1"}', "q.jsonl:2:id:", "expected every id once"),
    ],
)
def test_a_wrong_row_is_named_by_file_line_and_field(tmp_path: Path, line: str, place: str, words: str) -> None:
    path = write(tmp_path / "q.jsonl", '{"question": "fine", "references": ["x"]}', line)
    with pytest.raises(QuestionError) as caught:
        load(path)
    assert place in str(caught.value)
    assert words in str(caught.value)


def test_a_missing_an_empty_and_a_binary_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match="no such question file"):
        load(tmp_path / "none.jsonl")
    with pytest.raises(QuestionError, match="no questions in it"):
        load(write(tmp_path / "empty.jsonl", ""))
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(QuestionError, match="cannot be read as UTF-8"):
        load(tmp_path / "binary.jsonl")


def test_the_copy_in_a_run_s_folder_never_replaces_another_file(tmp_path: Path) -> None:
    row = '{"question": "Who?", "references": ["Ada"], "messages": []}'
    mine = write(tmp_path / "questions.jsonl", row)
    with pytest.raises(QuestionError, match="found another file"):
        load(mine).write(mine)
    assert mine.read_text() == row + "\n"
    copy = tmp_path / "run.jsonl"
    for _ in range(2):  # a run that goes on writes it again
        load(mine).write(copy)
    assert load(copy).questions == load(mine).questions
