"""A fake GitHub on loopback: OAuth's web flow, the calls of its API that we make, and git behind the same name.

Its API's answers are held to GitHub's own OpenAPI document (github.openapi.json, an extract, MIT). What OAuth's
pages do is in no document that a program could read; it is as GitHub's guides say.
"""

import asyncio
import base64
import contextlib
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from aether.testkit.described import Described, NotAsDescribed
from aether.testkit.git import WHO_ARE_YOU, GitAnswer, GitRequest, backend, basic, git, make_repository
from aether.testkit.github_state import Code, Fault, Grant, Late, Repo, User
from aether.testkit.upstreams import served

SPEC = Path(__file__).with_name("github.openapi.json")
CLIENT_ID, CLIENT_SECRET = "Iv1.fake", "fake-client-secret"
CODE_LIFETIME = timedelta(minutes=10)
API = "/api/v3"
PER_PAGE = 30


class FakeGitHub:
    """`person` sits at every browser and agrees to everything, until a test says otherwise."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.url = ""
        self.person: User | None = None
        self.agrees = True
        self.narrows: Callable[[str], str] = lambda asked: asked  # what is granted of the scopes asked for
        self.token_seconds: int | None = None  # how long tokens live; None: for ever, without a refresh token
        self.callback = ""  # the app's registered callback; empty takes any
        self.requests: list[tuple[str, str, int]] = []
        self.repos: dict[str, Repo] = {}
        self.grants: dict[str, Grant] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.lates: dict[str, Late] = {}
        self._users: dict[str, User] = {}
        self._codes: dict[str, Code] = {}
        self._wrong: list[NotAsDescribed] = []
        self.now = now
        self._folder = folder
        self._described = Described(SPEC)

    @property
    def api_url(self) -> str:
        return f"{self.url}{API}"

    @property
    def environment(self) -> dict[str, str]:
        """What an aether is told to use this GitHub."""
        return {
            "GITHUB_CLIENT_ID": CLIENT_ID,
            "GITHUB_CLIENT_SECRET": CLIENT_SECRET,
            "GITHUB_WEB_URL": self.url,
            "GITHUB_API_URL": self.api_url,
        }

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["FakeGitHub"]:
        """Until the end of the block; raises NotAsDescribed if anything was not as GitHub describes it."""
        async with served(self._app()) as port:
            self.url = f"http://127.0.0.1:{port}"
            yield self
        if self._wrong:
            raise self._wrong[0]

    # What a test sets up

    def user(self, login: str, email: str | None = None, *, verified: bool = True, **more: Any) -> User:
        """A new account, whose owner sits at the browser from now on."""
        address = email or f"{login}@example.com"
        first = {"email": address, "primary": True, "verified": verified, "visibility": "private"}
        self.person = self._users[login] = User(len(self._users) + 1000, login, emails=[first], **more)
        return self.person

    def repository(self, full_name: str, *, private: bool = False, files: dict[str, str] | None = None) -> str:
        """A new one of its owner's; answers its clone URL. Git serves it if there are `files`."""
        owner = full_name.partition("/")[0]
        made = self.now() + timedelta(seconds=len(self.repos))
        self.repos[full_name] = Repo(full_name, private, f"All about {full_name}", made, {owner})
        if files is not None:
            make_repository(self._folder, full_name, files)
        return f"{self.url}/{full_name}.git"

    def last_commit(self, full_name: str) -> str:
        """The subject of the newest commit that was pushed."""
        return git("-C", str(self._folder / f"{full_name}.git"), "log", "-1", "--format=%s").strip()

    def fail(self, path: str, *faults: Fault) -> None:
        """The next requests whose path ends so fail, one after the other."""
        self.faults.setdefault(path, []).extend(faults)

    @contextlib.contextmanager
    def late(self, path: str) -> Iterator[Late]:
        """Until the end of the block, requests whose path ends so are done, but not answered."""
        late = self.lates[path] = Late()
        try:
            yield late
        finally:
            del self.lates[path]
            late.end.set()

    def forget(self, login: str) -> None:
        """The person takes the app's grant back, on GitHub's own page."""
        self.grants = {access: g for access, g in self.grants.items() if g.user.login != login}

    # What is served

    def _app(self) -> Starlette:
        app = f"{API}/applications/{{client_id}}"
        routes = {
            ("GET", "/login/oauth/authorize"): self._authorize,
            ("POST", "/login/oauth/access_token"): self._access_token,
            ("GET", f"{API}/user"): self._user,
            ("GET", f"{API}/user/emails"): self._emails,
            ("GET", f"{API}/user/repos"): self._repos,
            ("PATCH", f"{app}/token"): self._reset,
            ("DELETE", f"{app}/token"): self._drop,
            ("DELETE", f"{app}/grant"): self._revoke,
        }
        made = [Route(path, self._told(answer), methods=[method]) for (method, path), answer in routes.items()]
        git = Route("/{owner}/{name}.git/{rest:path}", self._told(self._git), methods=["GET", "POST"])
        return Starlette(routes=[*made, git])

    def _told(self, answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def told(request: Request) -> Response:
            fault = self._fault(request.url.path)
            response = await self._tried(answer, request) if fault is None or fault.done else Response()
            if fault is not None:
                response = Response(fault.body, fault.status, fault.headers, media_type="text/html")
            response.set_cookie("_gh_sess", "of-whoever-asked-first")
            self.requests.append((request.method, request.url.path, response.status_code))
            for late in [late for path, late in self.lates.items() if request.url.path.endswith(path)]:
                late.requests += 1
                await late.end.wait()
            return response

        return told

    async def _tried(self, answer: Callable[[Request], Any], request: Request) -> Response:
        try:
            if request.cookies and request.url.path.startswith((API, "/login/oauth/access_token")):
                raise NotAsDescribed("a cookie came with an app's request, whose answers are many people's")
            response: Response = await answer(request)
        except NotAsDescribed as error:
            self._wrong.append(error)
            return Response(status_code=500)
        return response

    def _fault(self, path: str) -> Fault | None:
        for end, faults in self.faults.items():
            if path.endswith(end) and faults:
                return faults.pop(0)
        return None

    # OAuth's pages

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        back = asked["redirect_uri"]
        if asked["client_id"] != CLIENT_ID or not back.startswith(self.callback) or self.person is None:
            return Response("The redirect_uri is not associated with this application.", 404)
        if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
            return Response("No PKCE", 400)
        if not self.agrees:
            return _to(back, error="access_denied", state=asked["state"])
        code = secrets.token_hex(10)
        scopes = tuple(self.narrows(asked.get("scope", "")).split())
        self._codes[code] = Code(self.person, scopes, back, asked["code_challenge"], self.now())
        return _to(back, code=code, state=asked["state"])

    async def _access_token(self, request: Request) -> Response:
        """Errors come with status 200, as GitHub's do."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _error("incorrect_client_credentials")
        if form.get("grant_type") == "refresh_token":
            return self._refreshed(form["refresh_token"])
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or self.now() - code.made_at > CODE_LIFETIME:
            return _error("bad_verification_code")
        if form.get("redirect_uri") != code.redirect_uri:
            return _error("redirect_uri_mismatch")
        if _s256(form.get("code_verifier", "")) != code.challenge:
            return _error("bad_verification_code")
        return self._granted(self.grant(code.user, code.scopes))

    def grant(self, user: User, scopes: tuple[str, ...]) -> Grant:
        """A new token."""
        ends = self.now() + timedelta(seconds=self.token_seconds) if self.token_seconds else None
        refresh = f"ghr_{secrets.token_hex(18)}" if ends else None
        made = Grant(user, scopes, f"gho_{secrets.token_hex(18)}", refresh, ends)
        self.grants[made.access] = made
        return made

    def _refreshed(self, refresh: str) -> Response:
        for grant in self.grants.values():
            if grant.refresh == refresh:
                del self.grants[grant.access]
                return self._granted(self.grant(grant.user, grant.scopes))
        return _error("bad_refresh_token")

    def _granted(self, grant: Grant) -> Response:
        told: dict[str, Any] = {"access_token": grant.access, "token_type": "bearer"}
        told["scope"] = ",".join(grant.scopes)
        if grant.refresh:
            told |= {"expires_in": self.token_seconds, "refresh_token": grant.refresh}
            told |= {"refresh_token_expires_in": 15_897_600}
        return JSONResponse(told)

    # The API

    def _bearer(self, request: Request) -> Grant | None:
        return self._living(request.headers.get("authorization", "").removeprefix("Bearer "))

    def _living(self, access: str) -> Grant | None:
        grant = self.grants.get(access)
        return None if grant is None or (grant.expires_at and grant.expires_at <= self.now()) else grant

    def _answer(self, request: Request, body: Any, status: int = 200, **headers: str) -> Response:
        path, method = request.scope["route"].path.removeprefix(API), request.method.lower()
        self._described.check_answer(path, method, status, body)
        return JSONResponse(body, status, headers) if body is not None else Response(status_code=status)

    def _unauthorized(self, request: Request) -> Response:
        told = {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"}
        return self._answer(request, told, 401)

    async def _user(self, request: Request) -> Response:
        grant = self._bearer(request)
        if grant is None:
            return self._unauthorized(request)
        shown = self._described.example("/user")
        shown |= {"id": grant.user.id, "login": grant.user.login, "name": grant.user.name, "email": None}
        return self._answer(request, shown)

    async def _emails(self, request: Request) -> Response:
        self._described.check_request("/user/emails", "get", request.query_params, None)
        grant = self._bearer(request)
        if grant is None:
            return self._unauthorized(request)
        if "user:email" not in grant.scopes:
            return self._answer(request, {"message": "Not Found", "status": "404"}, 404)
        return self._answer(request, grant.user.emails)

    async def _repos(self, request: Request) -> Response:
        asked = request.query_params
        self._described.check_request("/user/repos", "get", asked, None)
        grant = self._bearer(request)
        if grant is None:
            return self._unauthorized(request)
        seen = [r for r in self.repos.values() if self._may(grant, r)]
        seen.sort(key=lambda r: r.pushed_at if asked.get("sort") == "pushed" else r.full_name, reverse=True)
        size, page = min(100, int(asked.get("per_page", PER_PAGE))), int(asked.get("page", 1))
        shown = [self._shown(repo) for repo in seen[(page - 1) * size : page * size]]
        more = page * size < len(seen)
        link = f'<{request.url.include_query_params(page=page + 1)}>; rel="next"' if more else ""
        return self._answer(request, shown, Link=link) if link else self._answer(request, shown)

    def _may(self, grant: Grant | None, repo: Repo, *, write: bool = False) -> bool:
        """Whether a token reaches a repository; a public one is read by everybody."""
        if grant is None or grant.user.login not in repo.members:
            return not repo.private and not write
        return "repo" in grant.scopes or (not repo.private and (not write or "public_repo" in grant.scopes))

    def _shown(self, repo: Repo) -> dict[str, Any]:
        shown: dict[str, Any] = self._described.example("/user/repos")[0]
        owner, _, name = repo.full_name.partition("/")
        shown["owner"]["login"] = owner
        return shown | {
            "name": name,
            "full_name": repo.full_name,
            "private": repo.private,
            "visibility": "private" if repo.private else "public",
            "description": repo.description,
            "default_branch": "main",
            "clone_url": f"{self.url}/{repo.full_name}.git",
            "pushed_at": repo.pushed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    async def _as_app(self, request: Request) -> Grant | None:
        """The token that the app asks about."""
        body = await request.json()
        path = request.scope["route"].path.removeprefix(API)
        self._described.check_request(path, request.method.lower(), (), body)
        if basic(request.headers.get("authorization")) != (CLIENT_ID, CLIENT_SECRET):
            return None
        return self._living(body["access_token"])

    async def _reset(self, request: Request) -> Response:
        grant = await self._as_app(request)
        if grant is None:
            return self._answer(request, {"message": "Validation Failed", "documentation_url": "x"}, 422)
        del self.grants[grant.access]
        newer = self.grant(grant.user, grant.scopes)
        shown = self._described.example("/applications/{client_id}/token", "patch")
        return self._answer(request, shown | {"token": newer.access, "scopes": list(newer.scopes)})

    async def _drop(self, request: Request) -> Response:
        grant = await self._as_app(request)
        if grant is None:
            return self._answer(request, {"message": "Validation Failed", "documentation_url": "x"}, 422)
        del self.grants[grant.access]
        return self._answer(request, None, 204)

    async def _revoke(self, request: Request) -> Response:
        grant = await self._as_app(request)
        if grant is None:
            return self._answer(request, {"message": "Validation Failed", "documentation_url": "x"}, 422)
        self.forget(grant.user.login)
        return self._answer(request, None, 204)

    # Git

    async def _git(self, request: Request) -> Response:
        """A repository that a token does not reach is not there, and whoever shows none is asked."""
        name = f"{request.path_params['owner']}/{request.path_params['name']}"
        writes = "git-receive-pack" in f"{request.url.path}?{request.url.query}"
        shown = basic(request.headers.get("authorization"))
        grant = self._living(shown[1]) if shown else None
        repo = self.repos.get(name)
        if repo is None or not self._may(grant, repo, write=writes):
            return _sent(WHO_ARE_YOU if grant is None else GitAnswer(404, {}, b"Not Found"))
        asked = GitRequest(
            request.method,
            request.url.path,
            request.url.query,
            dict(request.headers),
            await request.body(),
            user=grant.user.login if grant else "",
        )
        return _sent(await asyncio.to_thread(backend, self._folder, asked))


def _to(back: str, **query: str) -> Response:
    return RedirectResponse(f"{back}?{urlencode(query)}", 302)


def _error(code: str) -> Response:
    return JSONResponse({"error": code, "error_description": "No.", "error_uri": "https://docs.github.com"})


def _s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _sent(answer: GitAnswer) -> Response:
    return Response(answer.body, answer.status, answer.headers)
