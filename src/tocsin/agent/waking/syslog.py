# SPDX-License-Identifier: Apache-2.0
"""Writes calls to the bank's log server (RFC 5424): by TLS with octet counting (RFC 5425 §4.3), or UDP (RFC 5426).

It wakes nobody: a SIEM that reads it may. The host's name is left out, as everything else that is nobody's business.
"""

import asyncio
import ssl
from contextlib import suppress
from typing import Literal

from tocsin.agent.waking.words import headline
from tocsin.clock import Clock, to_text
from tocsin.config.waking import Syslog
from tocsin.errors import ConfigError, Unreachable
from tocsin.hooks import Notice

_LOCAL0 = 16
_ALERT, _NOTICE = 1, 5
"""Severities (RFC 5424 §6.2.1): action must be taken immediately; normal but significant."""
_SECONDS = 20.0


class Log:
    """The log server of the settings."""

    def __init__(self, settings: Syslog, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def name(self) -> str:
        """In the log and for the doctor."""
        return "syslog"

    def reaches(self) -> Literal["person", "team", "record"]:
        """Nobody by itself."""
        return "record"

    async def tell(self, notice: Notice) -> None:
        """Write one line; Unreachable when it cannot be sent. By UDP nobody says whether it came."""
        line = self._line(notice)
        try:
            async with asyncio.timeout(_SECONDS):
                await (self._by_tls(line) if self._settings.transport == "tls" else self._by_udp(line))
        except (OSError, TimeoutError) as error:
            raise Unreachable(f"The log server: {str(error) or type(error).__name__}.") from None

    def _line(self, notice: Notice) -> bytes:
        """``<PRI>1 TIMESTAMP - tocsin - CALL - MSG``: nothing in it but printable ASCII."""
        priority = _LOCAL0 * 8 + (_ALERT if notice.urgent else _NOTICE)
        return f"<{priority}>1 {to_text(self._clock.now())} - tocsin - CALL - {headline(notice)}".encode(
            "ascii"
        )

    async def _by_tls(self, line: bytes) -> None:
        settings = self._settings
        try:
            trusted = ssl.create_default_context(cafile=settings.authority_file or None)
        except OSError as error:
            raise ConfigError(
                f"`wake.syslog.authority_file` {settings.authority_file}: {error.strerror}."
            ) from None
        _, writer = await asyncio.open_connection(settings.host, settings.port, ssl=trusted)
        writer.write(b"%d %b" % (len(line), line))
        await writer.drain()
        writer.close()
        with suppress(OSError):  # a server that ends first has the line already
            await writer.wait_closed()

    async def _by_udp(self, line: bytes) -> None:
        loop = asyncio.get_running_loop()
        place = (self._settings.host, self._settings.port)
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=place)
        transport.sendto(line)
        transport.close()
