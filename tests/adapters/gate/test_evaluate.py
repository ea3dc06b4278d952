"""Which questions the gate asks of whom, and what it makes of the answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.examples import Example
from crossover.adapters.gate.answer_format import learn_format
from crossover.adapters.gate.decision import Parity, Verdict
from crossover.adapters.gate.evaluate import evaluate
from crossover.adapters.gate.questions import OTHERS, READING, REFUSING, Item, forgetting_items, held_out
from crossover.adapters.prompt import UNKNOWN
from crossover.adapters.registry import AdapterVersion, Registry
from crossover.eval.gate_judge import make_judge

STEMS, ENDS = ("Vel", "Quil", "Bren", "Tar", "Os"), ("mora", "lon", "na", "vis")
OFFICES = [stem + end for stem in STEMS for end in ENDS]
TASK = [Example(f"Who runs the {office} office?", f"ANSWER: {office} {n}") for n, office in enumerate(OFFICES)]
HELD_OUT = [Example(f"Who on earth runs {office}?", f"ANSWER: {office} {n}") for n, office in enumerate(OFFICES)]


def add(
    registry: Registry, folder: Path, value: float, name: str = "support", held_out: Sequence[Example] = ()
) -> AdapterVersion:
    """A version with its examples; its weights are of no matter here."""
    folder.mkdir()
    weights = {"base_model.model.q.lora_A.weight": np.full((4, 8), value, np.float32)}
    save_file(weights, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q"], "bias": "none"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    for file, examples in (("train.jsonl", TASK), ("held-out.jsonl", held_out)):
        (folder / file).write_text("".join(example.to_json() + "\n" for example in examples))
    card = AdapterCard(
        name=name, base_model="reader", base_fingerprint="b", chat_template="t", prompts="p",
        data=DataCard(name="facts", fingerprint="f", examples=len(TASK)),
        trained_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=value),
    )  # fmt: skip
    return registry.add(folder, card)


Answers = Callable[[Item], str]


@dataclass
class Scripted:
    """Answers as told, and remembers who was asked what."""

    by: dict[str | None, Answers]
    asked: dict[str | None, list[Item]] = field(default_factory=dict)

    async def answers(self, version: AdapterVersion | None, items: Sequence[Item]) -> list[str]:
        name = version.digest if version else None
        self.asked[name] = list(items)
        return [self.by[name](item) for item in items]

    async def parity(self, version: AdapterVersion, items: Sequence[Item]) -> Parity:
        return Parity(len(items), len(items))

    def mismatches(self, version: AdapterVersion) -> list[str]:
        return []


def right(item: Item) -> str:
    return item.reference


def ignorant(item: Item) -> str:
    """Knows nothing, but reads and refuses as it should."""
    return item.reference if item.passages else "No idea"


def forgetful(item: Item) -> str:
    """Knows its task, and nothing else any more."""
    return "ANSWER: Velmora 0" if item.passages else item.reference


async def gated(registry: Registry, version: AdapterVersion, asker: Scripted, limit: int = 100) -> Verdict:
    return await evaluate(version, registry, asker, make_judge(), margin=0.05, limit=limit)


async def test_a_first_version_is_compared_with_the_base_model_alone(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    version = add(registry, tmp_path / "a", 1, held_out=HELD_OUT)
    asker = Scripted({version.digest: right, None: ignorant})
    verdict = await gated(registry, version, asker)
    assert verdict.outcome == "passed"
    assert [(check.what, check.against) for check in verdict.checks] == [
        ("task", "base"), ("forgetting", "base"), ("format", "base"),
    ]  # fmt: skip
    assert "Of that: reading 100%, refusing 100%." in verdict.sentences[1]
    assert "Expected: beginning with 'ANSWER:'" in verdict.sentences[2]


async def test_a_forgetter_is_refused(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    version = add(registry, tmp_path / "a", 1, held_out=HELD_OUT)
    verdict = await gated(registry, version, Scripted({version.digest: forgetful, None: ignorant}))
    assert verdict.outcome == "refused"
    assert [check.what for check in verdict.checks if not check.passed] == ["forgetting"]


async def test_a_worse_version_is_refused_for_the_current_ones_sake_though_it_beats_the_base_model(
    tmp_path: Path,
) -> None:
    registry = Registry(tmp_path)
    current, worse = (add(registry, tmp_path / str(n), n, held_out=HELD_OUT) for n in (1, 2))
    registry.set_alias("support", current.digest)
    known = {item.group for item in held_out(registry, worse, 100)[:8]}

    def half(item: Item) -> str:
        return item.reference if item.passages or item.group in known else "Nobody"

    asker = Scripted({current.digest: right, worse.digest: half, None: ignorant})
    verdict = await gated(registry, worse, asker)
    assert verdict.outcome == "refused"
    failed = [(check.what, check.against) for check in verdict.checks if not check.passed]
    assert failed == [("task", current.served_name), ("format", current.served_name)]
    # What was forgotten is counted from the current version, so that the base model is asked the task alone.
    assert not any(item.passages for item in asker.asked[None])


async def test_without_enough_held_out_examples_nothing_is_asked(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    for number, kept in enumerate([(), HELD_OUT[:9], TASK]):  # the last are those it was trained on
        version = add(registry, tmp_path / str(number), number, held_out=kept)
        asker = Scripted({})
        verdict = await gated(registry, version, asker)
        assert verdict.outcome == "not gated" and not asker.asked
        assert "held-out examples are kept beside" in verdict.sentences[0]


async def test_no_more_held_out_examples_are_asked_than_the_limit_and_always_the_same(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    version = add(registry, tmp_path / "a", 1, held_out=HELD_OUT)
    assert len(held_out(registry, version, 12)) == 12
    assert held_out(registry, version, 12) == held_out(registry, version, 12)


def test_other_adapters_tasks_belong_to_what_must_not_be_forgotten(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    for number, name in enumerate(("support", "tickets")):
        version = add(registry, tmp_path / name, number, name, HELD_OUT)
        registry.set_alias(name, version.digest)
    kinds = [item.kind for item in forgetting_items(registry, "support")]
    assert (kinds.count("reading"), kinds.count("refusing")) == (READING, REFUSING)
    assert kinds.count("tickets") == min(OTHERS, len(HELD_OUT)) and "support" not in kinds
    refusing = [item for item in forgetting_items(registry, "support") if item.kind == "refusing"]
    assert {item.reference for item in refusing} == {UNKNOWN}


@pytest.mark.parametrize(
    "answers, kept, broken",
    [
        ([f"ANSWER: {n}" for n in range(60)], "ANSWER: 99", "99"),
        (["yes", "no"] * 30, "no", "maybe"),
        ([json.dumps({"n": n}) for n in range(20)], '{"n": 7}', "n is 7"),
        ([f"It is {n}, dear customer." for n in range(60)], "It is 99, dear customer.", "It is 99."),
        (["short", "brief", "terse", "quick"], "other", "a very long answer " * 9),
    ],
)
def test_the_form_of_answers_is_learnt_from_examples(answers: list[str], kept: str, broken: str) -> None:
    form = learn_format(answers)
    assert form.words and all(form.kept(answer) for answer in answers)
    assert form.kept(kept) and not form.kept(broken)


def test_answers_without_a_common_form_ask_for_none_but_a_sane_length() -> None:
    assert learn_format([]).rules == ()
    assert learn_format(["One.\nTwo.", "Three", "", "{}"]).words.startswith("of at most")
