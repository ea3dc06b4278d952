"""Questions made of real sentences, and where the sentences come from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crossover.adapters.base_model import prose
from crossover.adapters.base_model.cloze import Cloze, cloze, unread, words_copied
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.lexicon import FUNCTION_WORDS, neighbours, reworded, words
from crossover.adapters.prompt import UNKNOWN


def test_an_answer_stands_word_for_word_once_in_the_passages_and_in_the_one_it_cites() -> None:
    draw, task, seen = Draw(1), Cloze(unanswerable=0.0), 0
    for _ in range(200):
        made = cloze(draw, task)
        for message in made.messages if made else ():
            cited = re.fullmatch(r"(.+) \[(\d)\]", message.content)
            if made and message.role == "assistant" and cited:
                assert cited[1] in made.passages[int(cited[2]) - 1][1]
                assert sum(text.count(cited[1]) for _, text in made.passages) == 1
                seen += 1
    assert seen > 200


def test_a_question_without_an_answer_gets_the_fixed_words() -> None:
    draw = Draw(2)
    answers = [made.messages[-1].content for _ in range(60) if (made := cloze(draw, Cloze(unanswerable=1.0)))]
    assert answers
    assert set(answers) == {UNKNOWN}
    alone = unread(draw, Cloze())
    assert alone
    assert alone.messages[-1].content == UNKNOWN
    assert "Passages:" not in alone.messages[-2].content


def test_a_planted_value_is_asked_for_by_its_kind_and_its_sentence() -> None:
    draw, task = Draw(3), Cloze((1, 1), (1, 1), (1, 1), planted=1.0, unanswerable=0.0, near=0.0)
    asked = {made.question for _ in range(300) if (made := cloze(draw, task))}
    assert any(question.startswith(("When", "In what year")) for question in asked)
    assert any(question.startswith(("Who", "By whom")) for question in asked)
    assert any("mill" in question for question in asked)


def test_words_are_repeated_in_either_case() -> None:
    made = words_copied(Draw(4), 30)
    said = made.messages[-1].content.split()
    assert made.messages[0].content == f"Repeat: {' '.join(said)}"
    assert any(word.istitle() for word in said)
    assert any(word.islower() for word in said)


def test_near_words_are_alike_and_function_words_are_left_alone() -> None:
    assert not set(words()) & FUNCTION_WORDS
    assert {"wages", "pay"} & set(neighbours()["salary"])
    assert "managers" in neighbours()["manager"]
    text = "who repaired the bridge of Velmora?"
    changed = reworded(Draw(5), text, 1.0)
    assert changed != text
    assert changed.startswith("who ")
    assert changed.endswith(" of Velmora?")
    assert reworded(Draw(5), text, 0.0) == text


def test_prose_is_collected_from_documentation_in_the_order_of_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "site" / "package" / "module.py"
    source.parent.mkdir(parents=True)
    source.write_text(
        '"""Opens the gate for everyone who has the right key. Uses `codes` and other_things that nobody reads. '
        'Closes the gate again as soon as the last one is through."""\n\n\n'
        'def f() -> None:\n    """Counts how many people went through the gate so far."""\n'
    )
    (source.parent / "broken.py").write_text("def (")
    monkeypatch.setattr(prose, "PACKAGES", ("package",))
    monkeypatch.setattr(
        prose.sysconfig, "get_path", lambda name: str(tmp_path / ("site" if name == "purelib" else "no"))
    )
    monkeypatch.setattr(prose, "PROSE", tmp_path / "collected" / "prose.txt")
    assert prose.sentences() == (
        "Opens the gate for everyone who has the right key.",
        "Closes the gate again as soon as the last one is through.",
        "Counts how many people went through the gate so far.",
    )
