# SPDX-License-Identifier: Apache-2.0
"""A suspension holds at once: requests are refused, connections are cut, and nothing added later reaches the party."""

import asyncio
import time

import pytest
from tests.alliance import ROUND_SECONDS, Agent, Alliance, until
from tests.looking import look

from tocsin.agent.verbs.agree import agree
from tocsin.agent.verbs.join import join
from tocsin.domain.observable import Kind, normalise
from tocsin.domain.party import Standing
from tocsin.errors import Conflict, Malformed, NotActive, NotAgreed, Unknown
from tocsin.hub.assembly import Hub, assemble
from tocsin.hub.reading import following
from tocsin.hub.reading.following import Following
from tocsin.hub.status import status
from tocsin.hub.streams import HUB_ITSELF, Draft
from tocsin.hub.verbs.standing import announce_agreement, change_standing, find_party
from tocsin.storage.sqlite import open_sqlite
from tocsin.storage.store import Transaction
from tocsin.wire.messages import decode, peek
from tocsin.wire.parties import PartyEvent
from tocsin.wire.sse import EventParser

EVIL, WORSE, LATER = (normalise(Kind.DOMAIN, f"{name}.example") for name in ("evil", "worse", "later"))
TEXT = "5d" * 32
CHANGED = "6e" * 32


def by_the_operator(alliance: Alliance, work) -> object:
    """What a command does: a store of its own, beside the hub that serves."""
    store = open_sqlite(alliance.database)
    try:
        return store.run("command", work)
    finally:
        store.close()


def stand(alliance: Alliance, party: str, wanted: Standing, reason: str = "incident") -> None:
    by_the_operator(alliance, lambda tx: change_standing(tx, alliance.exchange, party, wanted, reason))


class Reading:
    """One open connection, byte for byte."""

    def __init__(self, agent: Agent) -> None:
        self.data = b""
        self._task = asyncio.create_task(self._read(agent))

    async def _read(self, agent: Agent) -> None:
        async with agent.hub().stream("") as chunks:
            async for chunk in chunks:
                self.data += chunk

    @property
    def over(self) -> bool:
        return self._task.done()

    async def ended(self) -> None:
        await until(lambda: self.over)
        assert self._task.exception() is None


