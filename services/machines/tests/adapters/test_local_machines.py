"""The life of local machines: started once, found again, ended wholly, whatever dies in between."""

import asyncio
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from aether.contracts.ids import MachineId, OperationId, ProjectId, new_id
from aether.machines.adapters.local import LocalProvider, processes
from aether.machines.adapters.local.host import look
from aether.machines.adapters.local.provider import keeper_of
from aether.machines.provider import Limits, MachineStatus, Observed, ProviderRefused
from aether.testkit.eventually import eventually

from .conftest import Lab, again

STARTER = """
import asyncio, os, pickle, signal, sys
from pathlib import Path
from aether.machines.adapters.local import LocalProvider

spec = pickle.load(sys.stdin.buffer)
asyncio.run(LocalProvider(Path(sys.argv[1]), sandbox=sys.argv[2] == "True").start(spec))
os.kill(os.getpid(), signal.SIGKILL)
"""


def record_of(lab: Lab, machine: MachineStatus) -> Path:
    return lab.home / "machines" / f"{machine.machine_id}.json"


def leader_of(lab: Lab, machine: MachineStatus) -> int:
    pid: int = json.loads(record_of(lab, machine).read_text())["leader"]["pid"]
    return pid


async def test_a_started_machine_is_seen_running_with_its_address(lab: Lab) -> None:
    before = datetime.now(UTC)
    spec = await lab.spec()

    machine = await lab.provider.start(spec)

    assert machine.observed is Observed.RUNNING
    assert (machine.machine_id, machine.generation, machine.host) == (spec.machine_id, 1, "127.0.0.1")
    assert machine.started_at is not None
    assert before <= machine.started_at <= datetime.now(UTC)
    assert machine.tmux == look().tmux
    assert await lab.provider.inspect(spec.machine_id) == machine
    assert await lab.provider.list() == [machine]


async def test_a_machine_nobody_started_is_gone(lab: Lab) -> None:
    nobody = MachineId(new_id())

    assert (await lab.provider.inspect(nobody)).observed is Observed.GONE
    assert (await lab.provider.stop(nobody)).observed is Observed.GONE
    assert await lab.provider.list() == []


async def test_the_same_operation_again_answers_the_same_machine(lab: Lab) -> None:
    spec = await lab.spec()

    first, second = await lab.provider.start(spec), await lab.provider.start(spec)

    assert first == second


async def test_many_starts_of_one_operation_at_once_make_one_machine(lab: Lab) -> None:
    spec = await lab.spec()

    machines = await asyncio.gather(*(lab.provider.start(spec) for _ in range(8)))

    assert len(set(machines)) == 1
    assert len(await lab.provider.list()) == 1


async def test_two_services_that_start_at_once_make_one_machine(lab: Lab) -> None:
    other = LocalProvider(lab.home, sandbox=lab.sandboxed)
    spec = await lab.spec()

    machines = await asyncio.gather(lab.provider.start(spec), other.start(spec))

    assert machines[0] == machines[1]
    other.close()


async def test_many_machines_start_at_once(lab: Lab) -> None:
    specs = await asyncio.gather(*(lab.spec() for _ in range(6)))

    machines = await asyncio.gather(*(lab.provider.start(spec) for spec in specs))

    assert len({machine.port for machine in machines}) == 6
    assert await asyncio.gather(*(lab.says(machine, "echo $AETHER_MACHINE_ID") for machine in machines)) == [
        str(machine.machine_id) for machine in machines
    ]


async def test_a_newer_generation_ends_the_older_and_an_older_is_refused(lab: Lab) -> None:
    old = await lab.spec()
    new = again(old, machine_id=MachineId(new_id()))
    first = await lab.provider.start(old)

    second = await lab.provider.start(new)

    assert not lab.processes_of(first)
    assert (await lab.provider.inspect(old.machine_id)).observed is Observed.GONE
    assert second.generation == 2
    with pytest.raises(ProviderRefused):
        await lab.provider.start(old)
    await lab.provider.stop(old.machine_id)
    assert (await lab.provider.inspect(new.machine_id)).observed is Observed.RUNNING


