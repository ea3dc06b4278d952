"""What the router learns from: questions with their features, and every strategy's score and cost on each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossover.adapters.prompt import UNKNOWN
from crossover.eval import scoring
from crossover.eval.arms import WITH_EXAMPLES
from crossover.eval.metrics.exact_match import exact_match
from crossover.eval.money.prices import Prices
from crossover.eval.money.pricing import Usage, added_by_question
from crossover.eval.report.make import run_folder
from crossover.eval.router import features_file
from crossover.eval.run_log import RunMismatch, sources_of
from crossover.eval.scoring import ScoredRun
from crossover.server.routing.checking import seen_of
from crossover.server.routing.choice import View
from crossover.server.routing.circumstances import Circumstances
from crossover.server.routing.columns import Matrix
from crossover.server.routing.features import Vector
from crossover.server.routing.policy import FittedOn
from crossover.server.routing.routing_log import question_hash
from crossover.server.settings import Settings
from crossover.server.strategies import ABSTAIN, STRATEGIES


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions that every strategy answered.

    Attributes:
        views: what the router saw of each.
        groups: the fact or document of each, unlike between question sets that share no question.
        slices: the kind of each.
        scores: exact match of each strategy, and of saying that one doesn't know; shape (questions,).
        prices: of each strategy's answers, in the currency of the prices; shape (questions,).
        beside: scores of arms that `auto` cannot choose, such as ``rag+examples``.
        origins: the folders, and the circumstances that they share.
        seen: of each strategy's answers what a check sees, shape (questions, SEEN); empty where it was not looked at.
        questions: the hash of each, by which it is known again; empty where that is of no interest.
        search: the price of a search, which `auto` makes for every question before it chooses.
    """

    views: list[View]
    groups: list[str]
    slices: list[str]
    scores: dict[str, Vector]
    prices: dict[str, Vector]
    beside: dict[str, Vector]
    origins: list[FittedOn]
    circumstances: Circumstances
    seen: dict[str, Matrix] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)
    search: float = 0.0

    def __len__(self) -> int:
        return len(self.views)

    @property
    def rows(self) -> NDArray[np.float64]:
        """The feature vectors, shape (questions, features)."""
        return np.array([view.features.vector() for view in self.views])

    @property
    def strategies(self) -> list[str]:
        """The strategies that answered, without abstaining."""
        return [name for name in self.scores if name != ABSTAIN]

    @property
    def added(self) -> dict[str, Vector]:
        """What each strategy's answers add to the search, which `auto` has paid for already; shape (questions,)."""
        return {
            name: price - self.search if name != ABSTAIN and STRATEGIES[name].passages else price
            for name, price in self.prices.items()
        }

    @property
    def costs(self) -> dict[str, float]:
        """The mean price that an answer by each adds, as a share of the dearest one's; abstaining is free."""
        means = {name: float(price.mean()) for name, price in self.added.items()}
        dearest = max(means.values()) or 1.0
        return {name: mean / dearest for name, mean in means.items()}

    def part(self, chosen: NDArray[np.bool_]) -> Asked:
        """Some of the questions; shape (questions,)."""
        return replace(
            self,
            views=[view for view, take in zip(self.views, chosen, strict=True) if take],
            groups=[group for group, take in zip(self.groups, chosen, strict=True) if take],
            slices=[name for name, take in zip(self.slices, chosen, strict=True) if take],
            scores={name: scores[chosen] for name, scores in self.scores.items()},
            prices={name: prices[chosen] for name, prices in self.prices.items()},
            beside={name: scores[chosen] for name, scores in self.beside.items()},
            seen={name: seen[chosen] for name, seen in self.seen.items()},
            questions=list(compress(self.questions, chosen)),
        )


