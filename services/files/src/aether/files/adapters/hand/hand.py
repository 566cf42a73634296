"""The port's adapter: what the service asks, put into words for the program in the machine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar
from uuid import UUID

from aether.contracts.ids import ProjectId
from aether.files.adapters.hand import values
from aether.files.adapters.hand.contents import FileContent, begin_of, pieces_after
from aether.files.adapters.hand.frames import Garbled
from aether.files.adapters.hand.project import ProjectHand
from aether.files.deps.ports import (
    ANYTHING,
    NO_OVERWRITE,
    Blame,
    Condition,
    Content,
    Entry,
    GitStatus,
    Made,
    Match,
    Names,
    Search,
    SearchEnd,
    Stream,
    Watch,
    WatchListener,
    Written,
)
from aether.files.errors import MachineFailed
from aether.kit.ssh import MachineConnections, MachineUnreachable

REST_SECONDS = 60.0

T = TypeVar("T")


class SshHand:
    """One program in each machine that is asked of; see ports.Hand for what each method means."""

    def __init__(self, connections: MachineConnections, rest_seconds: float = REST_SECONDS) -> None:
        self._connections = connections
        self._rest_seconds = rest_seconds
        self._projects: dict[ProjectId, ProjectHand] = {}

    # Reading.

    async def list(self, project_id: ProjectId, path: str) -> list[Entry]:
        said = await self._read(project_id, {"do": "list", "path": path})
        return read_as(lambda said: values.entries(said, path), said)

    async def stat(self, project_id: ProjectId, path: str) -> Entry:
        said = await self._read(project_id, {"do": "stat", "path": path})
        return read_as(lambda said: values.entry(said, path), said)

    async def open(self, project_id: ProjectId, path: str) -> Content:
        return await self._content(project_id, path, "open", "read")

    async def archive(self, project_id: ProjectId, path: str) -> Stream:
        return await self._of(project_id).download({"do": "archive", "path": path})

    # Writing.

    async def write(
        self,
        project_id: ProjectId,
        path: str,
        body: AsyncIterator[bytes],
        condition: Condition = ANYTHING,
    ) -> Written:
        asked = {"do": "write", "path": path, "condition": values.condition(condition)}
        said = await self._send(project_id, asked, body)
        return read_as(lambda said: Written(values.entry(said[0], path), bool(said[1])), said)

    async def make_folder(self, project_id: ProjectId, path: str) -> Made:
        said = await self._change(project_id, {"do": "make_folder", "path": path})
        return read_as(lambda said: Made(values.entry(said[0], path), bool(said[1])), said)

    async def rename(self, project_id: ProjectId, source: str, target: str, *, overwrite: bool = False) -> Entry:
        asked = {"do": "rename", "source": source, "target": target, "overwrite": overwrite}
        said = await self._change(project_id, asked)
        return read_as(lambda said: values.entry(said, target), said)

    async def delete(self, project_id: ProjectId, path: str, *, recursive: bool = False) -> None:
        await self._change(project_id, {"do": "delete", "path": path, "recursive": recursive})

    # Uploads.

    async def upload_size(self, project_id: ProjectId, upload_id: UUID) -> int | None:
        said = await self._read(project_id, {"do": "upload_size", "upload": str(upload_id)})
        return read_as(values.size, said)

    async def upload_append(
        self, project_id: ProjectId, upload_id: UUID, offset: int, body: AsyncIterator[bytes]
    ) -> int:
        asked = {"do": "upload_append", "upload": str(upload_id), "offset": offset}
        said = await self._send(project_id, asked, body, keep=True)
        return read_as(values.size, said) or 0

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
        asked = {
            "do": "upload_finish",
            "upload": str(upload_id),
            "path": path,
            "size": size,
            "condition": values.condition(condition),
            "mtime": mtime_ns,
        }
        said = await self._change(project_id, asked)
        return read_as(lambda said: Written(values.entry(said[0], path), bool(said[1])), said)

    async def upload_discard(self, project_id: ProjectId, upload_id: UUID) -> None:
        await self._change(project_id, {"do": "upload_discard", "upload": str(upload_id)})

    # Finding.

    async def names(self, project_id: ProjectId, query: str, *, limit: int, hidden: bool = False) -> Names:
        asked = {"do": "names", "query": query, "limit": limit, "hidden": hidden}
        return read_as(values.names, await self._read(project_id, asked))

    async def search(self, project_id: ProjectId, search: Search) -> AsyncIterator[Match | SearchEnd]:
        parts: asyncio.Queue[Any] = asyncio.Queue()
        asked = {"do": "search", **values.search(search)}
        asking = asyncio.create_task(self._of(project_id).ask(asked, part=parts.put_nowait))
        asking.add_done_callback(lambda _: parts.put_nowait(None))
        try:
            while (part := await parts.get()) is not None:
                for match in read_as(values.matches, part):
                    yield match
            yield read_as(values.search_end, (await asking)[0])
        finally:
            asking.cancel()
            await asyncio.wait([asking])

    # Git.

    async def git_status(self, project_id: ProjectId) -> GitStatus:
        return read_as(values.git_status, await self._read(project_id, {"do": "git_status"}))

    async def git_diff(self, project_id: ProjectId, path: str = "/") -> Stream:
        return await self._of(project_id).download({"do": "git_diff", "path": path})

    async def git_open(self, project_id: ProjectId, path: str) -> Content:
        return await self._content(project_id, path, "git_open", "git_read")

    async def git_blame(self, project_id: ProjectId, path: str) -> Blame:
        return read_as(values.blame, await self._read(project_id, {"do": "git_blame", "path": path}))

    # Watching and ending.

    async def watch(self, project_id: ProjectId, listener: WatchListener) -> Watch:
        return await self._of(project_id).watch(listener)

    async def forget(self, project_id: ProjectId) -> None:
        project = self._projects.pop(project_id, None)
        if project is not None:
            await project.end(MachineUnreachable("The machine has stopped."))

    async def close(self) -> None:
        for project_id in list(self._projects):
            await self.forget(project_id)

    # How it is asked.

    def _of(self, project_id: ProjectId) -> ProjectHand:
        project = self._projects.get(project_id)
        if project is None:
            project = ProjectHand(self._connections, project_id, self._rest_seconds)
            self._projects[project_id] = project
        return project

    async def _read(self, project_id: ProjectId, asked: dict[str, Any]) -> Any:
        said, _ = await self._of(project_id).ask(asked, again=True)
        return said

    async def _change(self, project_id: ProjectId, asked: dict[str, Any]) -> Any:
        said, _ = await self._of(project_id).ask(asked)
        return said

    async def _send(
        self,
        project_id: ProjectId,
        asked: dict[str, Any],
        body: AsyncIterator[bytes],
        *,
        keep: bool = False,
    ) -> Any:
        """A small body goes with the request, a large one on a channel of its own.

        `keep`: what has come of a body that fails is sent all the same.
        """
        begin = await begin_of(body, keep=keep)
        if begin.failed is None and not begin.whole:
            return await self._of(project_id).upload(asked, pieces_after(begin.data, body))
        said, _ = await self._of(project_id).ask(asked, begin.data)
        if begin.failed is not None:
            raise begin.failed
        return said

    async def _content(self, project_id: ProjectId, path: str, look: str, read: str) -> Content:
        project = self._of(project_id)
        said, data = await project.ask({"do": look, "path": path}, again=True)
        entry, whole = read_as(lambda said: (values.entry(said["entry"], path), said["whole"]), said)
        return FileContent(project, {"do": read, "path": path}, entry, data if whole else None)


def read_as(reader: Callable[[Any], T], said: Any) -> T:
    """The answer as a value. Raises MachineFailed if it is none."""
    try:
        return values.read_as(reader, said)
    except Garbled:
        raise MachineFailed("The machine answered something that is no answer.") from None
