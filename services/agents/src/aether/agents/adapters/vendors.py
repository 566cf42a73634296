"""Requests to vendors of models, streamed both ways."""

from collections.abc import AsyncIterator, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from aether.agents.domain.vendors import VENDORS, Headers, Vendor
from aether.agents.errors import NoSuchVendor, VendorAway
from aether.agents.settings import AgentsSettings

# A model may think for minutes before its first word.
TIMEOUT = httpx2.Timeout(600, connect=10, pool=30)
LIMITS = httpx2.Limits(max_connections=2000, max_keepalive_connections=100)


class Vendors:
    """One pool of connections for all machines. Settings may say where a vendor is instead."""

    def __init__(self, settings: AgentsSettings) -> None:
        self._vendors: Mapping[str, Vendor] = {
            name: Vendor(name, settings.vendors.get(name, vendor.base), vendor.header, vendor.scheme)
            for name, vendor in VENDORS.items()
        }
        # Machines of many accounts ask here: what a vendor would know one of them by is not said for another.
        none = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        self._client = httpx2.AsyncClient(timeout=TIMEOUT, limits=LIMITS, follow_redirects=False, cookies=none)

    def get(self, name: str) -> Vendor:
        """Raises NoSuchVendor."""
        try:
            return self._vendors[name]
        except KeyError:
            raise NoSuchVendor from None

    async def ask(
        self, method: str, url: str, headers: Headers, body: AsyncIterator[bytes] | None
    ) -> httpx2.Response:
        """The answer, whose body is still to be read; whoever asked closes it. Raises VendorAway."""
        request = self._client.build_request(method, url, headers=headers, content=body)
        try:
            return await self._client.send(request, stream=True)
        except httpx2.HTTPError as error:
            raise VendorAway(f"The vendor does not answer ({type(error).__name__}). Try again.") from error

    async def close(self) -> None:
        await self._client.aclose()