async def test_files_outlive_the_machine(lab: Lab) -> None:
    spec = await lab.spec()
    machine = await lab.provider.start(spec)
    await lab.says(machine, "echo kept > workspace/file; rm -rf .bashrc")

    await lab.provider.stop(spec.machine_id)
    machine = await lab.provider.start(again(spec))

    assert await lab.says(machine, "cat workspace/file; ls -A") == "kept\n.profile\nworkspace"


async def test_stop_leaves_no_process_and_remembers_when(lab: Lab) -> None:
    machine = await lab.started()
    await lab.says(
        machine, "tmux -L aether new-session -d 'sleep 1000'; setsid -f sleep 1000 >/dev/null 2>&1 </dev/null"
    )
    assert len(lab.processes_of(machine)) >= 2
    before = datetime.now(UTC)

    stopped = await lab.provider.stop(machine.machine_id)

    assert not lab.processes_of(machine)
    assert stopped.observed is Observed.GONE
    assert stopped.stopped_at is not None
    assert before <= stopped.stopped_at <= datetime.now(UTC)
    assert await lab.provider.stop(machine.machine_id) == stopped
    assert await lab.provider.inspect(machine.machine_id) == stopped
    assert not (lab.home / "machines" / str(machine.machine_id)).exists()
    assert not list(Path("/tmp").glob(f"aether-{machine.machine_id.hex}"))


async def test_what_does_not_listen_to_term_is_killed(lab: Lab) -> None:
    machine = await lab.started()
    await lab.says(
        machine, "setsid -f sh -c \"trap '' TERM HUP; while :; do sleep 0.1; done\" >/dev/null 2>&1 </dev/null"
    )
    assert len(lab.processes_of(machine)) >= 2

    keeper_of(lab.home, look(), lab.sandboxed).stop(machine.machine_id, grace=0.2)

    assert not lab.processes_of(machine)


async def test_a_killed_machine_is_gone_with_the_last_moment_it_was_seen(lab: Lab) -> None:
    machine = await lab.started()
    seen = await lab.provider.inspect(machine.machine_id)
    assert seen.observed is Observed.RUNNING
    before = datetime.now(UTC)
    leader = psutil.Process(leader_of(lab, machine))
    leader.kill()

    async def is_gone() -> bool:
        return (await lab.provider.inspect(machine.machine_id)).observed is Observed.GONE

    # It ends after all that it had begun: until then it is its server that seems to have ended.
    await eventually(lambda: not leader.is_running() or leader.status() == psutil.STATUS_ZOMBIE)
    await eventually(is_gone)
    gone = await lab.provider.inspect(machine.machine_id)
    assert gone.stopped_at is not None
    assert machine.started_at is not None
    assert machine.started_at <= gone.stopped_at
    assert gone.reason == "The machine ended by itself."
    assert await lab.provider.inspect(machine.machine_id) == gone
    assert not lab.processes_of(machine)
    assert before <= datetime.now(UTC)


async def test_a_machine_that_died_is_started_anew_by_the_same_operation(lab: Lab) -> None:
    spec = await lab.spec()
    machine = await lab.provider.start(spec)
    os.kill(leader_of(lab, machine), signal.SIGKILL)
    await eventually(lambda: leader_of(lab, machine) not in {one.process.pid for one in processes.everyone()})

    anew = await lab.provider.start(spec)

    assert anew.observed is Observed.RUNNING
    assert await lab.says(anew, "echo here") == "here"


async def test_a_machine_without_its_ssh_server_is_gone(lab: Lab) -> None:
    machine = await lab.started()
    if not lab.sandboxed:
        return  # there the server is the leader
    async with lab.entered(machine) as connection:
        await connection.run("setsid -f sleep 1000 >/dev/null 2>&1 </dev/null; pkill -KILL sshd")

    async def is_gone() -> bool:
        return (await lab.provider.inspect(machine.machine_id)).observed is Observed.GONE

    await eventually(is_gone)
    assert not lab.processes_of(machine)


