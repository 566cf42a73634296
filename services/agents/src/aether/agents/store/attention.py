"""The SQL of notices, of how people want to be called, and of who looks at what."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from aether.agents.store.locks import hold
from aether.contracts.agents import AttentionSettings, NoticeView
from aether.contracts.ids import AccountId, NoticeId, PersonId, ProjectId, RunId
from aether.kit.postgres import Reader, Record, Writer

KEEP = timedelta(days=30)


async def settings_of(db: Reader, account_id: AccountId, person_id: PersonId) -> AttentionSettings:
    """The person's own, or the defaults."""
    row = await db.fetchrow(
        "SELECT * FROM agents.attention WHERE person_id = $1 AND account_id = $2", person_id, account_id
    )
    return AttentionSettings(**row) if row else AttentionSettings(person_id=person_id)


async def hold_person(db: Writer, person_id: PersonId) -> None:
    """Until the transaction ends nobody else changes how this person wants to be called."""
    await hold(db, "person", person_id)


async def keep_settings(db: Writer, account_id: AccountId, settings: AttentionSettings) -> None:
    await db.execute(
        """
        INSERT INTO agents.attention (person_id, account_id, sound, push, mail, kinds, quiet_start, quiet_end,
            time_zone)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (person_id) DO UPDATE SET sound = excluded.sound, push = excluded.push, mail = excluded.mail,
            kinds = excluded.kinds, quiet_start = excluded.quiet_start, quiet_end = excluded.quiet_end,
            time_zone = excluded.time_zone
        WHERE attention.account_id = excluded.account_id""",
        settings.person_id,
        account_id,
        settings.sound,
        settings.push,
        settings.mail,
        settings.kinds,
        settings.quiet_start,
        settings.quiet_end,
        settings.time_zone,
    )


# Notices


async def add(db: Writer, notice: NoticeView, person_id: PersonId, once: str) -> bool:
    """False, and nothing written, if it was raised before."""
    return bool(
        await db.fetchval(
            """
            INSERT INTO agents.notice (id, account_id, person_id, project_id, run_id, kind, title, body, path,
                once, created_at, read_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (account_id, once) DO NOTHING RETURNING true""",
            notice.id,
            notice.account_id,
            person_id,
            notice.project_id,
            notice.run_id,
            notice.kind,
            notice.title,
            notice.body,
            notice.path,
            once,
            notice.created_at,
            notice.read_at,
        )
    )


async def newest(db: Reader, account_id: AccountId) -> list[NoticeView]:
    rows = await db.fetch(
        "SELECT * FROM agents.notice WHERE account_id = $1 ORDER BY id DESC LIMIT 100", account_id
    )
    return [view(row) for row in rows]


async def unread(db: Reader, account_id: AccountId) -> int:
    found: int = await db.fetchval(
        "SELECT count(*) FROM agents.notice WHERE account_id = $1 AND read_at IS NULL", account_id
    )
    return found


async def read(db: Writer, account_id: AccountId, notice_ids: Sequence[NoticeId] | None, now: datetime) -> None:
    """Mark notices read; None: all of the account."""
    await db.execute(
        """
        UPDATE agents.notice SET read_at = $3
        WHERE account_id = $1 AND read_at IS NULL AND ($2::uuid[] IS NULL OR id = ANY($2))""",
        account_id,
        notice_ids,
        now,
    )


async def read_of_run(db: Writer, run_id: RunId, now: datetime) -> None:
    await db.execute("UPDATE agents.notice SET read_at = $2 WHERE run_id = $1 AND read_at IS NULL", run_id, now)


# Looks


async def look(db: Writer, account_id: AccountId, person_id: PersonId, run_id: RunId, until: datetime) -> None:
    await db.execute(
        """
        INSERT INTO agents.look (account_id, person_id, run_id, until) VALUES ($1, $2, $3, $4)
        ON CONFLICT (person_id, run_id) DO UPDATE SET until = greatest(look.until, excluded.until)""",
        account_id,
        person_id,
        run_id,
        until,
    )


async def is_looked_at(db: Reader, person_id: PersonId, run_id: RunId, now: datetime) -> bool:
    return bool(
        await db.fetchval(
            "SELECT true FROM agents.look WHERE person_id = $1 AND run_id = $2 AND until > $3",
            person_id,
            run_id,
            now,
        )
    )


# Forgetting


async def forget_old(db: Writer, now: datetime) -> int:
    """Notices of more than a month ago, with what was sent of them, and looks that are over; how many notices."""
    await db.execute("DELETE FROM agents.look WHERE until < $1", now)
    gone = await db.fetch(
        """
        DELETE FROM agents.notice WHERE id = ANY(ARRAY(
            SELECT id FROM agents.notice WHERE created_at < $1 ORDER BY created_at LIMIT 1000))
        RETURNING id""",
        now - KEEP,
    )
    return len(gone)


async def delete_project(db: Writer, project_id: ProjectId) -> None:
    """Its notices, and with them all that was sent of them."""
    await db.execute("DELETE FROM agents.notice WHERE project_id = $1", project_id)


async def delete_account(db: Writer, account_id: AccountId) -> None:
    """Notices, settings and looks."""
    await db.execute("DELETE FROM agents.notice WHERE account_id = $1", account_id)
    await db.execute("DELETE FROM agents.attention WHERE account_id = $1", account_id)
    await db.execute("DELETE FROM agents.look WHERE account_id = $1", account_id)


def view(row: Record) -> NoticeView:
    return NoticeView(**{name: row[name] for name in NoticeView.model_fields})
