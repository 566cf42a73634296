"""A person at the API: signs up, holds a token, makes projects and looks at terminals."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2

from aether.testkit.eventually import eventually


@dataclass
class Person:
    """One person with a personal token. Bodies are the API's JSON."""

    url: str
    email: str
    password: str
    token: str
    api: httpx2.AsyncClient
    session: httpx2.AsyncClient  # signed in as a browser is: by cookie, and with its Origin

    @classmethod
    def sign_up(cls, url: str) -> "Person":
        email, password = f"{uuid4().hex[:10]}@example.com", uuid4().hex
        with httpx2.Client(base_url=url, headers={"Origin": url}, timeout=20) as client:
            client.post("/api/auth/signup", json={"email": email, "password": password}).raise_for_status()
            made = client.post("/api/tokens", json={"name": "test"}).raise_for_status().json()
            cookies = dict(client.cookies)
        bearer = httpx2.AsyncClient(base_url=url, headers=_bearer(made["secret"]), timeout=20)
        session = httpx2.AsyncClient(base_url=url, headers={"Origin": url}, cookies=cookies, timeout=20)
        return cls(url, email, password, made["secret"], bearer, session)

    @property
    def credentials(self) -> dict[str, str]:
        """The header that a socket of this person's carries."""
        return _bearer(self.token)

    @property
    def cookie(self) -> str:
        """The sign-in cookie, as a browser would send it."""
        return "; ".join(f"{name}={value}" for name, value in self.session.cookies.items())

    async def leave(self) -> None:
        await self.api.aclose()
        await self.session.aclose()

    async def get(self, path: str) -> Any:
        return (await self.api.get(path)).raise_for_status().json()

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = await self.api.post(path, json=body or {})
        assert answer.status_code < 300, f"POST {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def create(self, name: str, **more: Any) -> str:
        """A project; answers its id."""
        return str((await self.post("/api/projects", {"name": name, **more}))["id"])

    async def start(self, project: str) -> None:
        await self.post(f"/api/projects/{project}/start")
        await self.until(project, "running")

    async def until(self, project: str, status: str, within: float = 30) -> dict[str, Any]:
        """Wait for a status; an `error` that was not waited for fails at once and says why."""
        seen: dict[str, Any] = {}

        async def is_there() -> bool:
            seen.update(await self.get(f"/api/projects/{project}"))
            assert status == "error" or seen["status"] != "error", seen["status_detail"]
            return bool(seen["status"] == status)

        await eventually(is_there, within=within, every=0.1)
        return seen

    async def terminal(self, project: str, **more: Any) -> str:
        """An open terminal; answers its id."""
        made = await self.post(f"/api/projects/{project}/terminals", {"cols": 120, "rows": 30, **more})
        return str(made["id"])


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
