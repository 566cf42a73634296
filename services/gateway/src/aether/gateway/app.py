"""Where the gateway is put together."""

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route
from starlette.types import ASGIApp

from aether.contracts.gateway import AccountRevoked
from aether.contracts.ids import AccountId
from aether.contracts.problem import Unavailable
from aether.contracts.service import Service
from aether.gateway.adapters.github import GitHubClient
from aether.gateway.adapters.issuer import JwksIssuer
from aether.gateway.adapters.lines import Lines
from aether.gateway.adapters.mail import PrintedMailer, SmtpMailer
from aether.gateway.adapters.notices import Notices
from aether.gateway.adapters.passwords import Argon2
from aether.gateway.api import (
    agents,
    attention,
    auth,
    events,
    external,
    files,
    git,
    github,
    github_way,
    health,
    keys,
    me,
    ports,
    previews,
    projects,
    runs,
    sessions,
    streams,
    terminals,
    tokens,
)
from aether.gateway.api.description import describe
from aether.gateway.api.door import Door
from aether.gateway.api.health import aether_version
from aether.gateway.api.problems import answer_problems
from aether.gateway.api.shell import Shell
from aether.gateway.api.upgrade import Upgrade
from aether.gateway.api.web import WebApp
from aether.gateway.deps.gateway import Gateway, utc_now
from aether.gateway.deps.github import GitHubDesk
from aether.gateway.deps.keyring import Keyring
from aether.gateway.deps.ports import Mailer, Now
from aether.gateway.domain.admission import allowed_origins
from aether.gateway.domain.external import Trust
from aether.gateway.handlers import COMMANDS, EVENTS
from aether.gateway.settings import GatewaySettings
from aether.gateway.store import credentials, feed, limits
from aether.gateway.store import github as ways
from aether.gateway.store import previews as visits
from aether.kit.bus import Bus
from aether.kit.grants import Signer, Verifier
from aether.kit.http import traced
from aether.kit.postgres import Database
from aether.kit.service import Chassis
from aether.kit.vault import Vault

MIGRATIONS = Path(__file__).parent / "migrations"
# Tried one after the other, so what every page asks for comes first.
NOUNS = (
    *(projects, runs, files, git, ports, previews, terminals, events, attention, agents, keys),
    *(me, sessions, tokens, auth, external, github, github_way, streams, health),
)
ROUTERS = tuple(noun.router for noun in NOUNS)
EXPIRY_SECONDS = 2.0
HOUSEKEEPING_SECONDS = 3600.0

log = structlog.get_logger()


def operation_id(route: APIRoute) -> str:
    """An operation is called what its function is called."""
    return route.name


def build_api() -> FastAPI:
    """All routes, without anything behind them."""
    app = FastAPI(
        # The kit's own span is around the whole of it, refusals of the shell included; one is enough.
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
        title="aether",
        version=aether_version(),
        summary="Mission control for coding agents",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=operation_id,
        redirect_slashes=False,
    )
    for router in ROUTERS:
        app.include_router(router)
    answer_problems(app)
    # FastAPI's own documented way to replace it.
    app.openapi = functools.cache(lambda: describe(app, guarded_routes(), "aether_session"))  # type: ignore[method-assign]
    return app


