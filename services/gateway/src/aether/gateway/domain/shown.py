"""Projects, terminals, ports and runs as the API shows them: what their services say, without whose they are."""

import json
from typing import Any

from aether.contracts.command import Reply
from aether.contracts.machines import ProjectView
from aether.contracts.terminal import PortView, TerminalView

OURS = {"account_id"}
EVERYWHERE: Any = {"account_id": True, "items": {"__all__": OURS}, "token": OURS, "webhook": OURS}


def view_json(view: Reply) -> str:
    """Any answer, or a list of them."""
    return view.model_dump_json(exclude=EVERYWHERE)


def project_json(view: ProjectView) -> str:
    return view.model_dump_json(exclude=OURS)


def terminal_json(view: TerminalView) -> str:
    return view.model_dump_json(exclude=OURS)


def port_json(view: PortView, url: str | None) -> str:
    """`url` is where its preview is, None where previews are off."""
    shown = view.model_dump(mode="json", exclude={*OURS, "project_id"})
    return json.dumps({**shown, "listening": view.listening_since is not None, "url": url})


def ports_json(project_id: str, ports: list[str]) -> str:
    """All of a project's ports, each of them JSON already."""
    return f'{{"project_id":{json.dumps(project_id)},"ports":[{",".join(ports)}]}}'
