"""The causes of a wrong answer, and which component has to be mended for each."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """Why one answer is wrong; its text is what the report says."""

    RETRIEVAL_MISSED = "retrieval missed"
    """The documents hold the answer; no passage in the prompt does."""
    MISREAD = "passage there, misread"
    """A passage in the prompt holds the answer; the model gave another."""
    STALE = "adapter stale"
    """It answered what its training examples say, where the documents now say otherwise."""
    NEVER_LEARNED = "adapter never learned it"
    """No example taught it, or those that did left no trace."""
    WRONG_FORMAT = "wrong format"
    """The right value in another form than asked for."""
    SHOULD_REFUSE = "should have refused"
    """It answered what nobody can know."""
    REFUSED = "refused, could answer"
    """It said that it doesn't know, with the answer in its passages or its training."""
    WRONG_ROUTE = "wrong route"
    """The router's choice was wrong where another strategy was right."""
    NO_SOURCE = "nothing to answer from"
    """Neither passages nor training of this strategy could hold the answer: a limit of it, not a fault."""
    OTHER = "other"
    """The run does not tell: the server refused, or what would tell is no literal text or not logged."""


#: What is to be mended for each cause; causes that no component answers for are left out.
COMPONENTS: dict[Cause, str] = {
    Cause.RETRIEVAL_MISSED: "retrieval",
    Cause.MISREAD: "reading passages",
    Cause.STALE: "the adapter's knowledge",
    Cause.NEVER_LEARNED: "the adapter's knowledge",
    Cause.WRONG_FORMAT: "the answer's format",
    Cause.SHOULD_REFUSE: "knowing when to refuse",
    Cause.REFUSED: "knowing when to refuse",
    Cause.WRONG_ROUTE: "the router",
}
