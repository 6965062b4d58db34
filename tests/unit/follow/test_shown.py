# SPDX-License-Identifier: Apache-2.0
"""A hub that lets something stand still for one reader is told on, and an honest one is not."""

from pathlib import Path

import msgspec
import pytest
from tests.alliance import Agent, Alliance, until
from tests.unit.follow.saying import Said, head_of, honest, put, told, told_again_and_again
from tests.unit.hub.asking import BAD, EVIL

from tocsin.agent.verbs.compare import compare
from tocsin.clock import HOUR, MINUTE
from tocsin.wire.ceremony import Lacking, Restoring
from tocsin.wire.messages import Entry, Head, Message, Welcome


async def followed_once(alliance: Alliance) -> tuple[Agent, Agent]:
    """A sender, and a reader that has proved one report."""
    sender, reader = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
    await sender.report(EVIL)
    await alliance.settled()
    await told(reader, await honest(reader))
    assert reader.sizes()["members"] == 2
    return sender, reader


def frozen(before: Said, now: Said, stream: str) -> Said:
    """What the hub says now, but with that stream as it stood before."""
    old = head_of(before, stream)
    kept = [one for one in now if not (isinstance(one, Entry) and one.stream == stream)]
    return [old if isinstance(one, Head) and one.stream == stream else one for one in kept]


@pytest.mark.parametrize("shown", [True, False])
async def test_a_stream_that_moves_for_others_cannot_stand_still_here(tmp_path: Path, shown: bool):
    async with Alliance(tmp_path) as alliance:
        sender, reader = await followed_once(alliance)
        before = await honest(reader)
        await sender.report(BAD)
        await alliance.settled()
        said = frozen(before, await honest(reader), "members")
        if not shown:
            said = [one for one in said if not (isinstance(one, Head) and one.stream == "members")]
        await told(reader, said)
        (alarm,) = reader.alarms()
        assert "shows no head of members as it stands in its newest log" in alarm
        await told(reader, await honest(reader))
        assert reader.sizes()["members"] == 4, "an honest hub is followed again"
        assert reader.alarms() == [alarm]


async def test_a_history_that_is_longer_elsewhere_cannot_stand_still_here(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        sender, reader = await followed_once(alliance)
        before = await honest(reader)
        await sender.report(BAD)
        await alliance.settled()
        longer = alliance.witness.witnessing.note
        await compare(reader.house, reader.replica(), reader.hub(), longer)
        await told(reader, before)
        assert reader.alarms() == [], "the hub may need a moment"
        alliance.clock.advance(MINUTE)
        await told(reader, before)
        (alarm,) = reader.alarms()
        assert "heads for others, and here it shows none after" in alarm
        await told(reader, await honest(reader))
        assert reader.alarms() == [alarm]


async def dragged_out(alliance: Alliance, reader: Agent, said: Said, hours: int) -> None:
    """The hub says this again and again, and ends each connection after 50 minutes."""

    def later() -> bytes:
        alliance.clock.advance(10 * MINUTE)
        return b": still here\n\n"

    await told_again_and_again(reader, [[*said, *[later] * 5]] * (hours * 60 // 50 + 1))


async def test_whoever_never_shows_everything_is_told_on_however_it_ends_its_connections(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        sender, reader = await followed_once(alliance)
        before = await honest(reader)
        await sender.report(BAD)
        await alliance.settled()
        said = [one for one in frozen(before, await honest(reader), "members") if isinstance(one, Message)]
        await dragged_out(alliance, reader, said, 2)
        assert reader.alarms() == [], "a slow line may take so long"
        await dragged_out(alliance, reader, said, 3)
        (alarm,) = reader.alarms()
        assert "has answered without showing everything" in alarm


async def test_whoever_claims_a_restart_that_never_shows_is_told_on(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        _, reader = await followed_once(alliance)
        said = await honest(reader)
        (welcome,) = [one for one in said if isinstance(one, Welcome)]
        claimed = msgspec.structs.replace(welcome, epoch=welcome.epoch + 1)
        kept = [one for one in put(said, welcome, claimed) if not isinstance(one, Head)]
        await dragged_out(alliance, reader, kept, 3)
        assert any("has answered without showing everything" in alarm for alarm in reader.alarms())


async def test_a_night_asleep_is_nobodys_fault(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        _, reader = await followed_once(alliance)

        def asleep() -> bytes:
            alliance.clock.advance(10 * HOUR)
            return b": still here\n\n"

        said = await honest(reader)
        await told(reader, [asleep, *said])
        await told(reader, [*said[:-1], asleep, *said[-1:]])
        assert reader.alarms() == []


async def test_what_a_comparison_has_proved_is_not_forgotten_by_the_next_one(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        sender, reader = await followed_once(alliance)
        before = await honest(reader)
        for value in (BAD, EVIL):
            await sender.report(value)
            await alliance.settled()
            await compare(reader.house, reader.replica(), reader.hub(), alliance.witness.witnessing.note)
            alliance.clock.advance(2 * MINUTE)
        await compare(reader.house, reader.replica(), reader.hub(), alliance.witness.witnessing.note)
        await told(reader, before)  # a moment after the last comparison
        (alarm,) = reader.alarms()
        assert "heads for others, and here it shows none after" in alarm


async def test_a_stream_that_waits_for_a_reader_after_a_restore_is_not_held_against_the_hub(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        sender, reader = await followed_once(alliance)
        await sender.report(BAD)
        await alliance.settled()
        said = await honest(reader)
        offer = Restoring(
            hub=alliance.exchange.identity.id,
            epoch=0,
            party=reader.party,
            streams=(Lacking("members", 2, closed=True), Lacking("directory", alliance.sizes()["directory"])),
        )
        kept = [one for one in said if not (isinstance(one, (Entry, Head)) and one.stream == "members")]
        await told(reader, [kept[0], offer, *kept[1:]])
        assert reader.alarms() == []
        await told(reader, kept)
        assert len(reader.alarms()) == 1, "without the offer it is"


async def test_the_same_accusation_with_other_figures_is_heard_once(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        sender, reader = await followed_once(alliance)
        before = await honest(reader)
        rounds: list[Said] = []
        for value in (BAD, EVIL):
            await sender.report(value)
            await alliance.settled()
            rounds.append(frozen(before, await honest(reader), "members"))
        await told_again_and_again(reader, rounds)
        assert len(reader.alarms()) == 1


async def test_a_connection_is_opened_anew_before_it_is_old(tmp_path: Path):
    async with Alliance(tmp_path) as alliance:
        sender, reader = await alliance.join("ayr", follow=False), await alliance.join("bute")
        await alliance.settled()
        opened = len(alliance.wire.requests)
        alliance.clock.advance(2 * HOUR + 1)
        await sender.report(EVIL)
        await until(lambda: reader.level("evil.example") == "watch")
        anew = [one for one in alliance.wire.requests[opened:] if one.url.path == "/v1/stream"]
        assert len(anew) == 1
        assert reader.alarms() == []
