"""`crossover adapters advise` over a real index, a card that was made from it, and files as users have them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from crossover.adapters.base_model import resolve
from crossover.adapters.card import AdapterCard, DataCard
from crossover.adapters.examples import Example
from crossover.adapters.feedback import Feedback, Rating, record
from crossover.adapters.kept_examples import write_kept
from crossover.adapters.sentences import sentence_hash, sentences_of
from crossover.indexer.document import Document
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings
from crossover.server.cli import app

DIGEST = "3f9c2a41d0be"
OFFICES = ("Velmora", "Quillon", "Brenna", "Karrow", "Norrby")
Advise = Callable[..., Result]


def page(office: str, head: str = "Anna Tovan") -> Document:
    text = f"# {office}\n\nThe {office} office is run by {head}. The {office} desk opens at eight. {office} has desks."
    return Document(id=f"{office}.md", title=office, text=text)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five pages, and `support`, promoted ten days ago and trained on all of them with 20 examples."""
    home = tmp_path / "home"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CROSSOVER_HOME", str(home))
    with Index.open(IndexerSettings(home=home)) as index:
        index.add(map(page, OFFICES))
        chunks = list(index.version.chunks())
    base = resolve(None)
    folder = home / "adapters" / "support" / DIGEST
    folder.mkdir(parents=True)
    AdapterCard(
        name="support",
        digest=DIGEST,
        base_model=base.name,
        base_fingerprint=base.fingerprint,
        chat_template="t",
        prompts="p",
        data=DataCard(name="d", fingerprint="x", examples=20),
        documents={chunk.document: [chunk.content_hash] for chunk in chunks},
        sentences=sorted({sentence_hash(each) for chunk in chunks for each in sentences_of(chunk.text)}),
        trained_at=datetime.now(UTC) - timedelta(days=10),
        wall_seconds=360,
        device_seconds=360,
        device="cpu",
    ).save(folder)
    (folder.parent / "alias").write_text(json.dumps({"digest": DIGEST, "history": []}))
    return home


@pytest.fixture
def advise(home: Path) -> Advise:
    return lambda *arguments: CliRunner().invoke(app, ["adapters", "advise", *map(str, arguments)])


def say(home: Path, at: datetime, n: int, rating: Rating, correction: str | None = None) -> None:
    """Feedback on the n-th answer of the promoted version."""
    question = {"question": f"Asked {n}?", "answer": "Yes", "model": "finetune:support", "strategy": "finetune"}
    given = {"at": at, "answer_id": str(n), "adapter": f"support@{DIGEST}", "rating": rating, "correction": correction}
    record(home, "a", Feedback.model_validate(question | given))


def told(result: Result) -> dict[str, Any]:
    (adapter,) = json.loads(result.stdout)["adapters"]
    return dict(adapter)


def change(home: Path, *documents: Document, gone: str = "") -> None:
    with Index.open(IndexerSettings(home=home)) as index:
        index.add(documents)
        if gone:
            index.delete(gone)


def test_nothing_has_changed_so_not_yet(advise: Advise) -> None:
    result = advise("support", "--json")
    assert result.exit_code == 0, result.output
    advice = told(result)
    assert (advice["advice"], advice["because"]) == ("not yet", [])
    assert advice["evidence"]["sources"] == {"chunks": 5, "changed": 0, "gone": 0, "sentences": 15, "sentences_gone": 0}
    assert 9.9 < advice["evidence"]["days"] < 10.1


def test_changed_and_deleted_sources_say_retrain_and_show_the_arithmetic(advise: Advise, home: Path) -> None:
    change(home, page("Velmora", "Berit Halm"), page("Quillon", "Carlo Vint"), gone="Norrby.md")
    result = advise("--json")
    assert result.exit_code == 10, result.output
    advice = told(result)
    found = advice["evidence"]["sources"]
    assert found == {"chunks": 5, "changed": 2, "gone": 1, "sentences": 15, "sentences_gone": 5}
    assert advice["because"] == ["sources: 2 changed + 1 gone of 5 chunks = 60 %; 5 of 15 sentences = 33 %"]
    assert advise("--stale", "0.4").exit_code == 0
    # 20 + 5 for people, a tenth of an hour at 2.00, and a third of 20 examples labelled again at 0.50
    assert advice["evidence"]["cost"]["total"] == pytest.approx(20 + 5 + 0.2 + 20 / 3 * 0.5)


