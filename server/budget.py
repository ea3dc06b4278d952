"""What fits into a prompt: the question and the system message always, then examples, history and passages."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from crossover.adapters.chat_template import ChatTokenizer
from crossover.adapters.prompt import Message, render
from crossover.server.errors import ContextExceeded

# Without a limit of the client's, an answer may take this share of the context.
_ANSWER_SHARE = 4


@dataclass(frozen=True, slots=True)
class Material:
    """What a prompt would hold if there were room for all of it.

    Attributes:
        passages: (title, text), the best first.
        examples: (question, answer), the most similar last.
        history: earlier turns, oldest first.
    """

    question: str
    system: str = ""
    passages: Sequence[tuple[str, str]] = ()
    examples: Sequence[tuple[str, str]] = ()
    history: Sequence[Message] = ()

    @property
    def messages(self) -> list[Message]:
        """All of it, rendered."""
        return render(
            self.question,
            system=self.system,
            passages=self.passages,
            examples=self.examples,
            history=self.history,
        )


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt that fits.

    Attributes:
        prompt: token ids.
        max_tokens: room for the answer.
        material: what is in the prompt.
    """

    prompt: list[int]
    max_tokens: int
    material: Material


def fit(material: Material, tokenizer: ChatTokenizer, context: int, max_tokens: int | None, default: int) -> Fitted:
    """The fullest prompt that leaves room for the answer.

    Args:
        context: tokens that prompt and answer may take together.
        max_tokens: room that the client wants for the answer; None: `default`, or a quarter of the context
            where that is less, or what a long question leaves of it.

    Raises:
        ContextExceeded: the question alone does not fit.
    """
    if len(material.history) > context:  # a turn takes a token at least
        material = replace(material, history=_from_user(material.history[-context:]))
    room = max_tokens or min(default, max(1, context // _ANSWER_SHARE))
    prompt = tokenizer.encode(material.messages)
    if len(prompt) + room <= context:
        return Fitted(prompt, room, material)
    kept = replace(material, passages=(), examples=(), history=())
    least = len(tokenizer.encode(kept.messages))
    if max_tokens is None:
        room = max(1, min(room, context - least))
    if least + room > context:
        raise ContextExceeded(
            f"the question takes {least} tokens with its system message and the answer {room}, together more than "
            f"the model's context of {context}: shorten the question or lower max_tokens"
        )

    def fits(candidate: Material) -> bool:
        return len(tokenizer.encode(candidate.messages)) + room <= context

    def most(variant: Callable[[Material, Material, int], Material], count: int) -> Material:
        """With as many as fit: each variant is longer than the one before, so that they are found by halving."""
        found = bisect_left(range(count + 1), True, lo=1, key=lambda n: not fits(variant(material, kept, n)))
        return variant(material, kept, found - 1)

    kept = most(_by_examples, len(material.examples))
    kept = most(_by_history, len(material.history))
    kept = most(_by_passages, len(material.passages))
    return Fitted(tokenizer.encode(kept.messages), room, kept)


def _by_examples(whole: Material, kept: Material, n: int) -> Material:
    """With so many of the examples, the most similar first."""
    return replace(kept, examples=whole.examples[len(whole.examples) - n :])


def _by_history(whole: Material, kept: Material, n: int) -> Material:
    """With so many of the earlier turns, the newest first."""
    return replace(kept, history=_from_user(whole.history[len(whole.history) - n :]))


def _by_passages(whole: Material, kept: Material, n: int) -> Material:
    """With so many of the passages, the best first, each of them whole."""
    return replace(kept, passages=whole.passages[:n])


def _from_user(history: Sequence[Message]) -> Sequence[Message]:
    """History that begins with a user's turn; many chat templates refuse any other."""
    start = next((n for n, turn in enumerate(history) if turn.role == "user"), len(history))
    return history[start:]
