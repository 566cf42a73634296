# The text of this file is what python3 is started with; it reads the other modules from its standard input.
# There is no single quote in it, because it stands between two of them on a command line.
import sys

# ruff: noqa: UP036 # the machine may have any Python
if sys.version_info < (3, 8):
    sys.exit(97)
import json
import types
import zlib

stdin = sys.stdin.buffer
payload = stdin.read(int(stdin.readline()))
for name, source in json.loads(zlib.decompress(payload)):
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), module.__dict__)  # noqa: S102 # this is how it comes without touching a disk
module.main(stdin, payload)
