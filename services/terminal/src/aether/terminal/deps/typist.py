"""Typing for those who have no keyboard: once for each key, and proven by what the screen shows."""

import asyncio
import time
from collections.abc import Callable, Sequence

from aether.contracts.terminal import TypeText
from aether.terminal.deps.screens import PATIENCE, lines_of
from aether.terminal.deps.session import Session
from aether.terminal.domain.screen import has_appeared, typeable
from aether.terminal.errors import SessionsUnavailable, TerminalClosed

APPEAR_SECONDS = 5.0
LOOK_SECONDS = 0.25  # between two looks where nobody tells of news
LINES = 200
ENTER = b"\r"


async def type_into(session: Session, command: TypeText) -> bool:
    """Type what is asked for, unless it was; answers whether the screen has shown it.

    The machine itself remembers the key, so that this may be done again after any failure. Raises TerminalClosed,
    or SessionsUnavailable where it is not known how far it came.
    """
    try:
        if command.text:
            return await _text(session, command.key, typeable(command.text))
        return await _keys(session, command.key, command.keys.encode())
    except ConnectionError as error:
        raise SessionsUnavailable("The way to the machine was lost while typing. Try again.") from error


async def _text(session: Session, key: str, text: str) -> bool:
    """Enter comes once the text has appeared, or a program might take it for a part of the paste. One that shows
    nothing, as when it asks for a password, gets it later: what was put in must not lie there unsent, for the
    next text would be added to it."""
    before = await lines_of(session, LINES)
    shell = await session.shell(PATIENCE)
    fresh = await shell.paste(key, text)
    seen_before = before if fresh else []
    appeared = await _until(session, lambda after: has_appeared(text, seen_before, after))
    shell = await session.shell(PATIENCE)
    await shell.press(f"{key} enter", ENTER)
    return appeared


async def _keys(session: Session, key: str, keys: bytes) -> bool:
    before = await lines_of(session, LINES)
    shell = await session.shell(PATIENCE)
    if not await shell.press(key, keys):
        return True
    try:
        return await _until(session, lambda after: list(after) != before)
    except TerminalClosed:
        return True  # it was what ended the program


async def _until(session: Session, holds: Callable[[Sequence[str]], bool]) -> bool:
    """Look whenever something is written, for a while."""
    end = time.monotonic() + APPEAR_SECONDS
    while True:
        session.news.clear()
        if holds(await lines_of(session, LINES)):
            return True
        left = end - time.monotonic()
        if left <= 0:
            return False
        try:
            async with asyncio.timeout(min(left, LOOK_SECONDS)):
                await session.news.wait()
        except TimeoutError:
            continue
