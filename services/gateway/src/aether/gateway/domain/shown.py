"""Projects and terminals as the API shows them: what their services say, without whose they are."""

from aether.contracts.machines import ProjectView
from aether.contracts.terminal import TerminalView

OURS = {"account_id"}


def project_json(view: ProjectView) -> str:
    return view.model_dump_json(exclude=OURS)


def terminal_json(view: TerminalView) -> str:
    return view.model_dump_json(exclude=OURS)
