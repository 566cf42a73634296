"""Mail: by SMTP where there is a server, else printed for whoever runs aether to see."""

import asyncio
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
import structlog

from aether.gateway.deps.ports import Mail

TIMEOUT_SECONDS = 20
AT_ONCE = 16  # connections to the server
WAITING_MOST = 500  # mails that may wait for one; a server that takes none must not fill our memory
PORTS = {"smtp": 25, "smtps": 465}

log = structlog.get_logger()


class PrintedMailer:
    """Writes mail into the log as `mail.printed`, which `aether up` shows on its console.

    The one place where a reset link is readable: without a mail server there is no other way to it.
    """

    async def send(self, mail: Mail) -> None:
        log.warning("mail.printed", to=mail.to, subject=mail.subject, body=mail.body)


class SmtpMailer:
    """Sends through smtp://user:password@host:port, or smtps://…; `?starttls=never` for a plain test server."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError("SMTP_URL must be smtp://host[:port] or smtps://host[:port]")
        self._sender = sender
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._client: dict[str, Any] = {
            "hostname": parts.hostname,
            "port": parts.port or PORTS[parts.scheme],
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "use_tls": parts.scheme == "smtps",
            "start_tls": False if parse_qs(parts.query).get("starttls") == ["never"] else None,
        }

    async def send(self, mail: Mail) -> None:
        """At most once: what cannot be sent is logged without its body."""
        if self._waiting >= WAITING_MOST:
            log.error("mail.dropped", to=mail.to, subject=mail.subject)
            return
        self._waiting += 1
        try:
            async with self._places:
                await self._deliver(mail)
        finally:
            self._waiting -= 1

    async def _deliver(self, mail: Mail) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, mail.to, mail.subject
        message.set_content(mail.body)
        try:
            await aiosmtplib.send(message, timeout=TIMEOUT_SECONDS, **self._client)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            log.error("mail.failed", to=mail.to, subject=mail.subject, error=repr(error))
