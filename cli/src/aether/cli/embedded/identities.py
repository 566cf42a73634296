"""Whom a part runs as: the person who typed the command, or as root a uid that owns nothing else."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Far above people's uids and below those container runtimes map, and needing no line in /etc/passwd.
FIRST_UID = 64000
GROUP = FIRST_UID  # the one group the dropped uids share, for the folder of traces


@dataclass(frozen=True)
class Identity:
    """A uid and gid; `drops` says whether a process must change to them when it starts."""

    uid: int
    gid: int
    drops: bool

    def own(self, path: Path, mode: int | None = None) -> None:
        """Give `path` (itself, not what is in it) to this identity, with `mode` if one is named."""
        if mode is not None:
            path.chmod(mode)
        if self.drops:
            os.chown(path, self.uid, self.gid)

    def own_tree(self, root: Path) -> None:
        """Give `root` and everything below it to this identity; links are given, never followed."""
        if not self.drops:
            return
        os.chown(root, self.uid, self.gid)
        for folder, folders, files in os.walk(root):
            for name in (*folders, *files):
                os.chown(Path(folder, name), self.uid, self.gid, follow_symlinks=False)

    def process(self) -> dict[str, Any]:
        """The keyword arguments that start a subprocess as this identity, with no other group."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.drops else {}


def myself() -> Identity:
    """Whoever runs this command."""
    return Identity(os.geteuid(), os.getegid(), drops=False)


def dropped(number: int) -> Identity:
    """As root the uid with this number, 1 to 99; for anybody else themselves."""
    if os.geteuid() != 0:
        return myself()
    return Identity(FIRST_UID + number, GROUP, drops=True)


def named_stranger() -> Identity:
    """A uid that is not root and has a line in /etc/passwd, which initdb insists on."""
    if os.geteuid() != 0:
        return myself()
    entries = sorted(pwd.getpwall(), key=lambda entry: entry.pw_name != "nobody")
    entry = next(entry for entry in entries if entry.pw_uid != 0)
    return Identity(entry.pw_uid, entry.pw_gid, drops=True)
