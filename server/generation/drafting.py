"""Rounds made: the model asked until there are enough candidates, a reviewer heard, the accepted ones written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeVar
from zlib import crc32

from crossover.adapters.prompt import Message
from crossover.adapters.quality.novelty import Novelty
from crossover.server.generation import review
from crossover.server.generation.model import AT_ONCE, Model, NoReply
from crossover.server.generation.rounds import SIZE, Asked, Draft, Refused, Round, Rounds, counts
from crossover.server.generation.wording import TOKENS_A_PAIR, Pair, pairs_in

_TEMPERATURE = 0.8
_WARMUP = 64  # tokens around the pairs

Request = TypeVar("Request")


@dataclass(slots=True)
class Outcome:
    """What came of one request."""

    asked: Asked
    drafts: list[Draft] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


class Task(Protocol[Request]):
    """What is asked of the model, request after request."""

    @property
    def known(self) -> tuple[str, ...]:
        """Questions that were there before."""

    @property
    def system(self) -> str:
        """The system message of all pairs."""

    def over(self, rounds: Rounds) -> bool:
        """Whether it is known, without asking, that nothing is left."""

    def next(self, rounds: Rounds, wanted: int, most: int) -> list[Request]:
        """The next requests, at most so many, for no more than `wanted` pairs together; none: nothing is left."""

    async def ask(self, model: Model, request: Request, rounds: Rounds) -> Outcome:
        """What the model wrote, with what its checks found."""


@dataclass(frozen=True, slots=True)
class Making:
    """How rounds are made.

    Attributes:
        kind: of the review file.
        accept_all: whatever has no decision is accepted, and nothing waits for a reviewer.
        count: accepted pairs that are enough; None: until nothing is left to ask.
        tell: is called with a line on each step.
    """

    novelty: Novelty
    kind: Literal["csv", "jsonl"]
    accept_all: bool
    count: int | None
    tell: Callable[[str], None]


async def draft(
    model: Model,
    messages: Sequence[Message],
    wanted: int,
    asked: Asked,
    check: Callable[[Pair], Awaitable[Draft | Refused]],
) -> Outcome:
    """What one request gave, each pair through a check; a request that failed says so in `asked`.

    Raises:
        ModelGone: it fails time after time.
        ValueError: the server takes no request of ours.
    """
    outcome = Outcome(asked)
    try:
        reply = await model.ask(
            messages, max_tokens=wanted * TOKENS_A_PAIR + _WARMUP, temperature=_TEMPERATURE, seed=_seed(messages)
        )
        pairs = pairs_in(reply, wanted)
        if not pairs:
            raise NoReply("no question with an answer in the reply", reply)
        for checked in await asyncio.gather(*(check(pair) for pair in pairs)):
            if isinstance(checked, Refused):
                outcome.refused.append(checked)
            else:
                outcome.drafts.append(checked)
    except NoReply as failure:
        asked.failure, asked.detail, asked.again = failure.why, failure.detail, failure.again
        outcome.drafts, outcome.refused = [], []
    return outcome


async def make(rounds: Rounds, task: Task[Request], model: Model, making: Making) -> Path | None:
    """Rounds until a reviewer is wanted, whose file is returned, or until there is nothing more to do: None."""
    while not _enough(rounds, making):
        round_ = rounds.current or rounds.begin()
        if round_.state == "drafting":
            round_.model = model.name
            await _fill(round_, rounds, task, model, making)
            if not round_.asked:
                rounds.drop(round_)
                return None
            making.tell(_told(round_))
            round_.state = "review"
            rounds.save(round_)
        if waiting := settle(rounds, making):
            return waiting
    return None


def finished(rounds: Rounds, task: Task[Request], making: Making) -> bool:
    """Whether there is nothing more to do, so that no model is needed."""
    return _enough(rounds, making) or (rounds.current is None and task.over(rounds))


def settle(rounds: Rounds, making: Making) -> Path | None:
    """Ends a round that is in review; the file in which its reviewer has the word, where that is awaited.

    Raises:
        BadReview: the file cannot be followed; nothing has changed.
    """
    round_ = rounds.current
    if round_ is None or round_.state != "review":
        return None
    file = review_file(rounds.output, making.kind)
    if not round_.candidates:
        rounds.finish(round_)
        return None
    if file.exists():
        round_.candidates = review.read(file, round_.candidates, making.novelty.leak, accept_rest=making.accept_all)
    elif making.accept_all:
        round_.candidates = [each.model_copy(update={"decision": "accept"}) for each in round_.candidates]
    else:
        review.write(file, round_.candidates)
        return file
    rounds.finish(round_)
    file.unlink(missing_ok=True)
    for each in round_.candidates:
        making.novelty.add(each.question)  # a fixed one is another question than before
    accepted = sum(each.accepted for each in round_.candidates)
    making.tell(f"round {round_.number}: {accepted} of {len(round_.candidates)} accepted")
    return None


def review_file(output: Path, kind: Literal["csv", "jsonl"]) -> Path:
    """Where the review of an output's round stands; one that is there in the other kind goes first."""
    files = {each: output.with_name(f"{output.stem}.review.{each}") for each in ("csv", "jsonl")}
    return next((file for file in files.values() if file.exists()), files[kind])


async def _fill(round_: Round, rounds: Rounds, task: Task[Request], model: Model, making: Making) -> None:
    """Asks until the round is full or nothing is left; what came is kept after each turn."""
    review_file(rounds.output, making.kind).unlink(missing_ok=True)  # of the round before, where a kill left it
    while (wanted := _wanted(round_, rounds, making)) > 0 and (requests := task.next(rounds, wanted, AT_ONCE)):
        for outcome in await asyncio.gather(*(task.ask(model, request, rounds) for request in requests)):
            round_.asked.append(outcome.asked)
            round_.refused += outcome.refused
            for each in outcome.drafts:
                if why := making.novelty.fault(each.question):
                    round_.refused.append(Refused(**each.model_dump(), reason=why))
                else:
                    making.novelty.add(each.question)
                    outcome.asked.kept += 1
                    round_.add(each)
        rounds.save(round_)


def _wanted(round_: Round, rounds: Rounds, making: Making) -> int:
    missing = SIZE - len(round_.candidates)
    if making.count is None:
        return missing
    return min(missing, making.count - len(rounds.accepted()) - len(round_.candidates))


def _enough(rounds: Rounds, making: Making) -> bool:
    return making.count is not None and len(rounds.accepted()) >= making.count


def _seed(messages: Sequence[Message]) -> int:
    """Another number for another request, the same for the same."""
    return crc32("\0".join(message.content for message in messages).encode())


def _told(round_: Round) -> str:
    refused, failed = counts([round_])
    drafted = len(round_.candidates) + len(round_.refused)
    reasons = [f"{count} {reason}" for reason, count in (*refused.items(), *failed.items())]
    return f"round {round_.number}: {drafted} drafted, {len(round_.candidates)} for review" + (
        f" ({'; '.join(reasons)})" if reasons else ""
    )