def load(folder: Path, settings: Settings, prices: Prices) -> Asked:
    """The questions of one folder of runs, or of the report about it; features not yet recorded are, from its home.

    Raises:
        RunsError, RunMismatch: no finished runs, or features that cannot be had any more.
        IndexLocked: features are missing, and a server runs on that home.
    """
    folder = run_folder(folder).resolve()
    evaluation = scoring.load([folder])
    questions = evaluation.questions
    if not (folder / features_file.FILE).exists():
        home = folder.parent.parent if folder.parent.name == "runs" else settings.home
        features_file.record_from_home(folder, questions, settings.model_copy(update={"home": home}))
    recorded = features_file.load(folder, questions)
    runs = {run.arm: run for run in evaluation.runs}
    chosen, others = as_served(runs, recorded.circumstances)
    free = np.zeros(len(questions))
    origin = FittedOn(
        folder=str(folder), question_set=questions.digest, questions=len(questions), adapter=recorded.adapter
    )
    return Asked(
        views=[View(recorded.adapter, recorded.features[question.id]) for question in questions],
        groups=[f"{questions.digest}/{question.group}" for question in questions],
        slices=[question.slice for question in questions],
        scores={name: run.exact for name, run in chosen.items()}
        | {ABSTAIN: np.array([exact_match(UNKNOWN, question) for question in questions])},
        prices={name: added_by_question(Usage.of(run), prices) for name, run in chosen.items()} | {ABSTAIN: free},
        beside={name: run.exact for name, run in others.items()},
        origins=[origin],
        circumstances=recorded.circumstances,
        seen=_seen(chosen),
        questions=[question_hash(question.question) for question in questions],
        search=prices.retrieval.price_per_1000_searches / 1000,
    )


def as_served(
    runs: Mapping[str, ScoredRun], circumstances: Circumstances
) -> tuple[dict[str, ScoredRun], dict[str, ScoredRun]]:
    """The runs by the strategy that a server would answer so, and those that it would not give.

    A server that shows examples in its prompts of `rag` answers as the arm ``rag+examples`` does.
    """
    arms = {name: name for name in STRATEGIES} | ({"rag": WITH_EXAMPLES} if circumstances.rag_examples else {})
    served = {name: runs[arm] for name, arm in arms.items() if arm in runs}
    others = {arm: run for arm, run in runs.items() if arm not in arms.values()}
    if "rag" in others:
        others["rag without examples"] = others.pop("rag")
    return served, others


def distinct(parts: Sequence[Asked]) -> list[Asked]:
    """Loaded folders, each without the questions that stood before and were seen alike: they tell nothing new."""
    before: set[tuple[str, View]] = set()
    found = []
    for part in parts:
        new = []
        for each in zip(part.questions, part.views, strict=True):
            new.append(each not in before)
            before.add(each)
        origins = [origin.model_copy(update={"questions": sum(new)}) for origin in part.origins]
        found.append(replace(part.part(np.array(new)), origins=origins))
    return found


def join(parts: Sequence[Asked]) -> Asked:
    """Several folders as one; strategies that not all of them have are left out, and groups with a question in common
    are one.

    Raises:
        RunMismatch: they were not asked in the same circumstances, so that no policy would hold for all.
    """
    first = parts[0]
    for part in parts[1:]:
        if difference := first.circumstances.difference(part.circumstances):
            raise RunMismatch(
                f"{part.origins[0].folder}: asked under {difference} than {first.origins[0].folder}: fit them apart"
            )
    questions = [question for part in parts for question in part.questions]
    return Asked(
        views=[view for part in parts for view in part.views],
        groups=_merged([group for part in parts for group in part.groups], questions),
        slices=[name for part in parts for name in part.slices],
        scores=_joined([part.scores for part in parts]),
        prices=_joined([part.prices for part in parts]),
        beside=_joined([part.beside for part in parts]),
        origins=[origin for part in parts for origin in part.origins],
        circumstances=first.circumstances,
        seen=_joined([part.seen for part in parts]),
        questions=questions,
        search=first.search,
    )


def _merged(groups: list[str], questions: Sequence[str]) -> list[str]:
    """The group of each question, the same for all groups that a common question ties together."""
    if not questions:
        return groups
    whole: dict[str, str] = {}

    def find(group: str) -> str:
        while (larger := whole.setdefault(group, group)) != group:
            group = larger
        return group

    first: dict[str, str] = {}
    for group, question in zip(groups, questions, strict=True):
        whole[find(group)] = find(first.setdefault(question, group))
    return [find(group) for group in groups]


def _seen(runs: Mapping[str, ScoredRun]) -> dict[str, Matrix]:
    """What a check sees of each strategy's answers, beside the passages that `rag` got; nothing without `rag`."""
    if "rag" not in runs:
        return {}
    passages = [[str(source["text"]) for source in sources_of(row)] for row in runs["rag"].rows]
    return {
        name: np.array([seen_of(text, found) for text, found in zip(run.answers, passages, strict=True)])
        for name, run in runs.items()
    }


def _joined(parts: Sequence[Mapping[str, NDArray[np.float64]]]) -> dict[str, NDArray[np.float64]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if all(name in p for p in parts)}
