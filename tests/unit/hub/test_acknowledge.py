# SPDX-License-Identifier: Apache-2.0
"""The hub knows who answered; everybody else learns bands, of three parties at the least, and nothing of one."""

from hashlib import sha256

import pytest
from tests.alliance import Agent, Alliance
from tests.looking import bytes_of, look
from tests.unit.agent.test_warn import ANA, BO, CONTENT, issued, sent
from tests.unit.hub.asking import erase

from tocsin.agent.inbox import RoleAnswers, inbox
from tocsin.agent.own_warnings import OwnWarning
from tocsin.agent.verbs import warn
from tocsin.agent.verbs.acknowledge import PATH, acknowledge
from tocsin.agent.verbs.warn import Change
from tocsin.clock import DAY
from tocsin.domain.acknowledgement import Answer
from tocsin.domain.level import Band
from tocsin.domain.party import Party, Role, Standing
from tocsin.errors import Conflict, Refused, Unknown
from tocsin.hub.verbs import standing as standings
from tocsin.storage.sqlite import open_sqlite
from tocsin.wire.answering import Acknowledge
from tocsin.wire.parties import PartyEvent

NONE = "chn_00000000000040008000000000000000"


async def banks(alliance: Alliance, *names: str) -> list[Agent]:
    return [await alliance.join(name) for name in names or ("ayr", "bute", "cove")]


async def answer(agent: Agent, about: OwnWarning, said: Answer = Answer.ACTED) -> str:
    message = acknowledge(agent.house, about.id, said, ANA)
    (settled,) = await agent.deliver()
    assert settled.receipt is not None, settled.problem
    return message


def shown(agent: Agent) -> tuple[RoleAnswers, ...]:
    (one,) = inbox(agent.house, agent.levels(), agent.clock.now()).warnings
    return one.answers


def chain_of(alliance: Alliance) -> str:
    ((chain,),) = look(alliance.database, "SELECT DISTINCT chain FROM warning")
    return str(chain)


def told(agent: Agent, chain: str, said: Answer = Answer.ACTED, version: int = 1) -> Acknowledge:
    return Acknowledge(id=agent.message_id(), sent=0, chain=chain, version=version, answer=said)


