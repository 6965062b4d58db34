# SPDX-License-Identifier: Apache-2.0
"""Serving readers: nothing skipped, nothing proved ahead of its entries, nobody waited for."""

import asyncio

import pytest
from tests.alliance import URL, Agent, Alliance, until
from tests.looking import look
from tests.unit.hub.asking import BAD, EVIL

from tocsin.clock import SECOND
from tocsin.domain.observable import Kind, normalise
from tocsin.domain.party import Role, Standing
from tocsin.errors import CursorExpired, TooMany
from tocsin.hub.reading import backlog, fanout, following
from tocsin.hub.reading.following import MAX_STREAMS
from tocsin.hub.verbs.erase import erase_fact
from tocsin.hub.verbs.standing import change_standing
from tocsin.hub.views.directory import party_by_id
from tocsin.storage.sqlite import open_sqlite
from tocsin.wire.cursor import Cursor, decode_cursor, encode_cursor
from tocsin.wire.messages import Entry, Head, Part, Welcome, decode, peek
from tocsin.wire.sse import HEARTBEAT, EventParser


class Reader:
    """A connection that believes nothing and only notes in which order things come."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.cursor = ""
        self.entries: list[tuple[str, int]] = []
        self.proved: dict[str, int] = {}
        self.heads = 0
        self.parts = 0
        self.beats = 0
        self.streams: tuple[str, ...] = ()

    async def read(self, cursor: str, until_sizes: dict[str, int] | None = None) -> None:
        """Read one connection, until heads cover these sizes and a position closes them."""
        parser = EventParser()
        held: dict[str, int] = dict(self.proved)
        async with self.agent.hub().stream(cursor) as chunks:
            async for chunk in chunks:
                self.beats += chunk.count(HEARTBEAT)
                for position, data in parser.feed(chunk):
                    self._note(position, data, held)
                    if position is not None and until_sizes is not None and self._covers(until_sizes):
                        return

    def _note(self, position: str | None, data: bytes, held: dict[str, int]) -> None:
        if position is not None:
            self._check_position(position)
            return
        match peek(data).kind:
            case "entry":
                entry = decode(data, Entry)
                self.entries.append((entry.stream, entry.seq))
                if entry.seq == held.get(entry.stream, 0):
                    held[entry.stream] = entry.seq + 1
            case "head":
                head = decode(data, Head)
                self.heads += 1
                assert head.size <= held.get(head.stream, 0), "a head came before the entries that it covers"
                self.proved[head.stream] = max(self.proved.get(head.stream, 0), head.size)
            case "part":
                part = decode(data, Part)
                stream = part.head.stream
                self.parts += 1
                assert part.size <= held.get(stream, 0), "a part came before its entries"
                self.proved[stream] = max(self.proved.get(stream, 0), part.size)
                self._check_position(part.position)
            case "welcome":
                self.streams = decode(data, Welcome).streams

    def _check_position(self, position: str) -> None:
        hub = self.agent.alliance.exchange.identity
        numbers = {number: name for name, number in self.agent.alliance.numbers().items()}
        for number, read in decode_cursor(position, hub.id, hub.cursor_key).read:
            assert read <= self.proved.get(numbers[number], 0), "a position ran ahead of what was proved"
        self.cursor = position

    def _covers(self, sizes: dict[str, int]) -> bool:
        return all(self.proved.get(name, 0) >= size for name, size in sizes.items())


async def test_a_connection_begins_with_what_it_follows_and_closes_with_where_it_is(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        await agent.report(EVIL)
        await alliance.settled()
        reader = Reader(agent)
        await reader.read("", {"directory": 3, "members": 2})
        assert set(reader.streams) == {
            "all",
            "directory",
            "jurisdiction:GB",
            "members",
            "role:bank",
            "role:bank+jurisdiction:GB",
            f"party:{agent.party}",
        }
        assert reader.entries == [("directory", n) for n in range(3)] + [("members", n) for n in range(2)]


async def test_what_happens_comes_in_one_piece_with_the_head_that_proves_it(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        await alliance.settled()
        party = await alliance.hub.commits.run(lambda tx: _party(tx, agent))
        told = alliance.hub.following.follow(party, None)
        while len(alliance.hub.following._fanout.readers("members")) == 0:
            await anext(told)  # what stands already
        await agent.report(EVIL)
        kinds = _kinds(await anext(told))
        assert kinds == ["entry", "entry", "head", "position"]
        await told.aclose()


def _kinds(chunk: bytes) -> list[str]:
    """What the events of a chunk are."""
    return ["position" if at is not None else peek(data).kind for at, data in EventParser().feed(chunk)]


async def test_a_reader_that_comes_back_gets_each_entry_exactly_once(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        reader = Reader(agent)
        for number in range(5):
            await agent.report(normalise(Kind.DOMAIN, f"evil-{number}.example"))
            await alliance.settled()
            await reader.read(reader.cursor, {"members": 2 * (number + 1)})
        assert [seq for stream, seq in reader.entries if stream == "members"] == list(range(10))


@pytest.mark.parametrize("part", [backlog.PART, 150])
async def test_nothing_runs_ahead_of_its_entries_however_many_come_and_go(tmp_path, monkeypatch, part):
    """Readers join in the middle of waves, while they catch up on hundreds of entries."""
    monkeypatch.setattr(backlog, "PART", part)
    many = tuple(normalise(Kind.DOMAIN, f"evil-{number}.example") for number in range(400))
    async with Alliance(tmp_path) as alliance:
        agents = [await alliance.join(f"bank{number}", follow=False) for number in range(3)]
        await agents[0].report(*many)
        await agents[1].report(*many, audiences=("jurisdiction:GB",))
        readers: list[asyncio.Task[None]] = []
        for number in range(12):
            for agent in agents:
                agent.queue_report(EVIL, BAD, audiences=("members", "jurisdiction:GB"))
            later = [asyncio.create_task(agent.deliver()) for agent in agents]
            await asyncio.sleep(0.003 * (number % 4))
            readers.append(asyncio.create_task(Reader(agents[number % 3]).read("", {"members": 500})))
            await asyncio.gather(*later)
        sizes = {name: size for name, size in alliance.sizes().items() if name != "directory"}
        last = Reader(agents[0])
        await asyncio.wait_for(asyncio.gather(last.read("", sizes), *readers), 20)
        assert (last.parts > 0) == (part == 150)


async def test_a_long_history_comes_in_parts_of_so_many_entries_or_bytes(tmp_path, monkeypatch):
    many = tuple(normalise(Kind.DOMAIN, f"evil-{number}.example") for number in range(40))
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        await agent.report(*many)
        await alliance.settled()
        sizes = alliance.sizes()
        for entries, size, parts in (
            (10, 10**9, range(5, 6)),
            (40, 10_000, range(4, 10)),
            (100, 1, range(40, 43)),
            (100, 10**9, range(1)),
        ):
            monkeypatch.setattr(backlog, "PART", entries)
            monkeypatch.setattr(backlog, "PART_BYTES", size)
            reader = Reader(agent)
            await reader.read("", sizes)
            assert reader.entries == [
                (name, n) for name in ("directory", "members") for n in range(sizes[name])
            ]
            assert reader.parts in parts


async def test_a_party_that_is_suspended_while_it_catches_up_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(backlog, "PART", 2)
    monkeypatch.setattr(following, "_AT_ONCE", 1)
    many = tuple(normalise(Kind.DOMAIN, f"evil-{number}.example") for number in range(40))
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        await agent.report(*many)
        await alliance.settled()
        party = await alliance.hub.commits.run(lambda tx: _party(tx, agent))
        told = alliance.hub.following.follow(party, None)
        for _ in range(8):
            await anext(told)
        await alliance.hub.commits.run(
            lambda tx: change_standing(tx, alliance.exchange, agent.party, Standing.SUSPENDED, "incident")
        )
        alliance.hub.following.committed()
        await until(lambda: not alliance.hub.following._viewers)
        assert [chunk async for chunk in told] == []


async def test_what_another_process_wrote_is_served_within_a_round(tmp_path):
    """The operator erases while the hub serves: its entry must not be proved before it is sent."""
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr")
        for _ in range(3):
            fact = await agent.report(EVIL)
            await alliance.settled()
            other = open_sqlite(alliance.database)
            other.run("erase", lambda tx, fact=fact: erase_fact(tx, alliance.exchange, fact, "law"))
            other.close()
            await until(lambda: agent.level("evil.example") == "", 5)
        assert agent.alarms() == []


@pytest.mark.parametrize("cursor", ["x", "AAAA", "A" * 513, "../../etc", "null", "=="])
async def test_what_is_no_cursor_of_this_hub_is_gone_before_the_stream_begins(tmp_path, cursor):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        with pytest.raises(CursorExpired):
            async with agent.hub().stream(cursor):
                pass


async def test_a_cursor_of_another_hub_or_another_history_is_gone(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        hub = alliance.exchange.identity
        for cursor in (
            encode_cursor(Cursor(0, ((0, 1),)), "hub_" + "0" * 32, hub.cursor_key),
            encode_cursor(Cursor(0, ((0, 1),)), hub.id, b"x" * 32),
            encode_cursor(Cursor(1, ((0, 1),)), hub.id, hub.cursor_key),
        ):
            with pytest.raises(CursorExpired):
                async with agent.hub().stream(cursor):
                    pass


async def test_an_expired_cursor_is_answered_with_410_and_starts_the_agent_anew(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        await agent.report(EVIL)
        agent.replica().save_cursor("AAAA")
        agent.follow()
        await alliance.settled()
        assert agent.alarms() == []
        headers = agent.hub()._signed("GET", "/v1/stream", b"")
        answer = await agent.http.get(f"{URL}/v1/stream", headers={**headers, "Last-Event-ID": "AAAA"})
        assert answer.status_code == 410
        raw = [(b"last-event-id", b"\xe9\xff"), *agent.hub()._signed("GET", "/v1/stream", b"").items()]
        assert (await agent.http.get(f"{URL}/v1/stream", headers=raw)).status_code == 410
        assert answer.json()["type"].endswith("cursor-expired")


async def test_an_idle_stream_beats(tmp_path):
    async with Alliance(tmp_path, heartbeat=1) as alliance:
        agent = await alliance.join("ayr", follow=False)
        await alliance.settled()
        reader = Reader(agent)
        reading = asyncio.create_task(reader.read(""))
        await until(lambda: reader.beats >= 2, 5)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def test_a_reader_that_does_not_keep_up_is_dropped_and_nobody_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(fanout, "MAX_QUEUE", 3)
    async with Alliance(tmp_path) as alliance:
        agent, other = await alliance.join("ayr", follow=False), await alliance.join("bute")
        await alliance.settled()
        party = await alliance.hub.commits.run(lambda tx: _party(tx, agent))
        slow = alliance.hub.following.follow(party, None)
        while b'"kind":"head"' not in await anext(slow):
            pass  # and then it reads no more
        for number in range(6):
            await agent.report(normalise(Kind.DOMAIN, f"evil-{number}.example"))
            await alliance.settled()
        assert other.level("evil-5.example") == "watch"
        left = [chunk async for chunk in slow]  # what it may still take, and then the end
        assert len(left) < 12
        assert len(alliance.hub.following._fanout) == 1


def _party(tx, agent):
    party = party_by_id(tx, agent.party)
    assert party is not None
    return party


async def test_the_oldest_connection_of_a_party_gives_way_and_no_other_partys(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent, other = await alliance.join("ayr", follow=False), await alliance.join("bute")
        await alliance.settled()
        party = await alliance.hub.commits.run(lambda tx: _party(tx, agent))
        following = alliance.hub.following
        held = [following.follow(party, None) for _ in range(MAX_STREAMS + 1)]
        for one in held:
            assert b"welcome" in await anext(one)
        assert [chunk async for chunk in held[0]][-1:] != [HEARTBEAT]  # it ends
        await agent.report(EVIL)
        await alliance.settled()
        assert other.level("evil.example") == "watch"
        await asyncio.gather(*(one.aclose() for one in held))
        assert following._of_party.keys() == {other.party}


async def test_a_party_whose_connections_do_not_end_is_told_to_wait(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        party = await alliance.hub.commits.run(lambda tx: _party(tx, agent))
        stuck = [alliance.hub.following.follow(party, None) for _ in range(2 * MAX_STREAMS)]
        for one in stuck:
            await anext(one)
        with pytest.raises(TooMany):
            async with agent.hub().stream(""):
                pass
        await stuck[0].aclose()
        async with agent.hub().stream(""):
            pass
        await asyncio.gather(*(one.aclose() for one in stuck))


async def test_a_connection_that_ends_is_forgotten(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        for _ in range(5):
            async with agent.hub().stream("") as chunks:
                await anext(chunks)
            await until(lambda: len(alliance.hub.following._fanout) == 0)


async def test_an_erased_entry_is_served_without_body_and_salt(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        fact = await agent.report(EVIL)
        await alliance.hub.commits.run(lambda tx: erase_fact(tx, alliance.exchange, fact, "law"))
        await alliance.settled()
        found: list[Entry] = []
        parser = EventParser()
        async with agent.hub().stream("") as chunks:
            async for chunk in chunks:
                events = list(parser.feed(chunk))
                found += [
                    decode(data, Entry) for at, data in events if at is None and peek(data).kind == "entry"
                ]
                if any(at is not None for at, _ in events):
                    break
        members = [entry for entry in found if entry.stream == "members"]
        assert [(entry.body is None, entry.salt_b is None) for entry in members] == [
            (True, True),
            (True, True),
            (False, False),
        ]


async def test_added_grows_by_itself_whatever_the_clock_does(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        await agent.report(EVIL, BAD)
        alliance.clock._now -= 60 * SECOND
        await agent.report(EVIL)
        added = [
            at for (at,) in look(alliance.database, "SELECT added FROM entry WHERE stream = 1 ORDER BY seq")
        ]
        assert added == sorted(set(added))


async def test_a_hub_that_stops_while_work_arrives_stops(tmp_path):
    """Before Python 3.12 a wait can swallow its cancellation when it ends in the same moment."""
    for number in range(5):
        (tmp_path / str(number)).mkdir()
        async with Alliance(tmp_path / str(number)) as alliance:
            agent = await alliance.join("ayr", Role.BANK)
            agent.queue_report(EVIL)
            sending = asyncio.create_task(agent.deliver())
            await asyncio.sleep(0.002 * number)
            await asyncio.wait_for(alliance.stop_hub(), 5)
            await asyncio.gather(sending, return_exceptions=True)
            await alliance.start_hub()
