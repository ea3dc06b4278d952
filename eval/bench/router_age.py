"""Proof that knowledge age is about content: pages saved, dated or laid out anew move no choice, a changed fact those
about it alone.

python -m crossover.eval.bench.router_age --fit 21 22 23 --world 31      seeds that `crossover eval world` was run with,
or folders of runs in their homes; works on a copy, with pages of other worlds beside its own until there are 500;
writes build/prove/router_age.json. How many answers are stale stands in build/prove/router.json.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from crossover.adapters.registry import Registry
from crossover.eval import questions as question_sets
from crossover.eval.bench import record
from crossover.eval.money.prices import load_prices
from crossover.eval.questions import Question, QuestionSet
from crossover.eval.router.asked import join, load
from crossover.eval.router.fit import fit
from crossover.eval.world.generator import generate
from crossover.eval.world.verdict import answers_of
from crossover.indexer.index import Index
from crossover.server.examples import TrainingExamples
from crossover.server.routing import rules
from crossover.server.routing.choice import View, choose
from crossover.server.routing.extraction import DEPTH, extract
from crossover.server.routing.policy import Policy
from crossover.server.settings import Settings
from crossover.server.settings import load as load_settings

_CHANGES = 20
_OTHER_WORLDS = 9000  # seed of the first
_LATER = 1_950_000_000.0
_WIDTH = 48  # characters of a line, laid out anew


class Copy:
    """A world's home, copied, in which pages may be changed.

    Args:
        index: of the copy.
        pages: the folder of its pages as they are indexed.
    """

    def __init__(self, index: Index, home: Path, policy: Policy, weight: float) -> None:
        self.pages = home / "pages"
        self._index = index
        self._policy = policy
        self._weight = weight
        registry = Registry(home)
        self._version = registry.promoted()[0]
        self._examples = TrainingExamples(registry, index)

    def choices(self, questions: Sequence[Question]) -> list[str]:
        """What `auto` chooses for each question now."""
        self._index.ingest_paths([self.pages], prune=True)
        return [self._choice(question.question) for question in questions]

    def _choice(self, question: str) -> str:
        seen = extract(question, self._index.search(question, DEPTH), self._version, self._examples)
        found = choose(self._policy, [View(self._version.name, seen)], self._weight)
        return found.taken.name if found.taken else rules.choose(seen).strategy


@contextmanager
def copied(home: Path, settings: Settings, policy: Policy, documents: int = 0) -> Iterator[Copy]:
    """A copy of a world's home, with so many documents at least, for as long as the context lasts."""
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary)
        for name in ("index", "adapters"):
            shutil.copytree(home / name, copy / name, ignore=shutil.ignore_patterns("*.safetensors", "lock"))
        shutil.copytree(home / "world" / "documents" / "v2", copy / "pages")
        _fill(copy / "pages", documents)
        with Index.open(settings.model_copy(update={"home": copy})) as index:
            yield Copy(index, copy, policy, settings.router_cost_weight)


def _fill(pages: Path, documents: int) -> None:
    """Pages of worlds that nobody asks about, until there are enough."""
    seed = _OTHER_WORLDS
    while (there := len(list(pages.iterdir()))) < documents:
        for name, text in list(generate(seed).now.items())[: documents - there]:
            (pages / f"world-{seed}-{name}").write_text(text, encoding="utf-8")
        seed += 1


def saved_again(page: Path) -> None:
    """The same bytes, written later."""
    page.write_bytes(page.read_bytes())
    os.utime(page, (_LATER, _LATER))


def dated_anew(page: Path) -> None:
    """The same page with a date in its front matter."""
    page.write_bytes(b"---\ndate: 2031-05-04\nreviewed: yes\n---\n\n" + page.read_bytes())


def reformatted(page: Path) -> None:
    """The same words on other lines, with other blanks and line ends."""
    page.write_bytes(laid_out_anew(page.read_text(encoding="utf-8")).encode())


def laid_out_anew(page: str) -> str:
    """The same words on other lines, with other blanks and line ends."""
    parts = [part if part.startswith("#") else textwrap.fill(part, _WIDTH) for part in page.strip().split("\n\n")]
    return "\r\n\r\n\r\n".join(part.replace("\n", "  \r\n") for part in parts) + "\r\n\r\n"


def moved(before: Sequence[str], after: Sequence[str]) -> float:
    """The share of choices that are not the same."""
    return sum(one != other for one, other in zip(before, after, strict=True)) / max(1, len(before))


def change_facts(copy: Copy, questions: QuestionSet) -> dict[str, Any]:
    """One fact after the other changed in its page, and what that moves: on the fact, on its page, elsewhere.

    Beside the choices right before: what replaced pages leave in the index until it is tidied is no change of a fact.
    """
    changed = list(_changeable(copy.pages, questions))[:_CHANGES]
    counts = {"on the fact": [0, 0], "elsewhere on its page": [0, 0], "other pages": [0, 0]}
    asked = list(questions)
    for question, path, value in changed:
        before, original = copy.choices(asked), path.read_bytes()
        path.write_bytes(original.replace(question.references[0].encode(), value.encode()))
        after = copy.choices(asked)
        path.write_bytes(original)
        for n, other in enumerate(asked):
            page = other.relevant_documents and other.relevant_documents[0] == path.name
            place = (
                "on the fact" if other.group == question.group else "elsewhere on its page" if page else "other pages"
            )
            counts[place][0] += before[n] != after[n]
            counts[place][1] += 1
    return {"facts": len(changed)} | {
        place: {"moved": count / n if n else None, "questions": n} for place, (count, n) in counts.items()
    }


def _changeable(pages: Path, questions: QuestionSet) -> Iterator[tuple[Question, Path, str]]:
    """Facts that training and page agree on and the page states once, each with a value of another such fact."""
    stable = [question for question in questions if question.slice == "stable"]
    for question, other in zip(stable, [*stable[1:], *stable[:1]], strict=True):
        path = pages / question.relevant_documents[0]
        if path.read_text(encoding="utf-8").count(question.references[0]) == 1:
            yield question, path, other.references[0]


def main(arguments: Sequence[str]) -> None:
    """Fits, changes pages, shows and records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", nargs="+", required=True, help="worlds to fit on")
    parser.add_argument("--world", required=True, help="another world, whose pages are changed")
    parser.add_argument("--documents", type=int, default=500, help="in the index, at least")
    wanted = parser.parse_args(arguments)
    settings, prices, console = load_settings(), load_prices(), Console(highlight=False)
    policy, _ = fit(join([load(answers_of(name), settings, prices) for name in wanted.fit]))
    folder = answers_of(wanted.world).resolve()
    questions = question_sets.load(folder / "questions.jsonl")
    with copied(folder.parent.parent, settings, policy, wanted.documents) as copy:
        before = copy.choices(list(questions))
        originals = {page: page.read_bytes() for page in copy.pages.iterdir()}
        figures: dict[str, Any] = {"pages": len(originals), "questions": len(questions)}
        for what, change in (("saving", saved_again), ("dating", dated_anew), ("layout", reformatted)):
            for page in originals:
                change(page)
            figures[f"moved by {what}"] = moved(before, copy.choices(list(questions)))
            for page, text in originals.items():
                page.write_bytes(text)
        figures["one fact changed"] = change_facts(copy, questions)
    console.print(figures)
    console.print(str(record.write("prove", "router_age", figures)))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
