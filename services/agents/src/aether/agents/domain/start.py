"""The script that a run's terminal begins with: environment, the agent where it is missing, and the agent."""

import shlex
from collections.abc import Mapping

from aether.agents.domain.launch import Agent, File, Launch, Plan
from aether.agents.domain.run import NOT_INSTALLED

RUN = "AETHER_RUN"  # in the environment of all that a run starts; its processes are found by it
SECRET = "AETHER_RUN_SECRET"  # noqa: S105 # a name
INSTALLING, BEGUN = "phase=installing", "phase=begun"


def files(agent: Agent, launch: Launch, plan: Plan) -> list[File]:
    """All that is to be written before the terminal is opened. The script holds secrets, and only its owner
    reads it."""
    return [*plan.files, File(f"{launch.place}/start", script(agent, launch, plan), 0o600)]


def command(launch: Launch) -> str:
    """What the terminal is opened with: it is seen by whoever lists processes, and tells nothing."""
    return f"exec sh {shlex.quote(f'{launch.place}/start')}"


def script(agent: Agent, launch: Launch, plan: Plan) -> str:
    own = {RUN: launch.run_id, SECRET: launch.secret}
    return "\n".join(
        (
            *_exports({**own, **plan.env}),
            f"cd {shlex.quote(launch.workspace)} || exit 1",
            *_installed(agent),
            _said(BEGUN),
            plan.command,
            "",
        )
    )


def _exports(env: Mapping[str, str]) -> list[str]:
    return [f"export {name}={shlex.quote(value)}" for name, value in env.items()]


def _installed(agent: Agent) -> list[str]:
    """Missing, it is brought while its person looks on. Both scripts run beside this one, not in it."""
    if not agent.install:
        return []
    detect, install = shlex.quote(agent.detect), shlex.quote(agent.install)
    title = shlex.quote(agent.title)
    return [
        f"if ! sh -c {detect} >/dev/null 2>&1; then",
        f"  {_said(INSTALLING)}",
        f"  printf 'Installing %s\\n' {title}",
        f"  if ! sh -c {install}; then",
        f"    printf '%s could not be installed.\\n' {title}",
        f"    exit {NOT_INSTALLED}",
        "  fi",
        "fi",
    ]


def _said(phase: str) -> str:
    """To whoever reads the terminal's output, without a trace on the screen."""
    return f"printf '\\033]7501;{phase}\\007'"


def kill_script(run_id: str) -> str:
    """End what a run has started and left behind: asked first, then killed. Exits 0 in any case."""
    return f"""
theirs() {{
  grep -ls '{RUN}={run_id}' /proc/[0-9]*/environ | while IFS=/ read -r _ _ pid _; do echo "$pid"; done
}}
kill -TERM $(theirs) 2>/dev/null
for _ in 1 2 3 4 5 6; do [ -z "$(theirs)" ] && exit 0; sleep 0.5; done
kill -KILL $(theirs) 2>/dev/null
exit 0
"""
