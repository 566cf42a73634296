"""Previews: how an address names a port, and what a visitor must show. Pure.

A preview is at {port}--{slug}.<domain>. Anything else below the domain is nothing, and is never our own app's.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from aether.contracts.ids import AccountId
from aether.contracts.terminal import Visibility

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
DEFAULT_PORTS = {"http": 80, "https": 443}
SAFE_METHODS = ("GET", "HEAD")
SOCKET = "WEBSOCKET"  # stands for a method where a WebSocket is opened
LABEL = re.compile(r"([1-9][0-9]{0,4})--([a-z0-9](?:[a-z0-9-]{0,54}[a-z0-9])?)", re.ASCII)
PRESENT = re.compile(r"[\x21-\x7e]{1,4000}")

LIFETIME_SECONDS = 3600


@dataclass(frozen=True)
class Label:
    """A port of the project with that slug."""

    port: int
    slug: str

    @classmethod
    def parse(cls, text: str) -> "Label | None":
        """From "5173--demo"; None for everything that is not exactly so written."""
        found = LABEL.fullmatch(text)
        if found is None or int(found[1]) > 65535:
            return None
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        return f"{self.port}--{self.slug}"


@dataclass(frozen=True)
class PreviewDomain:
    """Where previews are: a host, the port that browsers reach it at, and the scheme of the public URL."""

    scheme: str
    host: str
    port: int
    own: frozenset[str]  # hosts of the app itself, which may lie below the domain

    @classmethod
    def of(cls, public_url: str, domain: str | None) -> "PreviewDomain":
        """`domain` is "host" or "host:port"; None puts previews below localhost, or below preview.<public host>.

        Raises ValueError for what is no such thing.
        """
        public = urlsplit(public_url)
        host = public.hostname or ""
        port = public.port or DEFAULT_PORTS[public.scheme]
        if domain is None:
            name = "localhost" if host in LOCAL_NAMES else f"preview.{host}"
        else:
            given = urlsplit(f"//{domain.strip().lower()}")
            name, port = (given.hostname or "").strip("."), given.port or port
            if not re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*", name) or given.path or given.username:
                raise ValueError(f"AETHER_PREVIEW_DOMAIN is a host, perhaps with a port; {domain!r} is not")
        return cls(public.scheme, name, port, frozenset({host.lower()}))

    @property
    def authority(self) -> str:
        """host[:port], as it stands in URLs."""
        return self.host if self.port == DEFAULT_PORTS.get(self.scheme) else f"{self.host}:{self.port}"

    def host_of(self, label: Label) -> str:
        """The Host header of a preview."""
        return f"{label}.{self.authority}"

    def origin(self, label: Label) -> str:
        return f"{self.scheme}://{self.host_of(label)}"

    def covers(self, host: str) -> bool:
        """Whether a Host header means something below the domain, however oddly it is written."""
        name = host.strip().lower().rpartition("@")[2]
        name = re.sub(r":[^:\]]*\Z", "", name).rstrip(".")
        return name.endswith(f".{self.host}") and name not in self.own

    def label(self, host: str) -> Label | None:
        """What a Host header names; None unless it is written exactly as a browser writes it."""
        text = host.removesuffix(f".{self.authority}")
        return None if text == host else Label.parse(text)


def may_open(visibility: Visibility, owner: AccountId, visitor: AccountId | None) -> bool:
    """Private and team are for the people of the project's account, public is for anybody."""
    return visibility == "public" or visitor == owner


@dataclass(frozen=True)
class Fetched:
    """What a browser says of a request, in headers that pages cannot forge; None where it is silent."""

    method: str
    site: str | None
    mode: str | None
    dest: str | None
    origin: str | None
    accept: str

    @property
    def is_navigation(self) -> bool:
        """Somebody opens it as a page of its own, so that an answer may send them elsewhere."""
        if self.method not in SAFE_METHODS:
            return False
        if self.mode is None and self.dest is None and self.site is None:
            return "text/html" in self.accept
        return self.mode == "navigate" and self.dest == "document"

    @property
    def wants_page(self) -> bool:
        """Whether whoever asked reads pages rather than problems."""
        return self.method in SAFE_METHODS and "text/html" in self.accept

    def cookie_counts(self, own: str) -> bool:
        """Whether a cookie that came along is the person's will and not some other page's.

        `own` is the preview's origin: pages on it may do all, others may only lead to it.
        """
        if self.method == SOCKET:
            return self.origin == own
        if self.site in ("same-origin", "none"):
            return self.origin in (None, own)
        if self.site is not None:
            return self.is_navigation
        return self.origin in (None, own) or self.is_navigation


def return_path(text: str) -> str:
    """A path of the preview to go on to; "/" instead of anything that might lead elsewhere."""
    good = PRESENT.fullmatch(text) and text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if good else "/"


def stripped(cookies: str, ours: frozenset[str]) -> str:
    """A Cookie header without what is ours: the machine has no business with it."""
    parts = [part.strip() for part in cookies.split(";")]
    return "; ".join(part for part in parts if part and part.partition("=")[0].strip().casefold() not in ours)


def may_set(cookie: str, ours: frozenset[str]) -> bool:
    """Whether an app may set this cookie: not for other hosts, not by our names, and not without a name.

    A browser sends a nameless one back as its bare value, which could then look like any cookie.
    """
    pair, *attributes = cookie.split(";")
    name, equals, _ = pair.partition("=")
    if not equals or not name.strip() or name.strip().casefold() in ours:
        return False
    return all(attribute.partition("=")[0].strip().casefold() != "domain" for attribute in attributes)
