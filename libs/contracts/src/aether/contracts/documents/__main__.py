"""The command line of the documents; see the package."""

import sys
from pathlib import Path

from aether.contracts import documents


def main(arguments: list[str], root: Path = documents.ROOT) -> int:
    """The exit status: 0 if everything is, or was made, as it should be."""
    if not set(arguments) <= {"--check", "--break"}:
        sys.stderr.write(str(documents.__doc__))
        return 2
    broken = [] if "--break" in arguments else documents.breaks(root)
    stale = documents.stale(root)
    for sentence in broken:
        sys.stderr.write(f"{sentence}. Make a new version beside the old one.\n")
    if broken:
        return 1
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path} is not what the contracts say; run make events.\n")
        return 1 if stale else 0
    documents.write(root)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
