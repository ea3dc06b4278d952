from __future__ import annotations

from pathlib import Path

import pytest

from crossover.indexer.training.pairs import Pair, read_pairs, split


def written(folder: Path, *rows: str) -> Path:
    file = folder / "pairs.jsonl"
    file.write_text("\n".join(rows), encoding="utf-8")
    return file


def test_rows_have_a_passage_or_a_document_and_perhaps_a_group(tmp_path: Path) -> None:
    file = written(
        tmp_path, '{"question": "q1", "passage": "p"}', "", '{"question": "q2", "document": "d", "group": "g"}'
    )
    assert read_pairs(file) == [Pair("q1", "p", "", "", 1), Pair("q2", "", "d", "g", 3)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{half", ":1: found '{half', expected a JSON object"),
        ("[1]", ":1: found list, expected a JSON object"),
        ('{"passage": "p"}', ":1:question: found nothing"),
        ('{"question": "q"}', ":1:passage: found nothing"),
        ('{"question": "q", "document": 7}', ":1:document: found 7, expected text"),
        ("", "found no rows"),
    ],
)
def test_a_wrong_row_is_named_with_line_and_field(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"pairs\.jsonl") as caught:
        read_pairs(written(tmp_path, row))
    assert message in str(caught.value)


def test_groups_stay_whole_and_about_a_quarter_is_held_out() -> None:
    pairs = [Pair(f"q{n}", "p", "", f"g{n % 40}", n) for n in range(200)]
    learnt, held_out = split(pairs)
    assert (len(learnt), len(held_out)) == (150, 50)
    assert not {pair.group for pair in learnt} & {pair.group for pair in held_out}
    assert split(pairs) == (learnt, held_out)


def test_one_group_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="two or more"):
        split([Pair("q", "p", "", "g", 1)])
