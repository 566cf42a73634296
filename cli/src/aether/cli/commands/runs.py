"""aether runs: agents at work. List them, start one, talk to it, attach to its terminal, stop it."""

import json
import sys
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aether.cli.commands.login import AsJson
from aether.cli.commands.projects import Called, tell
from aether.cli.commands.shell import sit_at
from aether.cli.remote.api import Api, Json, signed_in
from aether.cli.remote.refusals import Refused, plainly

runs = typer.Typer(name="runs", help="Agents at work.", no_args_is_help=True)

Run = Annotated[str, typer.Argument(metavar="RUN", help="Its id or the end of it, or its name.")]
COLOURS = {
    "working": "blue",
    "waiting": "yellow",
    "done": "green",
    "failed": "red",
    "stuck": "red",
    "starting": "dim",
}


@runs.command("ls")
@plainly
def list_runs(
    everything: Annotated[bool, typer.Option("--all", help="Ended ones too.")] = False, as_json: AsJson = False
) -> None:
    """List your runs, newest first, with what they ask."""
    with signed_in() as api:
        found = api.runs(ended=everything)
        projects = {project["id"]: project["name"] for project in api.projects()}
    if as_json:
        print(json.dumps(found, indent=2))
    elif found:
        Console().print(_table(found, projects))
    else:
        tell("Nothing is at work. Start an agent with: aether runs start PROJECT AGENT “what to do”")


def _table(found: list[Json], projects: dict[str, str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("run", "project", "agent", "state", "since", "what"):
        table.add_column(heading, overflow="fold")
    for run in found:
        state = f"[{COLOURS[run['state']]}]{run['state']}[/]"
        project = projects.get(run["project_id"], "")
        table.add_row(
            run["id"][-8:], escape(project), run["agent_title"], state, run["since"][11:16], escape(_what(run))
        )
    return table


def _what(run: Json) -> str:
    """What a person wants to know of it first."""
    asked: str = run["question"]["text"] if run["question"] else ""
    return " ".join((run["detail"] or asked or run["doing"] or run["name"]).split())[:200]


@runs.command("start")
@plainly
def start_run(
    called: Called,
    agent: Annotated[str, typer.Argument(help="One of: aether agents")],
    prompt: Annotated[str, typer.Argument(help="What it is to do; - reads it from standard input.")] = "",
    *,
    command: Annotated[str, typer.Option(help="For the agent “command”: what to run.")] = "",
    name: Annotated[str, typer.Option(help="What the run is called in lists.")] = "",
    as_json: AsJson = False,
) -> None:
    """Set an agent to work in a project. A stopped machine is started for it."""
    text = sys.stdin.read() if prompt == "-" else prompt
    body = {"agent": agent, "prompt": text, "command": command, "name": name}
    with signed_in() as api:
        project = api.project(called)
        run = api.ask("POST", f"/api/projects/{project['id']}/runs", body, **{"Idempotency-Key": str(uuid4())})
    if not as_json:
        tell(f"Watch it with: aether runs attach {run['id'][-8:]}")
    _show(run, f"{run['agent_title']} is {run['state']} in {project['name']}.", as_json=as_json)


@runs.command("send")
@plainly
def send(
    called: Run,
    text: Annotated[str, typer.Argument(help="What to say; - reads it from standard input.")] = "",
    option: Annotated[str, typer.Option(help="One of its question's options instead, by id.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say something to a run, or answer its question. It is typed once."""
    said = sys.stdin.read() if text == "-" else text
    if bool(said) == bool(option):
        raise Refused("Say something, or choose an --option of its question.")
    with signed_in() as api:
        run = _find(api, called)
        body: Json = {"option": option} if option else {"text": said}
        if run["question"]:
            body["question_id"] = run["question"]["id"]
        run = api.ask("POST", f"/api/runs/{run['id']}/message", body, **{"Idempotency-Key": str(uuid4())})
    _show(run, f"Sent. {run['agent_title']} is {run['state']}.", as_json=as_json)


@runs.command("attach")
@plainly
def attach(called: Run, as_json: AsJson = False) -> None:
    """Sit at a run's terminal. Ctrl-] d detaches; the agent goes on."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused("aether runs attach needs a terminal.", 2)
    with signed_in() as api:
        run = _find(api, called)
        if run["terminal_id"] is None:
            raise Refused(f"{run['name']} has no open terminal.", 4)
        tell(f"{run['name']}: Ctrl-] d detaches, and the agent goes on.")
        code = sit_at(api, run["terminal_id"])
    if as_json:
        print(json.dumps({"run_id": run["id"], "exit_code": code}))
    raise typer.Exit(code or 0)


@runs.command("stop")
@plainly
def stop(called: Run, as_json: AsJson = False) -> None:
    """End an agent and what it started. What it wrote stays."""
    with signed_in() as api:
        run = api.ask("POST", f"/api/runs/{_find(api, called)['id']}/stop")
    _show(run, f"{run['name']} has ended.", as_json=as_json)


def _find(api: Api, called: str) -> Json:
    """The run with this id, the end of one (four characters or more), or this name. Raises Refused."""
    found = api.runs(ended=True)
    for likeness in (
        [run for run in found if run["id"] == called],
        [run for run in found if len(called) >= 4 and run["id"].endswith(called.lower())],
        [run for run in found if run["name"] == called],
    ):
        if len(likeness) == 1:
            return likeness[0]
        if likeness:
            ids = ", ".join(run["id"][-8:] for run in likeness)
            raise Refused(f"Several runs are called {called}; say which: {ids}.")
    raise Refused(f"There is no run called {called}. See: aether runs ls --all", 4)


def _show(answer: Json, sentence: str, *, as_json: bool) -> None:
    print(json.dumps(answer) if as_json else sentence)
