"""How tmux is started in the machine, and what runs in a pane.

The pane's first process is a small sh that waits for the shell. When that ends it names the window after the
exit code, which tmux tells in order after all output, and keeps the pane until the relay ends it: tmux 3.3
drops output it has not passed on yet when a pane dies.
"""

from collections.abc import Mapping

from aether.contracts.ids import TerminalId
from aether.terminal.adapters import script
from aether.terminal.adapters.tmux.control import quoted

SOCKET = "aether"
HISTORY = 50_000
EXITED = b"exited "

OPTIONS = (
    f"set -g history-limit {HISTORY}",
    "set -g status off",
    "set -g prefix None",
    "set -g prefix2 None",
    "set -s escape-time 0",
    "set -s exit-empty on",
    "set -g default-terminal xterm-256color",
    "set -g allow-rename off",
    "set -g automatic-rename off",
    "set -g remain-on-exit off",
    "set -g destroy-unattached off",
    "set -g detach-on-destroy on",
    "set -g update-environment ''",
)

# The traps keep this sh alive when a person presses ^C; in the shell they are back to what they were.
PANE = """trap : INT QUIT TSTP
(
  unset TMUX TMUX_PANE AETHER_COMMAND
  if [ -n "$1" ]; then exec "${SHELL:-/bin/sh}" -lc "$1"; else exec "${SHELL:-/bin/sh}" -l; fi
)
code=$?
tmux -L aether rename-window -t "$TMUX_PANE" "exited $code" || exit "$code"
while :; do sleep 86400; done
"""


def session(terminal_id: TerminalId) -> str:
    return f"t-{terminal_id.hex}"


def attach_command(terminal_id: TerminalId) -> str:
    """Attach to a session that is there. tmux ends at once with an error where it is not."""
    return script.as_command(f"exec tmux -L {SOCKET} -u -C attach-session -t ={session(terminal_id)}")


def create_command() -> str:
    """Start tmux with the first line of standard input as its preparation; see first_line()."""
    return script.as_command(script.READ_LINE + script.UTF8 + 'exec tmux -L aether -f /dev/null -u -C "$@"')


def first_line(
    terminal_id: TerminalId, *, env: Mapping[str, str], folder: str, command: str, cols: int, rows: int
) -> bytes:
    """Sets the environment and tmux's arguments: options, then the session, or the one that is there already."""
    new = f"new-session -A -s {session(terminal_id)} -x {cols} -y {rows} -c"
    words: list[str] = []
    for option in OPTIONS:
        words += [*_words(option), ";"]
    names = " ".join(env)
    words += ["set", "-g", "update-environment", names, ";"] if names else []
    words += [*new.split(" "), _whole(folder), "-e", "COLORTERM=truecolor"]
    words += ["/bin/sh", "-c", PANE, "sh", _whole(command)]
    line = f"{script.exports(env)}set -- {' '.join(script.quoted(word) for word in words)}"
    return line.encode() + b"\n"


def _whole(word: str) -> str:
    """tmux takes an argument's last semicolon as the end of a command, unless a backslash stands before it."""
    return f"{word[:-1]}\\;" if word.endswith(";") else word


def _words(option: str) -> list[str]:
    return [word.strip("'") for word in option.split(" ")]


def resize_command(cols: int, rows: int) -> str:
    return f"refresh-client -C {cols}x{rows}"


def keys_commands(pane: str, data: bytes, size: int = 512) -> list[str]:
    """Bytes for the pane's input as they are, in commands of moderate length."""
    return [f"send-keys -t {pane} -H {data[at : at + size].hex(' ')}" for at in range(0, len(data), size)]


def end_command(terminal_id: TerminalId) -> str:
    return f"kill-session -t {quoted('=' + session(terminal_id))}"
