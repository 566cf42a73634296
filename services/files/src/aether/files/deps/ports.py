"""The port: a hand in the machine, which reads, writes, watches and searches a project's files.

A path is absolute within the project's folder ("/src/a.ts"; "/" is the folder) and a `str` as os.fsdecode makes
it: bytes that are no UTF-8 are lone surrogates, so os.fsencode gives back what the machine has. Such text must not
be encoded as UTF-8 before `shown` has replaced them.

Every method raises refusals of `aether.files.errors`, NotFound or Invalid of the contracts, or MachineUnreachable.
All names and contents come from inside a machine: they are data.
"""

import re
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple, Protocol
from uuid import UUID

from aether.contracts.ids import ProjectId
from aether.contracts.problem import Refusal

Kind = Literal["file", "folder", "link", "other"]
LinkKind = Literal["file", "folder", "other", "missing", "outside"]
How = Literal["inotify", "polling"]
# Whatever is at most this long is read and written in one message. Also, whose etag is a hash of the content.
SMALL = 1024 * 1024
_SURROGATE = re.compile("[\ud800-\udfff]")


def shown(text: str) -> str:
    """A name or a path as text that can be shown: what is no UTF-8 has become U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


class Link(NamedTuple):
    target: str  # as it stands in the link
    kind: LinkKind  # what it leads to in the end


class Entry(NamedTuple):
    """What is at a path. A tuple, because a folder may have thousands.

    `size` in bytes; of a link that leads to a file, the file's. `mtime_ns` since 1970. `mode` is the permission
    bits. `etag` has no quotes; only `stat`, `open` and what writes a file say it, and only of files and of links
    that lead to one.
    """

    name: str
    path: str
    kind: Kind
    size: int
    mtime_ns: int
    mode: int
    link: Link | None = None
    etag: str | None = None

    @property
    def modified_at(self) -> datetime:
        return datetime.fromtimestamp(self.mtime_ns // 1_000_000_000, UTC)


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be at a path for a write to happen; the default is whatever is there, or nothing.

    `etags`: one of these (If-Match: "…"). `present` True: some file (If-Match: *), False: nothing
    (If-None-Match: *). What does not hold raises ChangedMeanwhile, except that with `exists_is_refused` a file
    that should not be there raises Exists.
    """

    etags: Collection[str] | None = None
    present: bool | None = None
    exists_is_refused: bool = False


ANYTHING = Condition()
NOTHING_THERE = Condition(present=False)
NO_OVERWRITE = Condition(present=False, exists_is_refused=True)


class Written(NamedTuple):
    """`created` is False where a file was replaced."""

    entry: Entry
    created: bool


class Made(NamedTuple):
    """`created` is False where the folder was there already."""

    entry: Entry
    created: bool


class Stream(Protocol):
    """Bytes on their way, in pieces of up to 256 KiB, no faster than they are taken.

    Iterating raises MachineUnreachable or another refusal where they end too early. Close it in any case.
    """

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def aclose(self) -> None: ...


class Content(Protocol):
    """A file found and ready to be read. Nothing is held open for it, so it may be forgotten."""

    @property
    def entry(self) -> Entry:
        """Of the file itself, also where the path is a link. `etag` is never None."""
        ...

    async def read(self, start: int = 0, length: int | None = None, *, moving: bool = False) -> Stream:
        """These bytes of the file, whose etag is still `entry.etag`, else ChangedMeanwhile: open it again then.

        `moving`: whatever the file has there now; it is one that is written all the time.
        """
        ...


@dataclass(frozen=True, slots=True)
class Names:
    """Paths of files, best first where there was a query. `truncated`: there are more."""

    items: list[str]
    truncated: bool


@dataclass(frozen=True, slots=True)
class Search:
    """`query` is a regular expression if `regex`; `glob` limits the files ("*.py", "!dist/**"), "" is all."""

    query: str
    regex: bool = False
    case: bool = False
    word: bool = False
    glob: str = ""
    limit: int = 2000


class Match(NamedTuple):
    """`line` and `column` count from 1, `column` and `length` in characters. `text` is the line, cut if long."""

    path: str
    line: int
    column: int
    length: int
    text: str


class SearchEnd(NamedTuple):
    """`files` is how many had a match. `truncated`: the limit of matches or of time was reached."""

    files: int
    matches: int
    truncated: bool
    engine: Literal["ripgrep", "walk"]
    seconds: float


GitChange = Literal["modified", "added", "deleted", "renamed", "untracked", "conflicted", "type_changed"]


class GitEntry(NamedTuple):
    """One path that differs from HEAD. Lines are None where git does not count them: binary, or too many files."""

    path: str
    change: GitChange
    staged: bool  # some of it is in the index
    was: str | None = None  # the path in HEAD of what was renamed
    added: int | None = None
    removed: int | None = None


@dataclass(frozen=True, slots=True)
class GitStatus:
    """`repository` False: the project's folder is none, or the machine has no git; then the rest is empty.

    `branch` is None where HEAD is detached, `head` where there is no commit yet; `ahead` and `behind` where the
    branch follows none. Only what is inside the project's folder is said.
    """

    repository: bool
    branch: str | None = None
    head: str | None = None
    ahead: int | None = None
    behind: int | None = None
    items: tuple[GitEntry, ...] = ()
    truncated: bool = False


class BlameLine(NamedTuple):
    """Who last changed a line of the work tree. `commit` and `at` are None of a line that is not committed."""

    commit: str | None
    author: str
    at: datetime | None
    summary: str
    line: int


