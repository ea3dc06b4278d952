"""Pairs written about chunks of documents, each checked for being answerable from its chunk."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crossover.adapters.prompt import Prompts, render
from crossover.adapters.quality.non_answers import non_answer
from crossover.adapters.training.values import occurs
from crossover.indexer.chunks import FileChunk
from crossover.server.generation.drafting import Outcome, draft
from crossover.server.generation.model import Model, NoReply
from crossover.server.generation.rounds import Asked, Draft, Refused, Rounds
from crossover.server.generation.wording import TOKENS_A_PAIR, Pair, ask_about
from crossover.server.routing.words import words_of

SHORTEST = 40
"""Letters of a chunk that something can be asked about."""
_SHOWN = 120  # letters of an answer
_EXTRACTIVE = 12  # words; a shorter answer is taken out of the passage, a longer one may put it in its own words
_SHARE = 0.6  # of a longer answer's words, that stand in the passage
_AGREE = 0.6  # F1 of the words of two answers that say the same
_WORDIER = 3  # times the words, and as many more: a longer reply recites rather than answers
_POINTS = re.compile(
    r"\b(?:(?:this|provided|given|above)\s+(?:passage|text|excerpt|paragraph|context|document|section)"
    r"|the\s+(?:passage|excerpt))\b",
    re.IGNORECASE,
)


class Grounded:
    """What `data generate` asks: chunk after chunk, in an order that mixes the documents and stays when some change.

    Args:
        per_chunk: pairs that are asked for about one.
    """

    known: tuple[str, ...] = ()
    system = ""

    def __init__(self, chunks: Sequence[FileChunk], prompts: Prompts, per_chunk: int) -> None:
        distinct = {chunk.content_hash: chunk for chunk in chunks if len(chunk.text) >= SHORTEST}
        self._chunks = [distinct[content_hash] for content_hash in sorted(distinct)]
        self._prompts, self._per_chunk = prompts, per_chunk
        self._tried: set[str] = set()

    def over(self, rounds: Rounds) -> bool:
        """Whether every chunk had its turn."""
        return not self._open(rounds)

    def next(self, rounds: Rounds, wanted: int, most: int) -> list[tuple[FileChunk, int]]:
        """The next requests: a chunk, and how many pairs it shall give; none where all chunks had their turn."""
        requests = []
        for chunk in self._open(rounds)[:most]:
            if wanted > 0:
                requests.append((chunk, min(self._per_chunk, wanted)))
                self._tried.add(chunk.content_hash)
                wanted -= self._per_chunk
        return requests

    async def ask(self, model: Model, request: tuple[FileChunk, int], rounds: Rounds) -> Outcome:
        """What the model wrote about a chunk, checked."""
        chunk, wanted = request

        async def check(pair: Pair) -> Draft | Refused:
            written = Draft(
                question=pair.question,
                answer=pair.answer,
                document=chunk.document,
                chunk=chunk.content_hash,
                passage=chunk.text,
            )
            reason, detail = fault(written, chunk)
            if not reason:
                reason, detail = await self._unanswered(model, written, chunk)
            return Refused(**written.model_dump(), reason=reason, detail=detail) if reason else written

        messages = ask_about(chunk.title, chunk.text, wanted, rounds.rejected())
        return await draft(model, messages, wanted, Asked(about=chunk.content_hash), check)

    def _open(self, rounds: Rounds) -> list[FileChunk]:
        closed = {each.about for each in rounds.requests() if not each.again} | self._tried
        return [chunk for chunk in self._chunks if chunk.content_hash not in closed]

    async def _unanswered(self, model: Model, written: Draft, chunk: FileChunk) -> tuple[str, str]:
        """That the model, asked with the chunk, answers otherwise, and how."""
        messages = render(written.question, system=self._prompts.rag, passages=[(chunk.title, chunk.text)])
        try:
            given = await model.ask(messages, max_tokens=TOKENS_A_PAIR, temperature=0, seed=0)
        except NoReply as failure:
            if failure.again:
                raise
            given = str(failure)
        return ("", "") if gives_back(written.answer, given) else ("not answered from its passage", given[:_SHOWN])


def fault(draft: Draft, chunk: FileChunk) -> tuple[str, str]:
    """Why a pair cannot have come from a chunk, and what shows it; "" for one that may have."""
    if not draft.question or not _words(draft.answer):
        return "an empty question or answer", ""
    if kind := non_answer(draft.question, draft.answer):
        return "an answer that is none", kind
    if pointer := _POINTS.search(f"{draft.question} {draft.answer}"):
        return "speaks of the passage", pointer[0]
    wanted = _words(draft.answer)
    held = f"{chunk.title} {chunk.text} {draft.question}"
    lacking = frozenset() if occurs(draft.answer.strip("."), held) else wanted - words_of(held)
    invented = _numbers(lacking)
    short = len(draft.answer.split()) <= _EXTRACTIVE
    if invented or (lacking if short else len(lacking) > (1 - _SHARE) * len(wanted)):
        return "words that are not in the passage", ", ".join(sorted(invented or lacking)[:6])
    return "", ""


def gives_back(answer: str, given: str) -> bool:
    """Whether a reply says what an answer says: its numbers, and its words or nearly all, without reciting more."""
    wanted, found = _words(answer), _words(given)
    if not wanted or len(found) > _WORDIER * len(wanted) + _WORDIER:
        return False
    if occurs(answer.strip("."), given):
        return True
    alike = wanted <= found or 2 * len(wanted & found) >= _AGREE * (len(wanted) + len(found))
    return alike and _numbers(wanted) <= found


def _words(text: str) -> frozenset[str]:
    """The words that say something; all of them where none does: May is a month too."""
    return words_of(text) or frozenset(re.findall(r"\w+", text.casefold()))


def _numbers(words: frozenset[str]) -> set[str]:
    return {word for word in words if any(letter.isdigit() for letter in word)}
