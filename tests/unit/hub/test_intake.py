# SPDX-License-Identifier: Apache-2.0
"""The numbered steps of the door: each refuses by itself, and what got through is receipted once."""

import asyncio

import httpx
import msgspec
import pytest
from tests.alliance import URL, Agent, Alliance
from tests.looking import look
from tests.unit.hub.asking import BAD, EVIL, post, problem, report_of, sighted, signed

from tocsin.agent.verbs.report import PATH
from tocsin.agent.verbs.sight import PATH as SIGHT
from tocsin.clock import MINUTE, SECOND
from tocsin.errors import AccessError
from tocsin.hub import routes
from tocsin.hub.receipts import VEILED, unveiled
from tocsin.hub.verbs import erase as erase_verb
from tocsin.hub.views.directory import PartyRow
from tocsin.ids import new_id
from tocsin.proof.httpsig import MAX_SKEW
from tocsin.proof.signing import SigningKey
from tocsin.wire.messages import MAX_BODY, Erase, Receipt, Report, Sight, SignedReceipt, decode, encode


async def test_a_body_above_its_bound_is_refused(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        for size, path in ((MAX_BODY + 1, PATH), (17_000, "/v1/sightings")):
            body = b"x" * size
            answer = await post(agent, body, signed(agent, body, path=path), path)
            assert (answer.status_code, problem(answer)) == (413, "too-large")


@pytest.mark.parametrize("whose", ["nobody", "stranger", "forged", "suspended"])
async def test_a_body_is_taken_in_only_from_an_active_party_that_signed_for_it(tmp_path, whose, monkeypatch):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        body = report_of(agent)
        if whose == "stranger":
            agent.membership = msgspec.structs.replace(agent.membership, party=new_id("prt", agent.entropy))
        if whose == "suspended":
            await alliance.hub.commits.run(lambda tx: stand(tx, agent, "suspended"))
        key = SigningKey.from_seed(b"x" * 32) if whose == "forged" else None
        headers = {} if whose == "nobody" else signed(agent, body, key=key)
        monkeypatch.setattr(routes, "bounded_body", None)
        answer = await post(agent, body, headers)
        assert answer.status_code in (401, 403)


async def test_a_request_without_our_signature_is_refused(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        body = report_of(agent)
        headers = signed(agent, body)
        for lost in headers:
            answer = await post(agent, body, {name: text for name, text in headers.items() if name != lost})
            assert (answer.status_code, problem(answer)) == (401, "unauthenticated"), lost
        doubled = httpx.Headers([*headers.items(), ("Signature", headers["Signature"])])
        assert problem(await agent.http.post(URL + PATH, content=body, headers=doubled)) == "unauthenticated"


async def test_an_unknown_party_is_refused(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        body = report_of(agent)
        agent.membership = msgspec.structs.replace(agent.membership, party=new_id("prt", agent.entropy))
        answer = await post(agent, body, signed(agent, body))
        assert (answer.status_code, problem(answer)) == (401, "unauthenticated")


@pytest.mark.parametrize("what", ["key", "body", "path", "method", "query"])
async def test_a_signature_over_anything_else_is_refused(tmp_path, what):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        body = report_of(agent)
        headers = signed(
            agent,
            b"{}" if what == "body" else body,
            path="/v1/warnings" if what == "path" else PATH,
            method="PUT" if what == "method" else "POST",
            key=SigningKey.from_seed(b"x" * 32) if what == "key" else None,
        )
        answer = await post(agent, body, headers, f"{PATH}?a=1" if what == "query" else PATH)
        assert (answer.status_code, problem(answer)) == (401, "unauthenticated")
        assert alliance.sizes().get("members") is None


@pytest.mark.parametrize("drift", [-MAX_SKEW - SECOND, MAX_SKEW + SECOND])
async def test_a_clock_that_is_too_far_off_is_told_the_hubs_time(tmp_path, drift):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        body = report_of(agent)
        if drift < 0:
            headers = signed(agent, body)
            alliance.clock.advance(-drift)
        else:
            alliance.clock.advance(drift)
            headers = signed(agent, body)
            alliance.clock._now -= drift
        answer = await post(agent, body, headers)
        assert (answer.status_code, problem(answer)) == (401, "clock-skew")
        assert "2026-11-21T08:3" in answer.json()["detail"]


async def test_the_same_request_again_is_a_replay_however_late_it_comes(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        body = report_of(agent)
        headers = signed(agent, body)
        assert (await post(agent, body, headers)).status_code == 200
        for wait in (0, MINUTE, MAX_SKEW - MINUTE):  # the last at the very end of the signature's life
            alliance.clock.advance(wait)
            answer = await post(agent, body, headers)
            assert (answer.status_code, problem(answer)) == (401, "replayed")
        alliance.clock.advance(1)
        assert problem(await post(agent, body, headers)) == "clock-skew"


async def test_a_copy_of_a_refused_request_is_a_replay_too(tmp_path):
    """Else somebody who kept it could have it carried out in a moment in which it would no longer be refused."""
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        fact = new_id("rpt", agent.entropy)
        body = encode(Erase(id=new_id("msg", agent.entropy), sent=0, fact=fact, reason="mistake"))
        headers = signed(agent, body, path="/v1/erasures")
        assert problem(await post(agent, body, headers, "/v1/erasures")) == "unknown"
        assert problem(await post(agent, body, headers, "/v1/erasures")) == "replayed"


async def test_only_an_active_party_is_heard(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        body = report_of(agent)
        for standing in ("pending", "suspended", "left"):
            await alliance.hub.commits.run(lambda tx, s=standing: stand(tx, agent, s))
            answer = await post(agent, body, signed(agent, body))
            told = "forbidden" if standing == "left" else "not-active"  # nothing waits for what is for good
            assert (answer.status_code, problem(answer)) == (403, told)
            assert standing in answer.json()["detail"]
            with pytest.raises(AccessError):
                async with agent.hub().stream(""):
                    pass


def stand(tx, agent: Agent, standing: str) -> None:
    """A party's new standing in the view of the directory; the verb for it comes later."""
    (row,) = (row for row in tx.all("parties", {}, into=PartyRow) if row.id == agent.party)
    tx.run("put_party", msgspec.structs.asdict(msgspec.structs.replace(row, standing=standing)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"kind":"warn"}',
        b'{"kind":"report","v":2,"id":"rpt_1","sent":0,"objects":[]}',
        b'{"kind":"report","v":1,"id":"rpt_1","objects":[]}',
        b"[" * 100_000,
    ],
)
async def test_a_body_that_is_not_the_addresss_message_is_refused(tmp_path, body):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        answer = await post(agent, body, signed(agent, body))
        assert (answer.status_code, problem(answer)) == (400, "malformed")


async def test_the_same_message_brings_the_same_receipt_byte_for_byte(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        body = report_of(agent)
        first = await post(agent, body, signed(agent, body))
        sizes = alliance.sizes()
        alliance.clock.advance(MINUTE)
        again = await post(agent, body, signed(agent, body))
        assert first.content == again.content
        assert alliance.sizes() == sizes
        receipt = decode(decode(first.content, SignedReceipt).receipt, Receipt)
        assert [one.status for one in receipt.outcomes] == ["accepted", "accepted"]
        assert receipt.message == decode(body, Report).id


async def test_the_same_message_twice_in_one_wave_is_one_message(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        body = report_of(agent)
        both = await asyncio.gather(*(post(agent, body, signed(agent, body)) for _ in range(2)))
        assert both[0].content == both[1].content
        assert alliance.sizes()["members"] == 2


async def test_one_request_that_fails_costs_none_of_its_wave(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        good = [report_of(agent) for _ in range(3)]
        fact = new_id("rpt", agent.entropy)
        bad = encode(Erase(id=new_id("msg", agent.entropy), sent=0, fact=fact, reason="mistake"))
        answers = await asyncio.gather(
            post(agent, good[0], signed(agent, good[0])),
            post(agent, bad, signed(agent, bad, path="/v1/erasures"), "/v1/erasures"),
            post(agent, good[1], signed(agent, good[1])),
            post(agent, b"{}", signed(agent, b"{}")),
            post(agent, good[2], signed(agent, good[2])),
        )
        assert [answer.status_code for answer in answers] == [200, 404, 200, 400, 200]
        assert alliance.sizes()["members"] == 6


async def test_a_fault_of_ours_is_logged_and_costs_none_of_its_wave(tmp_path, monkeypatch, caplog):
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a fault with a secret in it")

    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        monkeypatch.setattr(erase_verb, "erase_fact", broken)
        fact = await agent.report(EVIL)
        bad = encode(Erase(id=new_id("msg", agent.entropy), sent=0, fact=fact, reason="mistake"))
        good = report_of(agent)
        failed, passed = await asyncio.gather(
            post(agent, bad, signed(agent, bad, path="/v1/erasures"), "/v1/erasures"),
            post(agent, good, signed(agent, good)),
        )
        assert (failed.status_code, problem(failed)) == (500, "failed")
        assert "secret" not in failed.text
        assert passed.status_code == 200
        assert "unforeseen error at /v1/erasures" in caplog.text


@pytest.mark.parametrize(
    "identifier", ["msg_\0" + "0" * 31, "", "x", "msg_1", "prt_" + "0" * 32, "msg_" + "0" * 5_000]
)
async def test_what_is_no_identifier_of_a_message_never_reaches_the_store(tmp_path, identifier):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        body = encode(msgspec.structs.replace(sighted(agent), id=identifier))
        before = look(alliance.database, "SELECT count(*) FROM nonce")
        answer = await post(agent, body, signed(agent, body, path="/v1/sightings"), "/v1/sightings")
        assert (answer.status_code, problem(answer)) == (400, "malformed")
        assert look(alliance.database, "SELECT count(*) FROM nonce") == before


async def test_another_message_under_the_same_identifier_is_a_conflict_for_its_own_sender_only(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        one = sighted(ayr)
        other = msgspec.structs.replace(one, happened="2026-11-20")
        erasure = Erase(id=one.id, sent=0, fact=one.id, reason="mistake")

        async def tell(agent: Agent, message: Sight | Erase, path: str) -> httpx.Response:
            body = encode(message)
            return await post(agent, body, signed(agent, body, path=path), path)

        first = await tell(ayr, one, "/v1/sightings")
        for message, path in ((other, "/v1/sightings"), (erasure, "/v1/erasures")):
            answer = await tell(ayr, message, path)
            assert (answer.status_code, problem(answer)) == (409, "conflict")
        assert (await tell(ayr, one, "/v1/sightings")).content == first.content
        assert (await tell(bute, other, "/v1/sightings")).status_code == 200


async def test_a_receipt_does_not_count_what_others_told_where_its_sender_does_not_read(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        places = []
        for value in (EVIL, BAD):
            await bute.tell(SIGHT, sighted(bute, value, "role:regulator"))
            (told,) = await ayr.tell(SIGHT, sighted(ayr, value, "role:regulator"))
            assert told.stream == "role:regulator"
            places.append(told.seq)
        assert min(places) >= VEILED
        assert abs(places[1] - places[0]) > 1_000
        (own,) = await ayr.tell(SIGHT, sighted(ayr, EVIL, "members"))
        assert own.seq == 0
        raw = look(
            alliance.database, "SELECT receipt FROM message WHERE party = :party", {"party": ayr.party}
        )
        receipts = [unveiled(alliance.exchange, decode(bytes(row), Receipt)) for (row,) in raw]
        regulators = {
            one.seq for receipt in receipts for one in receipt.outcomes if one.stream == "role:regulator"
        }
        facts = {fact: seq for seq, kind, fact, _ in alliance.entries("role:regulator") if kind == "sighting"}
        assert regulators == {facts[receipt.message] for receipt in receipts if receipt.message in facts}
