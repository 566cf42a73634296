"""How tmux is started in the machine, and what runs in a pane.

The pane's first process is a small sh that waits for the shell. When that ends it names the window after the
exit code, which tmux tells in order after all output, and keeps the pane until the relay ends it: tmux 3.3
drops output it has not passed on yet when a pane dies.
"""

import hashlib
from collections.abc import Mapping

from aether.contracts.ids import TerminalId
from aether.terminal.adapters import script
from aether.terminal.adapters.tmux.control import quoted

SOCKET = "aether"
HISTORY = 50_000
EXITED = b"exited "
NEW = "new"
BUFFER = "aether-paste"

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
  if [ -r "${AETHER_ENV_FILE:-}" ]; then . "$AETHER_ENV_FILE"; fi
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


def screen_commands(pane: str, lines: int) -> list[str]:
    """Whether a program draws on the alternate screen, that screen, and the main one with its last scrollback."""
    alternate = f"display-message -p -t {pane} '#{{alternate_on}}'"
    return [alternate, f"capture-pane -p -t {pane}", f"capture-pane -p -t {pane} -S -{lines}"]


def once_command(pane: str, key: str, act: str, otherwise: str) -> str:
    """`act`, or `otherwise` if it was done with this key; the last answer but one is NEW if it is done now.

    tmux itself keeps the key, as an option of the pane, and does both without anything in between. Each branch has
    as many commands as the other, so that the answers are as many.
    """
    option = f"@once_{hashlib.sha256(key.encode()).hexdigest()[:32]}"
    done = f"display-message -p old ; display-message -p old ; {otherwise}"
    doing = f"set-option -p -t {pane} {option} 1 ; display-message -p {NEW} ; {act}"
    return f"if-shell -F -t {pane} '#{{{option}}}' {{ {done} }} {{ {doing} }}"


def paste_commands(pane: str, key: str, text: str) -> list[str]:
    """Put a text in as one paste, once for each key; marked as a paste where the program has asked for that."""
    words = '"\\n"'.join(quoted(line) for line in text.split("\n"))
    paste = f"paste-buffer -p -r -d -b {BUFFER} -t {pane}"
    return [f"set-buffer -b {BUFFER} {words}", once_command(pane, key, paste, f"delete-buffer -b {BUFFER}")]


def press_commands(pane: str, key: str, keys: bytes) -> list[str]:
    """Bytes for the pane's input, at most a few hundred, once for each key."""
    press = f"send-keys -t {pane} -H {keys.hex(' ')}"
    return [once_command(pane, key, press, "display-message -p old")]


def end_command(terminal_id: TerminalId) -> str:
    return f"kill-session -t {quoted('=' + session(terminal_id))}"
