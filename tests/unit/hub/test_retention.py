# SPDX-License-Identifier: Apache-2.0
"""What has reached the alliance's age is erased like anything else; and no copy of what was erased is left anywhere."""

import base64
import logging
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from tests.alliance import Agent, Alliance, until
from tests.looking import look
from tests.unit.hub.asking import EVIL, close_stream, erase, reopen_stream, sight
from tests.unit.hub.test_sources import bands

from tocsin.agent.shields.switching import State
from tocsin.agent.verbs.shield import switch
from tocsin.agent.work import protection
from tocsin.clock import DAY, HOUR
from tocsin.config.shields import Shields
from tocsin.domain.level import COUNTS_FOR
from tocsin.domain.observable import Kind, normalise
from tocsin.hub import retention
from tocsin.hub.retention import Retention, expire
from tocsin.storage.sqlite import open_sqlite
from tocsin.wire.events import ErasureEvent
from tocsin.wire.messages import decode

MARK = "planted-marker-4711"
PLANTED = normalise(Kind.URL, f"https://{MARK}.example/login")
HOST = normalise(Kind.DOMAIN, f"www.{MARK}.example")
SHIELDS = Shields(csv="block.csv", rpz="block.rpz", suricata="block.rules")


def of(alliance: Alliance, days: int = 30) -> Retention:
    return Retention(alliance.exchange, alliance.hub.commits, alliance.hub.commits._store, days)


def bodies(alliance: Alliance, stream: str) -> list[str]:
    return [kind for _, kind, _, body in alliance.entries(stream) if body is not None]


def told(alliance: Alliance, stream: str) -> set[str]:
    """Facts of which something is left."""
    return {fact for _, kind, fact, body in alliance.entries(stream) if kind == "object" and body is not None}