async def test_members_the_author_and_the_desk_read_the_same_bands(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police, desk = await alliance.join("police", Role.AGENCY), await alliance.join("desk", Role.DESK)
        ayr, bute, cove = await banks(alliance)
        one = await issued(police)
        await alliance.settled()
        await answer(ayr, one, Answer.RECEIVED)
        await answer(ayr, one)
        await answer(bute, one)
        await answer(cove, one, Answer.NOT_AFFECTED)
        await alliance.settled()
        bands = (RoleAnswers("all", "bank", Band.FEW, Band.FEW, Band.ONE),)
        for agent in (police, desk, ayr, bute, cove):
            assert shown(agent) == bands
            assert agent.alarms() == []


async def test_no_reader_holds_a_trace_of_who_answered(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY)
        ayr, bute, _ = await banks(alliance)
        one = await issued(police)
        await alliance.settled()
        message = await answer(ayr, one)
        await alliance.settled()
        assert message.encode() in bytes_of(ayr.house.folder, "agent.db")
        for other in (police, bute):
            assert message.encode() not in bytes_of(other.house.folder, "agent.db")
            kinds = {str(kind) for (kind,) in look(other.database, "SELECT kind FROM entry")}
            assert "acknowledgement" not in kinds
        assert look(alliance.database, "SELECT party, answer FROM answer") == [(ayr.party, "acted")]


async def test_among_fewer_than_three_a_band_would_be_a_name(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY)
        regulator = await alliance.join("watch", Role.REGULATOR)
        ayr, _ = await banks(alliance, "ayr", "bute")
        one = await issued(police)
        await alliance.settled()
        await answer(ayr, one)
        await answer(regulator, one)
        await alliance.settled()
        assert shown(police) == ()
        (cove,) = await banks(alliance, "cove")
        await alliance.settled()
        await answer(cove, one)
        await alliance.settled()
        assert shown(police) == (RoleAnswers("all", "bank", Band.FEW, Band.FEW, Band.NONE),)


async def test_an_author_outside_of_its_audience_reads_the_bands_in_its_own_stream(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police, stranger = (
            (await alliance.join("police", Role.AGENCY)),
            await alliance.join("coast", Role.AGENCY),
        )
        ayr, bute, _ = await banks(alliance)
        one = await issued(police, CONTENT, ("members",))
        await alliance.settled()
        await answer(ayr, one)
        await answer(bute, one)
        await alliance.settled()
        held = look(police.database, "SELECT audience, role, acted, stream FROM answers")
        assert held == [("members", "bank", "2-4", f"party:{police.party}")]
        assert look(stranger.database, "SELECT count(*) FROM answers") == [(0,)]


async def test_a_warning_that_one_may_not_read_is_unknown_as_one_that_is_not(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        ayr = await alliance.join("ayr", follow=False)
        await issued(police, CONTENT, ("role:agency",))
        refusals = []
        for chain in (chain_of(alliance), NONE):
            with pytest.raises(Unknown) as refused:
                await ayr.tell(PATH, told(ayr, chain))
            refusals.append(str(refused.value))
        with pytest.raises(Unknown):
            await ayr.tell(PATH, told(ayr, chain_of(alliance), version=2))
        assert refusals[0] == refusals[1]


async def test_an_answer_that_says_nothing_new_makes_no_entry(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        ayr = await alliance.join("ayr", follow=False)
        await issued(police)
        chain = chain_of(alliance)
        said = [Answer.ACTED, Answer.ACTED, Answer.RECEIVED, Answer.NOT_AFFECTED]
        statuses = [(await ayr.tell(PATH, told(ayr, chain, one)))[0].status for one in said]
        assert statuses == ["accepted", "known", "known", "accepted"]
        assert len(alliance.entries(f"party:{ayr.party}")) == 2


async def test_the_author_and_what_has_ended_are_not_answered(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        ayr = await alliance.join("ayr", follow=False)
        one = await issued(police)
        chain = chain_of(alliance)
        with pytest.raises(Refused, match="wrote"):
            await police.tell(PATH, told(police, chain))
        await sent(police, warn.withdraw(police.house, one.id, "It was wrong.", ANA))
        with pytest.raises(Conflict, match="withdrawn"):
            await ayr.tell(PATH, told(ayr, chain, version=2))
        alliance.clock.advance(14 * DAY)
        with pytest.raises(Conflict, match="expired"):
            await ayr.tell(PATH, told(ayr, chain))


async def test_an_erased_answer_lowers_the_bands_to_the_one_before(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY)
        ayr, *_ = await banks(alliance)
        one = await issued(police)
        await alliance.settled()
        await answer(ayr, one, Answer.RECEIVED)
        acted = await answer(ayr, one)
        await alliance.settled()
        assert shown(police) == (RoleAnswers("all", "bank", Band.ONE, Band.ONE, Band.NONE),)
        await erase(ayr, acted)
        await alliance.settled()
        assert shown(police) == (RoleAnswers("all", "bank", Band.ONE, Band.NONE, Band.NONE),)


async def test_with_a_warning_its_bands_are_erased(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY)
        ayr, *_ = await banks(alliance)
        one = await issued(police)
        await alliance.settled()
        await answer(ayr, one)
        await alliance.settled()
        await erase(police, one.id)
        await alliance.settled()
        for table in ("answer", "answer_band"):
            assert look(alliance.database, f"SELECT count(*) FROM {table}") == [(0,)]
        assert look(ayr.database, "SELECT count(*) FROM answers") == [(0,)]
        assert ayr.known() == {}


async def test_a_new_version_is_answered_anew(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY)
        ayr, *_ = await banks(alliance)
        one = await issued(police)
        await alliance.settled()
        await answer(ayr, one)
        warn.update(police.house, one.id, Change(days=20), ANA)
        warn.approve(police.house, one.id, BO)
        await sent(police, warn.issue(police.house, one.id, BO))
        await alliance.settled()
        assert shown(police) == ()
        await answer(ayr, one, Answer.RECEIVED)
        await alliance.settled()
        assert shown(police) == (RoleAnswers("all", "bank", Band.ONE, Band.NONE, Band.NONE),)


async def test_a_party_that_leaves_is_counted_no_more(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY)
        ayr, bute, *_ = await banks(alliance, "ayr", "bute", "cove", "dunbar")
        one = await issued(police)
        await alliance.settled()
        await answer(ayr, one)
        await answer(bute, one)
        change_standing(alliance, ayr.party, Standing.SUSPENDED)
        await ayr.unfollow()
        await alliance.settled()
        assert shown(police) == (RoleAnswers("all", "bank", Band.ONE, Band.ONE, Band.NONE),)
        change_standing(alliance, ayr.party, Standing.ACTIVE)
        await alliance.settled()
        assert shown(police) == (RoleAnswers("all", "bank", Band.FEW, Band.FEW, Band.NONE),)


def change_standing(alliance: Alliance, party: str, standing: Standing) -> None:
    store = open_sqlite(alliance.database)
    store.run(
        "change standing",
        lambda tx: standings.change_standing(tx, alliance.exchange, party, standing, "incident"),
    )
    store.close()


def event_of(party: Party, standing: Standing) -> PartyEvent:
    return PartyEvent(
        party=party.id,
        name=party.name,
        role=party.role,
        jurisdiction=party.jurisdiction,
        standing=standing,
        signing_key=party.signing_key,
        sealing_key=party.sealing_key,
        recovery_key=sha256(party.id.encode()).digest(),
        agreement="00" * 32,
    )
