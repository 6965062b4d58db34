# SPDX-License-Identifier: Apache-2.0
"""The partner as it is served, and as the hub reaches it: whatever comes back, the hub knows what it knows."""

import asyncio
import contextlib

import httpx
import msgspec
import pytest
from tests.alliance import HUB_SEEDS

from tocsin.clock import SystemClock
from tocsin.config import HubConfig
from tocsin.errors import BadProof, ConfigError, Malformed, RemoteError, StateError, TocsinError, Unreachable
from tocsin.halves.witness import MAX_PROPOSAL, Proposal, accept, moved_head, propose, sign_head
from tocsin.hub.assembly import exchange
from tocsin.hub.joining import hub_verifier
from tocsin.hub.witness_client import HttpPartner
from tocsin.partner import app
from tocsin.proof.headmap import HeadMap, StreamHead
from tocsin.proof.merkle import EMPTY
from tocsin.proof.note import VerifierKey
from tocsin.wire.messages import MAX_BODY, encode
from tocsin.wire.problem import to_problem
from tocsin.wire.witnessing import Cosigned, Witness

HUB = exchange(HubConfig(alliance="City", public_url="http://hub.example"), HUB_SEEDS, SystemClock(), bytes)
HUB_KEY = hub_verifier(HUB)
PROPOSAL = Proposal(held=0, log=EMPTY.to_bytes(), log_path=(), changes=(), note="a note")


def client(folder) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app.application(folder)), base_url="http://partner.example"
    )


def test_a_partner_has_a_key_of_its_own_that_only_it_can_read(tmp_path):
    made = app.init(tmp_path / "one", str(HUB_KEY), 0)
    other = app.init(tmp_path / "two", str(HUB_KEY), 0)
    assert made.key != other.key
    assert VerifierKey.parse(made.key).name.startswith("partner_")
    assert (tmp_path / "one" / "partner.keys").stat().st_mode & 0o777 == 0o600
    with pytest.raises((ConfigError, StateError), match="already"):
        app.init(tmp_path / "one", str(HUB_KEY), 0)


@pytest.mark.parametrize("key", ["", "hub", str(HUB_KEY)[:-4], str(HUB_KEY).replace("hub_", "hub-", 1)])
def test_a_key_that_was_cut_or_retyped_is_refused(tmp_path, key):
    with pytest.raises(Malformed):
        app.init(tmp_path / "partner", key, 0)


async def test_it_answers_strangers_in_our_own_words_and_stays_up(tmp_path):
    app.init(tmp_path / "partner", str(HUB_KEY), 0)
    async with client(tmp_path / "partner") as http:
        for body, status in (
            (b"", 400),
            (b"{}", 400),
            (b"\xff" * 100, 400),
            (b"x" * (MAX_PROPOSAL + 1), 413),
        ):
            answer = await http.post("/v1/witness", content=body)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await http.get("/v1/witness")).status_code == 405
        assert (await http.get("/v1/note")).text == ""
        health = (await http.get("/v1/health")).json()
        assert (health["ready"], health["witness"]) == (True, "late")


async def test_many_streams_that_moved_while_the_partner_was_away_are_witnessed_at_once(tmp_path):
    """More than fits into a request of the hub's own."""
    made = app.init(tmp_path / "partner", str(HUB_KEY), 0)
    leaves = [number.to_bytes(32) for number in range(1_024)]
    keys = [number.to_bytes(32) for number in range(9_000)]
    before, heads, log = EMPTY, HeadMap(), EMPTY
    async with client(tmp_path / "partner") as http:
        for appended in (leaves[:1_023], leaves[1_023:]):
            change = moved_head(b"", before, appended)
            changes = [msgspec.structs.replace(change, key=key) for key in keys]
            heads = heads.changed(StreamHead(one.key, one.new_size, one.new_root) for one in changes)
            signed = sign_head(heads, log, HUB_KEY.name, HUB.identity.signing_key)
            asked = propose(signed, log, (), changes)
            body = encode(
                Witness(
                    held=asked.held,
                    log=asked.log,
                    log_path=asked.log_path,
                    changes=asked.changes,
                    note=asked.note,
                )
            )
            answer = await http.post("/v1/witness", content=body, timeout=60)
            assert answer.status_code == 200, answer.text
            accept(signed.note, answer.json()["note"], HUB_KEY, VerifierKey.parse(made.key))
            before, log = before.extend(appended), signed.log
    assert len(body) > MAX_BODY


@contextlib.asynccontextmanager
async def serving(said: bytes, *, stall: bool = False):
    """Somebody who listens where the partner should, and says this whatever is asked."""

    over, writers = asyncio.Event(), []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError):
            await reader.read(100)
            if stall:
                await over.wait()
            writer.write(said)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    partner = HttpPartner(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", HUB_KEY, 0.5)
    try:
        yield partner
    finally:
        over.set()
        await partner.close()
        server.close()
        for writer in writers:
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


def response(status: int, body: bytes, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


OPEN = [
    ("nothing", b""),
    ("no HTTP", b"SSH-2.0-OpenSSH_9.2\r\n"),
    ("a page", response(200, b"<html>log in</html>")),
    ("an empty answer", response(200, b"")),
    ("half an answer", response(200, encode(Cosigned(note="x")))[:-3]),
    ("an answer without end", response(200, b"x" * 100_000)),
    ("a redirection", response(302, b"", "Location: http://127.0.0.1:1/\r\n")),
    ("a broken encoding", response(200, b"\x00\x01", "Content-Encoding: gzip\r\n")),
    ("a gateway", response(502, b"bad gateway")),
    ("its own mistake", response(500, encode(to_problem(TocsinError("x"))))),
]


@pytest.mark.parametrize("said", [said for _, said in OPEN], ids=[name for name, _ in OPEN])
async def test_what_is_no_answer_leaves_open_what_the_partner_did(said):
    async with serving(said) as partner:
        with pytest.raises(TocsinError) as raised:
            await partner.witness(PROPOSAL)
    assert isinstance(raised.value, RemoteError) or type(raised.value) is TocsinError


async def test_a_partner_that_does_not_answer_in_time_is_unreachable():
    async with serving(b"", stall=True) as partner:
        with pytest.raises(Unreachable):
            await partner.witness(PROPOSAL)


async def test_a_refusal_comes_back_as_what_it_is():
    async with serving(response(502, encode(to_problem(BadProof("it does not add up"))))) as partner:
        with pytest.raises(BadProof, match="does not add up"):
            await partner.witness(PROPOSAL)


async def test_a_cosigned_note_comes_back_as_it_was_sent():
    async with serving(response(200, encode(Cosigned(note="the note")))) as partner:
        assert await partner.witness(PROPOSAL) == "the note"


async def test_nobody_there_is_unreachable():
    partner = HttpPartner("http://127.0.0.1:1", HUB_KEY, 0.5)
    with pytest.raises(Unreachable, match="127"):
        await partner.witness(PROPOSAL)
    await partner.close()
