"""What comes in by NATS."""

from aether.contracts.event import Event
from aether.contracts.gateway import AccountDeleted, AccountRevoked
from aether.contracts.machines import MachineStopped, ProjectDeleted
from aether.files.deps.files import Files
from aether.files.store import journal, uploads
from aether.kit.consumer import Handler
from aether.kit.revocations import concerns


async def let_go(event: MachineStopped, files: Files) -> None:
    """The machine is gone: those who watch it are told. What was uploaded in part lies on the volume and stays."""
    async with files.transaction(event):
        pass
    await files.hand.forget(event.project_id)


async def delete_project(event: ProjectDeleted, files: Files) -> None:
    """Uploads and journal; whoever is still at it is cut."""
    async with files.transaction(event) as db:
        await uploads.delete_project(db, event.project_id)
        await journal.delete_project(db, event.project_id)
    files.cut(lambda grant: grant.project_id == event.project_id, "gone")
    await files.hand.forget(event.project_id)


async def cut_visits(event: AccountRevoked, files: Files) -> None:
    """Before the transaction: cutting twice is nothing, and cutting late is what must not be."""
    files.revocations.add(event)
    files.cut(lambda grant: concerns(event, grant), "revoked")
    async with files.transaction(event):
        pass


async def delete_account(event: AccountDeleted, files: Files) -> None:
    files.cut(lambda grant: grant.account_id == event.account_id, "gone")
    async with files.transaction(event) as db:
        await uploads.delete_account(db, event.account_id)
        await journal.delete_account(db, event.account_id)


EVENTS: dict[type[Event], Handler] = {
    MachineStopped: let_go,
    ProjectDeleted: delete_project,
    AccountRevoked: cut_visits,
    AccountDeleted: delete_account,
}
