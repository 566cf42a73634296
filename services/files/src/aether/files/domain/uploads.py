"""An upload in pieces: what is kept of it here. How far it has come lies in the machine, where its bytes are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from aether.contracts.ids import AccountId, PersonId, ProjectId

LIFETIME = timedelta(hours=24)

# finishing: every byte has arrived and the file is being put in its place, or was when the service died.
State = Literal["open", "finishing", "complete"]


@dataclass(frozen=True)
class Upload:
    """`size` counts bytes. `if_match` is an etag, or * for any file. `etag` is the file's, once it is complete."""

    id: UUID
    account_id: AccountId
    project_id: ProjectId
    person_id: PersonId
    path: str
    size: int
    expires_at: datetime
    mtime: datetime | None = None
    overwrite: bool = False
    if_match: str | None = None
    state: State = "open"
    etag: str | None = None
