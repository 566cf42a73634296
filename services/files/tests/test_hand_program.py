"""The program can be sent, begins with any Python from 3.8, and ends when nobody is there any more."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aether.files.adapters.hand import payload
from aether.files.adapters.hand.program.frames import frame
from aether.testkit.eventually import eventually

from .hand_place import ANY, direct

SOURCES = sorted(payload.FOLDER.glob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_it_is_written_for_python_3_8(source: Path) -> None:
    tree = ast.parse(source.read_text(), feature_version=(3, 8))
    imported = {
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    foreign = {name for name in imported if name.split(".")[0] not in {*sys.stdlib_module_names, "aether"}}
    assert not foreign
    assert all(name.startswith(payload.PACKAGE) for name in imported if name.startswith("aether"))


def test_every_module_is_sent_after_those_that_it_imports() -> None:
    assert {path.stem for path in SOURCES} - {"__init__", "begin"} == set(payload.MODULES)
    for place, name in enumerate(payload.MODULES):
        text = (payload.FOLDER / f"{name}.py").read_text()
        assert not [later for later in payload.MODULES[place + 1 :] if f"program.{later} import" in text]


def test_its_beginning_fits_between_single_quotes() -> None:
    assert "'" not in payload.BEGINNING


def test_nothing_of_it_is_written_to_the_disk(tmp_path: Path) -> None:
    with direct(tmp_path) as hand:
        hand.ask("list", path="/")
        assert list(tmp_path.iterdir()) == [tmp_path / ".aether", tmp_path / "workspace"] or set(
            tmp_path.iterdir()
        ) == {tmp_path / ".aether", tmp_path / "workspace"}
        assert list((tmp_path / ".aether").rglob("*")) == [tmp_path / ".aether/staging"]


def test_an_older_python_is_told_by_its_exit_code() -> None:
    old = "import sys; sys.version_info = (3, 7, 0); exec(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", old, payload.BEGINNING], input=b"", check=False)
    assert done.returncode in payload.NO_PYTHON


def test_a_request_that_makes_no_sense_ends_no_other(tmp_path: Path) -> None:
    with direct(tmp_path) as hand:
        assert hand.ask("nothing")[0]["refused"] == "machine-failed"
        assert hand.ask("open")[0]["refused"] == "machine-failed"
        assert hand.ask("open", path="/\0")[0]["refused"] == "invalid"
        assert hand.ask("open", path="/../x")[0]["refused"] == "invalid"
        assert hand.ask("upload_size", upload="../x")[0]["refused"] == "invalid"
        assert hand.ask("list", path="/")[0]["said"] == []


async def test_at_the_end_of_its_input_it_ends_what_runs(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    programs = tmp_path / "bin"
    programs.mkdir()
    # A ripgrep that goes on for ever, so that only being ended ends it.
    (programs / "rg").write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    (programs / "rg").chmod(0o755)
    with direct(tmp_path, env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}) as hand:
        hand.send(frame({"id": 1, "do": "names", "query": "", "limit": 10, "hidden": False}))
        await eventually(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
        pid = int((tmp_path / "pid").read_text())
        assert Path(f"/proc/{pid}").exists()
        assert hand.end() == 0
    await eventually(lambda: not Path(f"/proc/{pid}").exists())


async def test_a_cancelled_request_has_its_program_ended(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "rg").write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    (programs / "rg").chmod(0o755)
    with direct(tmp_path, env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}) as hand:
        hand.send(frame({"id": 7, "do": "names", "query": "", "limit": 10, "hidden": False}))
        await eventually(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
        hand.send(frame({"cancel": 7}))
        assert hand.heard()[0]["id"] == 7
        assert hand.ask("write", b"x", path="/x", condition=ANY)[0]["said"][1] is True
