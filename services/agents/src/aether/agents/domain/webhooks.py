"""Webhooks: where they may lead, what is posted, and how it is signed (the headers of Standard Webhooks)."""

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit

from aether.contracts.agents import NoticeView
from aether.contracts.problem import Invalid

SECRET_PREFIX = "whsec_"  # noqa: S105 - the mark of Standard Webhooks, not a secret
DELAYS = tuple(timedelta(seconds=s) for s in (5, 30, 2 * 60, 10 * 60, 60 * 60))
UNICAST = IPv6Network("2000::/3")  # all of IPv6 that has been given out to the internet
# Addresses of IPv6 that lead to one of IPv4, which stands at this byte of them.
_TUNNELS = {IPv6Network("::ffff:0:0/96"): 12, IPv6Network("64:ff9b::/96"): 12, IPv6Network("2002::/16"): 2}


def retry_at(attempts: int, now: datetime) -> datetime | None:
    """When it is tried again after so many attempts; None: it is given up."""
    return now + DELAYS[attempts - 1] if attempts <= len(DELAYS) else None


def checked_url(url: str, field: str = "url") -> str:
    """https, or http to this computer itself; without a password, and as ASCII. Raises Invalid."""
    url = url.strip()
    if not url.isprintable() or " " in url:
        raise Invalid.field(field, "An address has no blanks or control characters.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except (ValueError, UnicodeError):
        raise Invalid.field(field, "That is not an address.") from None
    _check_parts(parts, host, field)
    named = f"[{host}]" if ":" in host else host
    place = named if port is None else f"{named}:{port}"
    return urlunsplit((parts.scheme, place, parts.path or "/", parts.query, ""))


def _check_parts(parts: SplitResult, host: str, field: str) -> None:
    if not host or parts.scheme not in ("https", "http"):
        raise Invalid.field(field, "Give an address that begins with https://.")
    if parts.username is not None or parts.password is not None:
        raise Invalid.field(field, "An address with a name or password in it is not taken.")
    if parts.scheme == "http" and not names_this_computer(host):
        raise Invalid.field(field, "Only https is taken, or http to localhost.")
    if not (parts.path + parts.query).isascii():
        raise Invalid.field(field, "Write characters beyond ASCII with %, as a browser's address line does.")


def names_this_computer(host: str) -> bool:
    """Whether the name itself says so; what it resolves to is judged when it is reached."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet: none of a private network, of this host, or of many."""
    ip = _innermost(ip_address(address.partition("%")[0]))
    if isinstance(ip, IPv6Address) and ip not in UNICAST:
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def _innermost(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv6Address):
        for network, at in _TUNNELS.items():
            if ip in network:
                return IPv4Address(ip.packed[at : at + 4])
    return ip


def new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed_headers(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """`at` is of this attempt, so that a receiver can refuse an old one; the id is of the message."""
    seconds = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    mac = hmac.new(key, b".".join((message_id.encode(), seconds.encode(), body)), hashlib.sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": "v1," + base64.b64encode(mac.digest()).decode(),
    }


def payload(notice: NoticeView, public_url: str) -> bytes:
    """The same for each attempt. `url` is of the page that shows it."""
    data = notice.model_dump(mode="json", include={"project_id", "run_id", "kind", "title", "body"})
    return json.dumps(
        {
            "type": f"notice.{notice.kind}",
            "timestamp": notice.created_at.isoformat(),
            "data": {"id": str(notice.id), **data, "url": public_url.rstrip("/") + notice.path},
        },
        ensure_ascii=False,
    ).encode()
