"""The Python, packages and sources a dropped uid runs: where they are, or copies it can reach."""

import compileall
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from aether.cli.embedded.identities import Identity
from aether.cli.embedded.reach import mirror, reachable
from aether.cli.errors import CannotRun


class RuntimeUnreachable(CannotRun):
    """Even the copy does not run under the dropped uid."""

    def __init__(self, python: Path, said: str) -> None:
        super().__init__(
            f"As root, aether runs its services as other users, and {python} does not start for them: "
            f"{said.strip()}. Install Python for everybody (for instance from the system's packages), "
            "or run aether as an ordinary user."
        )


@dataclass(frozen=True)
class Runtime:
    """How to run Python with the packages of this aether."""

    python: Path
    libraries: Path | None = None  # where a shared libpython lies, if it was copied

    def environment(self) -> dict[str, str]:
        """What a process needs in its environment for this to work."""
        return {"LD_LIBRARY_PATH": str(self.libraries)} if self.libraries else {}


def own_runtime() -> Runtime:
    """The Python that runs now."""
    return Runtime(Path(sys.executable))


def runtime_for(identity: Identity, copies: Path) -> Runtime:
    """The Python that runs now if `identity` reaches it and all it imports, else a copy under `copies`.

    Only what is out of reach is copied, as hard links where it can be, and again when it changed.
    """
    if not identity.drops:
        return own_runtime()
    packages = Path(sysconfig.get_path("purelib"))
    sources = _editable_sources(packages)
    if not all(reachable(path) for path in (packages, packages / "pydantic", *sources)):
        return _copied(copies, packages, sources, identity)
    _compile(sources)
    if reachable(_base_python()):
        return own_runtime()
    return _copied(copies, packages, None, identity)


def _base_python() -> Path:
    return Path(sys.executable).resolve()


def _editable_sources(packages: Path) -> list[Path]:
    """The folders of this workspace that are imported from where they are."""
    lines = (line for path in packages.glob("aether_*.pth") for line in path.read_text().splitlines())
    return sorted({Path(line.strip()) for line in lines if line.strip()})


def _compile(sources: list[Path]) -> None:
    # A dropped uid cannot write compiled files beside root's sources, and would compile at each start.
    for source in sources:
        compileall.compile_dir(source, quiet=2)


def _copied(copies: Path, packages: Path, sources: list[Path] | None, identity: Identity) -> Runtime:
    """A Python of our own; with `sources`, its packages and those too, else it uses them where they are."""
    base, venv = copies / "python", copies / "venv"
    stamp = _stamp(packages, linked=sources is None)
    fresh = stamp != _read_stamp(copies)
    if fresh:
        (copies / "stamp.json").unlink(missing_ok=True)
        _copy_base(base)
        _make_venv(venv, base, packages, linked=sources is None)
    if sources is not None:
        _copy_sources(copies, venv / packages.relative_to(sys.prefix), sources)
    shared = list((base / "lib").glob("libpython*.so*"))
    runtime = Runtime(venv / "bin" / "python", libraries=base / "lib" if shared else None)
    if fresh:
        _try(runtime, identity)
        (copies / "stamp.json").write_text(json.dumps(stamp))
    return runtime


def _stamp(packages: Path, *, linked: bool) -> list[object]:
    python = _base_python()
    return [str(python), python.stat().st_mtime_ns, str(packages), packages.stat().st_mtime_ns, linked]


def _read_stamp(copies: Path) -> list[object] | None:
    path = copies / "stamp.json"
    return json.loads(path.read_text()) if path.exists() else None


def _copy_base(target: Path) -> None:
    source = Path(sys.base_prefix)
    standard = f"python{sys.version_info.major}.{sys.version_info.minor}"
    shutil.rmtree(target, ignore_errors=True)
    for folder in ("bin", "lib"):
        (target / folder).mkdir(parents=True)
    mirror(source / "lib" / standard, target / "lib" / standard, leave_out=("site-packages", "test"))
    for library in (source / "lib").glob("libpython*.so*"):
        shutil.copy2(library, target / "lib" / library.name)
    python = target / "bin" / "python3"
    shutil.copy2(_base_python(), python)
    python.chmod(0o755)


def _make_venv(target: Path, base: Path, packages: Path, *, linked: bool) -> None:
    shutil.rmtree(target, ignore_errors=True)
    copy = target / packages.relative_to(sys.prefix)
    copy.parent.mkdir(parents=True)
    if linked:
        copy.symlink_to(packages)
    else:
        mirror(packages, copy)
    (target / "bin").mkdir()
    (target / "bin" / "python").symlink_to(base / "bin" / "python3")
    (target / "pyvenv.cfg").write_text(f"home = {base / 'bin'}\ninclude-system-site-packages = false\n")


def _copy_sources(copies: Path, packages: Path, sources: list[Path]) -> None:
    """Copy the sources anew, for they change between two starts, and have the copied packages name them."""
    folders = [copies / f"source-{number}" for number in range(len(sources))]
    for source, folder in zip(sources, folders, strict=True):
        mirror(source, folder)
    _compile(folders)
    for path in packages.glob("aether_*.pth"):
        path.unlink()  # it may be a hard link to the original, so it is never written through
    (packages / "aether_sources.pth").write_text("".join(f"{folder}\n" for folder in folders))


def _try(runtime: Runtime, identity: Identity) -> None:
    done = subprocess.run(
        [str(runtime.python), "-c", "import ssl, pydantic_core, aether.contracts"],
        cwd="/",
        env={"PATH": os.defpath, **runtime.environment()},
        capture_output=True,
        text=True,
        check=False,
        **identity.process(),
    )
    if done.returncode != 0:
        raise RuntimeUnreachable(_base_python(), done.stderr)
