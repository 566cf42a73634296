"""Paths in a project, checked before the machine sees them. That they lead nowhere else is the machine's side.

A path is text as os.fsdecode makes it: bytes that are no UTF-8 are lone surrogates.
"""

import base64
import binascii

from aether.contracts.problem import Invalid

ROOT = "/"
LONGEST_PATH, LONGEST_NAME = 4096, 255


def path_of(text: str | None, encoded: str | None, field: str = "path") -> str:
    """The path a request names, by `path` or by `path_b64` (base64 for URLs, of bytes that need not be UTF-8).

    Raises Invalid for none, for both, and for what cannot be meant.
    """
    if (text is None) == (encoded is None):
        raise Invalid.field(field, f"Give either {field} or {field}_b64.")
    return _checked(_encoded(text, field) if text is not None else _decoded(encoded or "", field), field)


def raw(path: str) -> bytes:
    """The bytes that the machine has."""
    return path.encode("utf-8", "surrogateescape")


def from_raw(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def base64_of(path: str) -> str | None:
    """For `path_b64`: only for a path that is no UTF-8, and therefore no text."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return base64.urlsafe_b64encode(raw(path)).decode().rstrip("=")
    return None


def above(path: str) -> list[str]:
    """Every folder that holds it, the nearest first; the root's are none."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) or ROOT for depth in range(len(parts) - 1, 0, -1)] if path != ROOT else []


def name_of(path: str) -> str:
    """The last name; empty for the root."""
    return path.rpartition("/")[2]


def _encoded(text: str, field: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Invalid.field(field, f"This is not UTF-8. Give such a path as {field}_b64.") from None


def _decoded(encoded: str, field: str) -> bytes:
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Invalid.field(f"{field}_b64", "This is not base64 for URLs.") from None


def _checked(path: bytes, field: str) -> str:
    """The path with single slashes and none at its end."""
    if not path.startswith(b"/"):
        raise Invalid.field(field, "A path begins with a slash, which is the project's folder.")
    if len(path) > LONGEST_PATH:
        raise Invalid.field(field, f"A path has at most {LONGEST_PATH} bytes.")
    if b"\0" in path:
        raise Invalid.field(field, "A path has no NUL in it.")
    names = [name for name in path.split(b"/") if name]
    if b"." in names or b".." in names:
        raise Invalid.field(field, "A path has no part that is . or ..")
    if any(len(name) > LONGEST_NAME for name in names):
        raise Invalid.field(field, f"A name has at most {LONGEST_NAME} bytes.")
    return ROOT + from_raw(b"/".join(names))
