"""Agents that come from npm: each in a folder of its own below the home, found after whatever the person has."""

import shlex

_NO_NPM = "npm is missing in this machine: Node.js 20 or newer brings it."


def path(folder: str) -> str:
    """A line of sh that lets the agent be found. One that the person has installed goes first."""
    return f'PATH="$PATH:$HOME/.aether/agents/{folder}/node_modules/.bin"; export PATH'


def detect(folder: str, program: str) -> str:
    """Prints its version where it is."""
    return f"{path(folder)}\ncommand -v {program} >/dev/null && {program} --version"


def install(folder: str, package: str, after: str = "") -> str:
    """Bring a package. `after` is the script that the package would have npm run, which npm is told not to do: it
    runs none of any other package, and in newer versions none at all unless asked."""
    prefix = f'"$HOME/.aether/agents/{folder}"'
    lines = [
        f"command -v npm >/dev/null || {{ echo {shlex.quote(_NO_NPM)} >&2; exit 1; }}",
        f"mkdir -p {prefix} && cd {prefix} || exit 1",
        # Without it npm would take a folder further up; told of this one, it would not read the host's settings.
        "[ -e package.json ] || echo '{\"private\": true}' > package.json",
        f"npm install --ignore-scripts --no-fund --no-audit {shlex.quote(package)} || exit 1",
    ]
    return "\n".join([*lines, *([f"node node_modules/{after}"] if after else [])])
