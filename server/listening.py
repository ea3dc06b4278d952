"""The port of a server, taken before anything slow or lasting is begun."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator

from crossover.server.settings import SettingsError

_BACKLOG = 2048


class PortInUse(RuntimeError):
    """Another program listens where the server shall."""


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens.

    Raises:
        PortInUse: another program has the port.
        SettingsError: the address is none of this machine's, or the port needs other rights.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"port {port} on {host} is in use: stop the program that listens there, "
                "or choose another with --port or CROSSOVER_PORT (0 takes a free one)"
            ) from error
        raise SettingsError(f"CROSSOVER_HOST={host}, CROSSOVER_PORT={port}: cannot listen there: {error}") from error
    with listener:
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        yield listener


def url_of(listener: socket.socket) -> str:
    """Where a client on this machine reaches the socket."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
