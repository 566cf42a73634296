"""An embedded Postgres: one cluster in one folder, on one loopback port, with a password."""

import asyncio
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from aether.cli.embedded.identities import Identity, named_stranger
from aether.cli.embedded.ports import LOOPBACK
from aether.cli.errors import CannotRun

SUPERUSER = "aether"
# The server and its tools read messages and times in one language, whatever the host speaks.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

# Small because everything idles on one computer; what is not named here is Postgres' own default.
TUNING = {
    "shared_buffers": "32MB",
    "max_connections": "100",
    "huge_pages": "off",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "max_wal_size": "256MB",
    "autovacuum_naptime": "1min",
    "log_timezone": "UTC",
    "timezone": "UTC",
    # A password in a statement is hashed by Postgres, so statements stay out of the log.
    "log_statement": "none",
    "log_min_error_statement": "panic",
}


class InitdbFailed(CannotRun):
    """The cluster could not be made; the sentence is initdb's own."""

    def __init__(self, output: str) -> None:
        super().__init__(f"initdb could not make the database: {output.strip()}")


class PasswordLost(CannotRun):
    """The cluster was made with another password than the one in the home's secrets."""

    def __init__(self, data: Path) -> None:
        super().__init__(
            f"The database in {data} does not take the password in secrets/superuser.pgpass. "
            "Put back the file it was made with; without it, what the database holds cannot be opened."
        )


@dataclass(frozen=True)
class Postgres:
    """Where the cluster lies and who runs it.

    `durable=False` is for tests: what was committed survives kill -9, not power loss.
    """

    programs: Path
    data: Path
    port: int
    identity: Identity
    password: str = field(repr=False)
    durable: bool = True

    def initialised(self) -> bool:
        """Whether a whole cluster is in the data folder: the file is the last thing `initialise` makes."""
        return (self.data / "aether.ready").exists()

    def initialise(self) -> None:
        """Make the cluster. Takes about 0.5 s; what a broken earlier try left is thrown away.

        Raises InitdbFailed.
        """
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700, parents=True)
        # initdb looks its uid up in /etc/passwd; the server does not, so the folder changes hands after.
        maker = named_stranger()
        maker.own(self.data)
        password = self.data.with_name(f"{self.data.name}.password")
        password.touch(mode=0o600)
        password.write_text(self.password)
        maker.own(password)
        try:
            self._initdb(maker, password)
        finally:
            password.unlink()
        (self.data / "aether.ready").touch(mode=0o600)
        self.identity.own_tree(self.data)

    def _initdb(self, maker: Identity, password: Path) -> None:
        command = [
            str(self.programs / "initdb"),
            f"--pgdata={self.data}",
            f"--username={SUPERUSER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            *(f"--set={name}={value}" for name, value in TUNING.items()),
            *([] if self.durable else ["--no-sync"]),
        ]
        done = subprocess.run(
            command, cwd="/", env=ENVIRONMENT, capture_output=True, text=True, check=False, **maker.process()
        )
        if done.returncode != 0:
            raise InitdbFailed(done.stderr or done.stdout)

    def command(self) -> list[str]:
        """What runs the server in the foreground. SIGINT stops it at once and cleanly."""
        settings = {
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",  # a socket's path may be longer than the kernel allows
            "fsync": "on" if self.durable else "off",
            **TUNING,
        }
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), "-p", str(self.port), *flags]

    def connection(self, database: str = "postgres") -> dict[str, Any]:
        """asyncpg's arguments for a superuser's connection."""
        return {
            "host": LOOPBACK,
            "port": self.port,
            "user": SUPERUSER,
            "password": self.password,
            "database": database,
            "ssl": False,
        }

    def url(self, database: str = "postgres", *, password: bool = False) -> str:
        """The superuser's URL of `database`; only tests put the password in it."""
        secret = f":{self.password}" if password else ""
        return f"postgresql://{SUPERUSER}{secret}@{LOOPBACK}:{self.port}/{database}"

    async def accepts(self) -> bool:
        """Whether the superuser can connect and ask something now. Raises PasswordLost."""
        try:
            connection = await asyncpg.connect(**self.connection(), timeout=2)
        except asyncpg.InvalidPasswordError:
            raise PasswordLost(self.data) from None
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True

    async def create_database(self, name: str, template: str = "template1") -> bool:
        """Create the database if it is missing; says whether it was."""
        connection = await asyncpg.connect(**self.connection())
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        except asyncpg.DuplicateDatabaseError:
            return False
        finally:
            await connection.close()
        return True

    def clear_stale(self) -> None:
        """End what is left of a server that was killed, and remove its lock file.

        The file would keep the server from starting if its pid is in use again, but it also guards the
        memory of backends that still run, so those are ended first. Only who holds the home may call this.
        """
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        left = [process for process in psutil.process_iter() if _works_in(process, self.data)]
        for process in left:
            process.kill()
        psutil.wait_procs(left, timeout=5)
        lock.unlink(missing_ok=True)

    async def wait_until_accepting(self, deadline: float) -> bool:
        """Poll until the server answers or `deadline` seconds passed; says which."""
        end = time.monotonic() + deadline
        while not await self.accepts():
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.02)
        return True


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return process.name() == "postgres" and Path(process.cwd()) == data.resolve()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
