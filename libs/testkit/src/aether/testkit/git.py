"""A real git server: `git http-backend` behind a small HTTP server on loopback, as smart clients expect."""

import base64
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")


@dataclass(frozen=True)
class GitRequest:
    """One request of git's smart protocol. Whoever has a name in `user` may push."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    user: str = ""


@dataclass(frozen=True)
class GitAnswer:
    status: int
    headers: dict[str, str]
    body: bytes


class GitServer:
    """Serves the bare repositories of one folder at `url`/NAME.git.

    `passwords` closes a repository to whoever does not show that user's password, and lets them push to it.
    """

    def __init__(self, folder: Path, port: int, passwords: dict[str, tuple[str, str]]) -> None:
        self._folder = folder
        self._passwords = passwords
        self.url = f"http://127.0.0.1:{port}"

    def create(self, name: str, files: dict[str, str], *, branch: str = "main") -> str:
        """A repository with one commit of these files; answers its URL."""
        make_repository(self._folder, name, files, branch=branch)
        return f"{self.url}/{name}.git"

    def close(self, name: str, user: str, password: str) -> None:
        """From now on only for whoever shows these."""
        self._passwords[name] = (user, password)


def make_repository(folder: Path, name: str, files: dict[str, str], *, branch: str = "main") -> None:
    """The bare repository `folder`/NAME.git with one commit of these files; NAME may have folders in it."""
    work = folder / f"{name}.work"
    git("init", "--quiet", "--initial-branch", branch, str(work))
    for path, text in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(text)
    git("-C", str(work), "add", "--all")
    git("-C", str(work), "commit", "--quiet", "--message", "Begin")
    git("clone", "--quiet", "--bare", str(work), str(folder / f"{name}.git"))


def git(*arguments: str) -> str:
    """What git says, run as somebody with a name and without the host's own configuration."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"}
    done = subprocess.run(["git", *WHO, *arguments], check=True, env=environment, capture_output=True, text=True)
    return done.stdout


@contextmanager
def serving(folder: Path) -> Iterator[GitServer]:
    """A server for as long as the block lasts."""
    closed: dict[str, tuple[str, str]] = {}

    class Handler(_Backend):
        root, passwords = folder, closed

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield GitServer(folder, server.server_port, closed)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Backend(BaseHTTPRequestHandler):
    """Hands each request to git's own CGI program and its answer back."""

    root: Path
    passwords: dict[str, tuple[str, str]]

    def do_GET(self) -> None:
        self._pass_on(b"")

    def do_POST(self) -> None:
        self._pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _pass_on(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        wanted = self.passwords.get(parts.path.partition(".git")[0].lstrip("/"))
        shown = basic(self.headers.get("Authorization"))
        if wanted is not None and shown != wanted:
            self._answer(WHO_ARE_YOU)
            return
        user = wanted[0] if wanted else ""
        request = GitRequest(self.command, parts.path, parts.query, dict(self.headers.items()), body, user)
        self._answer(backend(self.root, request))

    def _answer(self, answer: GitAnswer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing: a test prints what matters itself."""


WHO_ARE_YOU = GitAnswer(401, {"WWW-Authenticate": 'Basic realm="GitHub"', "Content-Type": "text/plain"}, b"Who?\n")


def basic(authorization: str | None) -> tuple[str, str] | None:
    """User and password of an Authorization header."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    user, _, password = base64.b64decode(encoded).decode().partition(":")
    return user, password


def backend(root: Path, request: GitRequest) -> GitAnswer:
    """What `git http-backend` answers for the repositories below `root`."""
    done = subprocess.run(
        ["git", "http-backend"],
        input=request.body,
        env=_environment(root, request),
        capture_output=True,
        check=True,
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
    status = int(fields.pop("Status", "200").split()[0])
    return GitAnswer(status, fields, content)


def _environment(root: Path, request: GitRequest) -> dict[str, str]:
    headers = {name.lower(): value for name, value in request.headers.items()}
    user = {"REMOTE_USER": request.user} if request.user else {}
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "REMOTE_ADDR": "127.0.0.1",
        **user,
    }
