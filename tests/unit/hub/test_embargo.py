# SPDX-License-Identifier: Apache-2.0
"""What is under embargo is nowhere before its time, and at its time it is there as if it had just been told."""

import msgspec
import pytest
from tests.alliance import Agent, Alliance, until
from tests.looking import bytes_of, look
from tests.unit.hub.asking import close_stream, erase, reopen_stream
from tests.unit.hub.test_readable import suspend

from tocsin.agent.verbs.report import PATH
from tocsin.agent.verbs.warn import PATH as WARNINGS
from tocsin.clock import DAY, HOUR, MINUTE, Instant
from tocsin.domain.observable import Kind, normalise
from tocsin.domain.party import Role
from tocsin.domain.warning import Urgency, Warning
from tocsin.errors import Conflict, Forbidden, Malformed, Refused, Unknown
from tocsin.hub import embargo
from tocsin.hub.embargo import MAX_EMBARGO_DAYS, release_due
from tocsin.ids import new_id
from tocsin.proof.signing import Context
from tocsin.wire.messages import Outcome, Report, Warn, encode_warning

EVIL = normalise(Kind.DOMAIN, "evil.example")


@pytest.fixture(autouse=True)
def no_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only these tests release."""
    monkeypatch.setattr(embargo, "_TICK_SECONDS", 3_600)


def later(agent: Agent, by: int = HOUR, audiences: tuple[str, ...] = ()) -> Report:
    message = agent.report_message(EVIL, audiences=audiences)
    return msgspec.structs.replace(message, not_before=agent.clock.now() + by)


def warning(agent: Agent, not_before: int, days: int = 14) -> Warn:
    now = agent.clock.now()
    said = encode_warning(
        Warning(
            id=new_id("wrn", agent.entropy),
            author=agent.party,
            title="Password theft by telephone",
            look_for=(EVIL,),
            measures="",
            urgency=Urgency.URGENT,
            issued=now,
            expires=Instant(now + days * DAY),
        )
    )
    member = agent.membership
    return Warn(
        id=msgspec.json.decode(said)["id"],
        sent=now,
        not_before=not_before,
        warning=said,
        signature=agent.key.sign(Context("warning", member.realm, member.hub), said),
    )


async def tick(alliance: Alliance) -> int:
    return await alliance.hub.commits.run(lambda tx: release_due(tx, alliance.exchange))


def statuses(outcomes: tuple[Outcome, ...]) -> set[tuple[str, str, int]]:
    return {(one.status, one.stream, one.seq) for one in outcomes}


async def test_until_its_time_it_is_in_no_stream_and_then_it_is(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        message = later(ayr)
        assert statuses(await ayr.tell(PATH, message)) == {("held", "", -1)}
        for table in ("object", "source", "body WHERE stream > 0", "stream WHERE name = 'members'"):
            assert look(alliance.database, f"SELECT count(*) FROM {table}") == [(0,)], table
        alliance.clock.advance(HOUR - 1)
        assert await tick(alliance) == 0
        alliance.clock.advance(1)
        assert await tick(alliance) == 1
        await alliance.settled()
        assert list(bute.known()) == ["evil.example"]
        assert {fact for _, _, fact, _ in alliance.entries("members")} == {message.id}
        assert look(alliance.database, "SELECT DISTINCT not_before FROM entry WHERE stream > 0") == [
            (message.not_before,)
        ]
        assert await tick(alliance) == 0, "once"


async def test_the_serving_hub_releases_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(embargo, "_TICK_SECONDS", 0.01)
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await ayr.tell(PATH, later(ayr))
        alliance.clock.advance(HOUR)
        await until(lambda: list(ayr.known()) == ["evil.example"])


async def test_a_warning_waits_too_and_is_still_its_author_s_at_its_time(tmp_path):
    async with Alliance(tmp_path) as alliance:
        desk, ayr = await alliance.join("desk", Role.DESK), await alliance.join("ayr")
        message = warning(desk, desk.clock.now() + HOUR)
        assert statuses(await desk.tell(WARNINGS, message)) == {("held", "", -1)}
        assert "all" not in alliance.sizes()
        alliance.clock.advance(HOUR)
        assert await tick(alliance) == 1
        await alliance.settled()
        assert list(ayr.known()) == ["evil.example"]
        assert ayr.alarms() == []


async def test_what_would_be_refused_is_refused_when_it_comes(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, desk = await alliance.join("ayr"), await alliance.join("desk", Role.DESK)
        with pytest.raises(Refused):
            await ayr.tell(PATH, msgspec.structs.replace(later(ayr), id="rpt_" + "0" * 12 + "4" + "0" * 19))
        with pytest.raises(Forbidden):
            await ayr.tell(PATH, later(ayr, audiences=("group:none",)))
        with pytest.raises(Malformed, match=f"within {MAX_EMBARGO_DAYS} days"):
            await ayr.tell(PATH, later(ayr, MAX_EMBARGO_DAYS * DAY + 1))
        with pytest.raises(Malformed, match="expires before"):
            await desk.tell(WARNINGS, warning(desk, desk.clock.now() + DAY, days=1))
        assert look(alliance.database, "SELECT count(*) FROM held") == [(0,)]


async def test_an_embargo_that_is_over_is_none(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        assert statuses(await ayr.tell(PATH, later(ayr, 0))) == {
            ("accepted", "members", 0),
            ("accepted", "members", 1),
        }


async def test_a_report_of_which_nothing_is_new_is_not_held(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        message = ayr.report_message(EVIL)
        await ayr.tell(PATH, message)
        # Its receipt was forgotten, so that it is carried out once more, now under embargo.
        await alliance.hub.commits.run(lambda tx: tx.run("purge_messages", {"before": ayr.clock.now() + DAY}))
        again = msgspec.structs.replace(message, not_before=ayr.clock.now() + HOUR)
        assert {one.status for one in await ayr.tell(PATH, again)} == {"known"}
        assert look(alliance.database, "SELECT count(*) FROM held") == [(0,)]


async def test_its_author_takes_it_back_before_anybody_read_it(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        message = later(ayr)
        await ayr.tell(PATH, message)
        with pytest.raises(Unknown):
            await erase(bute, message.id)
        assert [one.reason for one in await erase(ayr, message.id)] == ["It was held, and is gone."]
        alliance.clock.advance(HOUR)
        assert await tick(alliance) == 0
        assert "members" not in alliance.sizes()
        assert b"evil.example" not in bytes_of(alliance.folder, "hub.db")


async def test_a_hub_that_was_away_for_long_carries_out_what_it_has_signed_for(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await ayr.tell(PATH, later(ayr))
        alliance.clock.advance((MAX_EMBARGO_DAYS + 10) * DAY)
        assert await tick(alliance) == 1
        assert "members" in alliance.sizes()


async def test_while_its_author_is_suspended_it_waits(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await ayr.tell(PATH, later(ayr))
        await suspend(alliance, ayr)
        alliance.clock.advance(HOUR)
        assert await tick(alliance) == 0
        assert look(alliance.database, "SELECT count(*) FROM held") == [(1,)]
        alliance.clock.advance(MAX_EMBARGO_DAYS * DAY)
        await tick(alliance)
        assert look(alliance.database, "SELECT count(*) FROM held") == [(1,)]
        alliance.clock.advance(1)
        await tick(alliance)
        assert look(alliance.database, "SELECT count(*) FROM held") == [(0,)]


async def test_what_is_refused_at_its_time_is_dropped_and_costs_its_neighbours_nothing(tmp_path, caplog):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        first, second = later(ayr), later(ayr)
        await ayr.tell(PATH, first)
        await ayr.tell(PATH, second)
        store = alliance.hub.commits
        await store.run(
            lambda tx: tx.run(
                "hold",
                {
                    "party": ayr.party,
                    "id": "rpt_broken",
                    "not_before": alliance.clock.now() + HOUR,
                    "kind": "report",
                    "message": b"{}",
                    "origin": b"",
                },
            )
        )
        alliance.clock.advance(HOUR)
        assert await tick(alliance) == 3
        assert {fact for _, _, fact, _ in alliance.entries("members")} >= {first.id, second.id}
        assert "rpt_broken was held and cannot be released" in caplog.text


async def test_one_party_fills_no_more_than_its_share(tmp_path, monkeypatch):
    monkeypatch.setattr(embargo, "MAX_HELD", 2)
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        for _ in range(2):
            await ayr.tell(PATH, later(ayr))
        with pytest.raises(Conflict, match="wait for their time already"):
            await ayr.tell(PATH, later(ayr))
        await bute.tell(PATH, later(bute))


async def test_what_goes_to_a_closed_stream_is_kept_until_that_goes_on(tmp_path):
    """After a restore a stream may wait for one of its readers; what waits for it keeps its turn and no others back."""
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        await ayr.report(EVIL)
        waiting = [later(ayr) for _ in range(embargo._AT_ONCE + 1)]
        other = later(ayr, 2 * HOUR, audiences=("all",))
        for message in (*waiting, other):
            await ayr.tell(PATH, message)
        await alliance.settled()
        await close_stream(alliance, "members")
        alliance.clock.advance(2 * HOUR)
        while await tick(alliance):
            pass
        assert {fact for _, _, fact, _ in alliance.entries("all")} == {other.id}
        assert look(alliance.database, "SELECT count(*) FROM held") == [(len(waiting),)]
        await reopen_stream(alliance, "members")
        alliance.clock.advance(MINUTE + 1_000)
        while await tick(alliance):
            pass
        facts = [fact for _, kind, fact, _ in alliance.entries("members") if kind == "object"][2:]
        assert set(facts) == {one.id for one in waiting}
        assert look(alliance.database, "SELECT count(*) FROM held") == [(0,)]
