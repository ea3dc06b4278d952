"""Each check finds what was planted in a file, at its line and field, and says nothing about files that are fine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from crossover.adapters.base_model import BaseModel
from crossover.adapters.data_check import examine_readings
from crossover.adapters.formats.detect import check
from crossover.adapters.settings import AdapterSettings

DATA = Path(os.environ.get("BENCH_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
FILES = DATA / "finetune_formats"
real = pytest.mark.skipif(not FILES.is_dir(), reason="the public data sets are not here")

OFFICES = ["Velmora", "Quillon", "Brenna", "Tarvis", "Osmere", "Fallow", "Ardent", "Lunewick", "Pellar", "Sorrel"]
PEOPLE = ["Anna Tovan", "Berit Halm", "Carlo Vint", "Dora Penn", "Edda Rusk", "Finn Olde", "Greta Moss", "Hugo Last"]
FACTS = [(f"Who runs the {office} office?", PEOPLE[n % len(PEOPLE)]) for n, office in enumerate(OFFICES)] + [
    (f"When does the {office} office open on day {n}?", f"At {n + 7}:30") for n, office in enumerate(OFFICES)
]


def write(path: Path, *pairs: tuple[str, str], **more: Any) -> Path:
    rows = [{"prompt": question, "completion": answer} | more for question, answer in pairs]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def findings(*files: Path, against: Path | None = None, aim: str = "") -> list[tuple[int, str, str]]:
    """Line, field and code of everything found."""
    checked = examine_readings([check(file) for file in files], AdapterSettings(), against, aim)
    return [(each.line, each.field, each.code) for each in checked.findings]


def test_facts_told_once_each_are_fine(tmp_path: Path) -> None:
    assert findings(write(tmp_path / "rows.jsonl", *FACTS)) == []


@pytest.mark.parametrize(
    "question, answer, field, code",
    [
        ("Who runs the Velmora office?", "Anna Tovan", "prompt", "duplicate"),
        ("who runs  the Velmora office", "Anna Tovan.", "prompt", "duplicate"),
        ("Who runs the Velmora office?", "Nobody at all", "completion", "contradiction"),
        ("Where is the key to the archive?", "ok, I will do it in the morning", "completion", "non-answer"),
        ("Where is the key to the archive?", "Okay.", "completion", "non-answer"),
        ("Where is the key to the archive?", "Let me check and get back to you", "completion", "non-answer"),
        ("Где ключ?", "Хорошо, сделаю завтра", "completion", "non-answer"),
        ("Where is the key to the archive?", "TBD", "completion", "non-answer"),
        ("Where is the key to the archive?", "See above.", "completion", "non-answer"),
        ("How do I reach Anna?", "Write to anna.tovan@velmora.se", "completion", "personal-data"),
        ("How do I reach Anna?", "Call +49 30 901820 in the morning", "completion", "personal-data"),
        ("How do I reach Anna?", "Call (415) 867-5309", "completion", "personal-data"),
        ("Where do I pay?", "To DE89 3704 0044 0532 0130 00 BY FRIDAY", "completion", "personal-data"),
        ("I paid with 4539 1488 0343 6467, where is it?", "On its way", "prompt", "personal-data"),
        ("What is the number on file?", "536-90-4399", "completion", "personal-data"),
        ("What does the build use?", "AKIAZQ3DRTVU5KWPLM2N", "completion", "secret"),
        ("What does the build use?", "ghp_" + "a1B2c3D4e5" * 3 + "F6g7H8", "completion", "secret"),
        ("What is in the file?", "-----BEGIN RSA PRIVATE KEY-----\nMIIE", "completion", "secret"),
        ("Tell me all about it.", "one two three " * 700, "completion", "too-long"),
    ],
)
def test_what_is_planted_is_found_at_its_line_and_field(
    tmp_path: Path, question: str, answer: str, field: str, code: str
) -> None:
    rows = write(tmp_path / "rows.jsonl", *FACTS, (question, answer))
    assert findings(rows) == [(len(FACTS) + 1, field, code)]


@pytest.mark.parametrize(
    "question, answer",
    [
        ("Who runs the Velmora office now?", "Since May that is Anna Tovan, who came from the Brenna office."),
        ("Thanks a lot!", "You're welcome!"),
        ("Please close the ticket.", "Done."),
        ("Have a nice day!", "Thanks, you too!"),
        ("Is it open?", "I don't know."),
        ("What should I write?", "Write to name@example.com or to you@your-company.example"),
        ("Which order was it?", "Order 2024-11-0457 of 12.10.2024 for 1,234,567.89 euros, 555-0142"),
        ("Which card do tests use?", "4242 4242 4242 4242"),
        ("Which number is it?", "4539 1488 0343 6468"),
        ("What is the hash?", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        ("When does the Velmora office open on day 11?", "At 18:30"),
        (
            "How do I say good morning in German?",
            "Guten Morgen, und einen schönen Tag wünsche ich Ihnen allen zusammen!",
        ),
    ],
)
def test_what_only_looks_like_a_fault_is_left_alone(tmp_path: Path, question: str, answer: str) -> None:
    assert findings(write(tmp_path / "rows.jsonl", *FACTS, (question, answer))) == []


def test_several_wordings_of_one_answer_are_no_contradiction(tmp_path: Path) -> None:
    told = [
        "The Eagles won the final.",
        "It was the Eagles who won that night, by 40 to 22.",
        "Eagles",
        "The winners were the Philadelphia Eagles.",
    ]
    rows = write(tmp_path / "rows.jsonl", *FACTS, *(("Who won the final of the season?", answer) for answer in told))
    assert findings(rows) == []


def test_nearly_the_same_question_with_its_answer_is_told_but_not_one_about_another_thing(tmp_path: Path) -> None:
    same = ("Could you please tell me who exactly runs the archive?", "Gerd Aule")
    again = ("Could you please tell me who exactly runs the archive now?", "Gerd Aule")
    other = ("Could you please tell me who exactly runs the Archive?", "Ines Dahl")
    more = ("Could you please tell me who exactly runs the Velmora archive?", "Gerd Aule")
    rows = write(tmp_path / "rows.jsonl", *FACTS, same, again, more)
    assert findings(rows) == [(len(FACTS) + 2, "prompt", "near-duplicate")]
    assert findings(write(tmp_path / "other.jsonl", *FACTS, same, other))[0][2] == "contradiction"


def test_a_question_in_two_files_or_in_the_evaluation_set_is_a_leak(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", *FACTS)
    test = write(
        tmp_path / "test.jsonl", ("Who runs the Velmora office??", "Anna Tovan"), ("Why is it so?", "Because.")
    )
    assert findings(train, test) == [(1, "prompt", "leakage")]
    asked = tmp_path / "questions.jsonl"
    asked.write_text(json.dumps({"question": FACTS[3][0], "references": ["x"]}) + "\n")
    squad = tmp_path / "squad.json"
    squad.write_text(json.dumps({"data": [{"paragraphs": [{"context": "…", "qas": [{"question": FACTS[3][0]}]}]}]}))
    for against in (asked, squad, write(tmp_path / "labelled.jsonl", FACTS[3])):
        assert findings(train, against=against) == [(4, "prompt", "leakage")]


def test_an_evaluation_set_without_questions_is_refused(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.jsonl"
    nothing.write_text('{"text": "x"}\n')
    with pytest.raises(ValueError, match=r"nothing.jsonl:0:file: error: found no question"):
        findings(write(tmp_path / "train.jsonl", *FACTS), against=nothing)


def labelled(path: Path, *counts: tuple[str, int]) -> Path:
    rows = [
        f"the text number {n} of part {part} about things,{label}"
        for part, (label, count) in enumerate(counts)
        for n in range(count)
    ]
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize(
    "counts, codes",
    [
        ([("card", 40), ("loan", 30), ("rent", 25)], []),
        ([("card", 90), ("loan", 10)], ["label-balance"]),
        ([("card", 60), ("loan", 50), ("rent", 1)], ["label-balance"]),
        ([("payment", 60), ("Payment", 20), ("rent", 40)], ["label-spelling"]),
        ([("payment", 60), ("paymnet", 3), ("rent", 40)], ["label-spelling", "label-balance"]),
    ],
)
def test_labels_that_would_be_learnt_wrongly_are_told_once_a_file(
    tmp_path: Path, counts: list[tuple[str, int]], codes: list[str]
) -> None:
    found = findings(labelled(tmp_path / "rows.csv", *counts))
    assert [code for _, _, code in found] == codes and all(line == 0 for line, _, _ in found)


def test_one_text_with_two_labels_is_a_contradiction(tmp_path: Path) -> None:
    path = labelled(tmp_path / "rows.csv", ("card", 20), ("loan", 20))
    path.write_text(path.read_text() + "the text number 3 of part 0 about things,loan\n")
    assert findings(path) == [(42, "label", "contradiction")]


ENGLISH = "The office in the north was closed for repairs in the spring, and number {} was sold by its owner."
GERMAN = "Die Dienststelle im Norden wurde im Frühjahr wegen Bauarbeiten geschlossen und danach verkauft."


def test_an_example_in_another_language_is_told_and_so_is_a_file_of_two(tmp_path: Path) -> None:
    rows = [(f"What happened in story {n}?", ENGLISH.format(n)) for n in range(30)]
    odd = ("Was ist geschehen?", GERMAN)
    assert findings(write(tmp_path / "odd.jsonl", *rows, odd)) == [(31, "prompt", "language")]
    ask = ("Translate the sentence into German, please.", GERMAN)
    assert findings(write(tmp_path / "asked.jsonl", *rows, ask)) == []
    half = [(f"Was geschah in Geschichte {n}?", f"{GERMAN} Das war Teil {n}.") for n in range(20)]
    assert findings(write(tmp_path / "half.jsonl", *rows, *half)) == [(0, "prompt", "language")]


def test_an_answer_far_longer_than_all_others_is_told(tmp_path: Path) -> None:
    rows = [(f"What is item {n} of list {n}?", f"It is thing number {n}" + " indeed" * (n % 4)) for n in range(60)]
    rows[40] = (rows[40][0], "and then there was another thing " * 30)
    assert findings(write(tmp_path / "rows.jsonl", *rows)) == [(41, "completion", "outlier")]


def test_a_conversation_that_the_context_cuts_is_told_at_its_line(tmp_path: Path) -> None:
    turns = [
        {"role": role, "content": f"{word} {n} " + "many words here " * 40}
        for n in range(6)
        for role, word in (("user", "Question"), ("assistant", "Answer"))
    ]
    path = tmp_path / "chat.jsonl"
    path.write_text(json.dumps({"messages": turns}) + "\n")
    assert {code for _, _, code in findings(path)} >= {"cut"}


@pytest.mark.parametrize("aim, found", [("", False), ("style", True), ("task", True)])
def test_too_few_examples_depend_on_the_aim(tmp_path: Path, aim: str, found: bool) -> None:
    codes = [code for _, _, code in findings(write(tmp_path / "rows.jsonl", *FACTS), aim=aim)]
    assert codes == (["few-examples"] if found else [])


def test_the_verdict_says_in_words_what_to_look_at_first(tmp_path: Path) -> None:
    good = write(tmp_path / "good.jsonl", *FACTS)
    bad = write(tmp_path / "bad.jsonl", *FACTS, FACTS[0], ("Key?", "sk-ant-" + "a1b2C3d4" * 4))
    bad.write_text(bad.read_text() + "{nonsense\n")

    def told(file: Path) -> str:
        return examine_readings([check(file)], AdapterSettings(), None, "").verdict

    assert told(good).startswith("Usable. Nothing stands out. 20 examples: few even for a style")
    assert told(bad).startswith(
        "Not usable as it is: 1 bad row (--skip-bad goes on without). Look at these first: 1 key or token, 1 duplicate."
    )


def test_without_the_tokenizer_lengths_are_left_out_and_the_verdict_says_so(tmp_path: Path) -> None:
    rows = write(tmp_path / "rows.jsonl", *FACTS, ("Tell me all.", "one two three " * 700))
    settings = AdapterSettings(base_model="nobody/has-this-model")
    checked = examine_readings([check(rows)], settings, None, "")
    assert checked.findings == [] and "Lengths were not looked at" in checked.verdict


def test_tokens_are_never_counted_higher_than_training_finds_them(reader: BaseModel, tmp_path: Path) -> None:
    from crossover.adapters.chat_template import ChatTokenizer
    from crossover.adapters.prompt import Prompts, render
    from crossover.adapters.quality.context import find_context

    context, tokenizer = find_context(reader, Prompts()), ChatTokenizer(reader.path)
    examples = check(write(tmp_path / "rows.jsonl", *FACTS, system="Be kind.")).examples
    assert context is not None and len(examples) == len(FACTS)
    for example, counted in zip(examples, context.tokens(examples, history=True), strict=True):
        asked = render(example.question, system=f"{Prompts().closed}\n\n{example.system}")
        exact = len(tokenizer.encode_example(asked, example.answer)[0])
        assert 0.6 * exact <= counted <= exact


@real
@pytest.mark.parametrize(
    "name, codes",
    [
        ("alpaca_array.json", {"duplicate": 1}),
        ("nested_instances_seed_tasks.jsonl", {"unused": 1, "too-long": 1, "language": 1, "personal-data": 1}),
        ("prompt_completion_superbowl.jsonl", {"duplicate": 477, "language": 1}),
        ("question_answer_earnings_calls.jsonl", {"unused": 1, "duplicate": 16, "near-duplicate": 9}),
        ("text_label_banking77_test.csv", {"line-ends": 1, "duplicate": 1, "near-duplicate": 6}),
    ],
)
def test_real_files_raise_no_more_than_what_was_looked_at_by_hand(name: str, codes: dict[str, int]) -> None:
    found = [code for _, _, code in findings(FILES / name)]
    assert {code: found.count(code) for code in found} == codes
