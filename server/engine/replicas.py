"""The vLLM servers behind one engine: which is least busy, and which has gone away."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Replica:
    """One vLLM server.

    Attributes:
        url: without a trailing slash.
        in_flight: requests under way from this process.
        failed_at: when it last failed to answer (monotonic seconds); None while it is healthy.
        takes_embeds: it has answered a prompt of embeddings since it was last gone.
    """

    url: str
    in_flight: int = 0
    failed_at: float | None = None
    takes_embeds: bool = False

    def failed(self) -> None:
        """Note that the server could not be reached."""
        self.failed_at = time.monotonic()
        self.takes_embeds = False


class Replicas:
    """A set of vLLM servers that serve the same base model.

    Raises:
        ValueError: no URL at all, or one that is not http(s).
    """

    def __init__(self, urls: Sequence[str]) -> None:
        if not urls:
            raise ValueError("no vLLM server: name at least one URL in CROSSOVER_VLLM_URL")
        for url in urls:
            if not url.startswith(("http://", "https://")):
                raise ValueError(f"CROSSOVER_VLLM_URL: {url!r} is not a URL; write http://HOST:PORT")
        # A trailing /v1 is how OpenAI clients spell a base URL; both ways are accepted.
        self._replicas = [Replica(url.rstrip("/").removesuffix("/v1")) for url in urls]

    def __iter__(self) -> Iterator[Replica]:
        return iter(self._replicas)

    def __len__(self) -> int:
        return len(self._replicas)

    def by_preference(self) -> list[Replica]:
        """Healthy servers, the least busy first; then those that failed, the longest ago first.

        A failed server stays in the list, so that with no healthy one left every request tries it
        again: refused at once while it is down, and served from the moment it is back.
        """
        return sorted(self._replicas, key=lambda r: (r.failed_at is not None, r.failed_at or 0.0, r.in_flight))
