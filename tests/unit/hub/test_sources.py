# SPDX-License-Identifier: Apache-2.0
"""How many distinct named parties vouch for a value: counted per stream, told as a band, taken back with it."""

import asyncio

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.alliance import Agent, Alliance
from tests.looking import look
from tests.unit.hub.asking import BAD, EVIL, erase, sight, sighted

from tocsin.agent.verbs import sight as sighting
from tocsin.clock import DAY, Instant, day_of
from tocsin.domain.level import Band, band_of
from tocsin.domain.marking import PAP, Marking
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.domain.party import Role, Standing
from tocsin.errors import Malformed, Refused, TocsinError
from tocsin.hub.verbs.standing import change_standing
from tocsin.wire.events import BandEvent, SightingEvent
from tocsin.wire.messages import Header, decode


def bands(alliance: Alliance, stream: str = "members", value: Observable = EVIL) -> list[str]:
    """Every band that was published for a value and stands, in order."""
    events = [
        decode(body, BandEvent) for _, kind, _, body in alliance.entries(stream) if kind == "band" and body
    ]
    return [event.named for event in events if event.observable == value]


async def banks(alliance: Alliance, many: int) -> list[Agent]:
    return [await alliance.join(f"bank{number}", follow=False) for number in range(many)]


async def test_one_source_is_not_published_and_the_second_is(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, three = await banks(alliance, 3)
        await one.report(EVIL, BAD)
        assert bands(alliance) == []
        await two.report(EVIL)
        assert bands(alliance) == ["2-4"]
        await three.report(EVIL)
        assert bands(alliance) == ["2-4"]
        assert bands(alliance, value=BAD) == []


async def test_the_same_party_again_is_no_second_source(tmp_path):
    async with Alliance(tmp_path) as alliance:
        (one,) = await banks(alliance, 1)
        for _ in range(5):
            await one.report(EVIL)
            await sight(one)
        assert bands(alliance) == []


async def test_a_sighting_counts_as_a_source(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two = await banks(alliance, 2)
        await one.report(EVIL)
        await sight(two)
        assert bands(alliance) == ["2-4"]


async def test_five_sources_are_told_as_five_to_nineteen(tmp_path):
    async with Alliance(tmp_path) as alliance:
        for agent in await banks(alliance, 5):
            await agent.report(EVIL)
        assert bands(alliance) == ["2-4", "5-19"]


async def test_a_suspended_source_still_counts_because_bands_that_fall_would_name_it(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two = await banks(alliance, 2)
        await one.report(EVIL)
        await two.report(EVIL)
        before = alliance.sizes()
        for wanted in (Standing.SUSPENDED, Standing.LEFT):
            await alliance.hub.commits.run(
                lambda tx, wanted=wanted: change_standing(
                    tx, alliance.exchange, two.party, wanted, "incident"
                )
            )
        assert bands(alliance) == ["2-4"]
        assert alliance.sizes() == before | {"directory": before["directory"] + 2}


async def test_streams_are_counted_apart_because_their_readers_differ(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two = await banks(alliance, 2)
        await one.report(EVIL)
        await two.report(EVIL, audiences=("role:agency",))
        assert bands(alliance) == bands(alliance, "role:agency") == []
        await one.report(EVIL, audiences=("role:agency",))
        assert (bands(alliance), bands(alliance, "role:agency")) == ([], ["2-4"])


async def test_standing_rules_alone_complete_no_quorum(tmp_path):
    """One mail that an outsider sends to many banks would make them confirm each other."""
    async with Alliance(tmp_path) as alliance:
        parties = await banks(alliance, 5)
        for agent in parties[:4]:
            await agent.report(EVIL, unattended=True)
        assert bands(alliance) == []
        fact = await parties[4].report(EVIL)
        assert bands(alliance) == ["5-19"]
        await erase(parties[4], fact)
        assert bands(alliance) == ["5-19", "1"]


async def test_a_sighting_is_a_persons_and_completes_a_quorum(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two = await banks(alliance, 2)
        await one.report(EVIL, unattended=True)
        await sight(two)
        assert bands(alliance) == ["2-4"]


async def test_every_reader_sees_that_a_standing_rule_approved_a_report(tmp_path):
    async with Alliance(tmp_path) as alliance:
        (one,) = await banks(alliance, 1)
        await one.report(EVIL, unattended=True)
        await one.report(EVIL)
        rows = look(alliance.database, "SELECT header FROM entry WHERE kind = 'object' ORDER BY seq")
        told = [decode(bytes(header), Header).unattended for (header,) in rows]
        assert told == [True, True, False, False]


async def test_what_nobody_may_act_on_is_in_no_band_and_lowers_none(tmp_path):
    async with Alliance(tmp_path) as alliance:
        parties = await banks(alliance, 4)
        await parties[0].report(EVIL)
        await parties[1].report(EVIL, marking=Marking(pap=PAP.RED))
        assert bands(alliance) == []
        await parties[2].report(EVIL)
        assert bands(alliance) == ["2-4"]
        for _ in range(5):
            await parties[3].report(EVIL, marking=Marking(pap=PAP.AMBER))
        assert bands(alliance) == ["2-4"]


async def test_what_is_taken_back_lowers_the_band(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two = await banks(alliance, 2)
        await one.report(EVIL)
        fact = await two.report(EVIL)
        await erase(two, fact)
        assert bands(alliance) == ["2-4", "1"]
        await two.report(EVIL)
        assert bands(alliance) == ["2-4", "1", "2-4"]


async def test_a_source_with_another_entry_left_stays_one(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two = await banks(alliance, 2)
        await one.report(EVIL)
        fact = await two.report(EVIL)
        await sight(two)
        await erase(two, fact)
        assert bands(alliance) == ["2-4"]


async def test_with_the_last_source_go_the_entries_that_told_the_bands(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two = await banks(alliance, 2)
        facts = [await agent.report(EVIL) for agent in (one, two)]
        before = len(alliance.entries("members"))
        assert bands(alliance) == ["2-4"]
        for agent, fact in zip((one, two), facts, strict=True):
            await erase(agent, fact)
        assert bands(alliance) == []
        left = [kind for _, kind, _, body in alliance.entries("members")[:before] if body is not None]
        assert left == []
        await one.report(EVIL)
        assert bands(alliance) == []


async def test_an_agency_is_a_source_too(tmp_path):
    async with Alliance(tmp_path) as alliance:
        (one,) = await banks(alliance, 1)
        police = await alliance.join("yard", Role.AGENCY, follow=False)
        await one.report(EVIL)
        await police.report(EVIL, audiences=("members",))
        assert bands(alliance) == ["2-4"]


async def test_a_sighting_says_a_day_and_a_value_and_nothing_else(tmp_path):
    async with Alliance(tmp_path) as alliance:
        (one,) = await banks(alliance, 1)
        fact = await sight(one)
        ((_, kind, said, body),) = alliance.entries("members")
        assert (kind, said) == ("sighting", fact)
        assert body is not None
        assert decode(body, SightingEvent) == SightingEvent(observable=EVIL, happened="2026-11-21")
        assert one.party.encode() not in body


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"observable": normalise(Kind.IPV4, "10.1.2.3")}, Refused),
        ({"observable": normalise(Kind.DOMAIN, "co.uk")}, Refused),
        ({"observable": Observable(Kind.DOMAIN, "EVIL.example")}, Malformed),
        ({"observable": Observable(Kind.URL, "https://jane@bad.example/")}, Malformed),
        ({"happened": "2026-11-21T08:30:00Z"}, Malformed),
        ({"happened": "Jane Doe of Ayr Bank was hurt"}, Malformed),
        ({"happened": "2026-13-01"}, Malformed),
        ({"happened": day_of(Instant(2_000_000_000_000_000))}, Malformed),
        ({"audience": ""}, Malformed),
        ({"audience": "group:x"}, TocsinError),
        ({"id": "anything"}, Malformed),
        ({"id": "rpt_" + "0" * 32}, Malformed),
    ],
)
async def test_a_sighting_that_says_more_or_names_what_nobody_may_is_refused(tmp_path, changes, error):
    async with Alliance(tmp_path) as alliance:
        (one,) = await banks(alliance, 1)
        with pytest.raises(error):
            await one.tell(sighting.PATH, msgspec.structs.replace(sighted(one), **changes))
        assert "members" not in alliance.sizes()


class _Model:
    """What each party said and has not taken back, by its fact."""

    def __init__(self) -> None:
        self.said: dict[str, tuple[int, Observable, bool]] = {}

    def band(self, value: Observable) -> Band:
        about = [(party, attended) for party, said, attended in self.said.values() if said == value]
        parties = len({party for party, _ in about})
        return band_of(parties if any(attended for _, attended in about) else min(parties, 1))


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["report", "rule", "sight", "erase"]), st.integers(0, 6), st.sampled_from([EVIL, BAD])
    ),
    max_size=25,
)


@given(moves=MOVES)
@settings(max_examples=25)
def test_whatever_is_said_and_taken_back_the_band_is_that_of_the_sources_left(tmp_path_factory, moves):
    asyncio.run(_play(tmp_path_factory.mktemp("sources"), moves))


async def _play(folder, moves):
    async with Alliance(folder, witnessed=False) as alliance:
        parties = await banks(alliance, 7)
        model, facts = _Model(), []
        for what, number, value in moves:
            agent = parties[number]
            alliance.clock.advance(DAY // 100)
            if what == "erase" and facts:
                fact = facts.pop(number % len(facts))
                owner, *_ = model.said.pop(fact)
                await erase(parties[owner], fact)
            elif what != "erase":
                if what == "sight":
                    fact = await sight(agent, value)
                else:
                    fact = await agent.report(value, unattended=what == "rule")
                facts.append(fact)
                model.said[fact] = (number, value, what != "rule")
            for each in (EVIL, BAD):
                published = bands(alliance, value=each)
                told = Band(published[-1]) if published else Band.NONE
                # One source is told by its report alone, and nothing is told of none.
                assert told == model.band(each) or (not published and model.band(each) is Band.ONE)
