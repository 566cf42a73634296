"""What the files service says. It is asked over HTTP with a grant, because its answers are bytes."""

from pydantic import AwareDatetime

from aether.contracts.event import Event
from aether.contracts.ids import AccountId, PersonId, ProjectId
from aether.contracts.service import Service


class FilesChanged(Event):
    """A person wrote, moved or deleted something among a project's files.

    Sent at most once in 30 s for one project; the journal has every change. Does not tell of what programs in
    the machine change: that is watched only while someone looks.
    """

    subject = "files.changed.v1"
    producer = Service.FILES
    consumers = frozenset({Service.MACHINES})

    account_id: AccountId
    project_id: ProjectId
    person_id: PersonId
    changed_at: AwareDatetime
