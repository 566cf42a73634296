"""Which addresses a repository may be cloned from. Every refusal is a sentence and names the field."""

import re
from urllib.parse import SplitResult, urlsplit

from aether.machines.errors import Invalid

LENGTH = 2048
SCHEMES = ("https", "http", "git", "ssh")
# git@host:path, as git's own documentation calls it "scp-like".
_SCP_LIKE = re.compile(
    r"(?P<user>[A-Za-z0-9._][A-Za-z0-9._-]*)@(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>[^-/:].*|/.+)"
)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")


def checked_repo_url(url: str, *, files_allowed: bool) -> str:
    """The address, trimmed; empty for a project without a repository. Raises Invalid.

    `files_allowed` is true where the machine shares the host's files, which is the local provider.
    """
    kept = url.strip()
    if not kept:
        return ""
    if len(kept) > LENGTH:
        raise _invalid("That address is too long.")
    if any(c.isspace() or not c.isprintable() for c in kept):
        raise _invalid("An address cannot have blanks or control characters.")
    if kept.startswith("-") or "::" in kept.split("/", 1)[0]:
        # git would read the first as an option and the second as a program to run.
        raise _invalid("That is not an address git can clone from here.")
    if "://" in kept:
        _check_url(kept, files_allowed=files_allowed)
    elif not _SCP_LIKE.fullmatch(kept):
        raise _invalid("That is not a git address. Give one like https://host/owner/repository.git.")
    return kept


def _check_url(url: str, *, files_allowed: bool) -> None:
    parts = _split(url)
    if parts.scheme == "file":
        _check_file(parts, allowed=files_allowed)
        return
    if parts.scheme not in SCHEMES:
        raise _invalid("An address begins with https://, http://, ssh:// or git://, or looks like git@host:path.")
    _check_credentials(parts)
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        raise _invalid("The address names no host.")
    if parts.path.strip("/") == "" or parts.path.startswith("/-"):
        raise _invalid("The address names a host and no repository on it.")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # computed when asked for, and it raises for a port that is no number
    except ValueError:
        raise _invalid("That address cannot be read.") from None
    return parts


def _check_credentials(parts: SplitResult) -> None:
    user_allowed = parts.scheme == "ssh" and re.fullmatch(r"[A-Za-z0-9._][A-Za-z0-9._-]*", parts.username or "x")
    if parts.password is not None or (parts.username is not None and not user_allowed):
        raise _invalid("Leave name and password out of the address: it is stored and shown.")


def _check_file(parts: SplitResult, *, allowed: bool) -> None:
    if not allowed:
        raise _invalid("A file:// address works only where machines run on this computer.")
    if parts.netloc or not parts.path.startswith("/") or parts.path.strip("/") == "":
        raise _invalid("A file:// address needs a whole path, like file:///home/me/repository.")


def _invalid(message: str) -> Invalid:
    return Invalid.field("repo_url", message)
