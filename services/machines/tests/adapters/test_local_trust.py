"""Who enters a local machine: only a certificate of the right authority, for this very machine."""

from pathlib import Path

import asyncssh
import pytest

from aether.contracts.ids import new_id

from .conftest import Lab, new_key


async def test_a_certificate_for_another_machine_is_refused(lab: Lab) -> None:
    machine = await lab.started()

    with pytest.raises(asyncssh.PermissionDenied):
        async with lab.entered(machine, certificate=lab.certificate(new_id())):
            pass


async def test_a_certificate_for_the_user_name_alone_is_refused(lab: Lab) -> None:
    machine = await lab.started()

    with pytest.raises(asyncssh.PermissionDenied):
        async with lab.entered(machine, certificate=lab.certificate(machine.username)):
            pass


async def test_a_certificate_of_another_authority_is_refused(lab: Lab) -> None:
    machine = await lab.started()

    with pytest.raises(asyncssh.PermissionDenied):
        async with lab.entered(machine, certificate=lab.certificate(machine.machine_id, new_key())):
            pass


async def test_a_certificate_past_its_time_is_refused(lab: Lab) -> None:
    machine = await lab.started()
    late = lab.authority.generate_user_certificate(
        lab.person_key, "late", principals=[str(machine.machine_id)], valid_after="-2h", valid_before="-1h"
    )

    with pytest.raises(asyncssh.PermissionDenied):
        async with lab.entered(machine, certificate=late):
            pass


async def test_a_bare_key_and_the_authoritys_own_key_are_refused(lab: Lab) -> None:
    machine = await lab.started()

    for key in (lab.person_key, lab.authority):
        with pytest.raises(asyncssh.PermissionDenied):
            await asyncssh.connect(
                machine.host,
                machine.port,
                username=machine.username,
                client_keys=[key],
                known_hosts=([lab.host_key.convert_to_public()], [], []),
                agent_path=None,
                config=None,
            )


@pytest.mark.parametrize("username", ["root", "nobody", "someone"])
async def test_another_user_name_is_refused(lab: Lab, username: str) -> None:
    machine = await lab.started()

    with pytest.raises(asyncssh.PermissionDenied):
        async with lab.entered(machine, username=username):
            pass


async def test_a_swapped_host_key_is_refused(lab: Lab) -> None:
    machine = await lab.started()

    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        async with lab.entered(machine, host_key=new_key()):
            pass


@pytest.mark.parametrize(
    "weak",
    [
        {"encryption_algs": ["aes128-cbc"]},
        {"encryption_algs": ["3des-cbc"]},
        {"encryption_algs": ["aes256-ctr"]},
        {"mac_algs": ["hmac-sha1"], "encryption_algs": ["aes128-ctr"]},
        {"kex_algs": ["diffie-hellman-group14-sha1"]},
        {"kex_algs": ["diffie-hellman-group1-sha1"]},
        {"kex_algs": ["diffie-hellman-group-exchange-sha256"]},
        {"server_host_key_algs": ["ssh-rsa"]},
        {"server_host_key_algs": ["ecdsa-sha2-nistp256"]},
    ],
)
async def test_weak_algorithms_are_refused(lab: Lab, weak: dict[str, list[str]]) -> None:
    machine = await lab.started()

    # sshd may hang up before what was sent to it is read.
    with pytest.raises((asyncssh.KeyExchangeFailed, asyncssh.ConnectionLost, ConnectionResetError)):
        await asyncssh.connect(
            machine.host,
            machine.port,
            username=machine.username,
            client_keys=[(lab.person_key, lab.certificate(machine.machine_id))],
            known_hosts=([lab.host_key.convert_to_public()], [], []),
            agent_path=None,
            config=None,
            **weak,
        )


async def test_neither_the_host_key_nor_the_environment_is_in_any_command_line(lab: Lab) -> None:
    machine = await lab.started(env={"AETHER_CANARY": "canary-7f3a"})
    secret = lab.host_key.export_private_key("openssh").decode().splitlines()[1]

    for process in lab.processes_of(machine):
        line = Path(f"/proc/{process.pid}/cmdline").read_text()
        assert secret not in line
        assert "canary-7f3a" not in line
