"""P1–P6: bytes between a client and a shell, beside OpenSSH's own client into the same machine."""

import selectors
import time
from collections.abc import Callable

from bench.figures import Figure, median, milliseconds, percentile, wait_until
from bench.lines import Line, echo_times, make_raw_echo, text_time
from bench.openssh import Identity, Shell
from bench.running import Aether, pss
from bench.sockets import BINARY, Socket

MIB = 1024 * 1024
TEXT_FILE = "~/text.txt"  # ssh begins in the home, a terminal in the workspace


class Bench:
    """One project to type into, and ways to reach it."""

    def __init__(self, aether: Aether, *, tmux: bool, text_bytes: int, rounds: int) -> None:
        self.aether = aether
        self.tmux = tmux
        self.text_bytes = text_bytes
        self.rounds = rounds
        self.project = aether.project("bytes")
        self.identity = Identity()

    @property
    def note(self) -> str:
        return "tmux" if self.tmux else "no tmux"

    def ways(self) -> dict[str, Callable[[], Line]]:
        return {
            "openssh": self._openssh,
            "straight": lambda: self.aether.straight(self.aether.terminal(self.project)),
            "through": lambda: self.aether.through(self.aether.terminal(self.project)),
        }

    def _openssh(self) -> Shell:
        machine = self.aether.machine(self.project, self.identity.public_key)
        # Its status line would draw a clock among the echoes.
        remote = ["tmux", "-f", "/dev/null", "-L", "peer", "new-session", r"\;", "set", "status", "off"]
        return Shell(self.identity.command(machine, *(remote if self.tmux else [])))

    def echo(self) -> list[Figure]:
        """P1 and P2: the ways in turn, round after round, so that drift meets them all alike."""
        lines = {name: open_line() for name, open_line in self.ways().items()}
        for line in lines.values():
            make_raw_echo(line)
        samples: dict[str, list[float]] = {name: [] for name in lines}
        for _ in range(self.rounds):
            for name, line in lines.items():
                samples[name] += echo_times(line, 200)
        self._close(lines)
        peer = median(samples["openssh"])
        return [
            self._echo_figure("P1", "straight", samples, peer, 2.0),
            self._echo_figure("P2", "through", samples, peer, 4.5),
        ]

    def _echo_figure(
        self, name: str, way: str, samples: dict[str, list[float]], peer: float, reach: float
    ) -> Figure:
        ours = median(samples[way])
        detail = {
            "p99_ms": percentile(samples[way], 99) * 1e3,
            "peer_p99_ms": percentile(samples["openssh"], 99) * 1e3,
        }
        return Figure(
            name, f"echo p50, {way} ({self.note})", milliseconds(ours), milliseconds(peer),
            ours / peer, f"≤ {reach}", ours / peer <= reach, detail,
        )  # fmt: skip

    def text(self) -> list[Figure]:
        """P3: the same file's text by each way in turn."""
        self._make_text()
        samples: dict[str, list[float]] = {}
        for _ in range(2 if self.tmux else 3):
            for name, open_line in self.ways().items():
                line = open_line()
                samples.setdefault(name, []).append(text_time(line, TEXT_FILE))
                line.close()  # type: ignore[attr-defined]
        peer = median(samples["openssh"])
        return [
            self._text_figure("straight", median(samples["straight"]), peer, 0.95),
            self._text_figure("through", median(samples["through"]), peer, 0.85),
        ]

    def _make_text(self) -> None:
        line = self.aether.straight(self.aether.terminal(self.project))
        line.quiet(0.5)
        # base64 has lines of 76 characters, as text has; of random bytes, so nothing on the way can squeeze it.
        make = f"head -c {self.text_bytes * 3 // 4} /dev/urandom | base64 > {TEXT_FILE}; echo MA''DE\r"
        line.send(make.encode())
        line.until(b"MADE", timeout=120)
        line.close()

    def _text_figure(self, way: str, ours: float, peer: float, reach: float) -> Figure:
        speed = [self.text_bytes / seconds / 1e6 for seconds in (ours, peer)]
        ratio = speed[0] / speed[1]
        what = f"{self.text_bytes // 10**6} MB of text, {way} ({self.note})"
        return Figure(
            "P3", what, f"{speed[0]:.0f} MB/s", f"{speed[1]:.0f} MB/s", ratio, f"≥ {reach}", ratio >= reach
        )

    def typing(self, sessions: int, seconds: float) -> list[Figure]:
        """P4: many sessions, five keys a second each."""
        figures = []
        for way, open_socket, reach in (
            ("straight", self.aether.straight, 5.0),
            ("through", self.aether.through, 25.0),
        ):
            # A project of its own for each way, because one project may have 200 terminals.
            project = self.aether.project("typing")
            sockets = [open_socket(self.aether.terminal(project)) for _ in range(sessions)]
            for socket in sockets:
                make_raw_echo(socket)
            times = type_along(sockets, seconds)
            for socket in sockets:
                socket.close()
            p99 = percentile(times, 99) * 1e3
            what = f"{sessions} sessions typing, {way}, p50 / p99 ({self.note})"
            ours = f"{median(times) * 1e3:.2f} / {p99:.1f} ms"
            figures.append(Figure("P4", what, ours, reach=f"p99 ≤ {reach:.0f} ms", reached=p99 <= reach))
        return figures

    def stalled(self, waiting_bytes: int) -> Figure:
        """P6: a viewer that stops reading while much waits for it; then it reads all of it."""
        socket = self.aether.straight(self.aether.terminal(self.project))
        socket.quiet(0.5)
        pid = self.aether.pid("terminal")
        before = pss(pid)
        # 12 characters a line and a line break that the pty makes two: 14 bytes for each number.
        count = waiting_bytes // 14
        socket.send(f"seq -f '%012.0f' 1 {count}; printf 'END-%s\\n' OF-TEXT\r".encode())
        peak = max(_sampled(lambda: pss(pid), 6)) - before
        received = socket.until(b"END-OF-TEXT", timeout=180)
        socket.close()
        lost = max(0, count * 14 - received)
        good = peak <= 16 * MIB and lost == 0
        what = f"a viewer stops reading {waiting_bytes // 10**6} MB ({self.note})"
        return Figure(
            "P6", what, f"+{peak / MIB:.1f} MiB, {lost} bytes lost", reach="≤ +16 MB, 0 lost", reached=good
        )

    def _close(self, lines: dict[str, Line]) -> None:
        for line in lines.values():
            line.close()  # type: ignore[attr-defined]


