"""Which parts there are, what each runs and what it is told: the one place that knows them all."""

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from aether.cli.embedded.binaries import nats_server, postgres_programs
from aether.cli.embedded.home import Home
from aether.cli.embedded.identities import Identity, dropped, myself
from aether.cli.embedded.nats import NatsServer, NatsUser
from aether.cli.embedded.ports import LOOPBACK, PortBook
from aether.cli.embedded.postgres import ENVIRONMENT, SUPERUSER, Postgres
from aether.cli.embedded.reach import mirror, reachable
from aether.cli.embedded.runtime import Runtime, own_runtime, runtime_for
from aether.cli.embedded.secrets import Secrets
from aether.cli.supervisor.part import Program
from aether.contracts import catalog
from aether.contracts.permissions import permissions
from aether.contracts.service import Service

assert catalog.EVENTS, "allow-lists follow from the contracts, so these are read first"

DATABASE = "aether"
WEB_PORT, JUMP_PORT = 8080, 2222
# As root only machines stays root: it must give each project a uid of its own.
DROPPED_NUMBERS = {
    "postgres": 1,
    "nats": 2,
    Service.GATEWAY: 3,
    Service.TERMINAL: 4,
    Service.FILES: 5,
    Service.AGENTS: 6,
}

# What of the person's environment a part may know; the rest, with whatever secrets it holds, stays outside.
PASSED = {
    *("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("AETHER_LOG_LEVEL", "AETHER_LOG_FORMAT", "AETHER_PREVIEW_DOMAIN"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
}
PASSED_PREFIXES = ("OTEL_",)
MAIL_SETTINGS = ("SMTP_URL", "MAIL_FROM")
GITHUB_SETTINGS = ("GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET", "GITHUB_WEB_URL", "GITHUB_API_URL")
ISSUER_SETTINGS = ("OIDC_ISSUER", "OIDC_JWKS_URL", "OIDC_AUDIENCE")
PUSH_SETTINGS = ("VAPID_PRIVATE_KEY", "VAPID_SUBJECT")
# Who keeps secrets in its schema, each under a keyset of its own.
SEALING = (Service.MACHINES, Service.GATEWAY, Service.AGENTS)


@dataclass(frozen=True)
class Ports:
    """The loopback ports of one aether."""

    postgres: int
    nats: int
    jump: int
    tunnel: int
    services: Mapping[Service, int]

    @classmethod
    def chosen(cls, book: PortBook, web: int) -> "Ports":
        """Last time's ports where they are still free, others where not; the web app's as near `web` as may be."""
        return cls(
            postgres=book.choose("postgres"),
            nats=book.choose("nats"),
            jump=book.choose("jump", book.last("jump") or JUMP_PORT),
            tunnel=book.choose("tunnel"),
            services={
                Service.GATEWAY: book.choose("gateway", web),
                Service.MACHINES: book.choose("machines"),
                Service.TERMINAL: book.choose("terminal"),
                Service.FILES: book.choose("files"),
                Service.AGENTS: book.choose("agents"),
            },
        )


@dataclass(frozen=True)
class Composition:
    """Everything the supervisor runs, made from a prepared home and free ports."""

    home: Home
    ports: Ports
    environ: Mapping[str, str] = field(repr=False)
    web_dir: Path | None = None

    @property
    def secrets(self) -> Secrets:
        return Secrets(self.home.secrets)

    @property
    def url(self) -> str:
        """Where a person's browser goes."""
        given = self.environ.get("AETHER_PUBLIC_URL")
        return given or f"http://localhost:{self.ports.services[Service.GATEWAY]}"

    def identity(self, part: str) -> Identity:
        """Whom a part runs as."""
        number = DROPPED_NUMBERS.get(part)
        return dropped(number) if number is not None else myself()

    def make_secrets(self) -> None:
        """Make what is missing, and give each file to who reads it. Comes before anything is started."""
        self.secrets.pgpass("superuser", SUPERUSER, myself())
        self.secrets.nats_seed("admin", myself())
        for service in Service:
            self._shared(service)
        self.secrets.grant_key(self.identity(Service.GATEWAY))
        for service in SEALING:
            self.secrets.keyset(service, self.identity(service))
        self.home.terminal.mkdir(exist_ok=True)
        self.identity(Service.TERMINAL).own(self.home.terminal, 0o700)

    def postgres(self) -> Postgres:
        return Postgres(
            programs=postgres_programs(self.home.runtime),
            data=self.home.postgres,
            port=self.ports.postgres,
            identity=self.identity("postgres"),
            password=self.secrets.password("superuser"),
        )

    def nats(self) -> NatsServer:
        users = [NatsUser(self.secrets.nats_public_key("admin", myself()))]
        for service in Service:
            allowed = permissions(service)
            key = self.secrets.nats_public_key(service, self.identity(service))
            users.append(NatsUser(key, allowed.publish, allowed.subscribe))
        return NatsServer(
            program=nats_server(self.home.runtime),
            folder=self.home.nats,
            port=self.ports.nats,
            identity=self.identity("nats"),
            users=users,
        )

    def postgres_program(self, postgres: Postgres) -> Program:
        return Program(
            name="postgres",
            command=postgres.command(),
            identity=postgres.identity,
            environment=ENVIRONMENT,
            ready=postgres.accepts,
            stop=signal.SIGINT,
            before=postgres.clear_stale,
        )

    def nats_program(self, nats: NatsServer) -> Program:
        return Program(
            name="nats",
            command=nats.command(),
            identity=nats.identity,
            environment={"PATH": os.defpath},
            ready=nats.accepts,
            before=nats.write,
        )

    def service_programs(self) -> list[Program]:
        """The services in the order a person reads them; they are started at the same time.

        All run the same Python: a machine on a host without sshd is one more, under its project's own uid.
        """
        runtime = runtime_for(self.identity(Service.GATEWAY), self.home.runtime)
        return [self._service(service, runtime) for service in Service]

    def _service(self, service: Service, runtime: Runtime) -> Program:
        port = self.ports.services[service]
        return Program(
            name=service,
            command=[str(runtime.python), "-m", f"aether.{service}"],
            identity=self.identity(service),
            environment={**self._shared(service), **runtime.environment(), **self._own(service)},
            ready=lambda: answers_ready(port),
        )

    def _shared(self, service: Service) -> dict[str, str]:
        """What every service is told: where things are, and which files hold its own secrets."""
        secrets, identity = self.secrets, self.identity(service)
        return {
            **self._base(),
            **{k: v for k, v in self.environ.items() if k.startswith(f"{service.upper()}_")},
            f"{service.upper()}_PORT": str(self.ports.services[service]),
            "AETHER_NATS_SEED_FILE": str(secrets.nats_seed(service, identity)),
            "AETHER_DATABASE_URL": f"postgresql://aether_{service}@{LOOPBACK}:{self.ports.postgres}/{DATABASE}",
            "PGPASSFILE": str(secrets.pgpass(service, f"aether_{service}", identity)),
            "AETHER_GRANT_PUBLIC_KEY_FILE": str(
                secrets.grant_public_key(identity, signer=self.identity(Service.GATEWAY))
            ),
        }

    def _base(self) -> dict[str, str]:
        passed = {k: v for k, v in self.environ.items() if k in PASSED or k.startswith(PASSED_PREFIXES)}
        return {
            "AETHER_LOG_FORMAT": "json",
            **passed,
            # Nothing of the person's own, such as an SSH or git configuration, is picked up by accident.
            "HOME": str(self.home.runtime),
            "PYTHONUNBUFFERED": "1",
            "AETHER_HOME": str(self.home.root),
            "AETHER_NATS_URL": f"nats://{LOOPBACK}:{self.ports.nats}",
            "AETHER_PUBLIC_URL": self.url,
            "AETHER_TRACE_DIR": str(self.home.traces),
        }

    def _own(self, service: Service) -> dict[str, str]:
        secrets, identity = self.secrets, self.identity(service)
        match service:
            case Service.GATEWAY:
                carried = (Service.TERMINAL, Service.FILES)
                streams = json.dumps({name: f"{LOOPBACK}:{self.ports.services[name]}" for name in carried})
                tunnel = f"{LOOPBACK}:{self.ports.tunnel}"
                web = {"GATEWAY_WEB_DIR": str(self._reachable_web(identity))} if self.web_dir else {}
                given = self._given(*MAIL_SETTINGS, *GITHUB_SETTINGS, *ISSUER_SETTINGS)
                key = {
                    "AETHER_GRANT_KEY_FILE": str(secrets.grant_key(identity)),
                    "AETHER_MASTER_KEYSET_FILE": str(secrets.keyset(service, identity)),
                }
                push = {"GATEWAY_PUSH": "true"} if "VAPID_PRIVATE_KEY" in self.environ else {}
                return {"GATEWAY_STREAMS": streams, "GATEWAY_TUNNEL": tunnel, **web, **given, **key, **push}
            case Service.MACHINES:
                return {
                    "MACHINES_PROVIDER": self.environ.get("MACHINES_PROVIDER", "local"),
                    "AETHER_MASTER_KEYSET_FILE": str(secrets.keyset(service, identity)),
                    **self._given("GITHUB_WEB_URL"),
                }
            case Service.TERMINAL:
                return {
                    "TERMINAL_JUMP_PORT": str(self.ports.jump),
                    "TERMINAL_TUNNEL_PORT": str(self.ports.tunnel),
                }
            case Service.FILES:
                return {}
            case Service.AGENTS:
                keyset = str(secrets.keyset(service, identity))
                return {"AETHER_MASTER_KEYSET_FILE": keyset, **self._given(*PUSH_SETTINGS)}

    def _given(self, *names: str) -> dict[str, str]:
        """What of these the person has set."""
        return {name: self.environ[name] for name in names if name in self.environ}

    def _reachable_web(self, identity: Identity) -> Path | None:
        if self.web_dir is None or not identity.drops or reachable(self.web_dir / "index.html"):
            return self.web_dir
        copy = self.home.runtime / "web"
        mirror(self.web_dir, copy)
        return copy

    def provision_command(self) -> list[str]:
        """The job that makes streams, consumers, roles and schemas. It may run at any time."""
        return [str(own_runtime().python), "-m", "aether.kit.provision"]

    def provision_environment(self) -> dict[str, str]:
        return {
            **self._base(),
            "AETHER_NATS_SEED_FILE": str(self.secrets.nats_seed("admin", myself())),
            "AETHER_DATABASE_URL": f"postgresql://{SUPERUSER}@{LOOPBACK}:{self.ports.postgres}/{DATABASE}",
            "PGPASSFILE": str(self.secrets.pgpass("superuser", SUPERUSER, myself())),
            "AETHER_SECRETS_DIR": str(self.home.secrets),
        }

    def end_machines_command(self) -> list[str]:
        """What ends local machines that are still alive once their service has stopped."""
        return [str(own_runtime().python), "-m", "aether.machines.adapters.local", "--end-all"]

    def end_machines_environment(self) -> dict[str, str]:
        return self._base()


async def answers_ready(port: int) -> bool:
    """Whether a service's GET /ready says 200."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                status = await reader.readline()
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return status.split(b" ")[1:2] == [b"200"]
