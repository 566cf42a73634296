"""The folder everything of one aether lies in, and the lock that keeps it to one `aether up`."""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aether.cli.embedded.identities import GROUP, myself
from aether.cli.errors import CannotRun

ROOTS_HOMES = Path("/var/lib/aether")


class HomeInUse(CannotRun):
    """Another `aether up` runs on this folder."""

    def __init__(self, home: Path, pid: str) -> None:
        super().__init__(
            f"aether already runs on {home} (process {pid or 'unknown'}). Stop it there with Ctrl-C, "
            "or name another folder with AETHER_HOME."
        )


class HomeUnreachable(CannotRun):
    """Run as root, the services get uids of their own, and those cannot walk to this folder."""

    def __init__(self, home: Path, barrier: Path) -> None:
        super().__init__(
            f"As root, aether runs its services as other users, and they cannot enter {barrier}. "
            f"Name a folder outside of it with AETHER_HOME instead of {home}."
        )


class HomeNotOurs(CannotRun):
    """The folder belongs to somebody else."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"{home} belongs to another user. Name another folder with AETHER_HOME.")


class HomeNotMade(CannotRun):
    """The folder cannot be made or written."""

    def __init__(self, home: Path, error: OSError) -> None:
        super().__init__(
            f"{home} cannot be used: {error.strerror} ({error.filename}). Name another with AETHER_HOME."
        )


@dataclass(frozen=True)
class Home:
    """The layout. Every path is absolute."""

    root: Path

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def traces(self) -> Path:
        return self.root / "traces"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def nats(self) -> Path:
        return self.root / "nats"

    @property
    def terminal(self) -> Path:
        """What the terminal service keeps on disk: the key of its jump host."""
        return self.root / "terminal"

    @property
    def runtime(self) -> Path:
        """Copies of what the dropped uids cannot reach where it is."""
        return self.root / "runtime"

    @property
    def ports(self) -> Path:
        return self.root / "ports.json"

    @property
    def processes(self) -> Path:
        """The pid and start time of each part of the last `aether up`."""
        return self.root / "processes.json"

    def prepare(self) -> None:
        """Make the folders, closed to others except that as root dropped uids may walk through.

        Raises HomeUnreachable, HomeNotOurs, HomeNotMade.
        """
        try:
            self._make()
        except OSError as error:
            raise HomeNotMade(self.root, error) from error

    def _make(self) -> None:
        for folder in [*reversed(self.root.parents), self.root]:
            if not folder.exists():
                folder.mkdir()
                folder.chmod(0o755)
        owner = myself()
        if self.root.stat().st_uid != owner.uid:
            raise HomeNotOurs(self.root)
        walked = 0o711 if owner.uid == 0 else 0o700
        for folder in (self.root, self.secrets, self.runtime):
            folder.mkdir(exist_ok=True)
            folder.chmod(walked)
        self.logs.mkdir(exist_ok=True)
        self.logs.chmod(0o700)
        self.traces.mkdir(exist_ok=True)
        if owner.uid == 0:
            # Each service appends to a file of its own here, and they share nothing but this group.
            os.chown(self.traces, 0, GROUP)
            self.traces.chmod(0o1770)
            self.check_reach()
        else:
            self.traces.chmod(0o700)

    def check_reach(self) -> None:
        """Raises HomeUnreachable if other uids cannot walk to this folder."""
        for folder in reversed(self.root.resolve().parents):
            if not folder.stat().st_mode & 0o001:
                raise HomeUnreachable(self.root, folder)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold this home for as long as the block runs; the kernel lets go if we die. Raises HomeInUse."""
        with (self.root / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise HomeInUse(self.root, file.read().strip()) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield


def resolve_home(environ: Mapping[str, str], cwd: Path, *, uid: int) -> Home:
    """AETHER_HOME; else `.aether` in the project around `cwd`; else, for root, a folder under /var/lib."""
    if given := environ.get("AETHER_HOME"):
        return Home(Path(given).expanduser().absolute())
    project = project_root(cwd)
    if uid != 0:
        return Home(project / ".aether")
    slug = re.sub(r"[^a-z0-9]+", "-", project.name.lower()).strip("-") or "aether"
    mark = hashlib.sha256(os.fsencode(project)).hexdigest()[:8]
    return Home(ROOTS_HOMES / f"{slug}-{mark}")


def project_root(cwd: Path) -> Path:
    """The nearest folder around `cwd` that holds a Makefile and a pyproject.toml; else `cwd`."""
    here = cwd.resolve()
    candidates = (folder for folder in (here, *here.parents) if (folder / "pyproject.toml").exists())
    return next((folder for folder in candidates if (folder / "Makefile").exists()), here)
