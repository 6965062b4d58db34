# SPDX-License-Identifier: Apache-2.0
"""What an agent does when its hub contradicts itself, when two readers compare, and when the partner is missing."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.alliance import Agent, Alliance, until
from tests.looking import look

from tocsin.agent.history.doubt import newest_note, trust_again
from tocsin.agent.verbs.compare import Compared, compare
from tocsin.clock import DAY, MINUTE
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import Forked, Malformed, TakenBack

EVIL = Observable(Kind.DOMAIN, "evil.example")
WORSE = Observable(Kind.DOMAIN, "worse.example")


def run(story: Callable[[], Any]) -> None:
    asyncio.run(story())


def note_of(agent: Agent) -> str:
    with agent.house.store.reading("note") as tx:
        return newest_note(tx)


async def compared(agent: Agent, text: str) -> Compared:
    return await compare(agent.house, agent.replica(), agent.hub(), text)


def test_two_readers_of_one_history_find_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with Alliance(tmp_path) as alliance:
            ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
            await alliance.settled()
            early = note_of(bute)
            await ayr.report(EVIL)
            await alliance.settled()
            assert await compared(ayr, note_of(bute))
            longer = await compared(ayr, early)
            assert longer.elsewhere < longer.here
            assert longer.witnessed_here
            assert longer.witnessed_elsewhere
            assert ayr.alarms() == []

    run(story)


def test_a_split_view_is_proved_by_two_notes(tmp_path: Path) -> None:
    """One hub's keys and one partner's keys, two histories: each reader is content until they compare."""

    async def story() -> None:
        (tmp_path / "one").mkdir()
        (tmp_path / "two").mkdir()
        async with Alliance(tmp_path / "one") as one, Alliance(tmp_path / "two", seed=2) as two:
            ayr, bute = await one.join("ayr"), await two.join("bute")
            await ayr.report(EVIL)
            await bute.report(WORSE)
            await one.settled()
            await two.settled()
            assert (ayr.alarms(), bute.alarms()) == ([], [])
            with pytest.raises(Forked, match="co-signed both"):
                await compared(ayr, note_of(bute))
            assert any("two different histories" in alarm for alarm in ayr.alarms())
            assert look(ayr.database, "SELECT count(*) FROM evidence_against_hub") == [(1,)]

    run(story)


def test_a_longer_split_view_is_proved_by_a_missing_extension(tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "one").mkdir()
        (tmp_path / "two").mkdir()
        async with Alliance(tmp_path / "one") as one, Alliance(tmp_path / "two", seed=2) as two:
            ayr, bute = await one.join("ayr"), await two.join("bute")
            await bute.report(WORSE)
            await two.settled()
            for number in range(3):
                await ayr.report(Observable(Kind.DOMAIN, f"evil{number}.example"))
                await one.settled()
            with apsw.Connection(
                str(ayr.database)
            ) as store:  # this reader was away while the log had that size
                store.execute("DELETE FROM note WHERE size < (SELECT max(size) FROM note)")
            with pytest.raises(Forked, match=r"does not begin with|cannot show"):
                await compared(ayr, note_of(bute))

    run(story)


def test_a_note_of_another_hub_is_no_evidence(tmp_path: Path) -> None:
    async def story() -> None:
        async with Alliance(tmp_path) as alliance:
            ayr = await alliance.join("ayr")
            await alliance.settled()
            forged = note_of(ayr).replace("/heads/live\n", "/heads/dead\n", 1)
            with pytest.raises(Malformed, match="damaged on the way") as refused:
                await compared(ayr, forged)
            assert "Ask for the note again" in refused.value.diagnostics()
            assert look(ayr.database, "SELECT count(*) FROM evidence_against_hub") == [(0,)]

    run(story)


def test_after_a_proof_protection_stays_and_nothing_new_counts_until_a_person_decides(tmp_path: Path) -> None:
    async def story() -> None:
        async with Alliance(tmp_path) as alliance:
            ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
            clyde = await alliance.join("clyde")
            await ayr.report(EVIL)
            await bute.report(EVIL)
            await alliance.settled()
            assert clyde.level(EVIL.value) == "block"
            await clyde.unfollow()
            error = TakenBack("Stream members had 9 entries and now claims 3.")
            clyde.replica().accuse(error, alliance.hub.noting.prove("members"))
            clyde.follow()
            await ayr.report(WORSE)
            await bute.report(WORSE)
            await until(lambda: any("New entries are held" in alarm for alarm in clyde.alarms()))
            assert clyde.level(EVIL.value) == "block"
            assert clyde.level(WORSE.value) == ""
            house = clyde.house
            held = trust_again(
                house.store, house.vault.box, house.clock, "M. Officer", "the desk explained it"
            )
            assert "now claims 3" in held
            await until(lambda: clyde.level(WORSE.value) == "block")
            assert look(clyde.database, "SELECT count(*) FROM evidence_against_hub") == [(1,)]

    run(story)


def test_a_missing_partner_stops_new_blocks_after_a_quarter_of_an_hour_and_keeps_the_old(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with Alliance(tmp_path) as alliance:
            ayr, bute, clyde = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
            await ayr.report(EVIL)
            await bute.report(EVIL)
            await alliance.settled()
            alliance.witness.away = True
            await ayr.report(WORSE)
            await bute.report(WORSE)
            await until(lambda: clyde.level(WORSE.value) == "block")
            alliance.clock.advance(16 * MINUTE)
            assert clyde.level(EVIL.value) == "block", "what was witnessed keeps its weight"
            assert clyde.level(WORSE.value) == "hold"
            alliance.witness.away = False
            await alliance.settled()
            assert clyde.level(WORSE.value) == "block"

    run(story)


def test_a_partner_missing_for_a_day_is_an_alarm_and_nothing_new_counts(tmp_path: Path) -> None:
    async def story() -> None:
        async with Alliance(tmp_path) as alliance:
            ayr, clyde = await alliance.join("ayr"), await alliance.join("clyde")
            await ayr.report(EVIL)
            await alliance.settled()
            alliance.witness.away = True
            await ayr.report(WORSE)
            await until(lambda: clyde.level(WORSE.value) == "watch")
            alliance.clock.advance(DAY + MINUTE)
            assert clyde.level(WORSE.value) == ""
            assert clyde.level(EVIL.value) == "watch"
            await ayr.report(Observable(Kind.DOMAIN, "last.example"))
            await until(lambda: any("witnessed nothing since" in alarm for alarm in clyde.alarms()))
            await ayr.report(Observable(Kind.DOMAIN, "afterthelast.example"))
            await until(lambda: clyde.sizes()["members"] == alliance.sizes()["members"])
            assert sum("witnessed nothing since" in alarm for alarm in clyde.alarms()) == 1

    run(story)
