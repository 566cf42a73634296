"""A word from a program in the machine to its person."""

from collections import deque
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from aether.agents.api.asking import Asking, bearer, body_as
from aether.agents.deps.ports import Call, RunKey
from aether.agents.domain import text
from aether.agents.errors import NobodyToTell, TooOften
from aether.agents.store import askers
from aether.contracts.ids import new_id
from aether.contracts.problem import Invalid

# Enough for a build that reports each of its steps, too little to flood a telephone.
MOST, WITHIN = 20, timedelta(minutes=10)
TITLE_LENGTH = 120


class NotifyBody(BaseModel):
    title: Annotated[str, Field(min_length=1)]
    body: str = ""


class Notify:
    """One for each machine: it counts how often that one calls."""

    def __init__(self) -> None:
        self._called: deque[datetime] = deque()

    async def __call__(self, request: Request, asking: Asking) -> Response:
        body = await body_as(request, NotifyBody)
        key = await asking.run_of(bearer(request))
        title = text.line(body.title, TITLE_LENGTH)
        if not title:
            raise Invalid.field("title", "A title has something in it that can be read.")
        self._count(asking.agents.now())
        await self._call(asking, key, title, text.message(body.body))
        return Response(status_code=204)

    def _count(self, now: datetime) -> None:
        while self._called and self._called[0] <= now - WITHIN:
            self._called.popleft()
        if len(self._called) >= MOST:
            raise TooOften
        self._called.append(now)

    @staticmethod
    async def _call(asking: Asking, key: RunKey | None, title: str, body: str) -> None:
        machine, run_id = asking.machine, key.run_id if key is not None else None
        async with asking.agents.transaction() as db:
            person_id = await askers.person_of(db, machine.account_id, machine.project_id, run_id)
            if person_id is None:
                raise NobodyToTell
            call = Call(
                account_id=machine.account_id,
                person_id=person_id,
                project_id=machine.project_id,
                kind="notify",
                title=title,
                body=body,
                path=f"/projects/{machine.project_id}" + (f"?run={run_id}" if run_id is not None else ""),
                once=str(new_id()),
                run_id=run_id,
            )
            await asking.agents.attention.call(db, call)
