"""What is run in a machine, and how words are put into it.

A script comes on standard input and not in arguments, because others on the host may see a process's arguments.
It is plain sh, whichever shell the account has, and nothing but sh and the usual small programs is needed.
"""

import base64
import re
import shlex
from collections.abc import Iterable, Mapping
from uuid import UUID

# Reads all of its standard input as the script.
WHOLE = "exec /bin/sh -s"
# Reads its first line, which sets `folder` and `script`; what follows is the script's standard input.
_LINE = """n='
'
IFS= read -r line || exit 1
eval "$line"
cd "$folder" 2>/dev/null || cd
eval "$script"
"""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

_PUT = """put() {
  umask 077
  mkdir -p "${1%/*}" || return 73
  base64 -d > "$1.aether-$$" && chmod "$2" "$1.aether-$$" && mv -f "$1.aether-$$" "$1" && return 0
  rm -f "$1.aether-$$"
  return 73
}
"""
# A folder of this name that somebody else has made is not used: they could read what is put there.
_FOLDERS = """own() {
  mkdir -m 700 "$1" 2>/dev/null
  if [ ! -d "$1" ] || [ -L "$1" ] || [ ! -O "$1" ] || ! chmod 700 "$1"; then
    echo "aether: $1 is not this machine's own folder" >&2
    exit 73
  fi
}
own "$socket_folder"
own "$place"
if [ "$(cat "$place/generation" 2>/dev/null)" != "$generation" ]; then
  rm -rf "$place"/* "$socket_folder"/kept-*
  echo "$generation" > "$place/generation"
fi
"""
# A connection that broke may live on at the machine's end and hold the port: the newest is the one that counts.
# What is left of its socket is in the way of the new one.
_ANEW = """rm -f "$socket_folder/aether.sock"
old=$(cat "$place/link" 2>/dev/null)
case "$old" in
  ''|*[!0-9]*|"$PPID") ;;
  *) if read -r name < "/proc/$old/comm"; then case "$name" in sshd*) kill "$old" ;; esac; fi 2>/dev/null ;;
esac
echo "$PPID" > "$place/link"
"""
# At the end of PATH: a program of the same name that is there already stays the one that is found.
_PATH = """case ":$PATH:" in *":$HOME/.aether/bin:"*) ;; *) export PATH="$PATH:$HOME/.aether/bin" ;; esac
"""


def socket_folder(machine_id: UUID) -> str:
    return f"/tmp/aether-{machine_id}"  # noqa: S108 - its owner is checked before it is used


def place(machine_id: UUID) -> str:
    """The machine's folder in memory."""
    return f"/dev/shm/aether-{machine_id}"  # noqa: S108 - as above


def word(text: str) -> str:
    """A word of a script. NUL cannot be in one and is left out."""
    return shlex.quote(text.replace("\0", ""))


def command_of(script: str) -> str:
    return f"exec /bin/sh -c {shlex.quote(script)}"


RUN = command_of(_LINE)


def run_line(*, env: Mapping[str, str], folder: str, script: str) -> bytes:
    """The line that tells RUN what it needs to know."""
    words = {"folder": folder, "script": script}
    exported = "".join(f"export {name}={_one_line(value)}; " for name, value in env.items() if NAME.match(name))
    return (exported + "; ".join(f"{name}={_one_line(word)}" for name, word in words.items()) + "\n").encode()


def put(files: Iterable[tuple[str, bytes, int]]) -> str:
    """A script that writes files whole: (absolute path, content, mode). It ends at the first that cannot be."""
    return _PUT + "".join(
        f"printf %s '{base64.b64encode(content).decode()}' | put {shlex.quote(path)} {mode:o} || exit 73\n"
        for path, content, mode in files
    )


def fit(machine_id: UUID, generation: int, files: Iterable[tuple[str, bytes, int]], *, anew: bool = False) -> str:
    """A script that makes the machine's folders and brings what belongs in it. `files` as for put().

    `anew`: a connection has just been made, and takes the place of the one before.
    """
    words = {
        "socket_folder": socket_folder(machine_id),
        "place": place(machine_id),
        "generation": str(generation),
    }
    begin = "".join(f"{name}={shlex.quote(word)}\n" for name, word in words.items())
    return "umask 077\n" + begin + _FOLDERS + (_ANEW if anew else "") + put(files)


def environment(env: Mapping[str, str]) -> bytes:
    """The file that terminals read when they open."""
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in env.items() if NAME.match(name)]
    return ("".join(lines) + _PATH).encode()


def _one_line(text: str) -> str:
    """One word for sh on one line. NUL cannot be in a word and is left out."""
    return shlex.quote(text.replace("\0", "")).replace("\n", "'\"$n\"'")
