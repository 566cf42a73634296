"""What the local provider makes of this computer: its uids, its refusals, its way of deleting."""

import errno
import os
from pathlib import Path

import pytest

from aether.contracts.ids import ProjectId, new_id
from aether.machines.adapters.local import cgroups, volumes
from aether.machines.adapters.local.host import Host, look
from aether.machines.adapters.local.keeper import refusals
from aether.machines.adapters.local.provider import keeper_of
from aether.machines.adapters.local.records import Records
from aether.machines.adapters.local.uids import Owner, Uids
from aether.machines.provider import Limits, ProviderRefused, ProviderUnavailable


def records(home: Path) -> Records:
    (home / "machines").mkdir(exist_ok=True)
    return Records(home / "machines")


def test_every_project_has_a_uid_of_its_own_that_a_restart_remembers(home: Path) -> None:
    uids, projects = Uids(records(home)), [ProjectId(new_id()) for _ in range(20)]

    owners = [uids.owner(project) for project in projects]

    if os.geteuid() == 0:
        assert len(set(owners)) == 20
        assert all(owner.uid >= 10_000 and owner.gid == owner.uid for owner in owners)
    else:
        assert set(owners) == {Owner(os.geteuid(), os.getegid())}
    assert [Uids(records(home)).owner(project) for project in projects] == owners


def test_a_released_uid_is_not_the_next_ones(home: Path) -> None:
    uids, gone, fresh = Uids(records(home)), ProjectId(new_id()), ProjectId(new_id())
    old = uids.owner(gone)

    uids.release(gone)

    assert uids.owner(fresh) != old or os.geteuid() != 0


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_refused_in_a_sentence(number: int) -> None:
    with pytest.raises(ProviderRefused, match="disk of this computer is full"), refusals():
        raise OSError(number, os.strerror(number))


def test_another_trouble_of_the_computer_may_pass() -> None:
    with pytest.raises(ProviderUnavailable), refusals():
        raise OSError(errno.EIO, "Input/output error")


def test_removing_a_tree_follows_no_link_and_knows_no_depth(home: Path) -> None:
    outside, tree = home / "outside", home / "tree"
    outside.mkdir()
    (outside / "kept").touch()
    tree.mkdir()
    (tree / "link").symlink_to(outside)
    here = os.getcwd()  # noqa: PTH109  chdir by steps, for the path gets longer than a path may be
    os.chdir(tree)
    for _ in range(1500):
        os.mkdir("deeper")  # noqa: PTH102
        os.chdir("deeper")
    os.chdir(here)

    volumes.remove(tree)

    assert not tree.exists()
    assert (outside / "kept").exists()


def test_a_host_without_a_sandbox_refuses_to_promise_one(home: Path) -> None:
    bare = Host(**{**vars(look()), "sandbox": False})

    with pytest.raises(ProviderRefused):
        keeper_of(home, bare, sandbox=True)
    keeper_of(home, bare, sandbox=None)


def test_looking_at_the_host_is_remembered() -> None:
    assert look() is look()


def test_limits_go_to_the_nearest_group_that_hands_them_on(tmp_path: Path) -> None:
    mine = tmp_path / "user.slice/user-1000.slice/session-1.scope"
    mine.mkdir(parents=True)
    for group, handed in ((mine, ""), (mine.parent, "cpu memory pids"), (tmp_path, "cpu memory pids")):
        (group / "cgroup.subtree_control").write_text(handed)

    parent = cgroups.find_parent(tmp_path, "1:name=systemd:/x\n0::/user.slice/user-1000.slice/session-1.scope\n")

    assert parent == mine.parent
    assert cgroups.find_parent(tmp_path, "4:memory:/old\n") is None


def test_a_group_holds_memory_processor_and_processes(tmp_path: Path) -> None:
    group = tmp_path / "aether-machine"

    assert cgroups.enclose(group, 4711, Limits(memory_mb=512, pids=100, cpus=1.5))

    written = {path.name: path.read_text() for path in group.iterdir()}
    assert written == {
        "memory.max": str(512 << 20),
        "pids.max": "100",
        "cpu.max": "150000 100000",
        "cgroup.procs": "4711",
    }


def test_a_host_without_control_groups_starts_machines_all_the_same(tmp_path: Path) -> None:
    assert not cgroups.enclose(tmp_path / "missing" / "group", 4711, Limits())
