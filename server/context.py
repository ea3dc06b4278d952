"""What every command gets in `ctx.obj`: the settings, the server that runs on this home, and passages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossover.adapters.gate.evaluate import Judge
    from crossover.server.settings import Settings

Retrieve = Callable[[str, int], Sequence[tuple[str, str, str, str]]]
"""From a question and a number of passages to (title, text, document, content hash), the best first."""


class Context:
    """Read by the commands of all packages; each of them sees only its own fields of the settings."""

    @cached_property
    def settings(self) -> Settings:
        """The settings, read when a command first asks: `--help` works with wrong ones too.

        Raises:
            SettingsError: names each wrong setting and what it takes.
            NewerHome: a newer Crossover has written the home.
        """
        from crossover.server import home
        from crossover.server.settings import load

        settings = load()
        home.check(settings.home)
        return settings

    def note_home(self) -> None:
        """Notes the schema of a home that this command has made."""
        if "settings" in self.__dict__:
            from crossover.server import home

            with suppress(RuntimeError, ValueError):
                home.check(self.settings.home)

    def live_server(self) -> str | None:
        """The URL of a server that runs on this home and so may hold its index; None where none does."""
        from crossover.server.live import find

        server = find(self.settings.home)
        return server.url if server else None

    def trained_on(self, documents: Sequence[str]) -> list[str]:
        """The versions of adapters that learned from any of these documents, as their cards say."""
        from crossover.adapters.registry import Registry

        return Registry(self.settings.home).trained_on(documents)

    def judge(self) -> Judge | None:
        """Who scores answers and compares scores; None in a process that nobody handed it to."""
        from crossover.server.judging import judge

        return judge()

    @contextmanager
    def retrieve(self) -> Iterator[Retrieve]:
        """Finds passages: by the running server's /v1/search, else in the index itself, open while this lasts."""
        url = self.live_server()
        if url is not None:
            yield _asking(url)
            return
        from crossover.indexer.index import Index

        with Index.open(self.settings) as index:
            yield lambda question, k: [(p.title, p.text, p.document, p.content_hash) for p in index.search(question, k)]


def _asking(url: str) -> Retrieve:
    import httpx

    from crossover.adapters.live import reaching

    def retrieve(question: str, k: int) -> list[tuple[str, str, str, str]]:
        with reaching(url):
            response = httpx.get(f"{url}/v1/search", params={"q": question, "k": k}, timeout=60, trust_env=False)
        if response.status_code != 200:
            raise RuntimeError(f"the server at {url} cannot search: {response.json()['error']['message']}")
        found = response.json()["passages"]
        return [(p["title"], p["text"], p["document"], p["content_hash"]) for p in found]

    return retrieve
