"""Who visits a preview, and whether they may. The same for pages, for streams and for sockets."""

from dataclasses import dataclass
from uuid import UUID

from aether.contracts.ids import AccountId, CredentialId, PersonId
from aether.contracts.machines import ProjectView
from aether.contracts.problem import Problem, Refusal, Unavailable
from aether.contracts.service import Service
from aether.contracts.terminal import PortView
from aether.gateway.api.guard import cookie_in, only
from aether.gateway.deps.gateway import Gateway
from aether.gateway.deps.ports import Door, Exchange, Headers
from aether.gateway.domain.admission import Shown
from aether.gateway.domain.credentials import Caller, Visit
from aether.gateway.domain.passage import is_ours
from aether.gateway.domain.previews import Fetched, Label, may_open
from aether.gateway.errors import (
    CrossSite,
    NothingListens,
    PreviewMissing,
    ProjectStarting,
    ProjectStopped,
    SignInNeeded,
)
from aether.kit.grants import Grant

NOBODY = UUID(int=0)


@dataclass(frozen=True)
class Visited:
    """A preview that may be shown: whose project it is, the port as it is now, and the visitor if known."""

    project: ProjectView
    port: PortView
    visitor: Caller | None

    @property
    def door(self) -> Door:
        machine = self.project.machine
        return Door(self.project.id, machine.generation if machine else 0, self.port.port)


def label_of(gateway: Gateway, headers: Headers) -> Label:
    """The preview that a request is for. Raises PreviewMissing."""
    host = only(headers, b"host")
    label = gateway.previews.domain.label(host) if host else None
    if label is None:
        raise PreviewMissing("Previews are at port--project, as their project's page links to them.")
    if not gateway.previews.are_on:
        raise PreviewMissing("Previews are turned off in this aether.")
    return label


def fetched(method: str, headers: Headers) -> Fetched:
    """What a browser says of the request."""
    return Fetched(
        method=method,
        site=only(headers, b"sec-fetch-site"),
        mode=only(headers, b"sec-fetch-mode"),
        dest=only(headers, b"sec-fetch-dest"),
        origin=only(headers, b"origin"),
        accept=only(headers, b"accept") or "",
    )


async def visit(gateway: Gateway, headers: Headers, label: Label, how: Fetched) -> Visited:
    """Let in whoever may. Raises SignInNeeded, CrossSite or PreviewMissing.

    Nobody learns from it whether a project exists that they may not see.
    """
    project = await gateway.previews.project(label.slug)
    if project is None:
        await _stranger(gateway, headers)
        raise SignInNeeded("Sign in to see this preview.")
    port = await gateway.previews.port(project.id, label.port)
    if port.visibility == "public":
        return Visited(project, port, await _known(gateway, headers, project, label, how))
    visitor = await visitor_of(gateway, headers, project, label)
    if visitor is None or not may_open(port.visibility, project.account_id, visitor.account_id):
        await _stranger(gateway, headers)
        raise SignInNeeded("Sign in to see this preview.")
    if visitor.kind == "preview" and not how.cookie_counts(gateway.previews.domain.origin(label)):
        raise CrossSite("Open the preview itself, or make the port public.")
    return Visited(project, port, visitor)


async def visitor_of(gateway: Gateway, headers: Headers, project: ProjectView, label: Label) -> Caller | None:
    """Whose token it is, or who has a cookie for this very preview; None for anybody else."""
    authorization = only(headers, b"authorization")
    if authorization is not None and is_ours(authorization.encode("latin-1")):
        return await _caller(gateway, Shown("token", authorization.partition(" ")[2].strip()))
    secret = cookie_in(headers, gateway.preview_cookie)
    found = await _caller(gateway, Shown("preview", secret)) if secret else None
    if isinstance(found, Visit) and (found.project_id, found.port) == (project.id, label.port):
        return found
    return None


async def _known(
    gateway: Gateway, headers: Headers, project: ProjectView, label: Label, how: Fetched
) -> Caller | None:
    """On a public port, whom the cookie names, if it counts; nothing hangs on it but the words of a page."""
    visitor = await visitor_of(gateway, headers, project, label)
    counts = how.cookie_counts(gateway.previews.domain.origin(label))
    own = visitor is not None and visitor.account_id == project.account_id
    return visitor if own and counts else None


async def _caller(gateway: Gateway, shown: Shown) -> Caller | None:
    try:
        return await gateway.keyring.caller(shown)
    except SignInNeeded:
        return None


async def _stranger(gateway: Gateway, headers: Headers) -> None:
    """Whoever has shown a good token need not sign in; what is not theirs is missing. Raises PreviewMissing."""
    authorization = only(headers, b"authorization")
    if authorization is None or not is_ours(authorization.encode("latin-1")):
        return
    if await _caller(gateway, Shown("token", authorization.partition(" ")[2].strip())) is not None:
        raise PreviewMissing


def check_runs(visited: Visited) -> None:
    """Raises ProjectStopped, ProjectStarting or NothingListens. Starts nothing."""
    status = visited.project.status
    if status == "starting":
        raise ProjectStarting("Its preview opens here as soon as the app listens.")
    if status != "running":
        raise ProjectStopped("Its preview comes back when somebody starts the project.")
    if visited.port.listening_since is None:
        port = visited.port.port
        raise NothingListens(
            f"No program in the machine listens on port {port}. This page opens it when one does."
        )


async def open_door(gateway: Gateway, visited: Visited, *, fresh: bool) -> Exchange:
    """A connection to the port. Raises Unavailable, or what the tunnel refuses."""
    assert gateway.previews.tunnel is not None, "without a tunnel nobody is let in"
    grant = Grant(
        audience=Service.TERMINAL,
        person_id=PersonId(NOBODY),
        person_name="",
        account_id=AccountId(visited.project.account_id),
        project_id=visited.project.id,
        resource=str(visited.port.port),
        right="connect",
        credential_id=CredentialId(NOBODY),
    )
    return await gateway.lines.to_port(
        gateway.previews.tunnel, visited.door, lambda: gateway.signer.sign(grant), fresh=fresh
    )


def turned_away(gateway: Gateway, problem: Problem, visited: Visited) -> Refusal:
    """The tunnel refused: what was known of the port a moment ago is no longer so."""
    gateway.previews.forget(visited.project.id)
    if problem.status in (404, 409, 502):
        return NothingListens(f"No program in the machine listens on port {visited.port.port} any more.")
    return Unavailable("The machine does not answer. It may be starting or has just stopped.")
