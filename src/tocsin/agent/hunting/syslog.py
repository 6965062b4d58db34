# SPDX-License-Identifier: Apache-2.0
"""Takes syslog over TCP, on loopback, behind a declared proxy or with TLS, and hands on its lines.

Both framings of RFC 6587 are taken, each message by its own: a count of octets (§3.4.1), which RFC 5425 demands over
TLS, or a line (§3.4.2). What stands in a message (RFC 5424, or RFC 3164's older form) is read where it is hunted in.
Whoever writes faster than is hunted is not read from meanwhile: TCP holds it back, and nothing is dropped. Nothing is
answered.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from tocsin.config.agent import SyslogListen
from tocsin.config.listen import Listen
from tocsin.errors import ConfigError, Malformed, Taken
from tocsin.web.serving import check_listen

MAX_MESSAGE = 64 * 2**10
"""RFC 5425 §4.3.1 wants 8,192 octets to be taken; a longer message ends the connection."""
MAX_SENDERS = 100
SILENCE_SECONDS = 3_600.0
"""After which a sender that says nothing is let go."""
_DIGITS = len(str(MAX_MESSAGE)) + 1
_PIECE = 2**16

Hand = Callable[[list[bytes]], Awaitable[None]]
"""Takes lines, and returns once there is room for more."""


class Framing:
    """Takes one connection's bytes apart, as they come."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now, each as one line; Malformed when the next one never will be."""
        rest, start = self._rest + data, 0
        messages: list[bytes] = []
        while start < len(rest):
            found = _next(rest, start)
            if found is None:
                break
            message, start = found
            if message:
                messages.append(message.replace(b"\n", b" "))
        self._rest = rest[start:]
        return messages


class Listener:
    """Listens until it is closed."""

    def __init__(self, listen: SyslogListen, hand: Hand) -> None:
        self._listen = listen
        self._hand = hand
        self._senders: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        """Where it listens, once it does."""
        self.broken = 0
        """Connections that were ended because what came was no syslog, or too long."""
        self.refused = 0
        """Senders that were too many."""

    async def start(self) -> None:
        """Listen. ConfigError off loopback without TLS or a declared proxy, Taken when the port is in use."""
        listen = check_listen(self._listen)
        try:
            self._server = await asyncio.start_server(
                self._serve, listen.host, listen.port, ssl=_context(listen), limit=_PIECE
            )
        except OSError as error:
            raise Taken(f"Cannot listen on {listen.host}:{listen.port}: {error.strerror}.") from None
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, and let every sender go."""
        if self._server is not None:
            self._server.close()
        for sender in self._senders:
            sender.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._senders) >= MAX_SENDERS:
            self.refused += 1
            writer.close()
            return
        self._senders.add(task)
        try:
            await self._take(reader)
        except Malformed:
            self.broken += 1
        except (OSError, TimeoutError):
            pass  # it went away, or says nothing any more
        finally:
            self._senders.discard(task)
            writer.close()

    async def _take(self, reader: asyncio.StreamReader) -> None:
        framing = Framing()
        while True:
            async with asyncio.timeout(SILENCE_SECONDS):
                data = await reader.read(_PIECE)
            if lines := framing.feed(data):
                await self._hand(lines)
            if not data:
                return


def _next(rest: bytes, start: int) -> tuple[bytes, int] | None:
    """The message that begins there, and where the next one does; None while it is not whole."""
    if rest[start : start + 1].isdigit():
        space = rest.find(b" ", start, start + _DIGITS)
        count = rest[start:space] if space >= 0 else rest[start : start + _DIGITS]
        if not count.isdigit() or int(count) > MAX_MESSAGE or (space < 0 and len(count) == _DIGITS):
            raise Malformed("It announces no number of octets, or more than a message may have.")
        stop = space + 1 + int(count)
        return (rest[space + 1 : stop], stop) if space >= 0 and len(rest) >= stop else None
    stop = rest.find(b"\n", start)
    if (stop if stop >= 0 else len(rest)) - start > MAX_MESSAGE:
        raise Malformed("It is longer than a message may be.")
    return (rest[start:stop].rstrip(b"\r\0"), stop + 1) if stop >= 0 else None


def _context(listen: Listen) -> ssl.SSLContext | None:
    """TLS as the settings have it; ConfigError when certificate and key cannot be used."""
    if not listen.tls_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(listen.tls_certificate, listen.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{listen.tls_certificate}: {error}.") from None
    return context
