# SPDX-License-Identifier: Apache-2.0
"""Lines for a log server: RFC 5424 over TLS and UDP, and nothing in them that a message does not say."""

import asyncio
import re
import socket
import ssl
from pathlib import Path

import msgspec
import pytest
from tests.acceptance.proxies import private_authority

from tocsin.agent.waking.syslog import Log
from tocsin.agent.waking.words import TEST
from tocsin.clock import ManualClock
from tocsin.config.waking import Syslog
from tocsin.errors import ConfigError, Unreachable

URGENT = msgspec.structs.replace(TEST, what="1 urgent warning", refs=("W-7",), urgent=True, code="4F7K-2M9Q")
LINE = "<129>1 2026-11-21T08:30:00.000000Z - tocsin - CALL - 1 urgent warning, open the console, ref W-7"


async def test_over_tls_lines_are_counted(tmp_path: Path, manual_clock: ManualClock) -> None:
    authority, certificate, key = private_authority(tmp_path / "tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    came: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await came.put(await reader.read())
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        settings = Syslog(host="localhost", port=port, authority_file=str(authority))
        await Log(settings, manual_clock).tell(URGENT)
        line = (await came.get()).decode()
        assert line == f"{len(LINE)} {LINE}"
        with pytest.raises(Unreachable, match="log server"):
            await Log(msgspec.structs.replace(settings, authority_file=""), manual_clock).tell(URGENT)


async def test_by_udp_it_is_one_datagram(manual_clock: ManualClock) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        settings = Syslog(host="127.0.0.1", port=server.getsockname()[1], transport="udp")
        await Log(settings, manual_clock).tell(TEST)
        line = await asyncio.to_thread(server.recv, 4096)
    assert re.fullmatch(rb"<133>1 \S+ - tocsin - CALL - test, open the console, ref W-0", line)


async def test_a_server_that_is_away_and_an_authority_that_is_not_there_are_said(
    tmp_path: Path, manual_clock: ManualClock
) -> None:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        away = Syslog(host="127.0.0.1", port=place.getsockname()[1])
    with pytest.raises(Unreachable, match="log server"):
        await Log(away, manual_clock).tell(TEST)
    with pytest.raises(ConfigError, match="authority_file"):
        await Log(msgspec.structs.replace(away, authority_file=str(tmp_path / "no.pem")), manual_clock).tell(
            TEST
        )
