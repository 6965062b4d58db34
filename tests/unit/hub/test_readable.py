# SPDX-License-Identifier: Apache-2.0
"""What a reader is served: every leaf of a stream it follows, and of it the bodies that are for it."""

import asyncio

import msgspec
import pytest
from tests.alliance import Agent, Alliance, until
from tests.looking import look

from tocsin.agent.verbs.report import PATH
from tocsin.domain.audience import History
from tocsin.domain.observable import Kind, normalise
from tocsin.domain.party import Role, Standing
from tocsin.domain.release import Purpose
from tocsin.errors import Forbidden
from tocsin.hub.verbs.roster import join_group, leave_group
from tocsin.hub.views.directory import state_party
from tocsin.wire.parties import PartyEvent

OLD, NEW, NEXT = (normalise(Kind.DOMAIN, f"{name}.example") for name in ("old", "new", "next"))


async def put_in(alliance: Alliance, agent: Agent, history: History = History.FROM_JOIN) -> None:
    await alliance.hub.commits.run(lambda tx: join_group(tx, alliance.exchange, "sepa", agent.party, history))


async def take_out(alliance: Alliance, agent: Agent) -> None:
    await alliance.hub.commits.run(lambda tx: leave_group(tx, alliance.exchange, "sepa", agent.party))


async def suspend(alliance: Alliance, agent: Agent) -> None:
    member = agent.membership
    ((recovery,),) = look(
        alliance.database, "SELECT recovery_key FROM party WHERE id = :id", {"id": agent.party}
    )
    ((sealing,),) = look(
        alliance.database, "SELECT sealing_key FROM party WHERE id = :id", {"id": agent.party}
    )
    event = PartyEvent(
        party=agent.party,
        name=member.name,
        role=Role(member.role),
        jurisdiction=member.jurisdiction,
        standing=Standing.SUSPENDED,
        signing_key=agent.key.public,
        sealing_key=bytes(sealing),
        recovery_key=bytes(recovery),
        agreement="0" * 64,
    )
    await alliance.hub.commits.run(lambda tx: state_party(tx, alliance.exchange, event))


def held(agent: Agent, stream: str) -> list[bool]:
    """For each entry of a stream that the agent has proved, in order: whether it has its body."""
    rows = look(
        agent.database,
        "SELECT body.body IS NOT NULL FROM entry LEFT JOIN body USING (stream, seq) "
        "WHERE stream = :stream ORDER BY seq",
        {"stream": stream},
    )
    return [bool(has) for (has,) in rows]


async def proved(alliance: Alliance, agent: Agent, stream: str) -> None:
    await until(lambda: agent.sizes().get(stream, 0) == alliance.sizes().get(stream, 0) > 0)