async def test_a_machine_survives_the_death_of_the_service_that_started_it(lab: Lab) -> None:
    spec = await lab.spec()
    starter = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        STARTER,
        str(lab.home),
        str(lab.sandboxed),
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    await starter.communicate(pickle.dumps(spec))
    assert starter.returncode == -signal.SIGKILL

    machine = await lab.provider.inspect(spec.machine_id)

    assert machine.observed is Observed.RUNNING
    assert await lab.says(machine, "echo here") == "here"
    assert await lab.provider.start(spec) == machine


async def test_a_start_that_was_cut_off_leaves_no_orphan(lab: Lab) -> None:
    machine = await lab.started()
    record = json.loads(record_of(lab, machine).read_text())
    record_of(lab, machine).write_text(json.dumps({**record, "leader": None, "port": 0, "started_at": ""}))

    gone = await lab.provider.inspect(machine.machine_id)

    assert gone.observed is Observed.GONE
    assert gone.reason == "Its start was interrupted."
    assert not lab.processes_of(machine)


async def test_a_double_without_a_record_is_ended_by_a_look_at_all(lab: Lab) -> None:
    machine = await lab.started()
    record_of(lab, machine).unlink()

    assert await lab.provider.list() == []
    await eventually(lambda: not lab.processes_of(machine))


async def test_a_pid_that_was_given_out_again_is_not_taken_for_the_machine(lab: Lab) -> None:
    machine = await lab.started()
    record = json.loads(record_of(lab, machine).read_text())
    await lab.provider.stop(machine.machine_id)
    bystander = await asyncio.create_subprocess_exec("sleep", "1000")
    reused = {**record, "leader": {"pid": bystander.pid, "start_time": 1}, "stopped_at": ""}
    record_of(lab, machine).write_text(json.dumps(reused))

    assert (await lab.provider.inspect(machine.machine_id)).observed is Observed.GONE
    assert bystander.returncode is None
    bystander.kill()
    await bystander.wait()


async def test_a_project_without_its_volume_is_refused_in_a_sentence(lab: Lab) -> None:
    spec = await lab.spec()
    await lab.provider.destroy_volume(spec.volume)

    with pytest.raises(ProviderRefused, match="files are not on this computer"):
        await lab.provider.start(spec)
    with pytest.raises(ProviderRefused):
        await lab.provider.start(replace(spec, volume="../../etc"))
    assert await lab.provider.list() == []


async def test_a_volume_is_destroyed_with_its_running_machine(lab: Lab) -> None:
    spec = await lab.spec()
    machine = await lab.provider.start(spec)
    await lab.says(
        machine, "mkdir -p locked/deep && touch locked/deep/file && chmod -R a-w locked && ln -s /etc e"
    )

    await lab.provider.destroy_volume(spec.volume)
    await lab.provider.destroy_volume(spec.volume)

    assert not lab.processes_of(machine)
    assert list((lab.home / "volumes").iterdir()) == []
    assert Path("/etc/passwd").exists()
    assert (await lab.provider.inspect(spec.machine_id)).observed is Observed.GONE


async def test_a_volume_is_made_once(lab: Lab) -> None:
    project = ProjectId(new_id())

    names = await asyncio.gather(
        *(lab.provider.create_volume(project, OperationId(new_id()), Limits()) for _ in range(5))
    )

    assert len(set(names)) == 1
    folder = lab.home / "volumes" / names[0]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder.stat().st_uid == 0) is False


async def test_all_machines_of_a_home_end_at_once(lab: Lab) -> None:
    machines = [await lab.started() for _ in range(3)]
    await lab.says(machines[0], "setsid -f sh -c \"trap '' TERM HUP; sleep 1000\" >/dev/null 2>&1 </dev/null")
    began = time.monotonic()

    ender = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "aether.machines.adapters.local", "--end-all"),
        env={**os.environ, "AETHER_HOME": str(lab.home)},
    )

    assert await ender.wait() == 0
    assert time.monotonic() - began < 10  # three seconds on a computer that does nothing else
    assert not any(lab.processes_of(machine) for machine in machines)
    assert {machine.observed for machine in await lab.provider.list()} == {Observed.GONE}
