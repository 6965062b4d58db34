# SPDX-License-Identifier: Apache-2.0
"""The way to the partner: an answer in time, whatever comes in the meantime."""

import asyncio
import os

import pytest
from tests.alliance import HUB_SEEDS

from tocsin.clock import SystemClock
from tocsin.config.hub import HubConfig
from tocsin.errors import Unreachable
from tocsin.halves.witness import Proposal
from tocsin.hub.assembly import exchange
from tocsin.hub.heads.witness_client import HttpPartner
from tocsin.proof.note import KeyKind, VerifierKey
from tocsin.proof.signing import SigningKey

HUB = exchange(
    HubConfig(alliance="City", public_url="http://hub.example"), HUB_SEEDS, SystemClock(), os.urandom
)
KEY = VerifierKey("partner.example", KeyKind.COSIGNATURE, SigningKey.from_seed(b"p" * 32).public)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["header", "body"])
async def test_an_answer_that_comes_drop_by_drop_ends_in_time(head):
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(head)
            while not reader.at_eof():
                writer.write(b"HTTP"[:1] if not head else b" ")
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    partner = HttpPartner(f"http://127.0.0.1:{port}", KEY, 0.2, HUB)
    async with asyncio.timeout(2):
        with pytest.raises(Unreachable):
            await partner.witness(Proposal(0, b"", (), (), ""))
    await partner.close()
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.05)
