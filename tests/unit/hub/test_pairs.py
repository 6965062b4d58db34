# SPDX-License-Identifier: Apache-2.0
"""The same two parties alone confirm only so many values at a time; whoever else names one confirms it all the same."""

import pytest
from tests.alliance import Agent, Alliance
from tests.unit.hub.asking import erase
from tests.unit.hub.test_retention import of
from tests.unit.hub.test_sources import bands, banks

from tocsin.clock import DAY
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.hub.doctor import _sources
from tocsin.hub.views import pairs
from tocsin.hub.views.pairs import FullPair, full_pairs

VALUES = tuple(normalise(Kind.DOMAIN, f"lure-{number}.example") for number in range(4))
MOST = 2


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "MOST_BY_TWO", MOST)


async def both(one: Agent, other: Agent, *values: Observable, stream: tuple[str, ...] = ()) -> list[str]:
    return [await agent.report(*values, audiences=stream) for agent in (one, other)]


def raised(alliance: Alliance, stream: str = "members") -> list[int]:
    """Which values have a band of two, by their numbers."""
    return [number for number, value in enumerate(VALUES) if bands(alliance, stream, value)[-1:] == ["2-4"]]


def full(alliance: Alliance) -> list[FullPair]:
    store = alliance.open_store()
    with store.reading("full pairs") as tx:
        found = full_pairs(tx)
    store.close()
    return found


async def test_the_word_of_two_has_an_end_and_that_of_a_third_has_not(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, three = await banks(alliance, 3)
        await both(one, two, *VALUES)
        assert raised(alliance) == [0, 1]
        await three.report(VALUES[3])
        assert raised(alliance) == [0, 1, 3]
        await both(one, three, VALUES[2])
        assert raised(alliance) == [0, 1, 2, 3], "named by three, though two of them had no room"


async def test_each_two_have_room_of_their_own_and_in_each_stream(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, three = await banks(alliance, 3)
        await both(one, two, *VALUES[:3])
        await both(two, three, VALUES[3])
        assert raised(alliance) == [0, 1, 3]
        await both(one, two, VALUES[2], stream=("jurisdiction:GB",))
        assert raised(alliance, "jurisdiction:GB") == [2]


async def test_a_third_source_gives_room_back(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, three = await banks(alliance, 3)
        await both(one, two, *VALUES[:2])
        await three.report(VALUES[0])
        await both(one, two, VALUES[2])
        assert raised(alliance) == [0, 1, 2]


async def test_what_is_taken_back_gives_room_back(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two = await banks(alliance, 2)
        for value in VALUES[:2]:
            facts = await both(one, two, value)
        await erase(two, facts[1])
        await both(one, two, VALUES[2])
        assert raised(alliance) == [0, 2]
        await two.report(VALUES[1])
        assert raised(alliance) == [0, 2], "there is no room any more"


async def test_what_has_aged_gives_room_back(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two = await banks(alliance, 2)
        await both(one, two, *VALUES[:2])
        await both(one, two, VALUES[2])
        alliance.clock.advance(91 * DAY)
        await of(alliance, 1095).sweep()
        await both(one, two, *VALUES[2:])
        assert raised(alliance) == [2, 3]


async def test_the_operator_hears_of_it_and_nobody_else(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two = await banks(alliance, 2)
        outcomes = await one.tell("/v1/reports", one.report_message(*VALUES))
        assert full(alliance) == []
        assert {outcome.reason for outcome in outcomes} == {""}
        outcomes = await two.tell("/v1/reports", two.report_message(*VALUES))
        assert {outcome.reason for outcome in outcomes} == {""}
        (pair,) = full(alliance)
        assert pair == FullPair("members", "Bank0 Bank plc", "Bank1 Bank plc", MOST)
        store = alliance.open_store()
        with store.reading("doctor") as tx:
            note = _sources(tx)
        store.close()
        assert "Bank0 Bank plc and Bank1 Bank plc alone confirm 2 values in members" in str(note)