def guarded_routes() -> list[APIRoute]:
    """Every route of the API; the tests walk it."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def build(gateway: Gateway) -> ASGIApp:
    """The whole of what is served over HTTP."""
    app = build_api()
    app.state.gateway = gateway
    web = WebApp(gateway.settings.web_dir)
    app.router.routes.append(Route("/{path:path}", web.serve, methods=["GET", "HEAD"], name="web"))
    return Door(traced(Shell(app, gateway)), gateway)


@asynccontextmanager
async def gateway_for(
    settings: GatewaySettings, database: Database, bus: Bus, **given: Any
) -> AsyncIterator[tuple[Gateway, Notices]]:
    """The gateway and its ear at Postgres, not yet listening; tests give parts of their own."""
    if settings.grant_key_file is None:
        raise ValueError("AETHER_GRANT_KEY_FILE is missing: without it no stream can be opened")
    hears: list[Notices] = []
    now = given.get("now") or utc_now
    keyring = Keyring(database, now, lambda: bool(hears) and hears[0].hears)
    lines = Lines()
    parts: dict[str, Any] = {
        "mailer": mailer_for(settings),
        "passwords": Argon2(),
        "signer": Signer(settings.grant_key_file),
        # The grants for the way into previews are signed and spent in this one service.
        "verifier": Verifier(settings.grant_key_file, Service.GATEWAY, database),
        "github": github_for(settings, database, now),
        "issuer": issuer_for(settings, now),
        **given,
    }
    gateway = Gateway(settings=settings, database=database, bus=bus, keyring=keyring, lines=lines, **parts)
    hears.append(notices_for(gateway))
    try:
        yield gateway, hears[0]
        await gateway.finish()
    finally:
        lines.close()
        if gateway.github is not None:
            await gateway.github.close()
        if gateway.issuer is not None:
            await gateway.issuer.close()


def github_for(settings: GatewaySettings, database: Database, now: Now) -> GitHubDesk | None:
    """None without an app at GitHub, or without a keyset to seal its tokens with."""
    client_id, secret = settings.github_client_id, settings.github_client_secret
    keyset = settings.master_keyset_file
    if not client_id or secret is None or keyset is None:
        return None
    api = GitHubClient(client_id, secret, settings.github_web_url, settings.github_api_url, now)
    return GitHubDesk(api, database, Vault.from_file(keyset), settings.github_web_url, now)


def issuer_for(settings: GatewaySettings, now: Now) -> JwksIssuer | None:
    if not settings.oidc_issuer or not settings.jwks_url:
        return None
    origins = allowed_origins(settings.public_url, settings.allowed_origins)
    trust = Trust(settings.oidc_issuer, frozenset(settings.oidc_audience), origins)
    return JwksIssuer(settings.jwks_url, trust, now)


def mailer_for(settings: GatewaySettings) -> Mailer:
    if settings.smtp_url is None:
        return PrintedMailer()
    return SmtpMailer(settings.smtp_url.get_secret_value(), settings.mail_from)


def notices_for(gateway: Gateway) -> Notices:
    """News of accounts and ended credentials, from whichever replica wrote them."""

    def anew() -> None:
        gateway.keyring.forget_all()
        gateway.wake()
        gateway.look_again()

    channels = {
        feed.FEED_CHANNEL: lambda payload: gateway.wake(AccountId(UUID(payload))),
        feed.REVOKED_CHANNEL: lambda payload: gateway.cut(*feed.read_cut(payload)),
        visits.LOOK_AGAIN_CHANNEL: lambda payload: gateway.look_again(visits.read_look_again(payload)),
    }
    return Notices(gateway.settings.database_url, channels, anew)


async def end_expired(gateway: Gateway) -> None:
    """Tell of credentials whose time is over, so that what is open with them closes."""
    async with gateway.database.transaction() as writer:
        for ended in await credentials.end_expired(writer, gateway.now()):
            writer.publish(
                AccountRevoked(
                    account_id=ended.account_id,
                    person_id=ended.person_id,
                    credential_id=ended.credential_id,
                    reason="expired",
                )
            )
            await gateway.end(writer, ended.person_id, ended.credential_id)


async def forget_old(gateway: Gateway) -> None:
    async with gateway.database.transaction() as writer:
        await limits.forget_old(writer, gateway.now())
        await visits.forget_expired(writer, gateway.now())
        await ways.forget_ways(writer, gateway.now())


async def keep(gateway: Gateway) -> None:
    """For as long as the process lives: end what has expired, and once an hour forget what is old."""
    next_house = 0.0
    while True:
        await asyncio.sleep(EXPIRY_SECONDS)
        next_house -= EXPIRY_SECONDS
        try:
            await end_expired(gateway)
            if next_house <= 0:
                await forget_old(gateway)
                next_house = HOUSEKEEPING_SECONDS
        except Unavailable:
            continue


def server_options(gateway: Gateway) -> dict[str, Any]:
    """What uvicorn is told: WebSockets are spliced, and no proxy is believed by default."""
    return {
        "ws": functools.partial(Upgrade, gateway),
        "http": "httptools",
        "interface": "asgi3",
        "proxy_headers": False,
        "date_header": True,
        "backlog": 2048,
    }


async def main() -> None:
    settings = GatewaySettings()
    async with (
        Chassis.open(Service.GATEWAY, settings, MIGRATIONS) as chassis,
        gateway_for(settings, chassis.database, chassis.bus) as (gateway, notices),
    ):
        chassis.spawn("notices", notices.run())
        chassis.spawn("expiry", keep(gateway))
        if gateway.github is not None:
            chassis.spawn("github", gateway.github.run())
        await chassis.answer(COMMANDS, gateway)
        chassis.hear(EVENTS, gateway)

        async def stop() -> None:
            gateway.live.stop()

        chassis.on_stop.append(stop)
        await chassis.serve(build(gateway), settings.port, **server_options(gateway))
