"""HTTP to vLLM: one connection pool, the choice of a server, and errors made clear."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import aiohttp
import orjson

from crossover.server.engine.completion import EngineRefused, EngineUnavailable, ModelNotServed
from crossover.server.engine.replicas import Replica, Replicas

_CONNECT_SECONDS = 5.0
# vLLM closes an idle connection after 5 s; letting go first avoids sending into a closing one.
_KEEPALIVE_SECONDS = 4.0
_NO_EMBEDS = "--enable-prompt-embeds"  # what vLLM asks for when it was started without


class Pool:
    """Connections to the vLLM servers of one engine.

    Args:
        urls: where the servers are.
        api_key: sent as a bearer token when given.
        deadline: seconds after which a request is given up.
    """

    def __init__(self, urls: Sequence[str], api_key: str | None, deadline: float) -> None:
        self.replicas = Replicas(urls)
        self.deadline = deadline
        # What whoever runs the servers has to say when they do not answer, such as "starting: …".
        self.situation: Callable[[], str] = lambda: ""
        # Why nothing is to be asked for now; empty: ask.
        self.paused = ""
        self._headers = {"Content-Type": "application/json"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Open the pool; asks nothing of the servers yet."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_SECONDS),
            timeout=aiohttp.ClientTimeout(total=self.deadline, sock_connect=_CONNECT_SECONDS),
            headers=self._headers,
            trust_env=False,  # a proxy for the outside world must not come between us and our own vLLM
        )

    async def close(self) -> None:
        """Close the pool; requests under way fail."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open session.

        Raises:
            EngineUnavailable: the pool is closed.
        """
        if self._session is None:
            raise EngineUnavailable("the connection to vLLM is closed: the server is stopping")
        return self._session

    async def complete(self, payload: bytes, only: Replica | None = None) -> tuple[Replica, aiohttp.ClientResponse]:
        """A response with status 200, body unread, from the least busy server that gives one.

        The server's `in_flight` counts the request; whoever reads the body takes it off again.

        Raises:
            EngineUnavailable: no server gave an answer.
            EngineRefused, ModelNotServed: a server's own complaint.
        """
        if self.paused:
            raise EngineUnavailable(self.paused)
        complaint = EngineUnavailable("no vLLM server")
        for replica in [only] if only else self.replicas.by_preference():
            replica.in_flight += 1
            try:
                response = await self._post(replica, payload)
            except EngineUnavailable as error:
                replica.in_flight -= 1
                complaint = error
                if isinstance(error.__cause__, TimeoutError) and not _before_sending(error.__cause__):
                    break  # the deadline is over for the other servers too
            except BaseException:
                replica.in_flight -= 1
                raise
            else:
                return replica, response
        raise complaint

    def lost(self, replica: Replica, error: BaseException) -> EngineUnavailable:
        """The error that says in full sentences that a server cannot be reached."""
        if isinstance(error, TimeoutError) and not _before_sending(error):
            return EngineUnavailable(f"vLLM at {replica.url} did not finish its answer within {self.deadline:g} s")
        replica.failed()
        situation = self.situation() or "start it, or correct CROSSOVER_VLLM_URL"
        reason = (error.os_error.strerror if isinstance(error, aiohttp.ClientConnectorError) else "") or str(error)
        reason = reason or type(error).__name__
        return EngineUnavailable(f"vLLM at {replica.url} does not answer ({reason}); {situation}")

    async def _post(self, replica: Replica, payload: bytes) -> aiohttp.ClientResponse:
        url = f"{replica.url}/v1/completions"
        try:
            try:
                response = await self.session.post(url, data=payload)
            except aiohttp.ServerDisconnectedError:
                # A kept-alive connection that the server closed a moment ago; a fresh one tells whether it is there.
                response = await self.session.post(url, data=payload)
            if response.status == 200:
                replica.failed_at = None
                return response
            text = await response.text()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self.lost(replica, error) from error
        raise _refusal(replica, response.status, text)


def error_message(text: str) -> str:
    """What an error answer of vLLM says, without its JSON."""
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text.strip()[:500]
    error = body.get("error", body.get("detail", body)) if isinstance(body, dict) else body
    return str(error.get("message", error) if isinstance(error, dict) else error)


def _refusal(replica: Replica, status: int, text: str) -> Exception:
    message = error_message(text)
    if status == 404:
        return ModelNotServed(message)
    if status in (401, 403):
        return EngineUnavailable(
            f"vLLM at {replica.url} does not accept our key ({status}): set CROSSOVER_VLLM_API_KEY"
        )
    if _NO_EMBEDS in message:
        return EngineUnavailable(
            f"vLLM at {replica.url} takes no prompt embeddings, which P-tuned adapters are served by: start it with "
            f"{_NO_EMBEDS}, where nobody but Crossover can reach it"
        )
    if status < 500:
        return EngineRefused(message)
    return EngineUnavailable(f"vLLM at {replica.url} failed ({status}): {message}")


def _before_sending(error: BaseException) -> bool:
    return isinstance(error, aiohttp.ConnectionTimeoutError)
