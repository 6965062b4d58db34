# SPDX-License-Identifier: Apache-2.0
"""The hub takes a version as its author signed it, only in its place, and readers act on the one that stands."""

import pytest
from msgspec.structs import replace
from tests.alliance import Agent, Alliance, until
from tests.unit.agent.test_warn import ANA, BO, CONTENT, EVIL, WORSE, issued, sent
from tests.unit.hub.asking import erase

from tocsin.agent.inbox import inbox
from tocsin.agent.verbs import warn
from tocsin.agent.verbs.warn import PATH, Change
from tocsin.clock import DAY, MINUTE, Instant
from tocsin.domain.party import Role
from tocsin.domain.warning import Urgency, Warning
from tocsin.domain.warning_life import State
from tocsin.errors import Conflict, Malformed, Refused
from tocsin.ids import new_id
from tocsin.proof.signing import Context
from tocsin.wire.messages import Outcome, Warn, encode_warning


def a_version(agent: Agent, **changes: object) -> Warning:
    now = agent.clock.now()
    sound = Warning(
        id=new_id("wrn", agent.entropy),
        author=agent.party,
        title="A second wave",
        look_for=(EVIL,),
        measures="",
        urgency=Urgency.URGENT,
        issued=now,
        expires=Instant(now + DAY),
        officers=2,
    )
    return replace(sound, **changes)


def signed(agent: Agent, warning: Warning, **changes: object) -> Warn:
    data = encode_warning(warning)
    context = Context("warning", agent.membership.realm, agent.membership.hub)
    return Warn(
        **{
            "id": warning.id if warning.version == 1 else agent.message_id(),
            "sent": 0,
            "warning": data,
            "signature": agent.key.sign(context, data),
            **changes,
        }
    )


async def tell(agent: Agent, warning: Warning, **changes: object) -> tuple[Outcome, ...]:
    return await agent.tell(PATH, signed(agent, warning, **changes))


async def test_two_officers_stand_behind_an_agency_and_one_behind_the_desk(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        desk = await alliance.join("desk", Role.DESK, follow=False)
        with pytest.raises(Refused, match="2 officers"):
            await tell(police, a_version(police, officers=1))
        await tell(desk, a_version(desk, officers=1))
        one = a_version(police)
        await tell(police, one)
        gone = replace(one, version=2, officers=1, look_for=(), withdrawn="It was wrong.")
        assert (await tell(police, gone))[0].status == "accepted", "one officer stops a wrong block"


async def test_only_the_next_version_is_taken(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        one = a_version(police)
        await tell(police, one)
        third = replace(one, version=3, title="The third")
        await tell(police, third)
        (again,) = await tell(police, third)
        assert again.status == "known"
        with pytest.raises(Conflict, match="other content"):
            await tell(police, replace(third, title="Another third"))
        with pytest.raises(Conflict, match="Version 3 stands"):
            await tell(police, replace(one, version=2))
        await tell(police, replace(one, version=4, look_for=(), withdrawn="It was wrong."))
        with pytest.raises(Conflict, match="final"):
            await tell(police, replace(one, version=5))
        assert len(alliance.entries("all")) == 3


async def test_there_is_nothing_after_an_erasure_and_after_the_end(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        one, other = a_version(police), a_version(police)
        await tell(police, one)
        await tell(police, other)
        await erase(police, one.id)
        with pytest.raises(Conflict, match="erased"):
            await tell(police, replace(one, version=2))
        alliance.clock.advance(DAY)
        late = replace(other, version=2, issued=alliance.clock.now(), expires=alliance.clock.now() + DAY)
        with pytest.raises(Conflict, match="expired"):
            await tell(police, late)
        with pytest.raises(Conflict, match="nothing to withdraw"):
            await tell(police, a_version(police, version=2, look_for=(), withdrawn="It was wrong."))


async def test_a_later_version_reaches_everybody_who_has_an_earlier_one(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        one = a_version(police)
        await tell(police, one, audiences=("members", "role:agency"))
        second = replace(one, version=2)
        with pytest.raises(Refused, match="went to role:agency: so must this one"):
            await tell(police, second, audiences=("members", "all"))
        with pytest.raises(Refused, match="purposes"):
            await tell(police, second, audiences=("members", "role:agency"), purposes=("investigation",))
        outcomes = await tell(police, second, audiences=("members", "role:agency", "role:regulator"))
        assert len(outcomes) == 3


async def test_another_author_under_the_same_identifier_learns_and_changes_nothing(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY)
        other = await alliance.join("gendarmes", Role.AGENCY)
        bank = await alliance.join("ayr")
        one = a_version(police)
        await tell(police, one)
        theirs = replace(one, author=other.party, version=7, look_for=(WORSE,))
        assert (await tell(other, theirs))[0].status == "accepted"
        await erase(other, one.id)
        await alliance.settled()
        assert bank.level(EVIL.value) == "block"
        assert bank.level(WORSE.value) == ""
        assert bank.alarms() == []


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"version": 0}, "version"),
        ({"issued": 5 * MINUTE + 1}, "future"),
        ({"version": 2, "withdrawn": "It was wrong."}, "names no values"),
    ],
)
async def test_a_version_that_is_not_sound_is_refused(tmp_path, changes, complaint):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        if "issued" in changes:
            changes = {"issued": police.clock.now() + changes["issued"]}
        with pytest.raises(Malformed, match=complaint):
            await tell(police, a_version(police, **changes))


