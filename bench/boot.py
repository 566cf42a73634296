"""P12: `aether up` for the second time, and what everything holds when nothing happens."""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path

from aether.testkit.stack import Stack
from bench.figures import Figure, median
from bench.running import descendants, pss

MIB = 1024 * 1024


def boot(rounds: int) -> list[Figure]:
    folder = Path(tempfile.mkdtemp(prefix="aether-boot-"))
    folder.chmod(0o711)
    stack = Stack(folder)
    try:
        first = asyncio.run(stack.start(within=150))
        stops, starts = [], []
        for _ in range(rounds):
            stops.append(asyncio.run(stack.stop()))
            starts.append(asyncio.run(stack.start()))
        time.sleep(5)
        total = sum(pss(pid) for pid in descendants(stack.pid))
    finally:
        stack.close()
        shutil.rmtree(folder, ignore_errors=True)
    again, held = median(starts), total / MIB
    ready = f"{again:.1f} s (first {first:.1f} s)"
    return [
        Figure("P12", "aether up, second time, to ready", ready, reach="≤ 4 s", reached=again <= 4),
        Figure("P12", "everything, idle (PSS)", f"{held:.0f} MiB", reach="≤ 450 MB", reached=held <= 450),
        Figure("P12", "Ctrl-C until all is over", f"{max(stops):.1f} s", reach="≤ 5 s", reached=max(stops) <= 5),
    ]
