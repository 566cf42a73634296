"""aether doctor says what there is, and what the absence of the rest changes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aether.cli.doctor import examine
from aether.cli.main import app


def test_doctor_looks_for_everything_aether_can_use() -> None:
    result = CliRunner().invoke(app, ["doctor", "--json"])
    assert result.exit_code == 0
    names = {finding["name"] for finding in json.loads(result.stdout)}
    assert names == {"python", "node", "sshd", "tmux", "bubblewrap", "git", "docker", "chromium"}


def test_what_is_absent_says_what_that_changes_and_what_is_there_says_nothing() -> None:
    assert all(bool(finding.changes) != finding.found for finding in examine())


def test_a_bare_host_is_told_what_it_goes_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("aether.cli.doctor.ADMINISTRATORS", str(tmp_path))
    missing = {finding.name: finding.changes for finding in examine() if not finding.found}
    assert set(missing) == {"node", "sshd", "tmux", "bubblewrap", "git", "docker", "chromium"}
    assert missing["tmux"] == "Shells do not outlive a restart of the terminal service; with tmux they do."


def test_a_sandbox_the_host_forbids_counts_as_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bwrap = tmp_path / "bwrap"
    bwrap.write_text("#!/bin/sh\nexit 1\n")
    bwrap.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    finding = next(finding for finding in examine() if finding.name == "bubblewrap")
    assert not finding.found
    assert finding.detail == "installed, but this host does not let it make a sandbox"
