"""Vendors of models: where each is, and how a request shows it whose key is used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlencode

Headers = list[tuple[bytes, bytes]]  # names in lower case


@dataclass(frozen=True)
class Vendor:
    """`base` has no slash at its end. The key goes into `header`, after `scheme`."""

    name: str
    base: str
    header: str = "authorization"
    scheme: str = "Bearer "

    def shows(self, key: str) -> tuple[bytes, bytes]:
        return self.header.encode(), f"{self.scheme}{key}".encode()


VENDORS = {
    vendor.name: vendor
    for vendor in (
        Vendor("anthropic", "https://api.anthropic.com", "x-api-key", ""),
        Vendor("openai", "https://api.openai.com"),
        Vendor("google", "https://generativelanguage.googleapis.com", "x-goog-api-key", ""),
        Vendor("openrouter", "https://openrouter.ai/api"),
    )
}

# Wherever a client may put a key. None of them is passed on, whatever it holds.
_KEY_HEADERS = ("x-api-key", "x-goog-api-key", "api-key", "authorization")
_KEY_PARAMETER = "key"
# What is of one connection only, or says of the machine what is not the vendor's business.
_OWN = frozenset(
    {
        *_KEY_HEADERS,
        "proxy-authorization",
        "cookie",
        "host",
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
        "forwarded",
        "accept-encoding",
    }
)
_OWN_PREFIXES = ("x-forwarded-", "x-real-ip", "sec-websocket-", "traceparent", "tracestate", "baggage")
_NOT_BACK = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "set-cookie",
        "alt-svc",
        "strict-transport-security",
        "date",
        "server",
    }
)


def shown_secret(headers: Mapping[str, str], query: str) -> str:
    """What a client shows where a vendor's key would stand; empty if it shows nothing."""
    for name in _KEY_HEADERS:
        value = headers.get(name, "")
        if name == "authorization":
            kind, _, value = value.partition(" ")
            value = value if kind.lower() == "bearer" else ""
        if value.strip():
            return value.strip()
    return dict(parse_qsl(query)).get(_KEY_PARAMETER, "")


def onward(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers of a request that go on to the vendor; the key is not among them yet.

    The answer is wanted as it is: what is compressed could not be read for what it cost.
    """
    headers = list(headers)
    own = _named_by_connection(headers)
    kept = [(name, value) for name, value in headers if not _stays(name.decode("latin-1")) and name not in own]
    return [*kept, (b"accept-encoding", b"identity")]


def back(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers of an answer that go back into the machine."""
    lower = [(name.lower(), value) for name, value in headers]
    own = _named_by_connection(lower)
    return [(name, value) for name, value in lower if name.decode("latin-1") not in _NOT_BACK and name not in own]


def _named_by_connection(headers: Headers) -> set[bytes]:
    """Headers that their sender means for one connection only."""
    values = [value for name, value in headers if name == b"connection"]
    return {part.strip().lower() for value in values for part in value.split(b",")}


def address(vendor: Vendor, path: str, query: str) -> str | None:
    """Where a request goes: `path` is as it came, still quoted. None for one that leaves the vendor's base."""
    if not {".", ".."}.isdisjoint(unquote(path).replace("\\", "/").split("/")):
        return None
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != _KEY_PARAMETER]
    return f"{vendor.base}/{path.lstrip('/')}" + (f"?{urlencode(kept)}" if kept else "")


def _stays(name: str) -> bool:
    return name in _OWN or name.startswith(_OWN_PREFIXES)
