"""The JSON of files, git, the journal and ports. The files service fills it in; here it is written down."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from aether.contracts.problem import Problem
from aether.contracts.terminal import Visibility
from aether.gateway.api.shapes import Body, Line, Shown, Text

Path = Annotated[Text, Field(max_length=4096)]
Base64 = Annotated[str, Field(max_length=8192, pattern=r"^[A-Za-z0-9_-]*=*$")]
EntryType = Literal["file", "folder", "link", "other"]
Marked = Literal["modified", "added", "deleted", "renamed", "untracked", "conflicted", "type_changed"]
Action = Literal["written", "created", "made_folder", "moved", "deleted", "changed"]


class Found(BaseModel):
    """The root of what the files service answers; a field with a default may be missing."""

    model_config = ConfigDict(from_attributes=True)


class Link(Found):
    """Where a link leads; `outside` the project it is shown and never followed."""

    target: str
    type: Literal["file", "folder", "missing", "outside"]


class Entry(Found):
    """One thing in a folder. `mode` is octal, such as 0644.

    A name that is not UTF-8 has U+FFFD in it, and its bytes in `name_b64` (URL-safe base64).
    """

    name: str
    path: str
    type: EntryType
    size: int
    mtime: AwareDatetime
    mode: str
    link: Link | None = None
    name_b64: str | None = None


class FileStat(Entry):
    """As in its folder; `etag` is a file's only."""

    etag: str | None = None


class Folder(Found):
    """Folders first, then by name."""

    path: str
    items: list[Entry]


class Written(Found):
    path: str
    size: int
    etag: str
    mtime: AwareDatetime


class FileNames(Found):
    """Paths, the best match first. `truncated` says that there are more."""

    items: list[str]
    truncated: bool


class SearchLine(Found):
    """One line of the answer: a match, or at the end what was searched.

    A match has `path`, `line` and `column` from 1, `length` in characters, and the `text` of its line. The `end`
    has `files`, `matches`, `truncated`, `engine` and `seconds`.
    """

    type: Literal["match", "end"]
    path: str | None = None
    line: int | None = None
    column: int | None = None
    length: int | None = None
    text: str | None = None
    files: int | None = None
    matches: int | None = None
    truncated: bool | None = None
    engine: Literal["ripgrep", "walk"] | None = None
    seconds: float | None = None


class MakeFolder(Body):
    path: Path | None = None
    path_b64: Base64 | None = None


class MoveFile(Body):
    """`from` becomes `to`; what stands there already is replaced with `overwrite` only."""

    # The API says "from", which Python keeps for itself.
    source: Path | None = Field(None, alias="from")
    source_b64: Base64 | None = Field(None, alias="from_b64")
    to: Path | None = None
    to_b64: Base64 | None = None
    overwrite: bool = False


class BeginUpload(Body):
    """`if_match` is the etag that the file must still have when the last byte is in."""

    path: Path | None = None
    path_b64: Base64 | None = None
    size: Annotated[int, Field(ge=0)]
    mtime: AwareDatetime | None = None
    overwrite: bool = False
    if_match: Annotated[Line, Field(max_length=200)] | None = None


class Upload(Found):
    """An upload in parts. `offset` is how many bytes are kept; the next part begins there."""

    id: UUID
    offset: int
    size: int
    path: str
    expires_at: AwareDatetime


class UploadProgress(Found):
    """`etag` is the file's, once the upload is complete."""

    id: UUID
    offset: int
    complete: bool = False
    etag: str | None = None


class GitChange(Found):
    """One path that differs from HEAD. `added` and `removed` count lines; they are missing for binary files."""

    path: str
    status: Marked
    origin: str | None = Field(None, alias="from")
    staged: bool
    added: int | None = None
    removed: int | None = None


class GitStatus(Found):
    """`repository` false means that the project has none, and the rest is empty."""

    repository: bool
    branch: str | None = None
    head: str | None = None
    ahead: int | None = None
    behind: int | None = None
    items: list[GitChange]
    truncated: bool


class BlamedLine(Found):
    """One line; `commit` is None of a line that no commit has yet."""

    commit: str | None
    author: str
    at: AwareDatetime | None = None
    summary: str
    line: int


class Blame(Found):
    """A file's lines in order, each with the commit that it came with."""

    lines: list[BlamedLine]
    truncated: bool


class JournalWho(Found):
    """A person, or something that ran in the machine."""

    kind: Literal["person", "machine"]
    name: str
    person_id: UUID | None = None


class JournalEntry(Found):
    id: str
    at: AwareDatetime
    who: JournalWho
    action: Action
    path: str
    origin: str | None = Field(None, alias="from")
    size: int | None = None


class Journal(Found):
    """Newest first."""

    items: list[JournalEntry]
    next_cursor: str | None


class AskFilesGrant(Body):
    right: Literal["read", "write"] = "read"


class FilesGrant(Shown):
    """What opens one request below `url` once, within 30 s: sent as `Authorization: Grant <grant>`."""

    url: str
    grant: str
    expires_at: AwareDatetime


class Port(Shown):
    """A port of the project's machine, and the address of its preview (null where previews are off).

    `process` is the listening program's name, data from the machine. Private and team mean the people of the
    project's account; public means anybody.
    """

    port: int
    process: str
    label: str
    visibility: Visibility
    listening: bool
    listening_since: AwareDatetime | None
    url: str | None


class PortList(Shown):
    items: list[Port]


class UpdatePort(Body):
    """What is left out stays as it is."""

    visibility: Visibility | None = None
    label: Annotated[Line, Field(max_length=64)] | None = None


class FilesProblem(Problem):
    """A problem that also says how things are: the present `etag` (null if the file is gone), or the `offset`."""

    etag: str | None = None
    offset: int | None = None