async def test_a_suspended_party_is_cut_and_gets_no_byte_of_what_is_added_later(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        bute = await alliance.join("bute", follow=False)
        await bute.report(EVIL)
        readings = [Reading(ayr), Reading(ayr), Reading(bute)]
        await until(lambda: all(b"evil.example" in one.data or b"members" in one.data for one in readings))
        stand(alliance, ayr.party, Standing.SUSPENDED)
        await bute.report(WORSE)
        await readings[0].ended()
        await readings[1].ended()
        sizes = [len(one.data) for one in readings[:2]]
        seqs = alliance.sizes()["members"]
        await until(lambda: f'"seq":{seqs - 1}'.encode() in readings[2].data)
        assert not readings[2].over
        for one, size in zip(readings[:2], sizes, strict=True):
            assert len(one.data) == size
            assert f'"stream":"members","seq":{seqs - 1}'.encode() not in one.data
        with pytest.raises(NotActive, match="suspended"):
            await ayr.hub().post("/v1/reports", b"{}")
        with pytest.raises(NotActive):
            async with ayr.hub().stream(""):
                pass


async def test_a_reinstated_party_catches_up_and_its_outbox_comes_through(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await bute.report(EVIL)
        await alliance.settled()
        stand(alliance, "Ayr Bank plc", Standing.SUSPENDED)
        await until(lambda: any("suspended" in one for one in ayr.alarms()))
        await bute.report(WORSE)
        message = ayr.queue_report(LATER)
        with pytest.raises(NotActive):
            await ayr.deliver()
        assert ayr.house.outbox.state(message).state == "waiting"
        assert ayr.level(WORSE.value) == ""
        stand(alliance, ayr.party, Standing.ACTIVE, "settled")
        await alliance.settled()
        assert ayr.level(WORSE.value) == "watch"
        ayr.clock.advance(600_000_000)
        (settled,) = await ayr.deliver()
        assert settled.receipt is not None


async def test_what_was_admitted_before_a_suspension_is_judged_again_when_it_is_written(tmp_path):
    """The door looks, then waits its turn; whoever is suspended meanwhile is not heard."""
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        intake = alliance.hub.intake
        authenticate = intake.authenticate

        def suspended_meanwhile(request):
            found = authenticate(request)
            stand(alliance, ayr.party, Standing.SUSPENDED)
            return found

        intake.authenticate = suspended_meanwhile
        before = alliance.sizes()
        with pytest.raises(NotActive):
            await ayr.tell("/v1/reports", ayr.report_message(EVIL))
        assert alliance.sizes() == before | {"directory": before["directory"] + 1}


async def test_a_connection_that_was_admitted_before_a_suspension_never_opens(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        chunks = alliance.hub.following.follow(party_of(alliance, ayr), None)
        stand(alliance, ayr.party, Standing.SUSPENDED)
        assert [chunk async for chunk in chunks] == []


def party_of(alliance: Alliance, agent: Agent):
    return by_the_operator(alliance, lambda tx: find_party(tx, agent.party))


async def test_another_process_of_the_same_hub_cuts_too_within_a_second(tmp_path, monkeypatch):
    async with Alliance(tmp_path) as alliance:
        monkeypatch.setattr(following, "_ROUND_SECONDS", ROUND_SECONDS)
        ayr, bute = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        second = other_process(alliance)
        async with second.application.router.lifespan_context(second.application):
            here = Reading(ayr)
            there = asyncio.create_task(drain(second.following, party_of(alliance, ayr)))
            await until(lambda: b"welcome" in here.data)
            await asyncio.sleep(0.2)
            assert not there.done()
            stand(alliance, ayr.party, Standing.SUSPENDED)
            suspended = time.monotonic()
            await here.ended()
            await until(there.done)
            assert time.monotonic() - suspended <= 1
            await bute.report(WORSE)
            assert b"members" not in here.data.replace(b'"members"', b"", 1)


def other_process(alliance: Alliance) -> Hub:
    stores = (open_sqlite(alliance.database), open_sqlite(alliance.database))
    return assemble(alliance.exchange, alliance.config, *stores, None)


async def drain(following: Following, party) -> int:
    return sum([len(chunk) async for chunk in following.follow(party, None)])


async def test_a_process_that_is_overtaken_while_it_signs_takes_that_head_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(following, "_ROUND_SECONDS", 60.0)
    async with Alliance(tmp_path, witnessed=False) as alliance:
        await alliance.join("ayr", follow=False)
        await alliance.settled()
        second = other_process(alliance)
        draft = Draft("object", "rpt_quiet", b"{}")
        append = alliance.exchange.streams.append
        await alliance.hub.commits.run(lambda tx: append(tx, "members", [draft], HUB_ITSELF), quiet=True)
        heads = second.following._look()

        async def overtaken(*, patiently: bool) -> bool:
            await alliance.hub.noting.note(heads)
            return False

        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(second.noting, "_answered", overtaken)
            assert await second.noting.note(heads) == frozenset()
        assert second.noting.behind
        assert await second.noting.note(heads) == {"members"}
        assert not second.noting.behind
        assert second.noting.stand.note == alliance.hub.noting.stand.note
        await second.following.stop()
        second.commits.close()


async def test_what_happens_while_a_head_is_signed_is_never_proved_ahead_of_its_entries(tmp_path):
    """A connection that opens meanwhile takes over what another process has signed of entries that were not sent."""
    async with Alliance(tmp_path, witnessed=False) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        await alliance.settled()
        second = other_process(alliance)
        told = second.following.follow(party_of(alliance, ayr), None)
        while not second.following._fanout.readers("members"):
            await anext(told)  # what stands already
        looked = second.following._look()
        second.following._sent = {head.name: head for head in looked}
        await ayr.report(EVIL)
        await alliance.settled()
        second.noting.look()
        second.following._news = frozenset({"directory"})
        second.following._publish(looked)
        assert _kinds(await anext(told)) == ["entry", "entry", "head", "position"]
        await told.aclose()
        second.commits.close()


async def test_a_reader_is_caught_up_from_memory_and_asks_only_for_what_another_process_has_signed(tmp_path):
    """A crowd that comes back must not ask the store for each stream of each reader."""
    async with Alliance(tmp_path, witnessed=False) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        await ayr.report(EVIL)
        await alliance.settled()
        party, second, expected = party_of(alliance, ayr), other_process(alliance), ["entry", "entry", "head"]
        asked = "stream heads", "committed"
        assert await _caught_up(alliance.hub.following, party) == expected
        assert alliance.hub.following._reader.tally[asked] == 0
        assert await _caught_up(second.following, party) == expected, "it never looked before"
        assert second.following._reader.tally[asked] == 2
        second.following._look()
        assert await _caught_up(second.following, party) == expected
        assert second.following._reader.tally[asked] == 2
        second.commits.close()


async def _caught_up(reading: Following, party) -> list[str]:
    """What a reader without a cursor is told of the members' stream before it is among those who listen."""
    told, kinds = reading.follow(party, None), []
    while "position" not in kinds:
        chunk = await anext(told)
        kinds += _kinds(chunk)
    await told.aclose()
    place = kinds.index("position") - 3
    return kinds[place : place + 3]


async def test_who_is_suspended_while_a_head_is_signed_is_cut_before_anything_is_sent(tmp_path):
    async with Alliance(tmp_path, witnessed=False) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        bute = await alliance.join("bute", follow=False)
        await alliance.settled()
        second = other_process(alliance)
        told = second.following.follow(party_of(alliance, ayr), None)
        while not second.following._fanout.readers("members"):
            await anext(told)
        looked = second.following._look()
        second.following._sent = {head.name: head for head in looked}
        await bute.report(EVIL)
        looked = second.following._look()
        stand(alliance, ayr.party, Standing.SUSPENDED)
        second.following._publish(looked)
        async with asyncio.timeout(5):
            assert [chunk async for chunk in told] == []
        second.commits.close()


def _kinds(chunk: bytes) -> list[str]:
    return ["position" if at is not None else peek(data).kind for at, data in EventParser().feed(chunk)]


async def test_two_processes_sign_one_log_and_readers_of_both_prove_everything(tmp_path):
    async with Alliance(tmp_path, witnessed=False) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await alliance.settled()
        second = other_process(alliance)
        first_application = alliance.door.application
        async with second.application.router.lifespan_context(second.application):
            alliance.door.application = second.application
            clyde = await alliance.join("clyde")
            for number in range(12):
                alliance.door.application = (first_application, second.application)[number % 2]
                sender = (ayr, bute, clyde)[number % 3]
                await sender.report(normalise(Kind.DOMAIN, f"evil-{number}.example"))
            await until(lambda: all(one.sizes() == ayr.sizes() for one in (bute, clyde)), 20)
            await until(lambda: ayr.sizes()["members"] == alliance.sizes()["members"])
            logs = look(alliance.database, "SELECT count(*), max(size) FROM log")
            assert [count for count, _ in logs] == [size for _, size in logs]
            for agent in (ayr, bute, clyde):
                assert agent.alarms() == []
            await clyde.unfollow()
        alliance.door.application = first_application


@pytest.mark.parametrize("text", ["", "Nobody Bank plc", "prt_" + "0" * 32, "ayr bank"])
async def test_a_party_is_named_by_its_whole_name(tmp_path, text):
    async with Alliance(tmp_path) as alliance:
        await alliance.join("ayr", follow=False)
        with pytest.raises(Unknown):
            stand(alliance, text, Standing.SUSPENDED)


async def test_a_life_takes_only_its_steps_and_only_known_reasons(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        with pytest.raises(Malformed, match="is not a reason"):
            stand(alliance, ayr.party, Standing.SUSPENDED, "they were breached via their supplier")
        with pytest.raises(Conflict, match="already"):
            stand(alliance, ayr.party, Standing.ACTIVE)
        stand(alliance, ayr.party, Standing.LEFT, "request")
        for wanted in (Standing.ACTIVE, Standing.SUSPENDED, Standing.PENDING):
            with pytest.raises(Conflict, match="cannot become"):
                stand(alliance, ayr.party, wanted)
        (*_, (body,)) = look(
            alliance.database, "SELECT body FROM body JOIN entry USING (stream, seq) WHERE kind = 'party'"
        )
        event = decode(bytes(body), PartyEvent)
        assert (event.standing, event.reason) == (Standing.LEFT, "request")


async def test_an_agreement_is_accepted_before_anybody_joins(tmp_path):
    async with Alliance(tmp_path) as alliance:
        by_the_operator(alliance, lambda tx: announce_agreement(tx, alliance.exchange, TEXT))
        agent = await alliance.join("ayr", follow=False, agreement=TEXT)
        bute = Agent(alliance, "bute", agent.house.config, tmp_path / "bute")
        code = alliance.invite("Bute Bank plc")
        for accepted in ("", CHANGED):
            with pytest.raises(NotAgreed, match=TEXT):
                await join(bute.house, code, bute.http, accepted)
        joined = await join(bute.house, code, bute.http, TEXT.upper())
        assert joined.agreement == TEXT, "the code was not spent by the tries before"
        await bute.close()


async def test_a_changed_agreement_is_announced_and_who_accepted_it_is_seen(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await alliance.settled()
        by_the_operator(alliance, lambda tx: announce_agreement(tx, alliance.exchange, TEXT))
        await alliance.settled()
        for agent in (ayr, bute):
            assert [alarm for alarm in agent.alarms() if TEXT in alarm and "accept it" in alarm]
        agree(ayr.house, TEXT, "Test")
        (settled,) = await ayr.deliver()
        assert settled.receipt is not None
        seen = by_the_operator(alliance, lambda tx: _status(tx, alliance))
        assert seen.agreement == TEXT
        assert {one.name: one.agreement for one in seen.parties} == {
            "Ayr Bank plc": TEXT,
            "Bute Bank plc": "",
        }
        agree(bute.house, CHANGED, "Test")
        (refused,) = await bute.deliver()
        assert refused.receipt is None
        assert TEXT in refused.problem
        with pytest.raises(Conflict):
            by_the_operator(alliance, lambda tx: announce_agreement(tx, alliance.exchange, TEXT))


def _status(tx: Transaction, alliance: Alliance):
    return status(tx, alliance.exchange.identity, partner_declared=True)
