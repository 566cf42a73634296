"""The start script and the end of what it started, by a real sh."""

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from aether.agents.domain.launch import Launch, Plan
from aether.agents.domain.start import kill_script, script
from aether.contracts.ids import new_id

from .conftest import TALKER

BEGUN = "\x1b]7501;phase=begun\x07"
INSTALLING = "\x1b]7501;phase=installing\x07"


def launch(folder: Path, run_id: str = "r-1") -> Launch:
    place, home = str(folder / "place"), str(folder)
    return Launch(run_id, "p", "", home, home, place, "", secret="aer_s3cret", brokers={})


def run(folder: Path, detect: str, install: str, command: str) -> subprocess.CompletedProcess[str]:
    agent = replace(TALKER, detect=detect, install=install)
    text = script(agent, launch(folder), Plan(command, {"WORD": "it's $HOME `here`"}))
    return subprocess.run(
        ["sh"], input=text, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}, check=False
    )


def test_an_agent_that_is_there_is_begun_with_its_environment(tmp_path: Path) -> None:
    done = run(tmp_path, "true", "exit 1", 'echo "$WORD $AETHER_RUN $AETHER_RUN_SECRET $PWD"; exit 5')
    assert done.stdout == f"{BEGUN}it's $HOME `here` r-1 aer_s3cret {tmp_path}\n"
    assert done.returncode == 5


def test_one_that_is_missing_is_brought_first(tmp_path: Path) -> None:
    done = run(tmp_path, f"test -e {tmp_path}/there", f"touch {tmp_path}/there; echo brought", "echo begun")
    assert done.stdout == f"{INSTALLING}Installing Talker\nbrought\n{BEGUN}begun\n"


def test_one_that_cannot_be_brought_ends_the_script_with_a_status_of_its_own(tmp_path: Path) -> None:
    done = run(tmp_path, "false", "echo no network >&2; exit 3", "echo begun")
    assert (done.returncode, "begun" in done.stdout) == (97, False)
    assert "Talker could not be installed." in done.stdout
    assert "no network" in done.stderr


@pytest.mark.parametrize("stubborn", [False, True])
def test_what_a_run_has_left_behind_is_ended_and_nothing_else(stubborn: bool) -> None:
    run_id, other = str(new_id()), str(new_id())
    ignore = "trap '' TERM; " if stubborn else ""
    command = f"{ignore}echo up; while :; do sleep 0.05; done"
    theirs, somebody = [
        subprocess.Popen(
            ["sh", "-c", command],
            env={"PATH": os.environ["PATH"], "AETHER_RUN": each},
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        for each in (run_id, other)
    ]
    try:
        for process in (theirs, somebody):
            assert process.stdout is not None
            assert process.stdout.readline() == b"up\n"
        subprocess.run(["sh"], input=kill_script(run_id), text=True, check=True, capture_output=True, timeout=60)
        ended = -signal.SIGKILL if stubborn else -signal.SIGTERM
        assert theirs.wait(10) == ended
        assert somebody.poll() is None
    finally:
        for process in (theirs, somebody):
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
