"""Who listens at a webhook or keeps a browser's messages: a small HTTP server that notes what comes."""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from aether.cli.embedded.ports import any_free_port

HEAD_BYTES = 64 * 1024


@dataclass(frozen=True)
class Came:
    """One request; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers with `status` and notes what came. `hang` makes it say nothing until it is set."""

    port: int
    status: int = 204
    location: str = ""
    came: list[Came] = field(default_factory=list)
    hang: asyncio.Event | None = None
    waiting: int = 0

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            came = await self._read(reader)
            self.waiting += 1
            if self.hang is not None:
                await self.hang.wait()
            self.waiting -= 1
            self.came.append(came)
            head = [f"HTTP/1.1 {self.status} X", "Content-Length: 0", "Connection: close"]
            head += [f"Location: {self.location}"] if self.location else []
            writer.write("\r\n".join([*head, "", ""]).encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Came:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return Came(first.split(" ")[1], headers, await reader.readexactly(int(headers["content-length"])))


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver(any_free_port())
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", receiver.port, limit=HEAD_BYTES, ssl=tls)
    try:
        yield receiver
    finally:
        if receiver.hang is not None:
            receiver.hang.set()
        server.close()
        await server.wait_closed()


def identity(name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server that is called so, and a client that trusts it alone."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate)
        file.flush()
        server.load_cert_chain(file.name)
    return server, ssl.create_default_context(cadata=certificate.decode())
