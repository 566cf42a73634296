"""Keys: written, never read back, and opened only for whom they are."""

import asyncio
from typing import Any

import pytest

from aether.agents.deps.ports import VendorKey
from aether.agents.domain.keys import checked, new_key
from aether.agents.errors import KeyDoesNotOpen, NoSuchKey, NotHere, TooMany
from aether.agents.store import keys as store
from aether.contracts.agents import DeleteKey, KeyView, ListKeys, PutKey
from aether.contracts.ids import AccountId, PersonId, ProjectId, new_id
from aether.contracts.problem import Invalid
from aether.testkit.clock import START
from aether.testkit.eventually import eventually

from .conftest import Box

ANTHROPIC = "sk-ant-api03-0123456789abcdefWXYZ"


async def listed(box: Box) -> list[KeyView]:
    answer = await box.ask(ListKeys(account_id=box.account))
    items: list[KeyView] = answer.items
    return items


async def test_a_vendors_key_is_brokered_for_every_project_and_shows_four_characters(box: Box) -> None:
    view = await box.put("ANTHROPIC_API_KEY", f"  {ANTHROPIC}\n")
    assert (view.vendor, view.mode, view.last4, view.projects) == ("anthropic", "brokered", "WXYZ", None)
    assert await listed(box) == [view]
    assert (await box.ring.for_vendor(box.account, box.project, "anthropic")).value == ANTHROPIC
    assert await box.ring.vendors(box.account, box.project) == {"anthropic": "brokered"}
    assert await box.ring.injected(box.account, box.project) == {}
    assert box.refits.asked == [(box.account, None)]


async def test_another_name_is_injected_and_may_be_read_in_the_machine(box: Box) -> None:
    await box.put("NPM_TOKEN", "short")
    (view,) = await listed(box)
    assert (view.vendor, view.mode, view.last4) == ("", "injected", "")
    assert await box.ring.injected(box.account, box.project) == {"NPM_TOKEN": "short"}
    assert await box.ring.readable(box.account, box.project, "NPM_TOKEN") == "short"
    assert (await listed(box))[0].last_used_at == box.clock.now()


async def test_rotating_changes_the_value_alone(box: Box) -> None:
    await box.put("OPENAI_API_KEY", "sk-first-0123456789", mode="injected", projects=[box.project])
    box.clock.advance(60)
    view = await box.put("OPENAI_API_KEY", "sk-second-0123456789")
    assert (view.version, view.mode, view.projects) == (2, "injected", [box.project])
    assert view.updated_at > view.created_at
    assert await box.ring.injected(box.account, box.project) == {"OPENAI_API_KEY": "sk-second-0123456789"}


async def test_who_has_it_changes_without_its_value(box: Box) -> None:
    await box.put("ANTHROPIC_API_KEY", ANTHROPIC)
    view = await box.put("ANTHROPIC_API_KEY", projects=[], mode="injected")
    assert (view.version, view.projects, view.mode) == (1, [], "injected")
    assert await box.ring.vendors(box.account, box.project) == {}
    await box.put("ANTHROPIC_API_KEY", every_project=True)
    assert await box.ring.readable(box.account, box.project, "ANTHROPIC_API_KEY") == ANTHROPIC


async def test_a_project_that_is_not_on_the_list_has_nothing(box: Box) -> None:
    other = ProjectId(new_id())
    await box.put("ANTHROPIC_API_KEY", ANTHROPIC, projects=[box.project])
    await box.put("NPM_TOKEN", "t0ken", projects=[box.project])
    with pytest.raises(NotHere):
        await box.ring.for_vendor(box.account, other, "anthropic")
    with pytest.raises(NotHere):
        await box.ring.readable(box.account, other, "NPM_TOKEN")
    assert await box.ring.injected(box.account, other) == {}
    assert await box.ring.vendors(box.account, other) == {}


