"""aether projects: list, create, start, stop and remove."""

import json
import sys
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from aether.cli.commands.login import AsJson
from aether.cli.remote.api import Json, complete_project, signed_in
from aether.cli.remote.refusals import Refused, plainly

projects = typer.Typer(name="projects", help="Your projects.", no_args_is_help=True)

Called = Annotated[
    str,
    typer.Argument(metavar="PROJECT", help="Its id, slug or name.", autocompletion=complete_project),
]
COLOURS = {"running": "green", "starting": "yellow", "stopping": "yellow", "error": "red", "stopped": "dim"}


def tell(sentence: str) -> None:
    """Progress goes to stderr: stdout is for the answer."""
    print(sentence, file=sys.stderr, flush=True)


@projects.command("ls")
@plainly
def list_projects(as_json: AsJson = False) -> None:
    """List your projects, newest first."""
    with signed_in() as api:
        found = api.projects()
    if as_json:
        print(json.dumps(found, indent=2))
    elif found:
        Console().print(_table(found))
    else:
        tell("You have no projects. Make one with: aether projects create NAME")


def _table(found: list[Json]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("name", "slug", "status", "repository", "id"):
        table.add_column(heading, overflow="fold")
    for project in found:
        status = project["status"]
        detail = f" ({project['status_detail']})" if project["status_detail"] else ""
        shown = f"[{COLOURS.get(status, '')}]{status}[/]{detail}" if status in COLOURS else status
        table.add_row(project["name"], project["slug"], shown, project["repo_url"], project["id"])
    return table


@projects.command("create")
@plainly
def create_project(
    name: str,
    repo: Annotated[str, typer.Option(help="A git URL to clone when it is first started.")] = "",
    branch: Annotated[str, typer.Option(help="The branch to clone.")] = "",
    start: Annotated[bool, typer.Option("--start", help="Start it, and wait until it runs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a project, empty or from a git URL."""
    body = {"name": name, "repo_url": repo, "branch": branch}
    with signed_in() as api:
        project = api.ask("POST", "/api/projects", body, **{"Idempotency-Key": str(uuid4())})
        if start:
            project = api.until_running(project, tell)
    _show(project, f"Made {project['name']}.", as_json=as_json)


@projects.command("start")
@plainly
def start_project(
    called: Called,
    wait: Annotated[bool, typer.Option(help="Wait until it runs.")] = True,
    as_json: AsJson = False,
) -> None:
    """Start a project's machine."""
    with signed_in() as api:
        project = api.project(called)
        if wait:
            project = api.until_running(project, tell)
        else:
            project = api.ask("POST", f"/api/projects/{project['id']}/start")
    _show(project, f"{project['name']} is {project['status']}.", as_json=as_json)


@projects.command("stop")
@plainly
def stop_project(called: Called, as_json: AsJson = False) -> None:
    """Stop a project's machine. Its files stay."""
    with signed_in() as api:
        project = api.ask("POST", f"/api/projects/{api.project(called)['id']}/stop")
    _show(project, f"{project['name']} is {project['status']}.", as_json=as_json)


@projects.command("rm")
@plainly
def remove_project(
    called: Called,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a project, its machine and its files."""
    with signed_in() as api:
        project = api.project(called)
        question = f"Delete {project['name']} and everything in it?"
        if not yes and not (sys.stdin.isatty() and typer.confirm(question, err=True)):
            raise Refused(f"{project['name']} was not deleted. Confirm with --yes.")
        api.ask("DELETE", f"/api/projects/{project['id']}")
    _show({"id": project["id"], "deleted": True}, f"Deleted {project['name']}.", as_json=as_json)


def _show(answer: Json, sentence: str, *, as_json: bool) -> None:
    print(json.dumps(answer) if as_json else sentence)
