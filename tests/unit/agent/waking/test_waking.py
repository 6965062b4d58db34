# SPDX-License-Identifier: Apache-2.0
"""People are told until somebody has it: by the schedule, over restarts and outages, and never in a flood."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from tests.alliance import Agent, Alliance
from tests.looking import bytes_of, look
from tests.unit.agent.readings import found
from tests.unit.agent.test_decide import MEMBERS, prepared
from tests.unit.agent.waking.houses import WAKE, Pager, opened, raise_calls, waking, woken

from tocsin.agent.alarms import sound_error
from tocsin.agent.verbs.decide import by_rules
from tocsin.agent.waking.calls import acknowledge
from tocsin.agent.waking.channels import channels_of
from tocsin.agent.waking.standing import standing
from tocsin.agent.waking.waking import APART, APART_AGAIN, waking_of
from tocsin.clock import DAY, HOUR, MINUTE, SECOND, to_text
from tocsin.config.waking import Person, Smtp, Syslog, Wake, Webhook
from tocsin.errors import ConfigError, Unreachable

LINK = found("url", "https://evil.example/a")
NEVER_QUIET = msgspec.structs.replace(WAKE, quiet_begin="00:00", quiet_end="00:00", quiet_days=())


@asynccontextmanager
async def bank(folder: Path) -> AsyncIterator[Agent]:
    async with Alliance(folder) as alliance:
        yield await alliance.join("ayr", follow=False)


async def test_it_goes_on_from_person_to_person_until_somebody_has_it(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        house, pager = woken(ayr), Pager()
        ringing = waking(house, pager)
        raise_calls(house, ["hit/1"])
        for _ in range(130):
            await ringing.round()
            ayr.clock.advance(MINUTE)
        assert pager.names() == ["ann", "ann", "bo", "cy", "ann", "bo", "cy", "ann", "bo", "cy"]
        assert [one.times for one in pager.told] == [1, 2, 3, 4, 5, 5, 5, 6, 6, 6]
        assert standing(house, WAKE, ayr.clock.now()).unheard == ("W-1",)
        ayr.clock.advance(DAY)
        await ringing.round()
        assert len(pager.told) == 10, "the schedule is over, and the call is open"


@pytest.mark.parametrize("after", [0, 3, 7, 20])
async def test_once_it_is_acknowledged_nobody_is_told_again(tmp_path: Path, after: int) -> None:
    async with bank(tmp_path) as ayr:
        house, pager = woken(ayr), Pager()
        ringing = waking(house, pager)
        raise_calls(house, ["hit/1"])
        for _ in range(after + 1):
            await ringing.round()
            ayr.clock.advance(MINUTE)
        told = len(pager.told)
        now = ayr.clock.now()
        house.store.run("has it", lambda tx: acknowledge(tx, house.vault.box, (1,), "Bo", "", now))
        for _ in range(200):
            await ringing.round()
            ayr.clock.advance(MINUTE)
        assert len(pager.told) == told


async def test_a_restart_neither_repeats_nor_forgets(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        house, pager = woken(ayr), Pager()
        raise_calls(house, ["hit/1"])
        for _ in range(130):
            await waking(house, pager).round()
            await waking(house, pager).round()
            ayr.clock.advance(MINUTE)
        assert pager.names() == ["ann", "ann", "bo", "cy", "ann", "bo", "cy", "ann", "bo", "cy"]


async def test_an_agent_that_was_off_makes_up_for_nothing_and_tells_once(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        house, pager = woken(ayr), Pager()
        raise_calls(house, [f"hit/{number}" for number in range(300)])
        ayr.clock.advance(40 * MINUTE)
        ringing = waking(house, pager)
        for _ in range(12):
            await ringing.round()
            ayr.clock.advance(5 * SECOND)
        assert pager.names() == ["cy"], "whose turn it is by now"
        assert pager.told[0].what == "300 findings"


async def test_a_flood_is_one_message_a_minute_at_most(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        house, pager = woken(ayr), Pager()
        ringing, begun = waking(house, pager), ayr.clock.now()
        times: dict[str, list[int]] = {}
        for number in range(240):
            raise_calls(house, [f"hit/{number}"])
            before = len(pager.told)
            await ringing.round()
            for name in pager.names()[before:]:
                times.setdefault(name, []).append(ayr.clock.now() - begun)
            ayr.clock.advance(5 * SECOND)
        assert times["ann"][0] == 0
        for heard in times.values():
            assert all(later - earlier >= APART for earlier, later in itertools.pairwise(heard))
        for _ in range(300):
            await ringing.round()
            ayr.clock.advance(MINUTE)
        assert all(one.told for one in opened(house)), "none was forgotten"


async def test_repeating_leaves_five_minutes(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        often = msgspec.structs.replace(WAKE, schedule=("0 on-call", "1 on-call", "2 on-call", "6 on-call"))
        house, pager = woken(ayr, often), Pager()
        ringing = waking(house, pager, settings=often)
        raise_calls(house, ["hit/1"])
        times = []
        for _ in range(30):
            before = len(pager.told)
            await ringing.round()
            times += [ayr.clock.now()] if len(pager.told) > before else []
            ayr.clock.advance(30 * SECOND)
        assert times[1] - times[0] >= APART_AGAIN


async def test_what_is_not_urgent_waits_for_monday_morning(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        house, pager = woken(ayr), Pager()
        ringing, begun = waking(house, pager), ayr.clock.now()
        assert to_text(begun).startswith("2026-11-21T08:30"), "a Saturday"
        house.store.run("outage", lambda tx: sound_error(tx, Unreachable("planted"), begun))
        heard = []
        for _ in range(4 * 24 * 3):
            before = len(pager.told)
            await ringing.round()
            heard += [to_text(ayr.clock.now())[:16]] if len(pager.told) > before else []
            ayr.clock.advance(15 * MINUTE)
        assert heard == ["2026-11-23T07:00"]
        assert not pager.told[0].urgent


async def test_an_approval_is_asked_for_three_times(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        house, pager = woken(ayr, NEVER_QUIET), Pager()
        ringing = waking(house, pager, settings=NEVER_QUIET)
        by_rules(house, prepared(LINK), MEMBERS, "gateway")
        for _ in range(24 * 10):
            await ringing.round()
            ayr.clock.advance(HOUR)
        assert pager.names() == ["ann", "ann", "ann", "bo", "cy"]


async def test_while_the_server_is_away_time_goes_on_and_then_whoever_is_next_is_told(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        house, pager = woken(ayr), Pager()
        ringing = waking(house, pager)
        pager.away = True
        raise_calls(house, ["hit/1"])
        for _ in range(20):
            await ringing.round()
            ayr.clock.advance(MINUTE)
        assert "The pager is away" in standing(house, WAKE, ayr.clock.now()).problem
        assert look(ayr.database, "SELECT * FROM call_code") == [], "codes that nobody heard are gone"
        pager.away = False
        for _ in range(6):
            await ringing.round()
            ayr.clock.advance(MINUTE)
        assert pager.names() == ["bo"]
        assert standing(house, WAKE, ayr.clock.now()).problem == ""


async def test_it_is_tried_later_each_time_while_nobody_can_be_reached(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        house, pager = woken(ayr), Pager()
        tries = 0

        class Counting(Pager):
            async def tell(self, notice):
                nonlocal tries
                tries += 1
                await pager.tell(notice)

        pager.away = True
        ringing = waking(house, Counting())
        raise_calls(house, ["hit/1"])
        for _ in range(4 * 60 * 12):
            await ringing.round()
            ayr.clock.advance(5 * SECOND)
        assert 40 < tries < 170


async def test_one_way_that_fails_costs_no_other_and_a_log_alone_counts_for_nobody(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        house = woken(ayr)
        mail, team, record = Pager(), Pager("team"), Pager("record")
        mail.away = True
        ringing = waking(house, mail, record)
        raise_calls(house, ["hit/1"])
        await ringing.round()
        assert len(record.told) == 1
        assert opened(house)[0].told == 0
        ayr.clock.advance(HOUR)
        await waking(house, mail, team, record).round()
        assert [one.to for one in team.told] == [()]
        assert team.told[0].code == ""
        assert opened(house)[0].told > 0


async def test_each_person_has_a_code_of_their_own_and_it_lies_nowhere_in_the_clear(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        everybody = msgspec.structs.replace(WAKE, schedule=("0 everybody",))
        house, pager = woken(ayr, everybody), Pager()
        raise_calls(house, ["hit/1"])
        await waking(house, pager, settings=everybody).round()
        given = {one.code for one in pager.told}
        assert len(given) == 3
        stored = bytes_of(house.folder, "agent.db")
        assert not any(code.encode() in stored for code in given)
        assert b"Ann" not in stored


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"smtp": Smtp(host="mail.example", sender="a@b.example"), "people": (Person("Ann", ()),)},
            "has no mail",
        ),
        ({}, "nobody would hear"),
        ({"smtp": Smtp(host="mail.example", sender="a@b.example", tls="none")}, "another machine"),
        ({"smtp": Smtp(host="mail.example", sender="nobody")}, "no mail address"),
        ({"smtp": Smtp(host="mail.example", sender="a@b.example\r\nBcc: c@d.example")}, "no mail address"),
        ({"webhook": Webhook(url="http://hooks.example/x")}, "https"),
        ({"syslog": Syslog(host="log.example"), "schedule": ("never",)}, "wake.schedule"),
        (
            {"smtp": Smtp(host="mail.example", sender="a@b.example"), "people": (Person("Ann", ("ann",)),)},
            "no mail address",
        ),
    ],
    ids=[
        "unreachable",
        "no way",
        "in the clear",
        "no sender",
        "injected",
        "hook in the clear",
        "schedule",
        "address",
    ],
)
async def test_settings_that_would_wake_nobody_are_refused(
    tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    async with bank(tmp_path) as ayr:
        settings = msgspec.structs.replace(WAKE, **changes)
        with pytest.raises(ConfigError, match=why):
            waking_of(woken(ayr, settings), {})


async def test_without_the_section_nobody_is_woken(tmp_path: Path) -> None:
    async with bank(tmp_path) as ayr:
        assert waking_of(ayr.house, {}) is None
        settings = msgspec.structs.replace(WAKE, syslog=Syslog(host="127.0.0.1", transport="udp"))
        assert [one.name() for one in channels_of(ayr.house, settings, {})] == ["syslog"]
        assert isinstance(settings, Wake)
