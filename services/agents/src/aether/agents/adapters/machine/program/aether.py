#!/bin/sh
""":"
if command -v python3 >/dev/null 2>&1; then exec python3 -IS "$0" "$@"; fi
case "$1" in hook | git-credential) exit 0 ;; esac
echo "aether: this machine has no python3" >&2
exit 1
"""
# What stands above is a text to Python. sh reads it as a script that goes on as Python, or ends; agents and git
# are not disturbed where there is none.

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE = """aether in a machine: speaks on the machine's own socket.

usage:
  aether notify TITLE [TEXT]            call your person
  aether hold NAME [SECONDS]            keep the machine awake (one hour at most, 600 s unless told)
  aether release NAME                   let it sleep again
  aether holds                          what keeps it awake
  aether key NAME                       print a key that this project may read
  aether event STATE [TEXT]             say how far this run is: working, waiting, done or failed
  aether hook [AGENT] EVENT [JSON]      hand on what an agent's hook says, from standard input unless given
  aether git-credential get             git's credential helper
"""

SECONDS = 5
# What is said of a run while nobody answers is kept and said later, for so long after it was first tried.
PATIENCE, PAUSE, MOST_KEPT = 600, 0.5, 1000
# A hook may quote whole files; who reads it wants their beginning.
LONGEST_TEXT = 8192
DEEPEST = 12
WRONG_USE, FAILED = 2, 1


class Failed(Exception):
    """A sentence for whoever has called."""


class Away(Failed):
    """Nobody answers now; perhaps soon."""


def ask(method: str, path: str, body: Any = None) -> Any:
    """The answer's JSON, or None if it has none. Raises Failed."""
    try:
        said = exchanged(where(), request(method, path, b"" if body is None else json.dumps(body).encode()))
        head, _, content = said.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
    except (OSError, ValueError, IndexError) as error:
        raise Away(f"the machine's socket does not answer ({error})") from None
    return understood(status, content)


def where() -> str:
    """The machine's socket."""
    path = os.environ.get("AETHER_SOCKET")
    if not path:
        raise Failed("AETHER_SOCKET is not set: this is no machine of aether")
    return path


def request(method: str, path: str, body: bytes) -> bytes:
    """HTTP by hand: hooks come often, and Python's own client takes longer to load than all the rest."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: aether",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    secret = os.environ.get("AETHER_RUN_SECRET", "")
    if secret.isprintable() and secret:
        lines.append(f"Authorization: Bearer {secret}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def exchanged(path: str, asked: bytes) -> bytes:
    """All that is answered; the answers here are short and have their length."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(SECONDS)
        connection.connect(path)
        connection.sendall(asked)
        said = b""
        while True:
            piece = connection.recv(65536)
            if not piece:
                return said
            said += piece


def quote(text: str) -> str:
    """A part of a path."""
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02X}" for byte in text.encode())


def understood(status: int, said: bytes) -> Any:
    try:
        value = json.loads(said.decode("utf-8")) if said else None
    except ValueError:
        value = None
    if 200 <= status < 300:
        return value
    value = value if isinstance(value, dict) else {}
    raise (Away if status >= 500 else Failed)(value.get("detail") or value.get("title") or f"status {status}")


def notify(title: str, text: str = "") -> None:
    ask("POST", "/v1/notify", {"title": title, "body": text})


def hold(name: str, seconds: str = "600") -> None:
    if not seconds.isdigit():
        raise Failed("seconds are a number")
    ask("PUT", "/v1/holds/" + quote(name), {"expires_in": int(seconds)})


def release(name: str) -> None:
    ask("DELETE", "/v1/holds/" + quote(name))


def holds() -> None:
    for each in (ask("GET", "/v1/holds") or {}).get("items", []):
        print(f"{each['name']}\t{each['until']}")


def key(name: str) -> None:
    print(ask("GET", "/v1/keys/" + quote(name))["value"])


def event(state: str, text: str = "") -> None:
    said = {"state": state, "message": text}
    if os.environ.get("AETHER_RUN"):
        said["run"] = os.environ["AETHER_RUN"]
    tell("/v1/agent/events", said)


