"""aether keys: what vendors and programs know you by. Values go in by standard input and never come back."""

import getpass
import json
import sys
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from aether.cli.commands.login import AsJson
from aether.cli.remote.api import Api, Json, signed_in
from aether.cli.remote.refusals import Refused, plainly

keys = typer.Typer(name="keys", help="Your keys for vendors and programs.", no_args_is_help=True)


@keys.command("ls")
@plainly
def list_keys(as_json: AsJson = False) -> None:
    """List your keys, without their values."""
    with signed_in() as api:
        found = api.ask("GET", "/api/keys")["items"]
    if as_json:
        print(json.dumps(found, indent=2))
    elif found:
        Console().print(_table(found))
    else:
        print("You have no keys. Keep one with: aether keys set ANTHROPIC_API_KEY", file=sys.stderr)


def _table(found: list[Json]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("name", "ends with", "how", "projects", "changed"):
        table.add_column(heading)
    for key in found:
        projects = "all" if key["projects"] is None else str(len(key["projects"]))
        table.add_row(key["name"], f"…{key['last4']}", key["mode"], projects, key["updated_at"][:16])
    return table


@keys.command("set")
@plainly
def set_key(
    name: str,
    project: Annotated[
        list[str] | None,
        typer.Option(
            help="A project that may have it; give it again for more. Without: as it was; all for a new key."
        ),
    ] = None,
    all_projects: Annotated[bool, typer.Option("--all-projects", help="Every project may have it.")] = False,
    mode: Annotated[
        Literal["brokered", "injected"] | None,
        typer.Option(help="brokered: the machine never has it. injected: it stands in the environment."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Keep a key, or put another value in its place. The value is read from standard input."""
    if project and all_projects:
        raise Refused("Say either --project or --all-projects.")
    value = _value(name)
    with signed_in() as api:
        body: Json = {"value": value}
        if mode is not None:
            body["mode"] = mode
        if project or all_projects:
            body["projects"] = None if all_projects else _ids(api, project or [])
        kept = api.ask("PUT", f"/api/keys/{name}", body)
    print(
        json.dumps(kept) if as_json else f"Kept {kept['name']}, which ends with {kept['last4']} ({kept['mode']})."
    )


def _value(name: str) -> str:
    typed = getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.readline()
    value = typed.strip()
    if not value:
        raise Refused(f'No value came. Try: printf %s "$VALUE" | aether keys set {name}')
    return value


def _ids(api: Api, called: list[str]) -> list[str]:
    return [api.project(name)["id"] for name in called]


@keys.command("rm")
@plainly
def remove_key(name: str, as_json: AsJson = False) -> None:
    """Forget a key. Machines lose it at once."""
    with signed_in() as api:
        api.ask("DELETE", f"/api/keys/{name}")
    print(json.dumps({"name": name, "deleted": True}) if as_json else f"Forgot {name}.")
