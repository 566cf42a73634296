"""One figure: what was measured, beside what, and what was to be reached."""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass
class Figure:
    """One row of the table. `ratio` is ours ÷ the peer's; `reach` says what it should be."""

    id: str
    what: str
    ours: str
    peer: str = ""
    ratio: float | None = None
    reach: str = ""
    reached: bool | None = None
    detail: dict[str, float] = field(default_factory=dict)


def percentile(samples: Sequence[float], p: float) -> float:
    """The p-th percentile by nearest rank; p from 0 to 100."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, round(p / 100 * (len(ordered) - 1)))]


def median(samples: Sequence[float]) -> float:
    return statistics.median(samples)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def wait_until(met: Callable[[], bool], seconds: float, what: str) -> None:
    """Look every 50 ms, `seconds` at most. Raises TimeoutError that names what was waited for."""
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.05)


def show(figures: list[Figure]) -> None:
    table = Table(title="aether beside its peers, one run")
    for column in ("", "what", "ours", "peer", "ratio", "reach", ""):
        table.add_column(column, overflow="fold")
    for f in figures:
        mark = {True: "reached", False: "missed", None: ""}[f.reached]
        ratio = f"{f.ratio:.2f}" if f.ratio is not None else ""
        table.add_row(f.id, f.what, f.ours, f.peer, ratio, f.reach, mark)
    Console(width=150).print(table)


def save(figures: list[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(f) for f in figures], indent=2) + "\n", encoding="utf-8")
