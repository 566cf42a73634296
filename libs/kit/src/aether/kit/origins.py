"""Whose pages may ask a service for a stream: the public URL's, and those of origins that were named beside it."""

from collections.abc import Iterable
from urllib.parse import urlsplit


class Origins:
    """Which pages may ask. A request without an Origin is no browser's page and needs only its grant."""

    def __init__(self, public_url: str, others: Iterable[str]) -> None:
        self._allowed = {origin_of(url) for url in (public_url, *others)}

    def allow(self, headers: list[tuple[bytes, bytes]]) -> bool:
        """False for another page's, and for an Origin that is empty, null or given twice."""
        origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        return not origins or (len(origins) == 1 and origins[0] in self._allowed)


def origin_of(url: str) -> str:
    """Scheme and authority as a browser writes them: lower case, without the scheme's own port."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    own_port = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, own_port) else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"
