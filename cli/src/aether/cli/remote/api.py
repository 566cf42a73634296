"""The public API, asked by a program: bearer token, JSON, refusals as sentences."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2

from aether.cli.remote.keychain import Keychain
from aether.cli.remote.refusals import Refused, refused_by

TIMEOUT_SECONDS = 20.0
POLL_SECONDS = 0.3
START_SECONDS = 300.0  # then whoever waits is told, and the start goes on without them
Json = dict[str, Any]


class Api:
    """One aether, as one person."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        self.token = token
        headers = {"Authorization": f"Bearer {token}"} if token else {"Origin": origin_of(url)}
        self._client = httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS)

    def ask(self, method: str, path: str, body: Json | None = None, **headers: str) -> Json:
        """The answer's JSON; {} if it has none. Raises Refused."""
        answer = self._client.request(method, path, json=body, headers=headers)
        if answer.is_error:
            raise refused_by(answer)
        return cast("Json", answer.json()) if answer.content else {}

    def projects(self) -> list[Json]:
        """All of them, newest first."""
        return self._all("/api/projects?limit=200")

    def runs(self, *, ended: bool) -> list[Json]:
        """Runs of all projects, newest first; with `ended` those that are over, too."""
        return self._all(f"/api/runs?filter={'all' if ended else 'active'}&limit=200")

    def _all(self, path: str) -> list[Json]:
        """What a list holds, page after page."""
        found: list[Json] = []
        cursor: str | None = None
        while True:
            page = self.ask("GET", path + (f"&cursor={cursor}" if cursor else ""))
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def project(self, called: str) -> Json:
        """The project with this id, slug or name. Raises Refused for none and for several."""
        for found in _by_likeness(called, self.projects()):
            if len(found) == 1:
                return found[0]
            if found:
                ids = ", ".join(project["id"] for project in found)
                raise Refused(f"Several projects are called {called}; say which by its id: {ids}.")
        raise Refused(f"There is no project called {called}. See: aether projects ls", 4)

    def until_running(self, project: Json, tell: Callable[[str], None]) -> Json:
        """Start it if need be, and wait until its machine runs; `tell` hears of each stage once."""
        path = f"/api/projects/{project['id']}"
        if project["status"] not in ("running", "starting"):
            tell(f"Starting {project['name']} …")
            project = self.ask("POST", f"{path}/start")
        end = time.monotonic() + START_SECONDS
        while project["status"] != "running":
            if project["status"] in ("error", "stopped"):
                reason = project["status_detail"] or "it stopped again"
                raise Refused(f"{project['name']} did not start: {reason}")
            if time.monotonic() > end:
                raise Refused(
                    f"{project['name']} is still starting after {START_SECONDS:.0f} s. Look again later."
                )
            # A command of a person's shell holds no stream open for the few seconds that a start takes.
            time.sleep(POLL_SECONDS)
            project = self.ask("GET", path)
        return project

    def close(self) -> None:
        self._client.close()


def _by_likeness(called: str, projects: list[Json]) -> Iterator[list[Json]]:
    """Those with exactly this id, then this slug, this name, this name in other case, this beginning of an id."""
    for field in ("id", "slug", "name"):
        yield [project for project in projects if project[field] == called]
    yield [project for project in projects if project["name"].lower() == called.lower()]
    yield [project for project in projects if len(called) >= 8 and project["id"].startswith(called.lower())]


def origin_of(url: str) -> str:
    """What a page of that address would call itself."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@contextlib.contextmanager
def signed_in() -> Iterator[Api]:
    """The aether this person is signed in to. Raises Refused if they are not."""
    keychain = Keychain.of_this_person()
    token = keychain.token()
    if token is None:
        raise Refused("You are not signed in. Run: aether login", 3)
    api = Api(keychain.url(), token)
    try:
        yield api
    finally:
        api.close()


def complete_project(incomplete: str) -> list[str]:
    """Names and slugs that begin like this; none if aether does not answer."""
    try:
        with signed_in() as api:
            called = [project[field] for project in api.projects() for field in ("slug", "name")]
    except (Refused, httpx2.HTTPError):
        return []
    return sorted({name for name in called if name.startswith(incomplete)})