async def test_a_brokered_key_is_never_read_and_an_injected_one_never_brokered(box: Box) -> None:
    await box.put("ANTHROPIC_API_KEY", ANTHROPIC)
    with pytest.raises(NotHere):
        await box.ring.readable(box.account, box.project, "ANTHROPIC_API_KEY")
    await box.put("ANTHROPIC_API_KEY", mode="injected")
    with pytest.raises(NoSuchKey):
        await box.ring.for_vendor(box.account, box.project, "anthropic")


async def test_another_account_has_none_of_it(box: Box) -> None:
    await box.put("ANTHROPIC_API_KEY", ANTHROPIC)
    stranger = AccountId(new_id())
    with pytest.raises(NoSuchKey):
        await box.ring.for_vendor(stranger, box.project, "anthropic")
    assert (await box.ask(ListKeys(account_id=stranger))).items == []
    await box.ask(DeleteKey(account_id=stranger, name="ANTHROPIC_API_KEY"))
    assert len(await listed(box)) == 1


@pytest.mark.parametrize(
    ("name", "wishes", "field"),
    [
        ("ANTHROPIC_API_KEY", {"value": None}, "value"),
        ("ANTHROPIC_API_KEY", {"value": "sk-ant\nX-Header: y"}, "value"),
        ("ANTHROPIC_API_KEY", {"value": " \n"}, "value"),
        ("ANTHROPIC_API_KEY", {"value": "sk-ünï"}, "value"),
        ("NPM_TOKEN", {"value": "a\0b"}, "value"),
        ("NPM_TOKEN", {"value": "a", "mode": "brokered"}, "mode"),
        ("LD_PRELOAD", {"value": "/tmp/x.so"}, "name"),
        ("bash_env", {"value": "/tmp/x"}, "name"),
        ("GIT_SSH_COMMAND", {"value": "sh"}, "name"),
        ("AETHER_SOCKET", {"value": "/tmp/x"}, "name"),
        ("NPM_TOKEN", {"value": "a", "projects": [ProjectId(new_id()) for _ in range(201)]}, "projects"),
    ],
)
def test_what_is_not_taken(name: str, wishes: dict[str, Any], field: str) -> None:
    command = PutKey(account_id=AccountId(new_id()), person_id=PersonId(new_id()), name=name, **wishes)
    with pytest.raises(Invalid) as refused:
        new_key(checked(command), START)
    assert [error.field for error in refused.value.errors] == [field]


async def test_a_project_of_another_account_cannot_be_named(box: Box) -> None:
    with pytest.raises(Invalid) as refused:
        await box.put("NPM_TOKEN", "a", projects=[box.project, ProjectId(new_id())])
    assert [error.field for error in refused.value.errors] == ["projects"]
    assert await listed(box) == []


async def test_a_deleted_key_is_gone_and_deleting_it_again_is_nothing(box: Box) -> None:
    await box.put("NPM_TOKEN", "t")
    for _ in range(2):
        await box.ask(DeleteKey(account_id=box.account, name="NPM_TOKEN"))
    assert await listed(box) == []
    assert len(box.refits.asked) == 2


async def test_what_the_vendor_says_is_noted_once_a_minute(box: Box) -> None:
    await box.put("ANTHROPIC_API_KEY", ANTHROPIC)
    key = await box.ring.for_vendor(box.account, box.project, "anthropic")
    first = box.clock.now()
    await box.ring.noted(key, refused=False)
    box.clock.advance(30)
    await box.ring.noted(key, refused=False)
    (view,) = await listed(box)
    assert (view.last_used_at, view.refused_at) == (first, None)
    await box.ring.noted(key, refused=True)  # another word is written at once
    (view,) = await listed(box)
    assert view.refused_at == box.clock.now()
    await box.ring.noted(key, refused=False)
    assert (await listed(box))[0].refused_at is None


