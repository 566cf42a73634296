"""Small shell scripts for the machine's side, and how words are put into them.

What a script needs to know (environment, folder, command) comes on its first line of standard input and not
in its arguments, because others on the host may see a process's arguments.
"""

import re
from collections.abc import Mapping, Sequence

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+\Z")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

# `n` is a newline, so that what follows fits on one line. Fish and others run this too, hence plain sh inside.
READ_LINE = """n='
'
IFS= read -r line || exit 1
eval "$line"
"""
UTF8 = """case "${LC_ALL:-${LC_CTYPE:-$LANG}}" in
  *[Uu][Tt][Ff]*) ;;
  *) unset LC_ALL; export LANG=C.UTF-8 LC_CTYPE=C.UTF-8 ;;
esac
"""
# The keys that were given to the machine, which change while it runs: each session begins with those of its time.
KEYS = """if [ -r "${AETHER_ENV_FILE:-}" ]; then . "$AETHER_ENV_FILE"; fi
"""


def quoted(text: str) -> str:
    """One word for sh on one line, whatever is in it. NUL cannot be in a word and is left out."""
    if _PLAIN.match(text):
        return text
    inner = text.replace("\0", "").replace("'", "'\\''").replace("\n", "'\"$n\"'")
    return f"'{inner}'"


def exports(env: Mapping[str, str]) -> str:
    """Assignments for sh; names that are none are left out."""
    return "".join(f"export {name}={quoted(value)}; " for name, value in env.items() if NAME.match(name))


def as_command(script: str) -> str:
    """A script as the command of an SSH channel, whichever shell the account has."""
    return "exec /bin/sh -c '" + script.replace("'", "'\\''") + "'"


# The PTY echoes until it is told not to, so the line is sent when the mark has come.
MARK = b"\x1e"
_HIDDEN = """stty -echo 2>/dev/null
printf '\\036'
IFS= read -r line || exit 1
stty echo 2>/dev/null
n='
'
eval "$line"
"""
PTY_SHELL = (
    _HIDDEN
    + UTF8
    + "\nexport COLORTERM=truecolor\n"
    + KEYS
    + """cd "$folder" 2>/dev/null || cd
if [ -n "$command" ]; then exec "${SHELL:-/bin/sh}" -lc "$command"; else exec "${SHELL:-/bin/sh}" -l; fi
"""
)
_RUN = (
    KEYS
    + """cd "$folder" 2>/dev/null || { printf 'aether: there is no folder %s\\n' "$folder" >&2; exit 126; }
if [ -n "$command" ]; then exec "${SHELL:-/bin/sh}" -c "$command"; else exec "$@"; fi
"""
)
RUN = READ_LINE + _RUN
RUN_ON_PTY = _HIDDEN + _RUN


def shell_line(*, env: Mapping[str, str], folder: str, command: str, argv: Sequence[str] = ()) -> bytes:
    """The line that tells PTY_SHELL and RUN what they need to know."""
    words = f"folder={quoted(folder or '.')}; command={quoted(command)}; "
    return f"{exports(env)}{words}set -- {' '.join(quoted(word) for word in argv)}\n".encode()
