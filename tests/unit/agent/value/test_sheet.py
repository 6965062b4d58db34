# SPDX-License-Identifier: Apache-2.0
"""The value sheet counts what others told before this party knew, and never what it told itself."""

from functools import partial
from pathlib import Path
from xml.etree import ElementTree as etree

import pytest
from tests.alliance import Agent, Alliance
from tests.unit.agent.test_warn import ANA, issued
from tests.unit.hub.asking import sight

from tocsin.agent.cases.facts import Took
from tocsin.agent.hunting.found import Found
from tocsin.agent.hunting.ledger import Hunt, Told, keep_found, keep_hunt, keep_told
from tocsin.agent.redaction.owner import Owner
from tocsin.agent.value.page import figures, page
from tocsin.agent.value.sheet import Hunted, Sheet, month_of, sheet
from tocsin.agent.verbs.correct import correct
from tocsin.agent.verbs.defend import read, take
from tocsin.agent.work import classifier, levels, protection
from tocsin.clock import DAY, MINUTE, Instant, from_text
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.domain.party import Role
from tocsin.errors import Malformed

NOW = from_text("2026-11-21T08:30:00Z")
SVG = "{http://www.w3.org/2000/svg}"


def value(number: int) -> Observable:
    return normalise(Kind.DOMAIN, f"lure-{number}.example")


def made(agent: Agent, month: str = "2026-11") -> Sheet:
    house = agent.house
    known = levels(house)
    files = protection(house)
    return sheet(house, known, files, month_of(month, house.clock.now()))


async def test_a_month_tells_what_came_and_what_was_found_here_after_others(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await bute.report(value(1), value(2), value(3))
        alliance.clock.advance(90 * MINUTE)
        await ayr.report(value(1), value(4))
        alliance.clock.advance(30 * MINUTE)
        await sight(bute, value(4))
        await alliance.settled()
        found = made(ayr)
        assert (found.came.reports, found.came.sightings, found.came.warnings) == (1, 1, 0)
        assert found.came.values == 3, "what this party named first is no news to it"
        assert (found.stands.watch, found.stands.block) == (2, 1)
        assert (found.ahead.found, found.ahead.first) == (1, 1)
        assert found.ahead.median_minutes == pytest.approx(90, abs=0.1)
        assert [(one.shield, one.values, one.written) for one in found.shields] == [("csv", 2, 2)]
        assert found.told == 1
        assert [(at, day.came, day.found) for at, day in enumerate(found.days) if day.came or day.found] == [
            (20, 3, 1)
        ]


def logged(agent: Agent, number: int, first: Instant) -> None:
    """A hunt has found a value in a log of this party's, for the first time then."""
    house = agent.house
    found = Found(value(number), 3, first, Instant(first + MINUTE), ("10.0.0.7",), (), True)
    keep = partial(keep_found, box=house.vault.box, log="proxy.log", found=[found], at=first, add=False)
    house.store.run("found", keep)


async def test_what_stood_in_own_logs_counts_from_its_first_line(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        began = alliance.clock.now()
        alliance.clock.advance(60 * MINUTE)
        await bute.report(value(1), value(2), value(3))
        named = alliance.clock.now()
        logged(ayr, 1, Instant(named + 45 * MINUTE))
        logged(ayr, 2, began)
        logged(ayr, 3, Instant(0))
        alliance.clock.advance(120 * MINUTE)
        await ayr.report(value(1))
        await alliance.settled()
        hunt = Hunt("hnt_1", began, ANA, ("proxy.log",), 3, 1)
        ayr.house.store.run("hunt", partial(keep_hunt, box=ayr.house.vault.box, hunt=hunt))
        told = Told(value(1), ANA, "msg_1")
        ayr.house.store.run("told", partial(keep_told, box=ayr.house.vault.box, told=told, at=named))
        found = made(ayr)
        assert (found.ahead.found, found.ahead.first) == (1, 0)
        assert found.ahead.median_minutes == pytest.approx(45, abs=0.1), "not from when people reported it"
        assert found.hunted == Hunted(hunts=1, values=1, before=1, told=1)
        assert made(ayr, "2026-10").hunted == Hunted(0, 0, 0, 0)


async def test_a_hold_of_which_people_here_told_others_was_false(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        resolver = normalise(Kind.IPV4, "8.8.8.8")
        await bute.report(resolver)
        await alliance.settled()
        told = Told(resolver, ANA, "msg_1")
        ayr.house.store.run("told", partial(keep_told, box=ayr.house.vault.box, told=told, at=NOW))
        assert made(ayr).false_holds == 1
        told = Told(resolver, ANA, why="it is a resolver")
        ayr.house.store.run("told", partial(keep_told, box=ayr.house.vault.box, told=told, at=NOW))
        assert made(ayr).false_holds == 0


async def test_another_month_holds_nothing_of_this_one(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await bute.report(value(1))
        alliance.clock.advance(15 * DAY)
        await ayr.report(value(1))
        await alliance.settled()
        before, found, later = made(ayr, "2026-10"), made(ayr), made(ayr, "2026-12")
        assert (before.came.values, before.ahead.found) == (0, 0)
        assert (found.came.values, found.ahead.found) == (1, 0)
        assert (later.came.values, later.ahead.found) == (0, 1), (
            "it was found here in the month after it came"
        )
        assert later.ahead.most_minutes == pytest.approx(15 * 24 * 60, abs=1)


async def test_a_hold_that_people_here_contradict_was_false(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        resolver = normalise(Kind.IPV4, "8.8.8.8")
        await bute.report(value(1), resolver)
        await alliance.settled()
        before = made(ayr)
        assert before.false_holds == 0
        assert before.stands.hold == 1
        correct(ayr.house, classifier(ayr.house), value(1), Owner.ATTACKER, ANA, "we saw it")
        assert made(ayr).false_holds == 0, "what is not held was not held in vain"
        await ayr.report(resolver)
        await alliance.settled()
        assert made(ayr).false_holds == 1


async def test_what_was_made_of_warnings_is_timed_from_when_they_came(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        police, ayr = await alliance.join("police", Role.AGENCY), await alliance.join("ayr")
        one, _ = await issued(police), await issued(police)
        await alliance.settled()
        alliance.clock.advance(10 * MINUTE)
        read(ayr.house, one.id, ANA)
        alliance.clock.advance(20 * MINUTE)
        take(ayr.house, one.id, ANA, Took("blocked it", alliance.clock.now()))
        found = made(ayr)
        assert (found.came.warnings, found.warned.read, found.warned.decided) == (2, 1, 1)
        assert found.warned.median_minutes_to_read == pytest.approx(10, abs=0.1)
        assert found.warned.median_minutes_to_decision == pytest.approx(30, abs=0.1)


async def test_the_page_shows_every_figure_and_is_well_formed(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await bute.report(value(1))
        await alliance.settled()
        found = made(ayr)
        root = etree.fromstring(page(found))
        said = ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]
        for words, number, more in figures(found):
            assert {words, number, more} <= set(said)
        assert root.get("width") == "794"


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-1", "2026-12", "26-11-01", "abcd-ef", "²026-11"])
def test_what_is_no_month_or_is_to_come_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        month_of(text, NOW)


def test_a_month_ends_where_the_next_begins() -> None:
    month = month_of("2026-11", NOW)
    assert (month.since, month.until) == (
        from_text("2026-11-01T00:00:00Z"),
        from_text("2026-12-01T00:00:00Z"),
    )
    assert month_of("2024-02", NOW).until == from_text("2024-03-01T00:00:00Z")