async def test_what_the_vendor_says_of_an_older_value_is_not_of_the_new_one(box: Box) -> None:
    await box.put("ANTHROPIC_API_KEY", ANTHROPIC)
    old = await box.ring.for_vendor(box.account, box.project, "anthropic")
    await box.ring.noted(old, refused=True)
    view = await box.put("ANTHROPIC_API_KEY", ANTHROPIC + "2")
    assert view.refused_at is None
    await box.ring.noted(old, refused=True)
    assert (await listed(box))[0].refused_at is None


async def test_a_limit_cannot_be_raced(box: Box) -> None:
    box.agents.settings.keys_per_account = 3
    tries = [box.put(f"KEY_{n}", "v") for n in range(8)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, TooMany) for result in results) == 5
    assert len(await listed(box)) == 3


@pytest.mark.parametrize(
    "change",
    [
        "sealed = (SELECT k.sealed FROM agents.key k WHERE k.name = 'OTHER')",
        "sealed = (SELECT k.sealed FROM agents.key k WHERE k.account_id <> $1)",
        "version = version + 1",
        "sealed = set_byte(sealed, 9, get_byte(sealed, 9) # 1)",
    ],
    ids=["of another name", "of another account", "of another version", "one byte"],
)
async def test_a_ciphertext_that_was_moved_or_changed_does_not_open(box: Box, change: str) -> None:
    await box.put("MINE", "canary-one")
    await box.put("OTHER", "canary-two")
    await box.put("MINE", "canary-three", account_id=AccountId(new_id()))
    await box.execute(f"UPDATE agents.key SET {change} WHERE name = 'MINE' AND account_id = $1", box.account)
    with pytest.raises(KeyDoesNotOpen):
        await box.ring.readable(box.account, box.project, "MINE")
    # What still opens is given all the same.
    assert await box.ring.injected(box.account, box.project) == {"OTHER": "canary-two"}


async def test_a_brokered_key_that_does_not_open_is_refused_as_such(box: Box) -> None:
    await box.put("ANTHROPIC_API_KEY", ANTHROPIC)
    await box.execute("UPDATE agents.key SET sealed = ''")
    with pytest.raises(KeyDoesNotOpen):
        await box.ring.for_vendor(box.account, box.project, "anthropic")
    await box.put("ANTHROPIC_API_KEY", ANTHROPIC)
    assert (await box.ring.for_vendor(box.account, box.project, "anthropic")).value == ANTHROPIC


async def test_a_key_that_is_deleted_while_it_is_changed_does_not_stay_without_a_value(box: Box) -> None:
    await box.put("NPM_TOKEN", "t")
    async with box.agents.transaction() as db:
        await store.hold_account(db, box.account)
        key = await store.find(db, box.account, "NPM_TOKEN")
        assert key is not None
        deleting = asyncio.create_task(box.ask(DeleteKey(account_id=box.account, name="NPM_TOKEN")))

        async def waits() -> bool:
            here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            return bool(await box.rows(f"SELECT 1 FROM pg_locks WHERE {here} AND NOT granted"))

        await eventually(waits)
        await store.keep(db, key, None)
    await deleting
    assert await listed(box) == []


async def test_deleting_a_project_never_widens_a_list(box: Box) -> None:
    await box.put("NPM_TOKEN", "t", projects=[box.project])
    async with box.agents.transaction() as db:
        await store.delete_project(db, box.project)
    assert (await listed(box))[0].projects == []
    assert await box.ring.injected(box.account, ProjectId(new_id())) == {}


async def test_deleting_an_account_leaves_nothing(box: Box) -> None:
    await box.put("NPM_TOKEN", "t")
    async with box.agents.transaction() as db:
        await store.delete_account(db, box.account)
    assert await box.rows("SELECT 1 FROM agents.key") == []


def test_a_vendors_key_is_not_in_its_repr() -> None:
    assert ANTHROPIC not in repr(VendorKey(AccountId(new_id()), "ANTHROPIC_API_KEY", ANTHROPIC, 1))
