"""aether ssh-config: the lines that let ssh, scp, rsync and editors into a project's machine."""

import json
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from aether.cli.commands.agents import identity_of
from aether.cli.commands.login import AsJson
from aether.cli.commands.projects import Called, tell
from aether.cli.remote.api import Json, signed_in
from aether.cli.remote.refusals import plainly

CONFIG = Path("~/.ssh/aether_config")
KNOWN_HOSTS = Path("~/.ssh/aether_known_hosts")  # as the configuration names it


@plainly
def ssh_config(
    called: Called,
    identity: Annotated[
        Path | None, typer.Option(help="Your private key, as the lines name it; ~/.ssh/aether-SLUG if not said.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help=f"Put the lines into {CONFIG} and {KNOWN_HOSTS}.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the lines for ~/.ssh/config, with the real host keys below as comments."""
    with signed_in() as api:
        project = api.project(called)
        key = quote(str(identity or identity_of(project)))
        found = api.ask("GET", f"/api/projects/{project['id']}/ssh-config?identity_file={key}")
    if write:
        _write(found)
    if as_json:
        print(json.dumps(found))
    elif not write:
        comment = "".join(f"# {line}\n" for line in found["known_hosts"].splitlines())
        print(f"{found['config'].rstrip()}\n\n# Into {KNOWN_HOSTS}:\n{comment}", end="")


def _write(found: Json) -> None:
    config, known = CONFIG.expanduser(), KNOWN_HOSTS.expanduser()
    config.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _put(config, f"# {found['host']}", found["config"])
    _put(known, f"# {found['host']}", found["known_hosts"])
    tell(f"Written to {config} and {known}. Have ssh read it: put “Include {CONFIG.name}” first in ~/.ssh/config.")
    tell(f"Then: ssh {found['host']}")


def _put(path: Path, mark: str, lines: str) -> None:
    """This project's lines in place of those it had; others stay."""
    kept, inside = [], False
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        if line in {mark, f"{mark} end"}:
            inside = line == mark
        elif not inside:
            kept.append(line)
    text = "\n".join([*kept, mark, *lines.strip().splitlines(), f"{mark} end"]) + "\n"
    fresh = path.with_name(f"{path.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text(text.lstrip("\n"), encoding="utf-8")
    fresh.rename(path)
