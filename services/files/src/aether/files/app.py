"""The only place where the files service is put together."""

from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from aether.contracts.ids import ProjectId
from aether.contracts.machines import IssueSshCertificate, SshCertificate
from aether.contracts.service import Service
from aether.files.adapters.hand.hand import SshHand
from aether.files.api import contents, finding, folders, git, journal, uploads
from aether.files.api.door import Door
from aether.files.api.endpoint import routes
from aether.files.api.refusals import EXCEPTION_HANDLERS
from aether.files.api.watch import watch_route
from aether.files.deps.files import Files
from aether.files.handlers import EVENTS
from aether.files.settings import FilesSettings
from aether.kit.grants import Verifier
from aether.kit.http import Check, health_routes, traced
from aether.kit.origins import Origins
from aether.kit.service import Chassis
from aether.kit.ssh import MachineConnections

MIGRATIONS = Path(__file__).parent / "migrations"
TAILS = [*contents.TAILS, *folders.TAILS, *finding.TAILS, *uploads.TAILS, *git.TAILS, *journal.TAILS]


async def main() -> None:
    settings = FilesSettings()
    async with Chassis.open(Service.FILES, settings, MIGRATIONS) as chassis:

        async def issue(project_id: ProjectId, public_key: str) -> SshCertificate:
            return await chassis.bus.request(IssueSshCertificate(project_id=project_id, public_key=public_key))

        files = Files(
            database=chassis.database,
            hand=SshHand(MachineConnections(issue)),
            requests_per_project=settings.requests_per_project,
            watchers_per_project=settings.watchers_per_project,
            uploads_per_project=settings.uploads_per_project,
            journal_days=settings.journal_days,
        )
        assert settings.grant_public_key_file is not None, "AETHER_GRANT_PUBLIC_KEY_FILE is not set"
        verifier = Verifier(settings.grant_public_key_file, Service.FILES, chassis.database)
        origins = Origins(settings.public_url, settings.allowed_origins)
        chassis.spawn("journal", files.journal.run())
        chassis.spawn("house", files.keep_house())
        chassis.hear(EVENTS, files)
        try:
            await chassis.serve(http(files, verifier, origins, chassis.checks()), settings.port)
        finally:
            await files.close()


def http(files: Files, verifier: Verifier, origins: Origins, checks: dict[str, Check]) -> Any:
    """All that is served: requests of files, the socket that watches, health."""
    door = Door(verifier, origins, files.revocations)
    return traced(
        Starlette(
            routes=[*health_routes(checks), watch_route(files, door), *routes(TAILS, door, files)],
            exception_handlers=EXCEPTION_HANDLERS,
        )
    )
