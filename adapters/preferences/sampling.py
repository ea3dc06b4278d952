"""Sample answers, score them, and make pairs of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from crossover.adapters.preferences.asked import Asked
from crossover.adapters.preferences.endpoint import Asker
from crossover.adapters.preferences.ranking import Ranked, distinct, rank

Scores = Callable[[Asked, Sequence[str]], Awaitable[Sequence[float]]]
"""How good each answer to a question is, 0 to 1."""


@dataclass(frozen=True, slots=True)
class SampleOptions:
    """How answers are sampled, and which of them make a pair.

    Attributes:
        answers: sampled for each question.
        seed: None: drawn anew. A vLLM 0.32 on a CPU without our plugin may end with one, see seeded_draws.py.
        with_reference: rank the references among them, for questions that the model never answers well.
        margin: by how much a better answer must be better.
        per_question: pairs at most.
    """

    answers: int = 4
    temperature: float = 1.0
    max_tokens: int = 64
    seed: int | None = None
    with_reference: bool = False
    margin: float = 0.2
    per_question: int = 1


async def make_pairs(
    questions: Sequence[Asked],
    asker: Asker,
    scores: Scores,
    options: SampleOptions,
    tick: Callable[[], None] = lambda: None,
) -> Ranked:
    """The pairs of all questions, in their order, and what gave none.

    Args:
        asker: who answers.
        scores: who says how good answers are.
        tick: called after each question.

    Raises:
        LookupError, ValueError: as the one asked said.
        RuntimeError: no question was answered.
    """

    async def answered(number: int, asked: Asked) -> tuple[list[str], Sequence[float]]:
        seeded = {} if options.seed is None else {"seed": options.seed + number * options.answers}
        sampled = await asker.answers(
            asked.messages,
            options.answers,
            temperature=options.temperature,
            max_tokens=options.max_tokens,
            **seeded,
        )
        answers = distinct([*(asked.references if options.with_reference else ()), *sampled])
        return answers, await scores(asked, answers) if len(answers) > 1 else [0.0] * len(answers)

    async def attempted(number: int, asked: Asked) -> tuple[list[str], Sequence[float]] | RuntimeError:
        try:
            return await answered(number, asked)
        except RuntimeError as error:  # one request that came to nothing must not cost what the others brought
            return error
        finally:
            tick()

    ranked = Ranked()
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(attempted(number, asked)) for number, asked in enumerate(questions)]
    except ExceptionGroup as errors:  # all meet the same trouble: one is enough to tell
        raise errors.exceptions[0] from None
    for asked, task in zip(questions, tasks, strict=True):
        result = task.result()
        if isinstance(result, RuntimeError):
            ranked.left_out["not answered"] += 1
        else:
            rank(asked, *result, options.margin, options.per_question, ranked)
    if ranked.left_out["not answered"] == len(questions):
        raise next(error for task in tasks if isinstance(error := task.result(), RuntimeError))
    return ranked