def _sampled(look: Callable[[], int], seconds: float) -> list[int]:
    samples, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        samples.append(look())
        time.sleep(0.1)
    return samples


def type_along(sockets: list[Socket], seconds: float, rate: float = 5.0) -> list[float]:
    """Type one key into each socket `rate` times a second, spread evenly; answers all echo times in seconds."""
    selector = selectors.DefaultSelector()
    for socket in sockets:
        selector.register(socket.socket, selectors.EVENT_READ, socket)
    step = 1 / (rate * len(sockets))
    sent: dict[int, float] = {}
    times: list[float] = []
    began = time.perf_counter()
    turn = 0
    while (now := time.perf_counter()) - began < seconds:
        if now >= began + turn * step:
            socket = sockets[turn % len(sockets)]
            if id(socket) not in sent:
                sent[id(socket)] = time.perf_counter()
                socket.send(b"x")
            turn += 1
            continue
        for key, _ in selector.select(max(0.0, began + turn * step - now)):
            key.data.fill()
            came = time.perf_counter()
            for opcode, payload in key.data.frames():
                if opcode == BINARY and payload and (then := sent.pop(id(key.data), None)) is not None:
                    times.append(came - then)
    return times


def idle(aether: Aether, sessions: int, per_project: int) -> Figure:
    """P5: what the relay holds for sessions in which nothing happens."""
    pid = aether.pid("terminal")
    before = pss(pid)
    for _ in range(sessions // per_project):
        project = aether.project("idle")
        for _ in range(per_project):
            aether.terminal(project)
    wait_until(lambda: abs(pss(pid) - _later(pid)) < MIB // 4, 30, "the relay coming to rest")
    after = pss(pid)
    each = (after - before) / sessions
    good = each <= 150 * 1024 and after <= 200 * MIB
    ours = f"{each / 1024:.0f} KiB each, {after / MIB:.0f} MiB in all"
    return Figure("P5", f"relay memory, {sessions} idle sessions", ours, reach="≤ 150 KB; ≤ 200 MB", reached=good)


def _later(pid: int) -> int:
    time.sleep(1)
    return pss(pid)
