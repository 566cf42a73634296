"""What of a visitor's request reaches an app in a machine, and what of its answer reaches the browser. Pure."""

import re
from dataclasses import dataclass

from aether.gateway.domain.admission import OUR_COOKIES
from aether.gateway.domain.previews import may_set, stripped

Headers = list[tuple[bytes, bytes]]

# Of one connection only (RFC 9110, section 7.6.1), with what a proxy would add to it.
HOP = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
    b"trailer", b"transfer-encoding", b"upgrade", b"expect", b"http2-settings",
}  # fmt: skip
# What a visitor says of proxies is not believed, and our own word stands in its place.
CLAIMED = (b"x-forwarded-", b"forwarded", b"x-real-ip", b"x-original-", b"x-rewrite-")
# Orders to browsers that reach beyond the app's own host, or to a proxy in front of us; and what is ours to say.
UNTOLD = {
    b"clear-site-data", b"alt-svc", b"strict-transport-security", b"public-key-pins", b"x-sendfile", b"date",
    b"x-lighttpd-send-file", b"x-reproxy-url", b"server",
}  # fmt: skip
LOCAL = re.compile(
    rb"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::([0-9]{1,5}))?(?=[/?#]|\Z)(.*)", re.S
)
CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True)
class Passage:
    """Between one preview and its app. `own` is the preview's origin, as browsers name it."""

    own: str
    port: int

    @property
    def local(self) -> bytes:
        """The host that the app believes to be asked at: dev servers take no other."""
        return f"localhost:{self.port}".encode()

    def inward(self, headers: Headers, client: str) -> Headers:
        """The headers of a request as the app gets them, framing included. `client` is the visitor's address."""
        gone = HOP | _named_in_connection(headers) | {b"host", b"content-length"}
        kept = [(n, v) for n, v in headers if n not in gone and not n.startswith(CLAIMED)]
        told = [(b"host", self.local), *(pair for n, v in kept for pair in self._inward(n, v))]
        told += [*_framing(headers), (b"x-forwarded-for", client.encode("latin-1", "replace"))]
        if not any(name == b"origin" and value == self.own.encode() for name, value in headers):
            # A request from its own pages says that it comes from localhost: another host beside that would
            # look to frameworks like a request from a stranger's page.
            scheme, _, host = self.own.partition("://")
            told += [(b"x-forwarded-host", host.encode()), (b"x-forwarded-proto", scheme.encode())]
        return told

    def _inward(self, name: bytes, value: bytes) -> Headers:
        if name == b"cookie":
            left = stripped(value.decode("latin-1"), OUR_COOKIES)
            return [(name, left.encode("latin-1"))] if left else []
        if name == b"origin" and value == self.own.encode():
            return [(name, b"http://" + self.local)]
        if name == b"authorization" and is_ours(value):
            return []
        return [(name, value)]

    def outward(self, headers: Headers) -> Headers:
        """The headers of an answer as the browser gets them."""
        gone = HOP | _named_in_connection(headers) | UNTOLD
        told: Headers = []
        for name, value in headers:
            if name in gone or CONTROLS.search(value):
                continue
            if name == b"set-cookie" and not may_set(value.decode("latin-1"), OUR_COOKIES):
                continue
            if name.startswith(b"x-accel-") and name != b"x-accel-buffering":
                continue
            told.append((name, self.located(value) if name in (b"location", b"content-location") else value))
        return told

    def located(self, url: bytes) -> bytes:
        """An address at the app itself as one at the preview; every other one as it is."""
        found = LOCAL.match(url)
        if found is None or int(found[1] or 80) != self.port:
            return url
        rest = found[2] if found[2].startswith(b"/") else b"/" + found[2]
        return self.own.encode() + rest


def is_ours(authorization: bytes) -> bool:
    """Whether an Authorization header is a credential of ours; any other is the app's own business."""
    scheme, _, secret = authorization.strip().partition(b" ")
    return scheme.lower() == b"grant" or (scheme.lower() == b"bearer" and secret.strip().startswith(b"aet_"))


def _named_in_connection(headers: Headers) -> set[bytes]:
    values = [value for name, value in headers if name == b"connection"]
    return {part.strip().lower() for value in values for part in value.split(b",")}


def _framing(headers: Headers) -> Headers:
    """How long the body is, as the visitor said; no other coding than chunks gets this far."""
    if any(name == b"transfer-encoding" for name, _ in headers):
        return [(b"transfer-encoding", b"chunked")]
    return [(n, v) for n, v in headers if n == b"content-length"][:1]