def test_a_page_that_moved_or_was_laid_out_anew_has_not_changed(advise: Advise, home: Path) -> None:
    moved = page("Velmora")
    change(
        home, Document(id="moved.md", title="Velmora", text=moved.text.replace(". The", ".\n The")), gone="Velmora.md"
    )
    assert told(advise("support", "--json"))["evidence"]["sources"]["sentences_gone"] == 0


def test_examples_count_only_when_they_were_not_trained_on(advise: Advise, home: Path, tmp_path: Path) -> None:
    old = [Example(f"Old {n}?", "Yes") for n in range(20)]
    write_kept(home / "adapters" / "support" / DIGEST, old, ())
    file = tmp_path / "all.jsonl"
    file.write_text("".join(each.to_json() + "\n" for each in [*old, *(Example(f"New {n}?", "No") for n in range(3))]))
    advice = told(advise("support", "--examples", file, "--json"))
    assert (advice["advice"], advice["evidence"]["waiting"]["in_file"]) == ("not yet", 3)
    (home / "feedback").mkdir()
    (home / "feedback" / "a.jsonl").write_text("torn {\n")
    for n in range(2):
        say(home, datetime.now(UTC), n, "bad", correction="So")
    result = advise("support", "--examples", file, "--json")
    assert (result.exit_code, told(result)["because"]) == (
        10,
        ["new examples: 3 in the file + 2 corrections = 5 beside 20 = 25 %"],
    )


def test_falling_ratings_say_retrain_and_steady_ones_do_not(advise: Advise, home: Path) -> None:
    begun = datetime.now(UTC) - timedelta(days=9)

    def rate(good: Callable[[int], bool]) -> None:
        (home / "feedback" / "a.jsonl").unlink(missing_ok=True)
        for n in range(60):
            say(home, begun + timedelta(hours=n), n, "good" if good(n) else "bad")

    rate(lambda n: n % 3 > 0)
    assert advise("support").exit_code == 0
    rate(lambda n: n < 30 or n % 3 == 0)
    result = advise("support", "--json")
    assert result.exit_code == 10
    assert told(result)["because"][0].startswith("ratings: 100 % before, 33 % now = -67 points")


def test_age_counts_only_when_asked(advise: Advise) -> None:
    assert advise("support", "--max-age", "9").exit_code == 10
    assert advise("support", "--max-age", "11").exit_code == 0


@pytest.mark.parametrize(
    ("words", "interval", "gain", "rival", "verdict"),
    [
        ("never", (None, None), 0.0, 0.9, "RAG is enough"),
        ("at", (200, 400), 0.05, 0.9, "RAG is enough"),  # not with as few as there are
        ("already at the smallest", (10, 10), 0.0, 0.1, "not yet"),
        ("already at the smallest", (10, 10), 0.2, 0.1, "retrain now"),
    ],
)
def test_the_learning_curve_promises_a_gain_or_none(
    advise: Advise,
    tmp_path: Path,
    words: str,
    interval: tuple[int | None, int | None],
    gain: float,
    rival: float,
    verdict: str,
) -> None:
    fitted = {
        "examples": None, "interval": interval, "words": words, "never": 0, "level": 0.2, "gain": gain, "bend": 0,
        "training_deviation": 0, "sentence": "",
    }  # fmt: skip
    curve = {
        "sizes": [10, 30],
        "rival": "rag",
        "rival_scores": {"overall": rival},
        "crossings": {"overall": {"hybrid": fitted}},
    }
    (tmp_path / "report.json").write_text(json.dumps({"learning_curve": curve}))
    more = tmp_path / "more.jsonl"
    more.write_text("".join(Example(f"Q{n}?", "A").to_json() + "\n" for n in range(10)))
    result = advise("support", "--learning-curve", tmp_path, "--examples", more, "--json")
    assert told(result)["advice"] == verdict, result.output
    found = told(result)["evidence"]["expected"]
    assert (found["trained_on"], found["examples"]) == (20, 30)


def test_the_table_names_all_that_was_looked_at(advise: Advise) -> None:
    shown = advise("support").output
    for words in ("sources", "new examples", "ratings", "age", "another training", "not yet"):
        assert words in shown


def test_an_unknown_adapter_and_a_canary_without_a_server_are_errors(advise: Advise, tmp_path: Path) -> None:
    assert advise("nobody").exit_code == 2
    (tmp_path / "q.jsonl").write_text(json.dumps({"question": "Who?", "references": ["Anna"]}) + "\n")
    result = advise("support", "--canary", tmp_path / "q.jsonl")
    assert result.exit_code == 1 and "crossover serve" in result.output
