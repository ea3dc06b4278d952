"""The figures of the model card: which questions are asked, and when an answer is right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossover.adapters.base_model import WEIGHTS, squad
from crossover.adapters.base_model.evaluate import KINDS, LENGTHS, main, markdown, real, synthetic
from crossover.adapters.base_model.measure import Answerer, Item, scored
from crossover.adapters.prompt import Message, Prompts

PARAGRAPH = "The mill was built in 1741. Its owner, Ms. Orla Quist, sold it to the village in 1790. It burned down."


@pytest.fixture
def squad_file(tmp_path: Path) -> Path:
    start = PARAGRAPH.index("the village")
    questions = [
        {"id": "1", "question": "Who bought the mill?", "answers": [{"text": "the village", "answer_start": start}]},
        {"id": "2", "question": "Who drew the mill?", "answers": []},
    ]
    data = {"data": [{"title": "Tarnow_Mill", "paragraphs": [{"context": PARAGRAPH, "qas": questions}]}]}
    file = tmp_path / "squad.json"
    file.write_text(json.dumps(data))
    return file


def test_the_gold_sentence_is_the_one_that_holds_the_answer(squad_file: Path) -> None:
    (question,) = squad.load(squad_file, 5)
    assert question.title == "Tarnow Mill"
    assert question.references[0] in question.sentence
    assert "burned" not in question.sentence
    assert "1741" not in question.sentence


def test_real_questions_are_asked_as_the_server_asks(squad_file: Path) -> None:
    sets = real(squad_file, 5)
    item = sets["SQuAD, the gold paragraph"][0]
    assert item.messages[0].content == Prompts().rag
    assert f"[1] Tarnow Mill: {PARAGRAPH}" in item.messages[1].content
    assert sets["SQuAD, no answer in the paragraph"][0].references == ()


def test_a_file_in_another_format_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.json"
    other.write_text("[]")
    with pytest.raises(ValueError, match=r"other\.json: not a SQuAD file"):
        squad.load(other, 1)
    assert main([str(tmp_path / "absent")]) == 2
    assert "error: " in capsys.readouterr().err


def test_answers_are_compared_as_squad_compares_them() -> None:
    assert squad.exact("The Village!", ("village",))
    assert not squad.exact("villages", ("village",))
    assert squad.token_f1("old village hall", ("the village", "hall")) == pytest.approx(0.5)
    assert squad.token_f1("", ("village",)) == 0.0


def test_an_answer_has_a_form_whatever_its_value_and_is_copied_where_it_stands_in_the_prompt() -> None:
    asked = (Message("user", "[1] The gate opens at 8:30."),)
    shown = Item(asked, ("<8:30> see 1",), form="<{v}> see {n}")
    assert scored(shown, 9, "<9:30> see 2").formed
    assert not scored(shown, 9, "8:30 see 1").formed
    plain = Item(asked, ("8:30",), passage=1)
    assert (scored(plain, 9, "8:30 [1]").copied, scored(plain, 9, "8:300 [1]").copied) == (True, False)
    assert scored(plain, 9, "I don't know.").copied is None


def test_the_sets_are_the_same_ones_every_time_and_need_what_they_say() -> None:
    for kind in (*KINDS, *LENGTHS):
        items = synthetic(kind, "shared", 5)
        assert items == synthetic(kind, "shared", 5)
        assert all(bool(item.references) != ("no answer" in kind.name or "unheard-of" in kind.name) for item in items)


def test_the_built_in_reader_reads_and_the_table_says_how_well() -> None:
    from crossover.adapters.base_model.evaluate import _row

    model = Answerer(WEIGHTS)
    items = synthetic(KINDS[0], "shared", 16)
    row = _row("reader", "shared", KINDS[0].name, model.score(items))
    assert row.right > 0.4
    assert row.low < row.right <= row.high
    assert f"| {KINDS[0].name} (prompt <= {row.tokens} tokens) | 16 | {row.right:.0%}" in markdown([row])
