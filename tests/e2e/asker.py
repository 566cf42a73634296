"""An agent of a few lines, for a machine: asks question after question, and writes down what it was answered.

    python3 -I asker.py COUNT

It speaks to $AETHER_SOCKET as any program in a machine may. In a folder named after the run, asked.txt has a line
for each question with the moment at which it was told, answered.txt each line that was typed. When it is done it
waits for one more line, and asks a last question that nobody need answer: by then what came before has been heard.
"""

import http.client
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import TextIO


class Machine(http.client.HTTPConnection):
    """HTTP on the machine's own socket."""

    def __init__(self) -> None:
        super().__init__("localhost", timeout=30)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(os.environ["AETHER_SOCKET"])


def say(state: str, message: str = "") -> None:
    """Until it is heard: the other end may be restarting."""
    body = json.dumps({"run": os.environ["AETHER_RUN"], "state": state, "message": message})
    end = time.monotonic() + 60
    while True:
        try:
            connection = Machine()
            connection.request("POST", "/v1/agent/events", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            connection.close()
            if answer.status < 300:
                return
            sys.stderr.write(f"refused: {answer.status}\n")
        except OSError as error:
            sys.stderr.write(f"not heard: {error}\n")
        if time.monotonic() > end:
            raise SystemExit("nobody hears")
        time.sleep(0.2)


def main() -> None:
    folder, count = Path(os.environ["AETHER_RUN"]), int(sys.argv[1])
    folder.mkdir(exist_ok=True)
    with (folder / "asked.txt").open("a") as asked, (folder / "answered.txt").open("a") as answered:
        for number in range(count):
            say("working", f"thinking about {number}")
            asked.write(f"{number} {time.time()}\n")
            asked.flush()
            say("waiting", f"Question {number}?")
            note(answered, number)
        say("done", "All is asked.")
        note(answered, count)
    say("waiting", f"Question {count}?")
    sys.stdin.readline()


def note(answered: TextIO, number: int) -> None:
    """The next line that is typed."""
    answered.write(f"{number} {sys.stdin.readline().strip()}\n")
    answered.flush()


main()
