"""git as it is in a machine, with helpers of the person's own beside the machine's."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aether.contracts.ids import MachineId, new_id
from aether.machines.domain.environment import machine_env
from aether.testkit.git import GitServer, serving
from aether.testkit.host import require_host

LENT, OWN = "ghs_lent", "ghp_my_own"
# What the machine's program does, with an answer or without.
PROGRAM = """\
#!/bin/sh
[ "$1 $2" = "git-credential get" ] || exit 1
cat >/dev/null
[ -z "{answer}" ] || printf 'username=x-access-token\\npassword=%s\\n' "{answer}"
"""


@dataclass
class Home:
    """A person's home in a machine, with a helper of theirs that keeps what has worked in a file."""

    folder: Path
    env: dict[str, str]

    @property
    def kept(self) -> Path:
        return self.folder / ".git-credentials"

    def lend(self, answer: str) -> None:
        program = self.folder / ".aether" / "bin" / "aether"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(PROGRAM.format(answer=answer))
        program.chmod(0o755)

    def git(self, *arguments: str, given: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**self.env, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", **env},
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    require_host("git")
    folder = tmp_path / "server"
    folder.mkdir()
    with serving(folder) as running:
        running.create("demo", {"a.txt": "1\n"})
        yield running


@pytest.fixture
def home(tmp_path: Path, server: GitServer) -> Iterator[Home]:
    env = machine_env(MachineId(new_id()), f"{server.url}/")
    folder = tmp_path / "home"
    folder.mkdir()
    place = Path(env["AETHER_SOCKET"])
    place.parent.mkdir(mode=0o700)
    (folder / ".gitconfig").write_text("[credential]\n\thelper = store\n")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        yield Home(folder, {"PATH": os.environ["PATH"], "HOME": str(folder), **env})
    shutil.rmtree(place.parent)


def test_a_lent_token_that_has_worked_is_written_into_no_file(home: Home, server: GitServer) -> None:
    home.lend(LENT)
    server.close("demo", "x-access-token", LENT)
    done = home.git("clone", "-q", f"{server.url}/demo.git", "work")
    assert done.returncode == 0, done.stderr
    assert not home.kept.exists()
    held = b"".join(path.read_bytes() for path in (home.folder / "work").rglob("*") if path.is_file())
    assert LENT.encode() not in held


def test_a_token_that_was_kept_before_is_not_shown_in_place_of_the_lent_one(home: Home, server: GitServer) -> None:
    home.lend(LENT)
    server.close("demo", "x-access-token", LENT)
    home.kept.write_text(f"{server.url.replace('://', '://x-access-token:ghs_dead@')}\n")
    done = home.git("clone", "-q", f"{server.url}/demo.git", "work")
    assert done.returncode == 0, done.stderr


def test_where_nothing_is_lent_the_persons_own_helper_has_the_word_and_keeps_what_is_theirs(
    home: Home, server: GitServer
) -> None:
    home.lend("")
    server.close("demo", "ada", OWN)
    typed = f"protocol=http\nhost={server.url.removeprefix('http://')}\nusername=ada\npassword={OWN}\n"
    home.git("credential", "approve", given=typed)
    assert f"ada:{OWN}@" in home.kept.read_text()
    done = home.git("clone", "-q", f"{server.url}/demo.git", "work")
    assert done.returncode == 0, done.stderr
    home.git("credential", "reject", given=typed)
    assert home.kept.read_text() == ""


def test_where_nobody_has_a_credential_git_asks_the_person_once(home: Home, server: GitServer) -> None:
    home.lend("")
    server.close("demo", "ada", OWN)
    asked = home.folder / "asked"
    askpass = home.folder / "askpass"
    askpass.write_text(f'#!/bin/sh\necho "$1" >>{asked}\ncase $1 in User*) echo ada;; *) echo {OWN};; esac\n')
    askpass.chmod(0o755)
    done = home.git("clone", "-q", f"{server.url}/demo.git", "work", GIT_ASKPASS=str(askpass))
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in asked.read_text().splitlines()] == ["Username", "Password"]


def test_other_hosts_are_the_persons_own_affair(home: Home) -> None:
    home.lend(LENT)
    home.kept.write_text(f"https://ada:{OWN}@example.com\n")
    done = home.git("credential", "fill", given="protocol=https\nhost=example.com\n\n")
    assert f"password={OWN}\n" in done.stdout
    done = home.git("credential", "fill", given="protocol=https\nhost=example.org\n\n")
    assert LENT not in done.stdout