@dataclass(frozen=True, slots=True)
class Blame:
    lines: list[BlameLine]
    truncated: bool


@dataclass(frozen=True, slots=True)
class FolderChange:
    """Names in a folder that were made, changed, moved or deleted. Empty: the folder itself, list it anew."""

    path: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed within about 100 ms among what is looked at. Why and by whom is not known."""

    folders: tuple[FolderChange, ...]
    files: tuple[str, ...]


class WatchListener(Protocol):
    """Who is told. After `ended` nothing more comes."""

    def looking(self, how: How) -> None:
        """The set that was last asked for is looked at from now on."""
        ...

    def changed(self, changed: Changed) -> None: ...

    def lost(self) -> None:
        """Changes may have been missed: everything looked at must be read anew."""
        ...

    def ended(self, refusal: Refusal) -> None:
        """The machine or the connection is gone, and nothing is watched."""
        ...


class Watch(Protocol):
    """One who looks. Many may look at one project; the machine sees them as one."""

    def look(self, folders: Collection[str], files: Collection[str]) -> None:
        """Look at these from now on and at nothing else. At most 500 folders of one project are watched."""
        ...

    def close(self) -> None: ...


class Hand(Protocol):
    """The hands in all machines. The first request of a project starts one there; it ends when it has rested."""

    # Reading.

    async def list(self, project_id: ProjectId, path: str) -> list[Entry]:
        """What is in a folder, folders first, then by name. Raises NotAFolder for a file."""
        ...

    async def stat(self, project_id: ProjectId, path: str) -> Entry:
        """What is at the path itself; a link is not followed, but says where it leads."""
        ...

    async def open(self, project_id: ProjectId, path: str) -> Content:
        """A file to be read. Raises IsAFolder or NotAFile; these are never opened."""
        ...

    async def archive(self, project_id: ProjectId, path: str) -> Stream:
        """A folder as a zip. Links are in it as links, pipes and sockets are not."""
        ...

    # Writing.

    async def write(
        self,
        project_id: ProjectId,
        path: str,
        body: AsyncIterator[bytes],
        condition: Condition = ANYTHING,
    ) -> Written:
        """Put the body in the place of the file, with its mode and owner: all of it or, if anything fails, none.

        Folders on the way are made. If `body` raises, nothing is written and the exception goes on. The condition
        is looked at before the body is taken and again when it is complete.
        """
        ...

    async def make_folder(self, project_id: ProjectId, path: str) -> Made:
        """A folder and those above it. Raises NotAFolder where a file stands."""
        ...

    async def rename(self, project_id: ProjectId, source: str, target: str, *, overwrite: bool = False) -> Entry:
        """Move. Folders on the way to `target` are made. Raises Exists, IntoItself."""
        ...

    async def delete(self, project_id: ProjectId, path: str, *, recursive: bool = False) -> None:
        """Raises NotEmpty unless recursive. A link is removed itself."""
        ...

    # Uploads: files that grow in the machine's staging folder, by an id that the service makes.

    async def upload_size(self, project_id: ProjectId, upload_id: UUID) -> int | None:
        """How many bytes are there; None if there are none yet or no longer (after 24 h they are removed)."""
        ...

    async def upload_append(
        self, project_id: ProjectId, upload_id: UUID, offset: int, body: AsyncIterator[bytes]
    ) -> int:
        """Add bytes and return how many are there. What came before `body` raised, or the network broke, is kept.

        Raises WrongOffset, UploadBusy. An upload begins by appending at 0, be it nothing.
        """
        ...

    async def upload_finish(
        self,
        project_id: ProjectId,
        upload_id: UUID,
        path: str,
        *,
        size: int,
        condition: Condition = NO_OVERWRITE,
        mtime_ns: int | None = None,
    ) -> Written:
        """Put the staged bytes at the path as `write` would. Raises WrongOffset unless there are `size`.

        Refused for its condition, the upload stays and may be finished again.
        """
        ...

    async def upload_discard(self, project_id: ProjectId, upload_id: UUID) -> None:
        """Remove what is staged, if anything is."""
        ...

    # Finding.

    async def names(self, project_id: ProjectId, query: str, *, limit: int, hidden: bool = False) -> Names:
        """Files that git does not ignore. A query is a subsequence of the path, in any case of letters."""
        ...

    def search(self, project_id: ProjectId, search: Search) -> AsyncIterator[Match | SearchEnd]:
        """Matches as they are found, and then one SearchEnd. Closing the iterator ends the search.

        Raises Invalid for a pattern that is none, before the first match.
        """
        ...

    # Git, against HEAD.

    async def git_status(self, project_id: ProjectId) -> GitStatus: ...

    async def git_diff(self, project_id: ProjectId, path: str = "/") -> Stream:
        """The work tree against HEAD as a patch, with what is untracked as added. Raises NotARepository."""
        ...

    async def git_open(self, project_id: ProjectId, path: str) -> Content:
        """A file as HEAD has it; its etag is the id of the blob, its time 0. Raises NotInHead, NotARepository."""
        ...

    async def git_blame(self, project_id: ProjectId, path: str) -> Blame:
        """Raises NotInHead for a file that git does not know, NotARepository."""
        ...

    # Watching.

    async def watch(self, project_id: ProjectId, listener: WatchListener) -> Watch:
        """Begin to look; at nothing until `Watch.look` says at what."""
        ...

    # Ending.

    async def forget(self, project_id: ProjectId) -> None:
        """End the project's hand and its connection: the machine has stopped. Watches are told."""
        ...

    async def close(self) -> None: ...
