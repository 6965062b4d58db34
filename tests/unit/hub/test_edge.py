# SPDX-License-Identifier: Apache-2.0
"""An edge serves what its hub has signed, to whoever may read it now, and nothing when it does not hear the hub."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.alliance import HUB_SEEDS, Alliance, until
from tests.edges import EDGE_URL, NearEdge, by_the_operator, edge_code, revoke
from tests.looking import look

from tocsin.clock import SECOND
from tocsin.domain.audience import DIRECTORY, History
from tocsin.domain.observable import Kind, normalise
from tocsin.domain.party import Role, Standing
from tocsin.errors import (
    CodeSpent,
    Conflict,
    Malformed,
    NotActive,
    Replayed,
    Unauthenticated,
    Unknown,
    Unreachable,
)
from tocsin.follow.verify import StreamState
from tocsin.hub.reading import feed
from tocsin.hub.verbs.edges import MAX_EDGES, admit_edge, edges_after, invite_edge
from tocsin.hub.verbs.roster import join_group, leave_group
from tocsin.hub.verbs.standing import change_standing
from tocsin.proof.signing import SigningKey
from tocsin.wire.edges import AdmitEdge, Replicate
from tocsin.wire.messages import Erase, encode
from tocsin.wire.problem import to_error

EVIL = normalise(Kind.DOMAIN, "login.phish.example")
WORSE = normalise(Kind.DOMAIN, "mail.phish.example")


def stand(alliance: Alliance, party: str, wanted: Standing) -> None:
    by_the_operator(alliance, lambda tx: change_standing(tx, alliance.exchange, party, wanted, "incident"))


@pytest.mark.parametrize("witnessed", [True, False])
async def test_a_report_is_read_through_an_edge(tmp_path: Path, *, witnessed: bool) -> None:
    async with Alliance(tmp_path, witnessed=witnessed) as alliance, NearEdge(alliance) as near:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute", follow=False)
        await near.ready(bute)
        reading = near.serve(bute)
        await ayr.report(EVIL)
        await until(lambda: EVIL.value in bute.known())
        assert reading.through_edge
        assert bute.sizes() == {name: size for name, size in alliance.sizes().items() if name in bute.sizes()}
        (state,) = look(bute.database, "SELECT DISTINCT witness FROM stream")
        assert state == ("witnessed" if witnessed else "unwitnessed",)
        assert bute.alarms() == []


async def test_a_late_head_is_shown_again_when_the_partner_has_signed_it(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance, NearEdge(alliance) as near:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute", follow=False)
        await near.ready(bute)
        near.serve(bute)
        await ayr.report(EVIL)
        alliance.witness.away = True
        await ayr.report(WORSE)
        await until(lambda: WORSE.value in bute.known())
        assert ("late",) in look(bute.database, "SELECT witness FROM stream")
        alliance.witness.away = False
        await until(lambda: look(bute.database, "SELECT DISTINCT witness FROM stream") == [("witnessed",)])


async def test_a_suspended_member_is_cut_and_gets_no_byte_of_what_is_added_later(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance, NearEdge(alliance) as near:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute", follow=False)
        await near.ready(bute)
        read = near.read(bute)
        await ayr.report(EVIL)
        await until(lambda: ("members", 0) in read.places)
        before, began = read.places, time.monotonic()
        stand(alliance, bute.party, Standing.SUSPENDED)
        await ayr.report(WORSE)
        await read.ended()
        assert time.monotonic() - began <= 1
        assert {place for place in read.places - before if place[0] != DIRECTORY} == set()
        await until(lambda: not near.edge.hearing.waiting)
        with pytest.raises(NotActive):
            await near.read(bute).ended()


async def test_a_suspension_is_obeyed_before_any_head_proves_it(tmp_path: Path) -> None:
    async def never(heads: object) -> frozenset[str]:
        return frozenset()

    async with Alliance(tmp_path) as alliance, NearEdge(alliance) as near:
        bute = await alliance.join("bute", follow=False)
        await near.ready(bute)
        read = near.read(bute)
        await until(lambda: bool(read.data))
        alliance.hub.noting.note = never  # type: ignore[method-assign]  # the hub's signing stands still
        stand(alliance, bute.party, Standing.SUSPENDED)
        await read.ended()
        with pytest.raises(Unreachable, match="has just changed"):
            await near.read(bute).ended()


async def test_whoever_leaves_a_group_reads_nothing_more_of_it_at_the_edge(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance, NearEdge(alliance) as near:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute", follow=False)
        for one in (ayr, bute):
            by_the_operator(
                alliance, lambda tx, p=one.party: join_group(tx, alliance.exchange, "fraud", p, History.ALL)
            )
        await ayr.report(EVIL, audiences=("group:fraud",))
        await until(lambda: "group:fraud" in near.edge.replica.heads.stand.streams)
        read = near.read(bute)
        await until(lambda: ("group:fraud", 0) in read.places)
        by_the_operator(alliance, lambda tx: leave_group(tx, alliance.exchange, "fraud", bute.party))
        await read.ended()
        await until(lambda: not near.edge.hearing.waiting)
        after = near.read(bute)
        await until(lambda: bool(after.cursor))
        assert all(stream != "group:fraud" for stream, _ in after.places)


async def test_each_party_reads_the_same_streams_at_the_edge_as_at_the_hub(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance, NearEdge(alliance) as near:
        ayr = await alliance.join("ayr")
        others = [await alliance.join(role, role, follow=False) for role in Role if role is not Role.BANK]
        for audience in ("members", "all", "role:agency", "jurisdiction:GB", f"party:{others[0].party}"):
            await ayr.report(normalise(Kind.DOMAIN, f"{audience[:3]}.evil.example"), audiences=(audience,))
        await until(lambda: set(near.edge.replica.heads.stand.streams) >= set(alliance.sizes()))
        for agent in others:
            at_edge, at_hub = near.read(agent), near.record(agent.hub())
            await until(lambda one=at_edge, other=at_hub: bool(one.cursor and other.cursor))
            assert at_edge.places == at_hub.places
            assert at_edge.cursor == at_hub.cursor


async def test_an_edge_holds_neither_who_reported_nor_a_key_that_signs(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance, NearEdge(alliance) as near:
        ayr = await alliance.join("ayr")
        await ayr.report(EVIL)
        await until(lambda: "members" in near.edge.replica.heads.stand.streams)
        for table in ("origin", "object", "source", "message", "held", "invitation", "edge"):
            assert look(near.folder / "edge.db", f"SELECT count(*) FROM {table}") == [(0,)]
        for text, data in look(near.folder / "edge.db", "SELECT header, body FROM entry NATURAL JOIN body"):
            if b'"kind":"party"' not in bytes(data):  # type: ignore[arg-type]
                assert ayr.party.encode() not in bytes(text) + bytes(data)  # type: ignore[arg-type]
        assert HUB_SEEDS[:32] not in b"".join(path.read_bytes() for path in near.folder.iterdir())


async def test_an_agent_goes_on_at_the_hub_and_back_at_the_edge_without_a_gap(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance, NearEdge(alliance) as near:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute", follow=False)
        await near.ready(bute)
        reading = near.serve(bute)
        await ayr.report(EVIL)
        await until(lambda: EVIL.value in bute.known())
        asked = len(alliance.wire.requests)
        await near.stop()
        await ayr.report(WORSE)
        await until(lambda: WORSE.value in bute.known())
        assert not reading.through_edge
        (at_hub,) = [one for one in alliance.wire.requests[asked:] if one.url.path == "/v1/stream"]
        assert at_hub.headers["Last-Event-ID"], "it goes on where it was"
        await near.start()
        await near.ready()
        await bute.unfollow()
        reading = near.serve(bute)
        await ayr.report(normalise(Kind.DOMAIN, "third.phish.example"))
        await until(lambda: bute.sizes().get("members") == alliance.sizes()["members"])
        assert reading.through_edge
        assert [one for one in bute.alarms() if "cannot be reached" not in one] == []


async def test_a_reader_that_has_seen_more_waits_until_the_edge_has_seen_it_too(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance, NearEdge(alliance) as near:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute", follow=False)
        await near.ready(bute)
        near.edge.hearing.came = lambda entry: None  # type: ignore[method-assign]
        near.to_hub.cut()
        await ayr.report(EVIL)
        at_hub = near.record(bute.hub())
        await until(lambda: bool(at_hub.cursor))
        read = near.read(bute, at_hub.cursor)
        await asyncio.sleep(0.3)
        assert read.data == b""
        near.to_hub.mend()
        await until(lambda: b"welcome" in read.data)
        await until(lambda: read.cursor == at_hub.cursor)


async def test_an_edge_that_hears_nothing_lets_its_readers_go_and_takes_none(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance, NearEdge(alliance, silence=30) as near:
        bute = await alliance.join("bute", follow=False)
        await near.ready(bute)
        read = near.read(bute)
        await until(lambda: bool(read.cursor))
        near.to_hub.cut()
        await asyncio.sleep(0.2)
        alliance.clock.advance(29 * SECOND)
        assert near.edge.hearing.serves
        alliance.clock.advance(2 * SECOND)
        await read.ended()
        with pytest.raises(
            Unreachable, match=r"heard nothing from its hub for 30 seconds.*http://hub.example"
        ):
            await near.read(bute).ended()
        near.to_hub.mend()
        await near.ready(bute)
        after = near.read(bute)
        await until(lambda: bool(after.cursor))


async def test_a_revoked_edge_is_cut_off_and_serves_nobody_within_a_second(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance, NearEdge(alliance) as near:
        bute = await alliance.join("bute", follow=False)
        await near.ready(bute)
        read = near.read(bute)
        await until(lambda: bool(read.cursor))
        began = time.monotonic()
        revoke(alliance)
        await read.ended()
        assert time.monotonic() - began <= 1
        with pytest.raises(Unreachable, match="no such edge"):
            await near.read(bute).ended()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/reports"),
        ("POST", "/v1/enrolments"),
        ("POST", "/v1/replica"),
        ("GET", "/v1/consistency"),
    ],
)
async def test_an_edge_names_the_hub_for_whatever_it_does_not_do(
    tmp_path: Path, method: str, path: str
) -> None:
    async with Alliance(tmp_path) as alliance, NearEdge(alliance) as near:
        async with httpx.AsyncClient(transport=near.wire) as http:
            answer = await http.request(method, f"{EDGE_URL}{path}", content=b"{}")
        assert answer.status_code == 503
        error = to_error(answer.content, 503)
        assert isinstance(error, Unreachable)
        assert "This is an edge" in str(error)
        assert "http://hub.example" in str(error)


async def test_an_edge_goes_on_after_its_own_death_and_its_hubs(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance, NearEdge(alliance) as near:
        ayr = await alliance.join("ayr")
        await ayr.report(EVIL)
        await until(lambda: near.edge.replica.sizes() == tuple(alliance.sizes().values()))
        await near.stop()
        await ayr.report(WORSE)
        await near.start()
        assert not near.edge.hearing.serves
        await near.ready()
        await alliance.stop_hub()
        near.to_hub.cut()
        await alliance.start_hub()
        near.to_hub.mend()
        await ayr.report(normalise(Kind.DOMAIN, "third.phish.example"))
        await until(lambda: near.edge.replica.sizes() == tuple(alliance.sizes().values()))


async def test_a_long_history_is_kept_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PAGE", 2)
    monkeypatch.setattr(feed, "PART", 4)
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute", follow=False)
        await ayr.report(*(normalise(Kind.DOMAIN, f"evil-{number}.example") for number in range(20)))
        await alliance.settled()
        async with NearEdge(alliance) as near:
            kept: list[tuple[str, int, bool]] = []
            keep = near.edge.replica.keep

            def counted(stream: str, state: StreamState, *rest: Any) -> None:
                kept.append((stream, state.frontier.size, bool(state.head)))
                keep(stream, state, *rest)

            near.edge.replica.keep = counted  # type: ignore[method-assign]
            await near.ready(bute)
            near.serve(bute)
            await until(lambda: bute.sizes().get("members") == alliance.sizes()["members"])
        sizes = [size for stream, size, whole in kept if stream == "members" and not whole]
        assert sizes == list(range(4, alliance.sizes()["members"], 4))


async def test_what_is_erased_leaves_the_edge_too(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance, NearEdge(alliance) as near:
        ayr = await alliance.join("ayr")
        report = await ayr.report(EVIL)
        await until(lambda: near.edge.replica.sizes() == tuple(alliance.sizes().values()))
        held = (
            "SELECT count(*) FROM body JOIN entry USING (stream, seq) WHERE fact = :fact AND kind = 'object'"
        )
        assert look(near.folder / "edge.db", held, {"fact": report}) != [(0,)]
        await ayr.tell("/v1/erasures", Erase(id=ayr.message_id(), sent=0, fact=report, reason="withdrawn"))
        await until(lambda: look(near.folder / "edge.db", held, {"fact": report}) == [(0,)])


def test_a_code_is_good_once_and_an_edge_has_one_name(tmp_path: Path) -> None:
    alliance = Alliance(tmp_path)
    alliance._announce("hub", str(alliance.hub_key))
    code = edge_code(alliance)
    with pytest.raises(Conflict):
        edge_code(alliance)
    key = SigningKey.from_seed(b"e" * 32).public
    ask = AdmitEdge(code=code.lower(), signing_key=key)
    admitted = by_the_operator(alliance, lambda tx: admit_edge(tx, alliance.exchange, ask))
    assert admitted.name == "north"
    for bad in (code, "A" * 16 + "." + alliance.exchange.identity.id, code.partition(".")[0], ""):
        with pytest.raises(CodeSpent):
            by_the_operator(
                alliance,
                lambda tx, bad=bad: admit_edge(tx, alliance.exchange, AdmitEdge(code=bad, signing_key=key)),
            )
    with pytest.raises(Unknown):
        revoke(alliance, "south")
    revoke(alliance)
    assert by_the_operator(alliance, lambda tx: edges_after(tx, None)).edges == ()


@pytest.mark.parametrize("name", ["", "-", "a b", "n" * 41, "../x"])
def test_an_edges_name_is_plain(tmp_path: Path, name: str) -> None:
    alliance = Alliance(tmp_path)
    with pytest.raises(Malformed):
        by_the_operator(alliance, lambda tx: invite_edge(tx, alliance.exchange, name))


def test_a_hub_has_so_many_edges_and_no_more(tmp_path: Path) -> None:
    alliance = Alliance(tmp_path)
    for number in range(MAX_EDGES):
        edge_code(alliance, f"edge-{number}")
    with pytest.raises(Conflict):
        edge_code(alliance, "one-more")


async def test_only_an_edge_follows_everything_and_no_request_twice(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance, NearEdge(alliance) as near:
        ayr = await alliance.join("ayr", follow=False)
        with pytest.raises(Unauthenticated, match="no such edge"):
            async with ayr.hub().stream_of("/v1/replica", encode(Replicate())):
                pass
        (asked, *_) = (one for one in near.to_hub.requests if one.url.path == "/v1/replica")
        async with httpx.AsyncClient(transport=alliance.wire) as http:
            answer = await http.post(str(asked.url), content=asked.content, headers=asked.headers)
        assert isinstance(to_error(answer.content, answer.status_code), Replayed)
