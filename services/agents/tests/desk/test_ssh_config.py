"""The printed configuration, as OpenSSH itself reads it."""

import subprocess
from pathlib import Path

import pytest

from aether.contracts.agents import GetSshConfig, SshConfigView
from aether.contracts.ids import AccountId, new_id
from aether.contracts.problem import Invalid, RefusedElsewhere
from aether.testkit.host import require_host

from .conftest import HOST_KEY, JUMP_KEY, Box


async def asked(box: Box, **more: str) -> SshConfigView:
    view: SshConfigView = await box.ask(GetSshConfig(account_id=box.account, project_id=box.project, **more))
    return view


def read(config: str, host: str, folder: Path) -> dict[str, str]:
    """What ssh makes of it for a host."""
    require_host("ssh")
    file = folder / "config"
    file.write_text(config)
    said = said_by("ssh", "-G", "-F", str(file), host)
    return dict(line.split(" ", 1) for line in said.splitlines() if " " in line)


def said_by(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


async def test_openssh_reads_the_way_through_the_jump_host(box: Box, tmp_path: Path) -> None:
    view = await asked(box)
    assert view.host == "demo.aether"
    machine = read(view.config, "demo.aether", tmp_path)
    assert machine["hostname"] == str(box.project)
    assert (machine["port"], machine["user"], machine["proxyjump"]) == ("22", "aether", "jump.demo.aether")
    assert machine["hostkeyalias"] == f"{box.project}.aether"
    jump = read(view.config, "jump.demo.aether", tmp_path)
    assert (jump["hostname"], jump["port"]) == ("ssh.example.com", "2222")
    for seen in (machine, jump):
        assert seen["stricthostkeychecking"] in ("true", "yes")
        assert seen["identitiesonly"] == "yes"
        assert seen["identityfile"] == "~/.ssh/aether"
        assert seen["userknownhostsfile"].endswith("/.ssh/aether_known_hosts")
        assert seen["forwardagent"] == "no"
        assert seen["hostkeyalgorithms"] == "ssh-ed25519"


async def test_openssh_finds_the_real_keys_under_the_names_it_looks_for(box: Box, tmp_path: Path) -> None:
    require_host("ssh-keygen")
    view = await asked(box)
    file = tmp_path / "known_hosts"
    file.write_text(view.known_hosts)
    for name, key in ((f"{box.project}.aether", HOST_KEY), ("[ssh.example.com]:2222", JUMP_KEY)):
        assert " ".join(key.split()[:2]) in said_by("ssh-keygen", "-F", name, "-f", str(file))


async def test_a_path_with_a_blank_is_quoted(box: Box, tmp_path: Path) -> None:
    view = await asked(box, identity_file="~/my keys/aether")
    assert read(view.config, view.host, tmp_path)["identityfile"] == "~/my keys/aether"


@pytest.mark.parametrize("path", ['a"b', "a\nProxyCommand touch /tmp/x", "", " ", "a\x00", "a\u2028b"])
async def test_a_path_cannot_add_settings(box: Box, path: str) -> None:
    with pytest.raises(Invalid):
        await asked(box, identity_file=path)


async def test_a_foreign_project_is_as_missing_as_none(box: Box) -> None:
    with pytest.raises(RefusedElsewhere) as refused:
        await box.ask(GetSshConfig(account_id=AccountId(new_id()), project_id=box.project))
    assert refused.value.status == 404
