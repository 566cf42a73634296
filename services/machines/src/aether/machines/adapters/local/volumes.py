"""Volumes: one folder a project, `<home>/volumes/<project id>`, 0700, owned by the project's uid."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from uuid import UUID

from aether.contracts.ids import ProjectId
from aether.machines.adapters.local.host import PLACES, program
from aether.machines.adapters.local.uids import Owner

WORKSPACE = "workspace"
PROFILE = """\
# Read by login shells.
case ":$PATH:" in
*":$HOME/.local/bin:"*) ;;
*) PATH="$HOME/.local/bin:$PATH" ;;
esac
if [ -n "$BASH_VERSION" ] && [ -r "$HOME/.bashrc" ]; then . "$HOME/.bashrc"; fi
"""
BASHRC = r"""# Read by interactive shells.
case $- in *i*) ;; *) return ;; esac
HISTFILE="$HOME/.bash_history"
HISTCONTROL=ignoreboth
HISTSIZE=10000
HISTFILESIZE=100000
shopt -s histappend checkwinsize
PS1='\[\e[90m\]\h\[\e[0m\] \[\e[36m\]\w\[\e[0m\] \[\e[90m\]\$\[\e[0m\] '
alias ls='ls --color=auto' ll='ls -l' grep='grep --color=auto'
"""
STARTERS = {".profile": PROFILE, ".bashrc": BASHRC}


def create(folder: Path, project_id: ProjectId, owner: Owner) -> Path:
    """The project's volume, made if it is not there. Appears whole or not at all."""
    volume = folder / str(project_id)
    if volume.is_dir():
        return volume
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    try:
        _furnish(fresh, owner)
        fresh.rename(volume)
    except BaseException:
        shutil.rmtree(fresh)
        raise
    return volume


def destroy(folder: Path, project_id: ProjectId) -> None:
    """Remove it wholly. It disappears under its name first, so nobody meets a half of it."""
    volume, doomed = folder / str(project_id), folder / f".gone-{project_id}"
    remove(doomed)
    if os.path.lexists(volume):
        volume.rename(doomed)
        remove(doomed)


def find(folder: Path, volume: str) -> Path:
    """The folder of a volume by the name that `create_volume` gave. Raises FileNotFoundError."""
    path = folder / str(UUID(volume))
    if path.is_symlink() or not path.is_dir():
        raise FileNotFoundError(path)
    return path


def make_workspace(volume: Path, owner: Owner) -> None:
    """`~/workspace` exists, if only as what the person put there."""
    path = volume / WORKSPACE
    if not os.path.lexists(path):
        path.mkdir(0o755)
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)


def used_mb(path: Path) -> int:
    """MiB on the disk, as `du` counts them."""
    done = subprocess.run(
        [program("du"), "-sxm", "--", str(path)], capture_output=True, text=True, check=False, env={"PATH": PLACES}
    )
    return int(done.stdout.split()[0]) if done.stdout else 0


def remove(path: Path) -> None:
    """Delete a tree that may be hostile: rm walks by descriptors, never through links, at any depth."""
    if not os.path.lexists(path):
        return
    if os.geteuid() != 0:  # the person's own read-only folders; root needs no permission
        _run(program("chmod"), "-R", "u+rwX", "--", str(path))
    _run(program("rm"), "-rf", "--one-file-system", "--", str(path))
    if os.path.lexists(path):
        raise OSError(f"{path.name} cannot be removed")


def _run(*words: str) -> None:
    subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False, env={"PATH": PLACES})


def _furnish(volume: Path, owner: Owner) -> None:
    (volume / WORKSPACE).mkdir(0o755)
    for name, text in STARTERS.items():
        (volume / name).write_text(text)
    for path in (*volume.iterdir(), volume):
        os.chown(path, owner.uid, owner.gid)
