"""TCP ports on the loopback: the one remembered from last time if it is free, else another."""

import errno
import json
import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
# Below what kernels give to outgoing connections (Linux: from 32768 on), or one of those could be faster.
ANY = range(20_000, 32_768)
IPV6 = (socket.AF_INET6, "::1")  # browsers try this one first for `localhost`


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now, and nobody else would answer at `localhost`."""
    return all(_bindable(family, host, port) for family, host in ((socket.AF_INET, LOOPBACK), IPV6))


def _bindable(family: socket.AddressFamily, host: str, port: int) -> bool:
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        # A host without IPv6 has nobody listening there either.
        return error.errno != errno.EADDRINUSE and family == socket.AF_INET6
    return True


def any_free_port() -> int:
    """A free port that no connection of this computer takes before it is used. Raises OSError if there is none."""
    port = next(filter(is_free, random.SystemRandom().sample(ANY, len(ANY))), None)
    if port is None:
        raise OSError(errno.EADDRNOTAVAIL, f"No port from {ANY.start} to {ANY.stop - 1} is free")
    return port


def next_free_port(wanted: int) -> int:
    """`wanted`, or the first free one of the hundred after it, or any."""
    candidates = range(wanted, min(wanted + 100, 65536))
    return next((port for port in candidates if is_free(port)), None) or any_free_port()


class PortBook:
    """The ports of one home, remembered in a JSON file so that addresses stay the same."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        self._given: set[int] = set()

    def choose(self, name: str, wanted: int | None = None) -> int:
        """The port of `name`: a `wanted` one as near as it can be had, else last time's, else any."""
        port = self._candidate(name, wanted)
        while port in self._given:
            port = any_free_port()
        self._given.add(port)
        self._ports[name] = port
        self._path.write_text(json.dumps(self._ports, indent=2))
        return port

    def last(self, name: str) -> int | None:
        """The port `name` had last time."""
        return self._ports.get(name)

    def _candidate(self, name: str, wanted: int | None) -> int:
        if wanted is not None:
            return next_free_port(wanted)
        remembered = self._ports.get(name)
        return remembered if remembered and is_free(remembered) else any_free_port()
