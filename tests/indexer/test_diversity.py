from __future__ import annotations

import pytest

from crossover.indexer.diversity import distinct
from crossover.indexer.document import Passage
from crossover.indexer.fusion import Candidate

PARAGRAPH = (
    "The office in Velmora opens at nine and closes when the last visitor has left the building; "
    "whoever comes later rings the bell beside the door and waits until somebody from the archive comes down."
)


def kept(*texts: str, k: int = 10) -> list[str]:
    found, _ = distinct(
        [Candidate(Passage(f"d{n}", f"c{n}", "", text, 0.5, "", (), ""), n, n, 1.0) for n, text in enumerate(texts)], k
    )
    return [each.passage.chunk for each in found]


@pytest.mark.parametrize(
    "copy",
    [
        PARAGRAPH,
        PARAGRAPH.replace(" ", "\n  "),
        f"**{PARAGRAPH.upper()}**",
        PARAGRAPH.replace(";", " -").replace(".", "!"),
        PARAGRAPH[: PARAGRAPH.index(";")],
        PARAGRAPH.replace("building", "buildings").replace("archive", "archives"),
    ],
    ids=["same", "layout", "case and markup", "punctuation", "a part of it", "spelling"],
)
def test_a_copy_is_left_out_and_the_next_passage_takes_its_place(copy: str) -> None:
    assert kept(PARAGRAPH, copy, "Something else.", k=2) == ["c0", "c2"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("Velmora", "Sorrin"), ("nine", "ten"), ("nine", "nine on 3 May"), ("later", "earlier"), ("last", "unlast")],
    ids=["name", "number", "date", "word", "prefix"],
)
def test_another_name_number_date_or_word_makes_another_passage(old: str, new: str) -> None:
    assert kept(PARAGRAPH, PARAGRAPH.replace(old, new)) == ["c0", "c1"]


def test_however_many_differ_in_one_fact_all_stay() -> None:
    assert (
        len(kept(*(f"Trips over {n} hundred crowns need a signature before they are booked." for n in range(9)))) == 9
    )


def test_names_stay_apart_in_scripts_without_capitals() -> None:
    first = "王芳负责上海分公司的仓库管理工作，每天早上检查库存并向总部报告。"
    others = [first.replace("王芳", name) for name in ("李娜", "张伟", "刘洋")]
    assert kept(first, first.replace("，", " "), *others) == ["c0", "c2", "c3", "c4"]


def test_what_was_left_out_says_for_which_passage() -> None:
    passages = [Passage(f"d{n}", f"c{n}", "", PARAGRAPH, 0.5, "", (), "") for n in range(2)]
    _, dropped = distinct([Candidate(each, 1, 1, 1.0) for each in passages], 5)
    assert [(each.document, each.like) for each in dropped] == [("d1", "c0")]


def test_a_short_answer_is_no_copy_of_a_passage_about_something_else() -> None:
    titled = (("FAQ - Cats", "There is no cat in the house."), ("FAQ - Dogs", "No."), ("FAQ - Dogs", "No!"))
    passages = [Passage(f"d{n}", f"c{n}", title, text, 0.5, "", (), "") for n, (title, text) in enumerate(titled)]
    found, dropped = distinct([Candidate(passage, n, n, 1.0) for n, passage in enumerate(passages)], 10)
    assert [each.passage.chunk for each in found] == ["c0", "c1"]
    assert [each.like for each in dropped] == ["c1"]
