"""The only place where the service is put together."""

from collections.abc import Mapping
from pathlib import Path

from aether.contracts.service import Service
from aether.kit.service import Chassis
from aether.kit.vault import Vault
from aether.machines.adapters.local import LocalProvider
from aether.machines.adapters.ssh import SshDoor
from aether.machines.api import application
from aether.machines.authority import Authority
from aether.machines.deps import Machines, SystemClock
from aether.machines.errors import CannotServe
from aether.machines.handlers import COMMANDS, EVENTS
from aether.machines.provider import Provider
from aether.machines.reconciler.clones import Clones
from aether.machines.reconciler.reconciler import Reconciler
from aether.machines.reconciler.watch import Watch
from aether.machines.settings import MachinesSettings
from aether.machines.store.claims import Claims

MIGRATIONS = Path(__file__).parents[3] / "migrations"


async def main() -> None:
    settings = MachinesSettings()
    async with Chassis.open(Service.MACHINES, settings, MIGRATIONS) as chassis:
        vault = open_vault(settings)
        machines = Machines(
            database=chassis.database,
            vault=vault,
            authority=await Authority.open(chassis.database, vault),
            providers=providers_of(settings),
            door=SshDoor(),
            settings=settings,
            clock=SystemClock(),
        )
        claims = Claims(settings.database_url)
        try:
            begin(chassis, machines, claims)
            await chassis.answer(COMMANDS, machines)
            chassis.hear(EVENTS, machines)
            await chassis.serve(application(chassis.checks()), settings.port)
        finally:
            await claims.close()


def begin(chassis: Chassis, machines: Machines, claims: Claims) -> None:
    """Everything that goes on by itself. One that ends ends the process."""
    reconciler = Reconciler(machines, claims)
    clones = Clones(machines, claims)
    machines.on_change = [reconciler.wake, clones.wake]
    chassis.spawn("reconciler", reconciler.run())
    chassis.spawn("clones", clones.run())
    chassis.spawn("watch", Watch(machines).run())


def providers_of(settings: MachinesSettings) -> Mapping[str, Provider]:
    """The one provider that is asked for. Raises CannotServe for a name that none has."""
    known = {"local": lambda: LocalProvider(settings.home)}
    if settings.provider not in known:
        raise CannotServe(f"MACHINES_PROVIDER is {settings.provider!r}; there are: {', '.join(known)}.")
    return {settings.provider: known[settings.provider]()}


def open_vault(settings: MachinesSettings) -> Vault:
    """Raises CannotServe without a keyset: nothing would be sealed."""
    if settings.master_keyset_file is None:
        raise CannotServe(
            "AETHER_MASTER_KEYSET_FILE is not set; it names the keyset that secrets are sealed with."
        )
    return Vault.from_file(settings.master_keyset_file)
