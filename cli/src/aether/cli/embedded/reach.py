"""What a dropped uid can read, and a readable copy of what it cannot.

Run as root, the checkout or Python itself may lie in a folder of mode 0700, such as root's own home.
"""

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

ANYBODY_READS = stat.S_IROTH
ANYBODY_ENTERS = stat.S_IROTH | stat.S_IXOTH


def reachable(path: Path) -> bool:
    """Whether any uid can walk to `path` and read it, judged by modes. `path` must exist."""
    real = path.resolve()
    needed = ANYBODY_ENTERS if real.is_dir() else ANYBODY_READS
    if real.stat().st_mode & needed != needed:
        return False
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in real.parents)


def mirror(source: Path, target: Path, *, leave_out: Sequence[str] = ()) -> None:
    """Make `target` a readable copy of the tree `source`, by hard links where the file allows it.

    Files and folders with a name in `leave_out` are not copied.

    What `target` held is replaced, and only once the new copy is whole.
    """
    fresh = target.with_name(f"{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(
        source,
        fresh,
        symlinks=True,
        copy_function=_link_or_copy,
        ignore=shutil.ignore_patterns(*leave_out),
    )
    for folder, _, _ in os.walk(fresh):
        Path(folder).chmod(0o755)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)


def _link_or_copy(source: str, target: str) -> str:
    if Path(source).stat(follow_symlinks=False).st_mode & ANYBODY_READS:
        try:
            os.link(source, target, follow_symlinks=False)
        except OSError:  # another file system, or one without links
            pass
        else:
            return target
    shutil.copy2(source, target, follow_symlinks=False)
    if not Path(target).is_symlink():
        mode = Path(target).stat().st_mode
        Path(target).chmod(0o755 if mode & stat.S_IXUSR else 0o644)
    return target
