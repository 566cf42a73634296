"""A WebSocket client that costs next to nothing, so that what is measured is the server.

The handshake is websockets' own; frames are read by hand (a server's frames are not masked) and written
with the zero mask, which leaves the payload as it is.
"""

import json
import select
import socket
import struct
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.uri import parse_uri

BINARY, TEXT, CLOSE, PING, PONG = 2, 1, 8, 9, 10
RECEIVE = 256 * 1024


class Socket:
    """One open WebSocket over a blocking TCP socket."""

    def __init__(self, url: str, headers: dict[str, str], subprotocols: list[str] | None = None) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 80), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._handshake(url, headers, subprotocols)
        self.received = 0
        self._base = 0  # the stream's offset at which `received` began to count

    def _handshake(self, url: str, headers: dict[str, str], subprotocols: list[str] | None) -> None:
        protocol = ClientProtocol(parse_uri(url), subprotocols=subprotocols)  # type: ignore[arg-type]
        request = protocol.connect()
        for name, value in headers.items():
            request.headers[name] = value
        self.socket.sendall(request.serialize())
        answer = bytearray()
        while b"\r\n\r\n" not in answer:
            piece = self.socket.recv(4096)
            if not piece:
                break
            answer += piece
        head, _, rest = bytes(answer).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(f"{head.splitlines()[0].decode()}: {rest[:300].decode(errors='replace')}")
        self._buffer += rest

    def send(self, data: bytes, opcode: int = BINARY) -> None:
        length = len(data)
        if length < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
        elif length < 65536:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, length)
        self.socket.sendall(head + b"\0\0\0\0" + data)

    def say(self, **message: Any) -> None:
        self.send(json.dumps(message).encode(), TEXT)

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """The whole frames that are here already, without waiting."""
        while (frame := self._next_frame()) is not None:
            yield frame

    def _next_frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length == 126:
            if len(buffer) < 4:
                return None
            length, start = struct.unpack_from("!H", buffer, 2)[0], 4
        elif length == 127:
            if len(buffer) < 10:
                return None
            length, start = struct.unpack_from("!Q", buffer, 2)[0], 10
        if len(buffer) < start + length:
            return None
        opcode, payload = buffer[0] & 0x0F, bytes(buffer[start : start + length])
        del buffer[: start + length]
        return opcode, payload

    def fill(self, timeout: float = 20) -> None:
        """Wait for bytes. Raises TimeoutError, or ConnectionError at the end."""
        self.socket.settimeout(timeout)
        piece = self.socket.recv(RECEIVE)
        if not piece:
            raise ConnectionError("the server closed the connection")
        self._buffer += piece

    def output(self, timeout: float = 20) -> bytes:
        """The next piece of terminal output; what else comes is seen to on the way."""
        while True:
            for opcode, payload in self.frames():
                if opcode == BINARY:
                    self.received += len(payload)
                    return payload
                self._see_to(opcode, payload)
            self.fill(timeout)

    def _see_to(self, opcode: int, payload: bytes) -> None:
        """Answer a ping, begin to count anew where the stream does, and raise ConnectionError at the end."""
        if opcode == PING:
            self.send(payload, PONG)
        elif opcode == CLOSE:
            raise ConnectionError(f"closed: {payload!r}")
        elif opcode == TEXT and (message := json.loads(payload))["type"] in ("hello", "epoch"):
            self._base, self.received = message["offset"], 0

    def readable(self, seconds: float = 0) -> bool:
        return bool(select.select([self.socket], [], [], seconds)[0])

    def until(self, mark: bytes, timeout: float = 60) -> int:
        """Read, acknowledging, until `mark` has come; answers how many bytes that was."""
        tail, count, acknowledged = b"", 0, self.received
        while mark not in tail:
            piece = self.output(timeout)
            count += len(piece)
            tail = tail[-len(mark) :] + piece
            if not 0 <= self.received - acknowledged < 65536:
                self.acknowledge()
                acknowledged = self.received
        self.acknowledge()
        return count

    def acknowledge(self) -> None:
        self.say(type="ack", offset=self._base + self.received)

    def quiet(self, seconds: float = 0.3) -> None:
        """Read on until nothing has come for `seconds`."""
        while True:
            for opcode, payload in self.frames():
                if opcode == BINARY:
                    self.received += len(payload)
                else:
                    self._see_to(opcode, payload)
            if not self.readable(seconds):
                break
            self.fill()
        self.acknowledge()

    def close(self) -> None:
        self.socket.close()
