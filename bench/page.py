"""docs/benchmarks.md, made from one whole run."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Figure

INTRODUCTION = """# Benchmarks

Made by `make bench`. Each figure stands beside its peer's from the same run on the same machine, because
absolute figures drift and ratios do not. A benchmark is read and compared; it fails no build.
P1, P2 and P3 compare with OpenSSH's own client in a pty, into the same machine, with and without tmux in the
path; P7 with the provider's adapter alone; P8 with one query behind FastAPI; P10 and P11 with OpenSSH's sftp
into the same machine, without the time of its connection.
"""

REMARKS = """
What is behind some of the figures: tmux 3.3a writes about 13 MB/s in control mode, to a bare pipe as well, and
delivers every byte, where a drawn tmux client skips most of a fast text
([decision 3](decisions/0003-tmux-in-control-mode.md)). P7 includes what a project's start does beside the
provider's own work: an intent in the database, the event that tells of it, a certificate and the first shell.
P8 spends its time on two hops over NATS and on spans. P10 goes through two processes more than sftp does, is
compared without the time of sftp's connection, and syncs an upload before it takes its name, which sftp does not.
"""

QUICK = """
This was a short run (`python -m bench --quick`): fewer rounds, less text, 20 typing and 100 idle sessions.
"""


def write_page(figures: list[Figure], path: Path, *, quick: bool = False) -> None:
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    host = f"{os.cpu_count()} cores, Linux {platform.release().split('-')[0]}, Python {platform.python_version()}"
    rows = [
        "| | What | aether | Peer | Ratio | To reach | |",
        "|---|---|---|---|---|---|---|",
        *(_row(figure) for figure in figures),
    ]
    path.write_text(
        f"{INTRODUCTION}{QUICK if quick else ''}\nRun on {when}: {host}.\n\n" + "\n".join(rows) + "\n" + REMARKS,
        encoding="utf-8",
    )


def _row(f: Figure) -> str:
    mark = {True: "reached", False: "**missed**", None: ""}[f.reached]
    ratio = f"{f.ratio:.2f}" if f.ratio is not None else ""
    return f"| {f.id} | {f.what} | {f.ours} | {f.peer} | {ratio} | {f.reach} | {mark} |"
