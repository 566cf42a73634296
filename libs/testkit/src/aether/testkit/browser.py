"""A browser as far as previews need one: hosts of their own, cookies by the rules, and what pages cannot forge."""

from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import httpx2

NAVIGATION = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}


@dataclass(frozen=True)
class Cookie:
    """One cookie, and the host it is for; with `below` also for the hosts below that."""

    name: str
    value: str
    host: str
    below: bool
    lax: bool = False

    def goes_to(self, host: str) -> bool:
        return host == self.host or (self.below and host.endswith(f".{self.host}"))


@dataclass
class Browser:
    """All connections go to `address`, as names below localhost do on a person's computer."""

    address: str
    cookies: list[Cookie] = field(default_factory=list)
    client: httpx2.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx2.AsyncClient(timeout=30, trust_env=False)

    async def close(self) -> None:
        await self.client.aclose()

    def cookie_header(self, url: str) -> str:
        host = urlsplit(url).hostname or ""
        return "; ".join(f"{c.name}={c.value}" for c in self.cookies if c.goes_to(host))

    def request(self, method: str, url: str, **options: Any) -> httpx2.Request:
        """A request as it goes out, with the cookies of its host."""
        parts = urlsplit(url)
        headers = dict(options.pop("headers", {}))
        cookies = self.cookie_header(url)
        headers |= {"Host": parts.netloc} | ({"Cookie": cookies} if cookies else {})
        target = self.address + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return self.client.build_request(method, target, headers=headers, **options)

    async def send(self, method: str, url: str, **options: Any) -> httpx2.Response:
        """One request and its answer; redirects are not followed."""
        answer = await self.client.send(self.request(method, url, **options))
        self.keep(url, answer)
        self.client.cookies.clear()
        return answer

    async def go(self, url: str, **headers: str) -> httpx2.Response:
        """Open an address as a person does, following redirects."""
        for _ in range(10):
            answer = await self.send("GET", url, headers={**NAVIGATION, **headers})
            if answer.status_code not in (301, 302, 303, 307):
                return answer
            url = str(httpx2.URL(url).join(answer.headers["location"]))
        raise AssertionError("too many redirects")

    async def fetch(
        self, url: str, method: str = "GET", *, page: str | None = None, **options: Any
    ) -> httpx2.Response:
        """What a script on the page at `page` (by default the same origin's) may ask for."""
        parts = urlsplit(url)
        own = f"{parts.scheme}://{parts.netloc}"
        site = "same-origin" if page in (None, own) else "cross-site"
        headers = {"Accept": "*/*", "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
        if site != "same-origin" or method not in ("GET", "HEAD"):
            headers["Origin"] = page or own
        return await self.send(method, url, headers={**headers, **options.pop("headers", {})}, **options)

    def keep(self, url: str, answer: httpx2.Response) -> None:
        """Take the cookies of an answer as a browser would."""
        host = urlsplit(url).hostname or ""
        for line in answer.headers.get_list("set-cookie"):
            found = _parsed(line, host)
            if found is not None:
                self.cookies = [c for c in self.cookies if (c.name, c.host) != (found.name, found.host)]
                self.cookies.append(found)


def _parsed(line: str, host: str) -> Cookie | None:
    jar = SimpleCookie()
    try:
        jar.load(line)
    except CookieError:
        return None
    for name, morsel in jar.items():
        domain = morsel["domain"].lstrip(".").lower()
        if domain and not (host == domain or host.endswith(f".{domain}")):
            return None
        if name.lower().startswith("__host-") and (domain or not morsel["secure"]):
            return None
        lax = morsel["samesite"].lower() == "lax"
        return Cookie(name, morsel.value, domain or host, below=bool(domain), lax=lax)
    return None
