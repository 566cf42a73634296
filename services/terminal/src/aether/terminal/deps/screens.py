"""What stands on a session's screen, for those who look without being viewers."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from aether.contracts.terminal import ScreenView
from aether.terminal.deps.session import Session
from aether.terminal.domain.screen import plain, plain_output
from aether.terminal.errors import SessionsUnavailable

PATIENCE = 2.0  # for a session that this process has yet to attach to
ANSWER_SECONDS = 2.0
TAIL_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Shown:
    """A screen, and a tag that changes whenever it may have."""

    tag: str
    view: ScreenView


class Screens:
    """Remembers the last look at each session, for many ask and little changes."""

    def __init__(self) -> None:
        self._nonce = secrets.token_hex(4)  # tags of another process are not ours
        self._last: WeakKeyDictionary[Session, tuple[str, list[str]]] = WeakKeyDictionary()

    def tag(self, session: Session, lines: int) -> str:
        """Names what read() would answer now. Costs nothing."""
        terminal = session.terminal
        size = f"{terminal.cols}x{terminal.rows}"
        return f"{self._nonce}-{id(session):x}-{session.attachments}-{session.ring.end:x}-{size}-{lines}"

    async def read(self, session: Session, lines: int) -> Shown:
        """The last `lines` lines. Raises TerminalClosed, or SessionsUnavailable if the machine does not answer."""
        await session.shell(PATIENCE)
        # Taken before the look: what comes meanwhile may be in it, and is then looked at once too often.
        tag, offset, heard_at = self.tag(session, lines), session.ring.end - session.base, session.heard_at
        last = self._last.get(session)
        if last is None or last[0] != tag:
            last = tag, await lines_of(session, lines)
            self._last[session] = last
        terminal = session.terminal
        view = ScreenView(
            terminal_id=terminal.id,
            lines=last[1],
            cols=terminal.cols,
            rows=terminal.rows,
            offset=offset,
            changed_at=None if heard_at is None else datetime.fromtimestamp(heard_at, UTC),
        )
        return Shown(tag, view)


async def lines_of(session: Session, lines: int) -> list[str]:
    """As they are at this moment."""
    shell = await session.shell(PATIENCE)
    if not shell.keeps_screen:
        return last_printed(session, lines)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return plain(await shell.screen(lines), lines)
    except (ConnectionError, TimeoutError) as error:
        raise SessionsUnavailable("The machine did not show the screen in time. Try again.") from error


def last_printed(session: Session, lines: int) -> list[str]:
    """The last lines of its output since it was last attached to."""
    start = max(session.ring.start, session.base, session.ring.end - TAIL_BYTES)
    return plain_output(session.ring.read(start, TAIL_BYTES), lines)