async def test_a_later_version_comes_in_a_message_of_its_own(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police = await alliance.join("police", Role.AGENCY, follow=False)
        one = a_version(police)
        with pytest.raises(Refused, match="identifier"):
            await tell(police, one, id=police.message_id())
        with pytest.raises(Malformed):
            await tell(police, replace(one, version=2), id=one.id)


async def test_readers_act_on_the_version_that_stands_and_stop_at_once_when_it_is_withdrawn(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police, bank = await alliance.join("police", Role.AGENCY), await alliance.join("ayr")
        one = await issued(police)
        await alliance.settled()
        assert bank.level(EVIL.value) == "block"
        warn.update(police.house, one.id, Change(look_for=(WORSE,)), ANA)
        warn.approve(police.house, one.id, BO)
        await sent(police, warn.issue(police.house, one.id, BO))
        await alliance.settled()
        assert (bank.level(EVIL.value), bank.level(WORSE.value)) == ("", "block")
        await sent(police, warn.withdraw(police.house, one.id, "The host was cleaned.", ANA))
        await alliance.settled()
        assert bank.known() == {}
        found = inbox(bank.house, bank.levels(), bank.clock.now())
        (shown,) = found.warnings
        assert (shown.state, shown.warning.withdrawn) == (State.WITHDRAWN, "The host was cleaned.")
        alliance.clock.advance(14 * DAY)
        assert inbox(bank.house, bank.levels(), bank.clock.now()).warnings == ()
        assert bank.alarms() == []


async def test_the_inbox_shows_the_urgent_first_and_what_was_withdrawn_last(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police, bank = await alliance.join("police", Role.AGENCY), await alliance.join("ayr")
        routine = await issued(police, replace(CONTENT, title="Routine", urgency=Urgency.ROUTINE))
        gone = await issued(police, replace(CONTENT, title="Gone"))
        await issued(police, replace(CONTENT, title="Urgent"))
        await sent(police, warn.withdraw(police.house, gone.id, "It was wrong.", ANA))
        await until(lambda: len(alliance.entries("all")) == 4)
        await alliance.settled()
        shown = inbox(bank.house, bank.levels(), bank.clock.now()).warnings
        assert [one.warning.title for one in shown] == ["Urgent", "Routine", "Gone"]
        assert shown[1].warning.id == routine.id