async def test_what_has_reached_its_age_is_erased_at_the_hub_and_by_every_reader(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        old = await ayr.report(PLANTED, audiences=("members", "jurisdiction:GB"))
        seen = await sight(bute, PLANTED)
        alliance.clock.advance(30 * DAY)
        await ayr.report(EVIL)
        await of(alliance).sweep()
        assert bodies(alliance, "members").count("object") == 4, "at its age, not over it"
        alliance.clock.advance(HOUR)
        await of(alliance).sweep()
        await alliance.settled()
        assert bodies(alliance, "members").count("object") == 2, "what is younger stays"
        erasures = [
            decode(body, ErasureEvent)
            for stream in ("members", "jurisdiction:GB")
            for _, kind, _, body in alliance.entries(stream)
            if kind == "erasure" and body
        ]
        assert {(one.fact, one.reason) for one in erasures} == {(old, "retention"), (seen, "retention")}
        assert [ayr.level(PLANTED.value), bute.level(PLANTED.value)] == ["", ""]
        assert [ayr.level(EVIL.value), bute.level(EVIL.value)] == ["watch", "watch"]
        assert ayr.alarms() == bute.alarms() == []


async def test_a_sweep_goes_on_where_the_last_one_stopped_and_says_nothing_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(retention, "_AT_ONCE", 3)
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        for number in range(5):
            await ayr.report(normalise(Kind.DOMAIN, f"old-{number}.example"))
        alliance.clock.advance(31 * DAY)
        rounds = 1
        before = alliance.clock.now() - 30 * DAY
        while await alliance.hub.commits.run(lambda tx: expire(tx, alliance.exchange, before)):
            rounds += 1
        assert rounds > 3, "no transaction is longer than it may be"
        assert bodies(alliance, "members").count("erasure") == 5
        size = alliance.sizes()
        await of(alliance).sweep()
        assert alliance.sizes() == size


async def test_one_fact_that_stands_in_a_closed_stream_too_waits_and_holds_up_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(retention, "_AT_ONCE", 3)
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        waits = await ayr.report(PLANTED, audiences=("members", "jurisdiction:GB"))
        others = [await ayr.report(EVIL) for _ in range(3)]
        await close_stream(alliance, "jurisdiction:GB")
        alliance.clock.advance(31 * DAY)
        await of(alliance).sweep()
        assert bodies(alliance, "members").count("erasure") == len(others)
        assert told(alliance, "members") == {waits}
        size = alliance.sizes()
        await of(alliance).sweep()
        assert alliance.sizes() == size
        await reopen_stream(alliance, "jurisdiction:GB")
        await of(alliance).sweep()
        assert told(alliance, "members") == told(alliance, "jurisdiction:GB") == set()
        size = alliance.sizes()
        await of(alliance).sweep()
        assert alliance.sizes() == size


async def test_what_others_rest_on_stays(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        await ayr.report(EVIL)
        directory = bodies(alliance, "directory")
        alliance.clock.advance(4000 * DAY)
        await of(alliance).sweep()
        assert bodies(alliance, "directory") == directory
        bute = await alliance.join("bute")
        await alliance.settled()
        assert bute.alarms() == []
        assert bute.sizes()["members"] == alliance.sizes()["members"]


@pytest.mark.parametrize(("late", "told"), [(0, ["2-4"]), (1, [])])
async def test_a_source_confirms_what_is_said_up_to_its_age_and_nothing_after(tmp_path, late, told):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = [await alliance.join(short, follow=False) for short in ("ayr", "bute")]
        await ayr.report(EVIL)
        ((added,),) = look(alliance.database, "SELECT max(added) FROM entry WHERE kind = 'object'")
        alliance.clock.advance(int(str(added)) + COUNTS_FOR + late - alliance.clock.now())
        await bute.report(EVIL)
        assert bands(alliance) == told


async def test_a_band_falls_when_its_sources_have_aged_and_goes_with_the_last(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = [await alliance.join(short) for short in ("ayr", "bute")]
        await ayr.report(EVIL)
        alliance.clock.advance(COUNTS_FOR - 20 * DAY)
        await bute.report(EVIL)
        await alliance.settled()
        assert (bands(alliance), ayr.level(EVIL.value)) == (["2-4"], "block")
        alliance.clock.advance(20 * DAY - HOUR)
        await of(alliance, 1095).sweep()
        assert bands(alliance) == ["2-4"], "both are young enough"
        alliance.clock.advance(2 * HOUR)
        await of(alliance, 1095).sweep()
        await alliance.settled()
        assert (bands(alliance), ayr.level(EVIL.value)) == (["2-4", "1"], "watch")
        alliance.clock.advance(COUNTS_FOR)
        await of(alliance, 1095).sweep()
        assert bands(alliance) == []
        assert bodies(alliance, "members").count("object") == 4, "the reports stay for as long as agreed"
        size = alliance.sizes()
        await of(alliance, 1095).sweep()
        assert alliance.sizes() == size


async def test_who_says_it_again_goes_on_counting(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = [await alliance.join(short, follow=False) for short in ("ayr", "bute")]
        await ayr.report(EVIL)
        await bute.report(EVIL)
        alliance.clock.advance(COUNTS_FOR - DAY)
        await sight(ayr)
        await sight(bute)
        alliance.clock.advance(2 * DAY)
        await of(alliance, 1095).sweep()
        assert bands(alliance) == ["2-4"]


async def test_a_band_whose_sources_nobody_claimed_after_a_restore_falls_too(tmp_path):
    """Only the band's own entry is left to tell of it."""
    async with Alliance(tmp_path) as alliance:
        ayr, bute = [await alliance.join(short, follow=False) for short in ("ayr", "bute")]
        await ayr.report(EVIL)
        await bute.report(EVIL)
        await alliance.hub.commits.run(lambda tx: tx.run("drop_sources", {}))
        alliance.clock.advance(COUNTS_FOR + HOUR)
        await of(alliance, 1095).sweep()
        assert bands(alliance) == []


async def test_the_serving_hub_sweeps_and_scrubs_by_itself_and_survives_a_failure(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(retention, "_SCRUB_SECONDS", 0.01)
    monkeypatch.setattr(retention, "_SWEEP_ROUNDS", 1)
    failed = []

    def once(*given):
        failed.append(given)
        if len(failed) == 1:
            raise OSError("the disk hiccups")
        return expire(*given)

    monkeypatch.setattr(retention, "expire", once)
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        with caplog.at_level(logging.ERROR):
            await until(lambda: len(failed) > 1)
        await ayr.report(EVIL)
        alliance.clock.advance(2000 * DAY)
        await until(lambda: "erasure" in bodies(alliance, "members"))
        assert "could not be erased" in caplog.text


def shielded(agent: Agent) -> None:
    house = agent.house
    config = msgspec.structs.replace(house.config, shields=SHIELDS)
    house = msgspec.structs.replace(house, config=config)
    for shield in ("csv", "rpz", "suricata"):
        switch(house, protection(house), shield, State.ON, "Jane", "tested")


def spellings(text: str) -> list[bytes]:
    """As it lies in a file in any way that a person could undo without a key."""
    raw = text.encode()
    shifted = [base64.b64encode(b"x" * pad + raw)[4:-4] for pad in range(3)]
    return [raw, raw.hex().encode(), raw[::-1], quote(text).encode(), text.encode("utf-16-le"), *shifted]


def copies(folder: Path) -> list[str]:
    """Files below the folder in which it can still be read."""
    return sorted(
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and any(one in file.read_bytes() for one in spellings(MARK))
    )


async def test_after_an_erasure_no_file_of_anybody_holds_a_copy(tmp_path, monkeypatch):
    monkeypatch.setattr(retention, "_SCRUB_SECONDS", 0.01)
    async with Alliance(tmp_path) as alliance:
        ayr, bute, clyde = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
        facts = [(one, await one.report(PLANTED, HOST)) for one in (ayr, bute)]
        await alliance.settled()
        shielded(clyde)
        held = copies(tmp_path)
        for expected in ("hub.db", "ayr/agent.db", "bute/agent.db", "clyde/agent.db"):
            assert any(one.startswith(expected) for one in held), f"{expected}: the search would miss a copy"
        assert {one for one in held if "block" in one} == {f"clyde/{name}" for name in files()}
        (leaves,) = look(alliance.database, "SELECT count(*) FROM entry WHERE stream > 0")
        reading = open_sqlite(alliance.database)
        with reading.reading("a slow walk through an older moment") as tx:
            tx.all("get_meta", {"key": "none"}, into=retention._Meta)
            for agent, fact in facts:
                await erase(agent, fact)
            await alliance.settled()
            assert "hub.db-wal" in copies(tmp_path), "while somebody reads an older moment"
        reading.close()
        shielded(clyde)
        for agent in (ayr, bute, clyde):
            agent.house.store.scrub()
        await until(lambda: copies(tmp_path) == [])
        assert look(alliance.database, "SELECT count(*) FROM entry WHERE stream > 0") > [leaves]
        dee = await alliance.join("dee")
        await alliance.settled()
        assert dee.alarms() == clyde.alarms() == []
        assert dee.sizes() == {**dee.sizes(), "members": alliance.sizes()["members"]}


def files() -> set[str]:
    return {SHIELDS.csv, SHIELDS.rpz, SHIELDS.suricata}


def test_the_search_for_copies_finds_them_in_every_spelling(tmp_path):
    for number, one in enumerate(spellings(MARK)):
        (tmp_path / str(number)).write_bytes(b"before" + one + b"after")
    assert len(copies(tmp_path)) == len(spellings(MARK))
