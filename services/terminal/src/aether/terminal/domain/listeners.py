"""Who listens in a machine: what its /proc says, made into ports that a person could open.

A machine may share the network of its host, and then /proc/net/tcp names the host's listeners as well. Only
who holds a socket tells whose it is, so a port counts if a process that is seen in the machine holds what a
connection to it would reach. All of it is data from the machine and no more than a claim.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

PORTS = 256  # of one machine; a program that listens on more is told of by the lowest of them
OTHERS = 8  # addresses of one port, beside those two that everyone has
NAME = 64
DIGITS = 10
# Node calls its main thread so, and the kernel's short name of a process is its main thread's.
ALIASES = {"MainThread": "node"}

LOOPBACK, LOOPBACK6 = IPv4Address("127.0.0.1"), IPv6Address("::1")
ANY, ANY6 = IPv4Address("0.0.0.0"), IPv6Address("::")  # noqa: S104  what others bind to is looked at here

Address = IPv4Address | IPv6Address
Holders = Mapping[str, tuple[int, str]]  # of a socket's inode: a process's number and name


@dataclass(frozen=True, slots=True)
class Listener:
    """A port with a program of the machine behind it.

    A connection to any of `addresses` reaches that program and none of the host's; the first is the best.
    """

    port: int
    addresses: tuple[str, ...]
    process: str = ""


@dataclass(frozen=True, slots=True)
class _Socket:
    address: Address
    port: int
    inode: str


def read_scan(text: str, *, ssh_port: int) -> dict[int, Listener]:
    """The open ports in what the script of adapters/listeners.py printed, by number.

    `ssh_port` is left out, unless the machine itself knows its SSH server's port. Lines that make no sense
    are left out too.
    """
    sockets: list[_Socket] = []
    holders: dict[str, tuple[int, str]] = {}
    for line in text.split("\n"):  # and at nothing else that Python calls an end of line: a name may have it
        kind, _, rest = line.partition(" ")
        if kind == "tcp":
            sockets += _socket(rest)
        elif kind == "held":
            _hold(holders, rest)
        elif kind == "ssh":
            ssh_port = _number(rest) or ssh_port
    return _open(sockets, holders, ssh_port)


def name_of(said: str) -> str:
    """A program's name as a person may see it: one short line of visible characters."""
    return ALIASES.get(said, "".join(c for c in said if c.isprintable())[:NAME].strip())


def _open(sockets: Iterable[_Socket], holders: Holders, ssh_port: int) -> dict[int, Listener]:
    by_port: dict[int, list[_Socket]] = defaultdict(list)
    for socket in sockets:
        by_port[socket.port].append(socket)
    found: dict[int, Listener] = {}
    for port in sorted(by_port):
        if port not in (0, ssh_port) and len(found) < PORTS and (listener := _listener(by_port[port], holders)):
            found[port] = listener
    return found


def _listener(sockets: list[_Socket], holders: Holders) -> Listener | None:
    """Which addresses of one port lead to the machine's own program, if any does."""
    addresses, process = [], None
    for target in _targets(sockets):
        reached = _reached(target, sockets)
        if reached and all(socket.inode in holders for socket in reached):
            addresses.append(str(target))
            process = process or min(holders[socket.inode] for socket in reached)
    if process is None:
        return None
    return Listener(sockets[0].port, tuple(addresses), name_of(process[1]))


def _targets(sockets: list[_Socket]) -> list[Address]:
    others = {s.address for s in sockets if s.address.is_loopback} - {LOOPBACK, LOOPBACK6}
    return [LOOPBACK, LOOPBACK6, *sorted(others, key=str)[:OTHERS]]


def _reached(target: Address, sockets: list[_Socket]) -> list[_Socket]:
    """The sockets of which the kernel gives one a connection to `target`: those bound most closely to it."""
    # A socket on `::` takes IPv4 too, unless it was told not to; that cannot be seen from outside.
    ranks = [target, ANY, ANY6] if isinstance(target, IPv4Address) else [target, ANY6]
    for address in ranks:
        if found := [socket for socket in sockets if socket.address == address]:
            return found
    return []


def _socket(rest: str) -> list[_Socket]:
    """One listening socket from `<address>:<port> <inode>`, the first two in the kernel's hexadecimal."""
    try:
        where, inode = rest.split(" ")
        address, port = where.split(":")
        return [_Socket(_address(address), _port(port), inode)]
    except ValueError:
        return []


def _port(text: str) -> int:
    high, low = bytes.fromhex(text)
    return high << 8 | low


def _hold(holders: dict[str, tuple[int, str]], rest: str) -> None:
    """Of many processes that hold one socket the oldest stands for them."""
    inode, _, rest = rest.partition(" ")
    pid, _, name = rest.partition(" ")
    if number := _number(pid):
        holder = (number, name)
        holders[inode] = min(holder, holders.get(inode, holder))


def _number(text: str) -> int | None:
    """A port's or a process's number; None for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None


def _address(text: str) -> Address:
    """From the kernel's notation: 32-bit words, each of them backwards on the processors there are machines of."""
    raw = bytes.fromhex(text)
    address = ip_address(b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4)))
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
