"""Whose a request of a machine is: of which run, and for which person."""

from uuid import UUID

from aether.contracts.ids import AccountId, PersonId, ProjectId, RunId
from aether.kit.postgres import Reader


async def is_of_project(db: Reader, project_id: ProjectId, run_id: RunId) -> bool:
    """Whether a run is of this project and has not ended."""
    found = await db.fetchval(
        "SELECT true FROM agents.run WHERE id = $1 AND project_id = $2 AND ended_at IS NULL", run_id, project_id
    )
    return bool(found)


async def person_of(
    db: Reader, account_id: AccountId, project_id: ProjectId, run_id: RunId | None
) -> PersonId | None:
    """Who is to hear of it: who started the run; else who last started one in the project, or in the account,
    or keeps a key or a token there."""
    found = await db.fetchval(
        """
        SELECT person_id FROM (
            SELECT person_id, CASE WHEN id = $3 THEN 0 WHEN project_id = $2 THEN 1 ELSE 2 END AS far, created_at
            FROM agents.run WHERE account_id = $1
            UNION ALL SELECT person_id, 3, created_at FROM agents.key WHERE account_id = $1
            UNION ALL SELECT person_id, 3, created_at FROM agents.token WHERE account_id = $1
        ) AS known ORDER BY far, created_at DESC LIMIT 1""",
        account_id,
        project_id,
        run_id,
    )
    return PersonId(UUID(str(found))) if found else None
