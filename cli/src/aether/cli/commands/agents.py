"""aether agents: which agents there are, and which key pairs may enter a machine by SSH."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.table import Table

from aether.cli.commands.login import AsJson
from aether.cli.commands.projects import Called, tell
from aether.cli.remote.api import Json, signed_in
from aether.cli.remote.refusals import Refused, plainly

agents = typer.Typer(name="agents", help="Agents, and what lets one in by SSH.")


def identity_of(project: Json) -> Path:
    """Where the private key for a project lies: each project has one of its own."""
    return Path("~/.ssh") / f"aether-{project['slug']}"


@agents.callback(invoke_without_command=True)
@plainly
def list_agents(context: typer.Context, as_json: AsJson = False) -> None:
    """List the agents that can be started."""
    if context.invoked_subcommand is not None:
        return
    with signed_in() as api:
        found = api.ask("GET", "/api/agents/catalog")["items"]
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        Console().print(_catalog(found))


def _catalog(found: list[Json]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("name", "agent", "key", "resumes", "what it is"):
        table.add_column(heading, overflow="fold")
    for entry in found:
        key = " or ".join(entry["key_names"]) or "none"
        table.add_row(entry["name"], entry["title"], key, "yes" if entry["resumes"] else "no", entry["summary"])
    return table


@agents.command("tokens")
@plainly
def list_tokens(called: Called, as_json: AsJson = False) -> None:
    """List the key pairs that may enter a project's machine."""
    with signed_in() as api:
        project = api.project(called)
        found = api.ask("GET", f"/api/projects/{project['id']}/agents")["items"]
    if as_json:
        print(json.dumps(found, indent=2))
    elif found:
        Console().print(_tokens(found))
    else:
        tell(f"Nothing may enter {project['name']} yet. Let a key in with: aether agents allow {project['slug']}")


def _tokens(found: list[Json]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("name", "fingerprint", "last used", "expires", "id"):
        table.add_column(heading, overflow="fold")
    for token in found:
        used, expires = (str(token[field] or "never")[:16] for field in ("last_used_at", "expires_at"))
        table.add_row(token["name"], token["fingerprint"], used, expires, token["id"])
    return table


@agents.command("allow")
@plainly
def allow(
    called: Called,
    *,
    name: Annotated[str, typer.Option(help="What the key is called in lists.")] = "",
    public_key: Annotated[Path | None, typer.Option(help="An OpenSSH public key that you have.")] = None,
    identity: Annotated[
        Path | None, typer.Option(help="Where a new private key is written; ~/.ssh/aether-SLUG if not said.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="When it opens no more, such as 2027-01-31T12:00:00Z. Without: never.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a key pair into a project's machine. Without --public-key one is made and written to --identity."""
    given = _read(public_key) if public_key else None
    with signed_in() as api:
        project = api.project(called)
        target = (identity or identity_of(project)).expanduser()
        body = {
            "name": name or os.uname().nodename[:64] or "this computer",
            "public_key": given,
            "expires_at": expires,
        }
        path = f"/api/projects/{project['id']}/agents"
        if given is None:
            # First of all, so that no pair is let in whose private key has nowhere to go.
            with _new_private(target) as file:
                made = api.ask("POST", path, body)
                file.write(made["private_key"].rstrip("\n") + "\n")
            tell(f"The private key is in {target}.")
        else:
            made = api.ask("POST", path, body)
    token = made["token"]
    tell(f"For your ssh configuration: aether ssh-config {project['slug']} --write")
    print(json.dumps(token) if as_json else f"{token['name']} may enter {project['name']}: {token['fingerprint']}")


def _read(path: Path) -> str:
    try:
        return path.expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path} could not be read.") from error


@contextlib.contextmanager
def _new_private(path: Path) -> Iterator[TextIO]:
    """A file for this person alone, never over another; gone again unless all goes well."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        if path.exists():
            raise Refused(
                f"{path} is there already. Name another file with --identity, or give its --public-key."
            ) from None
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(opened, "w") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@agents.command("revoke")
@plainly
def revoke(called: Called, token_id: str, as_json: AsJson = False) -> None:
    """Let a key pair in no more. What is open with it is cut within five seconds."""
    with signed_in() as api:
        project = api.project(called)
        api.ask("DELETE", f"/api/projects/{project['id']}/agents/{token_id}")
    print(json.dumps({"id": token_id, "revoked": True}) if as_json else "Revoked.")
