"""`python -m aether.machines.adapters.local --end-all`: end every local machine of AETHER_HOME, in at most 3 s.

The supervisor calls it when all of aether stops, for the machines outlive the services on purpose.
"""

import argparse
import os
import sys
from pathlib import Path

from aether.machines.adapters.local.host import look
from aether.machines.adapters.local.provider import keeper_of

GRACE = 1.5  # seconds between TERM and KILL, of three in all


def main() -> int:
    """Exit status 0: nothing runs any more."""
    parser = argparse.ArgumentParser(prog="python -m aether.machines.adapters.local", description=__doc__)
    parser.add_argument("--end-all", action="store_true", required=True)
    parser.parse_args()
    home = os.environ.get("AETHER_HOME")
    if not home:
        print("AETHER_HOME is not set.", file=sys.stderr)  # noqa: T201  a command speaks
        return 2
    if Path(home, "machines").is_dir():
        keeper_of(Path(home), look(), None).end_all(GRACE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
