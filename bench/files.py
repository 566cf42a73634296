"""P10 and P11: files through the gateway beside OpenSSH's own sftp into the same machine, in turn."""

import http.client
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

from aether.contracts.machines import SshCertificate
from bench.figures import Figure, median
from bench.openssh import Identity
from bench.running import Aether

PIECE = 256 * 1024
MANY = 5000
LIST_ROUNDS = 15


class Files:
    """One project's files, as a program with a token reaches them."""

    def __init__(self, aether: Aether, project: str) -> None:
        self._host = urlsplit(aether.url).netloc
        self._base = f"/api/projects/{project}/files?path="
        self._headers = {"Authorization": aether.api.headers["Authorization"]}

    def put(self, path: str, source: Path) -> float:
        """How many seconds an upload took, its answer included."""
        headers = {**self._headers, "Content-Length": str(source.stat().st_size)}
        began = time.perf_counter()
        with source.open("rb") as body:
            connection = http.client.HTTPConnection(self._host, blocksize=PIECE, timeout=120)
            connection.request("PUT", self._base + quote(path), body=body, headers=headers)
            answer = connection.getresponse()
            said = answer.read()
        took = time.perf_counter() - began
        connection.close()
        if answer.status not in (200, 201):
            raise RuntimeError(f"PUT {path}: {answer.status} {said[:300]!r}")
        return took

    def get(self, path: str) -> tuple[float, float, int]:
        """Seconds to the first byte of the body and to the last, and how many bytes there were."""
        connection = http.client.HTTPConnection(self._host, timeout=120)
        began = time.perf_counter()
        connection.request("GET", self._base + quote(path), headers=self._headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"GET {path}: {answer.status} {answer.read()[:300]!r}")
        count = len(answer.read(1))
        first = time.perf_counter() - began
        while piece := answer.read(PIECE):
            count += len(piece)
        took = time.perf_counter() - began
        connection.close()
        return first, took, count


def moving(aether: Aether, size: int, rounds: int) -> Iterator[Figure]:
    """P10: one file of `size` bytes, up and down."""
    project, identity = aether.project("files"), Identity()
    machine, files = aether.machine(project, identity.public_key), Files(aether, project)
    source = identity.folder / "bulk"
    source.write_bytes(os.urandom(size))
    ups: dict[str, list[float]] = {"ours": [], "sftp": []}
    downs: dict[str, list[float]] = {"ours": [], "sftp": []}
    for _ in range(rounds):
        ups["ours"].append(files.put("/ours", source))
        ups["sftp"].append(sftp(identity, machine, f"put {source} {machine.workspace_dir}/peers"))
        _, took, count = files.get("/ours")
        assert count == size, f"{count} of {size} bytes came down"
        downs["ours"].append(took)
        downs["sftp"].append(sftp(identity, machine, f"get {machine.workspace_dir}/peers {identity.folder}/down"))
    for way, times in (("up", ups), ("down", downs)):
        yield _speed(f"{size // 10**6} MB {way}, through the gateway (peer: sftp)", size, times)


def _speed(what: str, size: int, times: dict[str, list[float]]) -> Figure:
    ours, peer = (size / median(times[name]) / 1e6 for name in ("ours", "sftp"))
    return Figure("P10", what, f"{ours:.0f} MB/s", f"{peer:.0f} MB/s", ours / peer, "≥ 0.8", ours / peer >= 0.8)


def many(aether: Aether) -> Figure:
    """P11: a folder of 5,000 files, beside sftp's `ls -l` of it with its own connection included."""
    project, identity = aether.project("many"), Identity()
    machine, files = aether.machine(project, identity.public_key), Files(aether, project)
    make = f"mkdir many && cd many && seq -f file-%05g.txt {MANY} | xargs touch"
    ssh = [word for word in identity.command(machine, f"cd {machine.workspace_dir} && {make}") if word != "-tt"]
    subprocess.run(ssh, check=True, timeout=60)
    ours = [files.get("/many") for _ in range(LIST_ROUNDS)]
    peer = median([sftp(identity, machine, f"ls -l {machine.workspace_dir}/many") for _ in range(5)])
    first, whole = median([taken[0] for taken in ours]), median([taken[1] for taken in ours])
    what = f"list a folder of {MANY:,} files, first byte / whole (peer: sftp ls -l)"
    times = f"{first * 1e3:.0f} / {whole * 1e3:.0f} ms"
    return Figure("P11", what, times, f"{peer * 1e3:.0f} ms", whole / peer, "≤ 150 ms", whole <= 0.150)


def sftp(identity: Identity, machine: SshCertificate, line: str) -> float:
    """How many seconds OpenSSH's sftp takes over one line, without the time of its connection."""
    return _batch(identity, machine, line) - _batch(identity, machine, "pwd")


def _batch(identity: Identity, machine: SshCertificate, line: str) -> float:
    began = time.perf_counter()
    subprocess.run(identity.sftp(machine), input=line.encode(), check=True, timeout=120, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