async def test_a_newcomer_proves_the_whole_group_and_reads_it_from_its_joining_on(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await put_in(alliance, ayr)
        await ayr.report(OLD, audiences=("group:sepa",))
        await put_in(alliance, bute)
        await ayr.report(NEW, audiences=("group:sepa",))
        await proved(alliance, bute, "group:sepa")
        assert held(bute, "group:sepa") == [False, False, True, True]
        assert list(bute.known()) == ["new.example"]
        assert bute.alarms() == []
        await proved(alliance, ayr, "group:sepa")
        assert held(ayr, "group:sepa") == [True] * 4


async def test_a_newcomer_with_all_history_reads_the_past(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await put_in(alliance, ayr)
        await ayr.report(OLD, audiences=("group:sepa",))
        await put_in(alliance, bute, History.ALL)
        await proved(alliance, bute, "group:sepa")
        assert held(bute, "group:sepa") == [True, True]


@pytest.mark.parametrize("how", [take_out, suspend])
async def test_who_is_out_gets_no_byte_of_what_is_said_later(tmp_path, how):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await put_in(alliance, ayr)
        await put_in(alliance, bute)
        await ayr.report(OLD, audiences=("group:sepa",))
        await proved(alliance, bute, "group:sepa")
        await how(alliance, bute)
        # Told in the very next wave, or in the same: the connection is cut before anything is sent.
        await ayr.report(NEW, audiences=("group:sepa",))
        await proved(alliance, ayr, "group:sepa")
        await asyncio.sleep(0.2)
        assert held(ayr, "group:sepa") == [True] * 4
        assert held(bute, "group:sepa") == [True, True]


async def test_who_comes_back_reads_from_then_on_and_proves_the_time_between(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await put_in(alliance, ayr)
        await put_in(alliance, bute)
        await ayr.report(OLD, audiences=("group:sepa",))
        await proved(alliance, bute, "group:sepa")
        alliance.clock.advance(1)
        await take_out(alliance, bute)
        await ayr.report(NEW, audiences=("group:sepa",))
        alliance.clock.advance(1)
        await put_in(alliance, bute)
        await ayr.report(NEXT, audiences=("group:sepa",))
        await proved(alliance, bute, "group:sepa")
        assert held(bute, "group:sepa") == [True, True, False, False, True, True]
        assert bute.alarms() == []


async def test_whoever_is_not_concerned_keeps_its_connection(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await alliance.settled()
        before = sum(request.url.path == "/v1/stream" for request in alliance.wire.requests)
        await put_in(alliance, ayr)
        await ayr.report(OLD)
        await alliance.settled()
        await until(
            lambda: sum(request.url.path == "/v1/stream" for request in alliance.wire.requests) == before + 1
        )
        assert list(bute.known()) == ["old.example"]


async def test_what_is_for_investigation_is_read_by_those_who_investigate(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        police, desk = await alliance.join("police", Role.AGENCY), await alliance.join("desk", Role.DESK)
        watchdog = await alliance.join("watchdog", Role.REGULATOR)
        report = msgspec.structs.replace(
            ayr.report_message(OLD, audiences=("all",)), purposes=(Purpose.INVESTIGATION,)
        )
        await ayr.tell(PATH, report)
        await alliance.settled()
        readers = (ayr, police, watchdog, desk)
        assert [held(agent, "all") for agent in readers] == [
            [False, False],
            [True, True],
            [False, False],
            [True, True],
        ]
        # The same once more for those who come later and catch up.
        late = await alliance.join("late", Role.AGENCY)
        later = await alliance.join("later")
        await alliance.settled()
        assert (held(late, "all"), held(later, "all")) == ([True, True], [False, False])
        assert all(agent.alarms() == [] for agent in (*readers, late, later))


async def test_what_is_for_some_only_counts_for_no_band_that_others_read(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        for agent in (ayr, bute):
            secret = msgspec.structs.replace(agent.report_message(OLD), purposes=(Purpose.INVESTIGATION,))
            await agent.tell(PATH, secret)
        assert {kind for _, kind, _, _ in alliance.entries("members")} == {"object"}
        assert look(alliance.database, "SELECT count(*) FROM source") == [(0,)]


async def test_the_desk_reads_who_is_in_a_group_and_nobody_else_does(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, desk = await alliance.join("ayr"), await alliance.join("desk", Role.DESK)
        await put_in(alliance, ayr)
        await alliance.settled()
        assert held(desk, "role:desk") == [True]
        assert "role:desk" not in ayr.sizes()
        assert desk.alarms() == [], "its own agent knows what a membership is"


async def test_members_and_the_desk_report_to_a_group_and_others_hear_that_it_is_not_theirs(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        desk = await alliance.join("desk", Role.DESK)
        await put_in(alliance, ayr)
        for agent in (ayr, desk):
            outcomes = await agent.tell(PATH, agent.report_message(OLD, audiences=("group:sepa",)))
            assert {one.stream for one in outcomes} == {"group:sepa"}
        refusals = []
        for group in ("sepa", "none"):
            with pytest.raises(Forbidden) as refused:
                await bute.tell(PATH, bute.report_message(OLD, audiences=(f"group:{group}",)))
            refusals.append(str(refused.value).replace(group, "…"))
        assert refusals[0] == refusals[1], "an unknown group and a foreign one sound alike"
        with pytest.raises(Forbidden):
            await desk.tell(PATH, desk.report_message(OLD, audiences=("group:none",)))
        await take_out(alliance, ayr)
        with pytest.raises(Forbidden):
            await ayr.tell(PATH, ayr.report_message(NEW, audiences=("group:sepa",)))
