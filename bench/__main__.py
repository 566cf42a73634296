"""`make bench`: run all, or those named, print the table, and write it as JSON and as docs/benchmarks.md."""

import argparse
import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from aether.testkit.nats import nats_for_a_session
from aether.testkit.postgres import postgres_for_a_session
from bench.api import listing
from bench.boot import boot
from bench.figures import Figure, save, show
from bench.files import many, moving
from bench.page import write_page
from bench.pipeline import pipeline
from bench.running import running
from bench.starting import start
from bench.terminals import Bench, idle

HERE = Path(__file__).parent


@contextmanager
def _servers() -> Iterator[tuple[str, str]]:
    folder = Path(tempfile.mkdtemp(prefix="aether-pipeline-"))
    folder.chmod(0o711)
    for name in ("postgres", "nats"):
        (folder / name).mkdir(mode=0o711)
    with postgres_for_a_session(folder / "postgres") as postgres, nats_for_a_session(folder / "nats") as nats:
        yield nats.url, asyncio.run(postgres.create_database())
    shutil.rmtree(folder, ignore_errors=True)


def _bytes(wanted: set[str], *, tmux: bool, quick: bool) -> list[Figure]:
    environ = {} if tmux else {"TERMINAL_USE_TMUX": "false"}
    figures: list[Figure] = []
    with running(environ) as aether:
        bench = Bench(aether, tmux=tmux, text_bytes=(20 if quick else 200) * 10**6, rounds=2 if quick else 10)
        if wanted & {"P1", "P2"}:
            figures += bench.echo()
        if "P3" in wanted:
            figures += bench.text()
        if "P4" in wanted:
            figures += bench.typing(20 if quick else 100, 3 if quick else 15)
        if "P6" in wanted:
            figures.append(bench.stalled(100 * 10**6))
        if "P5" in wanted and tmux:
            figures.append(idle(aether, 100 if quick else 1000, 100 if quick else 200))
    return figures


def _rest(wanted: set[str], quick: bool) -> list[Figure]:
    figures: list[Figure] = []
    if wanted & {"P7", "P8"}:
        with running() as aether:
            steps: dict[str, Callable[[], Figure]] = {
                "P7": lambda: start(aether, 3 if quick else 10),
                "P8": lambda: listing(aether, 5 if quick else 30),
            }
            figures += [step() for name, step in steps.items() if name in wanted]
    if wanted & {"P10", "P11"}:
        with running() as aether:
            if "P10" in wanted:
                figures += moving(aether, (20 if quick else 200) * 10**6, 2 if quick else 7)
            if "P11" in wanted:
                figures.append(many(aether))
    if "P9" in wanted:
        with _servers() as (nats_url, database_url):
            figures += uvloop.run(pipeline(nats_url, database_url, 800 if quick else 8000))
    if "P12" in wanted:
        figures += boot(1 if quick else 3)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("wanted", nargs="*", metavar="P1 …", help="which to run; all without any")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: to see that it runs, not to be quoted")
    arguments = parser.parse_args()
    wanted = set(arguments.wanted) or {"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12"}
    figures: list[Figure] = []
    steps: list[Callable[[], list[Figure]]] = []
    if wanted & {"P1", "P2", "P3", "P4", "P5", "P6"}:
        steps.append(lambda: _bytes(wanted, tmux=False, quick=arguments.quick))
        steps.append(lambda: _bytes(wanted, tmux=True, quick=arguments.quick))
    steps.append(lambda: _rest(wanted, arguments.quick))
    for step in steps:
        figures += step()
        save(figures, HERE / "out" / "figures.json")  # so that a run cut short has not been for nothing
    figures.sort(key=lambda figure: int(figure.id[1:]))
    show(figures)
    save(figures, HERE / "out" / "figures.json")
    if not arguments.wanted:
        write_page(figures, HERE.parent / "docs" / "benchmarks.md", quick=arguments.quick)


main()
