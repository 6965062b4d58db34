# SPDX-License-Identifier: Apache-2.0
"""The partner as it is served, and as the hub reaches it: whatever comes back, the hub knows what it knows."""

import asyncio
import contextlib
import os

import httpx
import msgspec
import pytest
from tests.alliance import HUB_SEEDS

from tocsin.clock import MINUTE, Instant, SystemClock
from tocsin.config.hub import HubConfig
from tocsin.errors import (
    BadProof,
    ConfigError,
    Malformed,
    RemoteError,
    StateError,
    TocsinError,
    Unauthenticated,
    Unreachable,
)
from tocsin.halves.asking import sign_asking
from tocsin.halves.witness import MAX_PROPOSAL, Proposal, accept, moved_head, propose, sign_head
from tocsin.hub.assembly import exchange
from tocsin.hub.heads.witness_client import HttpPartner
from tocsin.hub.joining import hub_verifier
from tocsin.partner import app, routes
from tocsin.proof.headmap import HeadMap, StreamHead
from tocsin.proof.httpsig import NONCE_SIZE
from tocsin.proof.merkle import EMPTY
from tocsin.proof.note import VerifierKey
from tocsin.proof.signing import Context, SigningKey
from tocsin.proof.succession import endorse
from tocsin.wire.messages import MAX_BODY, encode
from tocsin.wire.parties import KeyEvent
from tocsin.wire.problem import to_problem
from tocsin.wire.witnessing import Cosigned, Witness

HUB = exchange(
    HubConfig(alliance="City", public_url="http://hub.example"), HUB_SEEDS, SystemClock(), os.urandom
)
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


def asking(folder, body: bytes, **other) -> dict[str, str]:
    """The headers under which the hub sends this body to the partner in that folder."""
    name = app._verifier(app._key(folder)).name
    said = {"key": HUB.identity.signing_key, "now": HUB.clock.now(), "nonce": os.urandom(NONCE_SIZE), **other}
    return sign_asking(body, HUB_KEY, said["key"], name, said["now"], said["nonce"])


async def test_it_answers_in_our_own_words_and_stays_up(tmp_path):
    app.init(tmp_path / "partner", str(HUB_KEY), 0)
    async with client(tmp_path / "partner") as http:
        for body, status in (
            (b"{}", 400),
            (b"\xff" * 100, 400),
            (b"x" * (MAX_PROPOSAL + 1), 413),
        ):
            headers = asking(tmp_path / "partner", body)
            answer = await http.post("/v1/witness", content=body, headers=headers)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await http.get("/v1/witness")).status_code == 405
        assert (await http.get("/v1/note")).text == ""
        health = (await http.get("/v1/health")).json()
        assert (health["ready"], health["witness"]) == (True, "late")


async def test_nothing_is_read_of_what_the_hub_has_not_signed(tmp_path, monkeypatch):
    folder = tmp_path / "partner"
    app.init(folder, str(HUB_KEY), 0)
    read = []
    whole = routes.bounded_body

    async def counted(request, limit):
        read.append(request.url.path)
        return await whole(request, limit)

    monkeypatch.setattr(routes, "bounded_body", counted)
    body = b"{}"
    good = asking(folder, body)
    foreign = sign_asking(
        body, HUB_KEY, HUB.identity.signing_key, "another", HUB.clock.now(), os.urandom(NONCE_SIZE)
    )
    refused = (
        {},
        asking(folder, body, key=SigningKey.from_seed(bytes(32))),
        asking(folder, body, now=Instant(HUB.clock.now() - 6 * MINUTE)),
        foreign,
        {**good, "Content-Digest": asking(folder, b"[]")["Content-Digest"]},
    )
    async with client(folder) as http:
        for headers in refused:
            assert (await http.post("/v1/witness", content=body, headers=headers)).status_code == 401
        assert read == []
        assert (await http.post("/v1/witness", content=body, headers=good)).status_code == 400
        assert read == ["/v1/witness"]
        assert (await http.post("/v1/witness", content=body, headers=good)).status_code == 401, "once"
        assert read == ["/v1/witness"]
        other = await http.post("/v1/witness", content=b"[]", headers=asking(folder, body))
        assert other.status_code == 401, "its body is another"


async def test_a_hub_that_changed_its_key_says_so_first_and_is_let_in(tmp_path):
    made = app.init(tmp_path / "partner", str(HUB_KEY), 0)
    partner_key = VerifierKey.parse(made.key)
    seeds = b"n" * 32 + HUB_SEEDS[32:] + HUB.identity.signing_key.public
    renewed = exchange(
        HubConfig(alliance="City", public_url="http://hub.example"), seeds, SystemClock(), os.urandom
    )
    context = Context("hub-key", HUB.identity.realm, HUB.identity.id)
    by_before, by_after = [
        endorse(one.identity.signing_key, context, HUB_KEY, hub_verifier(renewed)) for one in (HUB, renewed)
    ]
    changed = encode(
        KeyEvent(
            holder="hub",
            key=str(hub_verifier(renewed)),
            before=str(HUB_KEY),
            by_before=by_before,
            by_after=by_after,
        )
    )
    signed = sign_head(HeadMap(), EMPTY, HUB_KEY.name, renewed.identity.signing_key)
    asked = propose(signed, EMPTY, (), (), (changed,))
    partner = HttpPartner("http://partner.example", partner_key, 5, renewed)
    partner._http = client(tmp_path / "partner")
    accept(signed.note, await partner.witness(asked), hub_verifier(renewed), partner_key)
    await partner.close()
    untold = HttpPartner("http://partner.example", partner_key, 5, HUB)
    untold._http = client(tmp_path / "partner")
    with pytest.raises(Unauthenticated):
        await untold.witness(PROPOSAL)
    await untold.close()


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
            answer = await http.post(
                "/v1/witness", content=body, headers=asking(tmp_path / "partner", body), timeout=60
            )
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
    partner = HttpPartner(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", HUB_KEY, 0.5, HUB)
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
    partner = HttpPartner("http://127.0.0.1:1", HUB_KEY, 0.5, HUB)
    with pytest.raises(Unreachable, match="127"):
        await partner.witness(PROPOSAL)
    await partner.close()
