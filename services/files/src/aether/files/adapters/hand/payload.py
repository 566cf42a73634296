"""The program as it is sent: the command that starts it, and the modules that it reads then."""

import json
import zlib
from pathlib import Path

FOLDER = Path(__file__).parent / "program"
PACKAGE = "aether.files.adapters.hand.program"
# Each after those that it imports; the last one's main() is called.
MODULES = (
    "confined",
    "frames",
    "children",
    "reading",
    "staging",
    "ahead",
    "moving",
    "writing",
    "archive",
    "git",
    "finding",
    "walk",
    "inotify",
    "polling",
    "watching",
    "operations",
    "serve",
)
# What the shell and the program's beginning say where they cannot go on.
NO_PYTHON = frozenset({97, 126, 127})


def _packed() -> bytes:
    sources = [(f"{PACKAGE}.{name}", (FOLDER / f"{name}.py").read_text()) for name in MODULES]
    packed = zlib.compress(json.dumps(sources).encode(), 9)
    return b"%d\n%s" % (len(packed), packed)


# -I and -S: nothing of the machine's user changes what is imported. UTF-8 whatever the machine's language is.
BEGINNING = (FOLDER / "begin.py").read_text()
WORDS = ("python3", "-IS", "-X", "utf8", "-c", BEGINNING)
COMMAND = f"exec python3 -IS -X utf8 -c '{BEGINNING}'"
PAYLOAD = _packed()