def hook(*given_words: str) -> None:
    """Never in an agent's way: it prints nothing and always succeeds, whatever becomes of it."""
    words = list(given_words)
    try:
        given = words.pop() if words[-1].lstrip().startswith("{") else sys.stdin.read()
        tell("/v1/agent/hooks/" + quote(words[-1]), shortened(parsed(given)))
    except Exception:  # noqa: BLE001,S110 - an agent stops, or shows its person an error, when its hook fails
        pass


def tell(path: str, said: Any) -> None:
    """Say it now; or after what is kept already, so that all comes in its order. Raises Failed if that is no."""
    folder = os.path.join(os.path.dirname(where()), "kept-" + quote(os.environ.get("AETHER_RUN", "")))
    if not kept(folder):
        try:
            ask("POST", path, said)
        except Away:
            pass
        else:
            return
    keep(folder, path, said)
    if not os.fork():
        in_background(folder)


def kept(folder: str) -> list[str]:
    """Names of what waits, oldest first."""
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(".json"))
    except FileNotFoundError:
        return []


def keep(folder: str, path: str, said: Any) -> None:
    os.umask(0o077)  # it may quote files
    os.makedirs(folder, exist_ok=True)
    if len(kept(folder)) < MOST_KEPT:
        name = os.path.join(folder, f"{time.time_ns():020d}-{os.getpid()}")
        with open(name, "w", encoding="utf-8") as file:
            json.dump([path, said], file)
        os.rename(name, name + ".json")


def in_background(folder: str) -> None:
    """The agent, which waits for its hook's output to end, goes on."""
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        while kept(folder) and say_kept(folder):
            pass
    finally:
        os._exit(0)


def say_kept(folder: str) -> bool:
    """Say all that waits, one after another. False if another process does it, or nobody answers for too long."""
    with open(os.path.join(folder, "lock"), "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        end = time.monotonic() + PATIENCE
        for name in kept(folder):
            while not said_or_refused(os.path.join(folder, name)):
                if time.monotonic() > end:
                    return False
                # The socket is a file that is there or not; nothing tells when somebody listens on it again.
                time.sleep(PAUSE)
    return True


def said_or_refused(name: str) -> bool:
    try:
        with open(name, encoding="utf-8") as file:
            path, said = json.load(file)
        ask("POST", path, said)
    except Away:
        return False
    except (Failed, ValueError):
        pass
    os.unlink(name)
    return True


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return {}


def shortened(value: Any, depth: int = DEEPEST) -> Any:
    """The same with no text longer than LONGEST_TEXT, and nothing deeper than DEEPEST."""
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, list):
        return [shortened(each, depth - 1) for each in value[:200]] if depth else []
    if isinstance(value, dict):
        return {name: shortened(each, depth - 1) for name, each in value.items()} if depth else {}
    return value


def git_credential(operation: str) -> None:
    """As gitcredentials(7) asks. Where there is none it says nothing, and git asks the next helper."""
    if operation != "get":
        return
    lines = (line.rstrip("\n").partition("=") for line in sys.stdin)
    asked = {name: value for name, _, value in lines if name in ("protocol", "host", "path")}
    try:
        answer = ask("POST", "/v1/git/credential", asked)
    except Failed:
        return
    print(f"username={answer['username']}\npassword={answer['password']}")


# Each with how many words it takes, at least and at most.
COMMANDS: dict[str, tuple[Any, int, int]] = {
    "notify": (notify, 1, 2),
    "hold": (hold, 1, 2),
    "release": (release, 1, 1),
    "holds": (holds, 0, 0),
    "key": (key, 1, 1),
    "event": (event, 1, 2),
    "hook": (hook, 1, 3),
    "git-credential": (git_credential, 1, 1),
}


def main(words: list[str]) -> int:
    command, fewest, most = COMMANDS.get(words[0] if words else "", (None, 0, 0))
    if command is None or not fewest <= len(words) - 1 <= most:
        print(USAGE, file=sys.stderr)
        return WRONG_USE
    try:
        command(*words[1:])
    except Failed as failed:
        print(f"aether: {failed}", file=sys.stderr)
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
