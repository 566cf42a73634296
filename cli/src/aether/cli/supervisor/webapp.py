"""The web app of a checkout, built when its sources changed and not otherwise."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aether.cli.doctor import OLDEST_NODE, node_version
from aether.cli.errors import CannotRun
from aether.cli.supervisor.job import run_job
from aether.cli.supervisor.logs import Notice

NOT_SOURCES = {"node_modules", "dist", "test-results"}


class NodeMissing(CannotRun):
    """The web app must be built and cannot be."""

    def __init__(self, version: tuple[int, ...] | None) -> None:
        has = f"is {'.'.join(map(str, version))}" if version else "is missing"
        super().__init__(f"The web app cannot be built: Node {has}, and 20.19 or newer is needed.")


@dataclass(frozen=True)
class WebApp:
    """The folder web/ of a checkout."""

    folder: Path

    def built(self) -> Path | None:
        """The folder to serve, if there is one."""
        return self._output if (self._output / "index.html").exists() else None

    @property
    def _output(self) -> Path:
        return self.folder / "dist"

    @property
    def _modules(self) -> Path:
        return self.folder / "node_modules"

    async def build(self, logs: Path, tell: Callable[[Notice], None]) -> None:
        """Install packages and build, each only if something it reads changed.

        Raises NodeMissing, and JobFailed with the last lines of npm or of the build.
        """
        sources = self.fingerprint()
        if self.built() and _read(self._modules / ".aether-sources") == sources:
            return
        version = node_version()
        if version is None or version < OLDEST_NODE:
            raise NodeMissing(version)
        if not self._packages_installed():
            await self._npm("ci", "--no-audit", "--no-fund", logs=logs, tell=tell)
            (self._modules / ".aether-lock").write_text(self._lock())
        await self._npm("run", "build", logs=logs, tell=tell)
        (self._modules / ".aether-sources").write_text(sources)

    async def _npm(self, *words: str, logs: Path, tell: Callable[[Notice], None]) -> None:
        command = ["npm", *words]
        await run_job(f"npm-{words[0]}", command, os.environ, logs=logs, tell=tell, cwd=self.folder)

    def _packages_installed(self) -> bool:
        """Whether what the lock names is there; npm leaves a lock of its own beside what it installed."""
        if _read(self._modules / ".aether-lock") == self._lock():
            return True
        installed, wanted = self._modules / ".package-lock.json", self.folder / "package-lock.json"
        return installed.exists() and installed.stat().st_mtime > wanted.stat().st_mtime

    def _lock(self) -> str:
        return hashlib.sha256((self.folder / "package-lock.json").read_bytes()).hexdigest()

    def fingerprint(self) -> str:
        """A hash of the names and contents of everything the build reads."""
        digest = hashlib.sha256()
        for path in sorted(self._sources()):
            digest.update(os.fsencode(path.relative_to(self.folder)) + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def _sources(self) -> Iterator[Path]:
        for folder, folders, files in os.walk(self.folder):
            folders[:] = [name for name in folders if name not in NOT_SOURCES]
            yield from (Path(folder, name) for name in files)


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def web_app_of_checkout() -> WebApp | None:
    """The web app beside this command's own sources; None where the command was installed without them."""
    folder = Path(__file__).resolve().parents[5] / "web"
    return WebApp(folder) if (folder / "package-lock.json").exists() else None
