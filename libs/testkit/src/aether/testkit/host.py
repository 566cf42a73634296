"""What a test needs of the host, and the one reason a test may be skipped."""

import os
import shutil

import pytest

PLACES = "/usr/sbin:/sbin:/usr/local/sbin"  # sshd lies where an ordinary user's PATH does not look


def find_program(name: str) -> str | None:
    """The path of a program on PATH or in the folders for the administrator's."""
    return shutil.which(name) or shutil.which(name, path=PLACES)


def require_host(*programs: str) -> None:
    """Skip the test if the host lacks one of these; where CI=true it fails instead."""
    missing = [name for name in programs if find_program(name) is None]
    if not missing:
        return
    sentence = f"the host lacks {', '.join(missing)}"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{sentence}, and CI must have it")
    # The one way to skip: the README's command must pass on a computer without these, and says what it left out.
    pytest.skip(sentence)
