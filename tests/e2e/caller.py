"""Calls out of a machine, as an agent there does: to a model by the broker, and to git's credential helper.

    python3 -I caller.py HOST

It shows the run's secret where a key would be, and asks for credentials for HOST. called.json in its folder then
has the secret, what the model was heard to say, and git's password.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

MESSAGE = {"model": "claude-x", "max_tokens": 50, "messages": [{"role": "user", "content": "Good morning."}]}


def ask_model(secret: str) -> str:
    connection = http.client.HTTPConnection("localhost", timeout=30)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(os.environ["AETHER_SOCKET"])
    headers = {"Content-Type": "application/json", "x-api-key": secret}
    connection.request("POST", "/v1/llm/anthropic/v1/messages", json.dumps(MESSAGE), headers)
    return "".join(part["text"] for part in json.load(connection.getresponse())["content"])


def ask_for_credentials(host: str) -> str:
    helper = (str(Path.home() / ".aether" / "bin" / "aether"), "git-credential", "get")
    asked = f"protocol=http\nhost={host}\n"
    said = subprocess.run(helper, input=asked, capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in said.stdout.splitlines())["password"]


def main() -> None:
    secret = os.environ["AETHER_RUN_SECRET"]
    told = {"secret": secret, "model": ask_model(secret), "password": ask_for_credentials(sys.argv[1])}
    Path("called.json").write_text(json.dumps(told))


main()
