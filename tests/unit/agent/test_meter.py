# SPDX-License-Identifier: Apache-2.0
"""The price of a draft from the agent's own replica: live parties, and the reports that its readers really hold."""

import pytest
from tests.alliance import Alliance
from tests.unit.agent.readings import draft_of, found

from tocsin.agent import meter
from tocsin.agent.meter import measure
from tocsin.agent.redaction.redact import Draft
from tocsin.agent.verbs.erase import erase
from tocsin.clock import DAY
from tocsin.domain.likeness import Grain, Offer
from tocsin.domain.observable import Kind, normalise
from tocsin.domain.party import Role

VALUES = [normalise(Kind.URL, f"https://evil.example/{number}") for number in range(4)]
LINK = found("url", "https://other.example/x")


def draft() -> Draft:
    return draft_of(LINK)


async def test_the_parties_of_the_directory_and_the_reports_of_the_stream_are_counted(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute, cluny = [await alliance.join(name) for name in ("ayr", "bute", "cluny")]
        await alliance.join("dijon", jurisdiction="FR")
        await alliance.join("police", Role.AGENCY)
        for agent, value in ((bute, VALUES[0]), (cluny, VALUES[1])):
            await agent.report(value)
        alliance.clock.advance(3 * DAY)
        await bute.report(VALUES[2])
        await alliance.settled()
        found = measure(ayr.house, draft(), ("members",))
        assert (found.parties, found.reports, found.named) == (4, 3, 0)
        assert found.offers == (Offer(grain=Grain.MONTH, reports=4),)
        near = measure(ayr.house, draft(), ("jurisdiction:GB",))
        assert (near.parties, near.reports) == (3, 1)
        assert Offer(audience="members", parties=4) in near.offers
        assert measure(ayr.house, draft(), ("members",), Grain.MONTH).reports == 4


async def test_what_was_erased_is_counted_no_more(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = [await alliance.join(name) for name in ("ayr", "bute")]
        report = await bute.report(VALUES[0])
        await alliance.settled()
        assert measure(ayr.house, draft(), ("members",)).reports == 2
        erase(bute.house, report, "mistake", "Ana")
        await bute.deliver()
        await alliance.settled()
        assert measure(ayr.house, draft(), ("members",)).reports == 1


async def test_a_long_history_costs_no_more_than_a_short_one(tmp_path, monkeypatch: pytest.MonkeyPatch):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = [await alliance.join(name) for name in ("ayr", "bute")]
        for value in VALUES:
            await bute.report(value)
        await alliance.settled()
        assert measure(ayr.house, draft(), ("members",)).reports == 5
        monkeypatch.setattr(meter, "NEWEST", 2)
        assert measure(ayr.house, draft(), ("members",)).reports < 5


async def test_values_that_bear_the_victims_name_are_counted(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        named = draft_of(found("url", "https://northmoor-login.example/x"), LINK)
        assert measure(ayr.house, named, ("members",)).named == 1
