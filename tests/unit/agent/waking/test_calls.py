# SPDX-License-Identifier: Apache-2.0
"""What calls a person and what calls no more, whatever happened while the agent was off."""

from pathlib import Path

import msgspec
import pytest
from tests.alliance import Agent, Alliance
from tests.unit.agent.readings import found
from tests.unit.agent.test_decide import MEMBERS, prepared
from tests.unit.agent.test_warn import ANA, BO, CONTENT, issued, sent
from tests.unit.agent.waking.houses import opened, raise_calls

from tocsin.agent.alarms import clear, reached, sound, sound_error
from tocsin.agent.journal import read
from tocsin.agent.verbs import warn
from tocsin.agent.verbs.acknowledge import acknowledge as answer
from tocsin.agent.verbs.acknowledge import acknowledge_new
from tocsin.agent.verbs.decide import by_rules, refuse
from tocsin.agent.waking import calls, codes
from tocsin.clock import DAY, MINUTE
from tocsin.domain.acknowledgement import Answer
from tocsin.domain.call import Call, Cause
from tocsin.domain.party import Role
from tocsin.domain.warning import Urgency
from tocsin.errors import Conflict, Unknown, Unreachable, Withheld

LINK = found("url", "https://evil.example/a")


def looked(agent: Agent) -> list[Call]:
    """What is open after one more look."""
    house, now = agent.house, agent.clock.now()
    house.store.run("look", lambda tx: calls.look(tx, agent.party, now))
    return opened(house)


def alarmed(agent: Agent, sentence: str) -> None:
    agent.clock.advance(1)
    agent.house.store.run("alarm", lambda tx: sound(tx, sentence, agent.clock.now()))


def closed_by_person(agent: Agent, number: int) -> tuple[str, ...]:
    house, now = agent.house, agent.clock.now()
    return house.store.run(
        "acknowledge",
        lambda tx: calls.acknowledge(tx, house.vault.box, (number,), ANA, "at the console", now),
    )


async def test_an_urgent_warning_calls_once_for_each_version_and_a_routine_one_never(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        police, ayr = await alliance.join("police", Role.AGENCY), await alliance.join("ayr")
        for urgency in Urgency:
            await issued(police, msgspec.structs.replace(CONTENT, title=urgency, urgency=urgency))
        await alliance.settled()
        urgencies = [(one.cause, one.urgency) for one in looked(ayr)]
        assert sorted(urgencies) == [(Cause.WARNING, Urgency.ELEVATED), (Cause.WARNING, Urgency.URGENT)]
        assert len(looked(ayr)) == 2
        assert looked(police) == [], "its own call nobody"


async def test_a_warning_calls_no_more_when_it_is_withdrawn_replaced_or_over(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        police, ayr = await alliance.join("police", Role.AGENCY), await alliance.join("ayr")
        first, second = await issued(police), await issued(police)
        await alliance.settled()
        assert len(looked(ayr)) == 2
        await sent(police, warn.withdraw(police.house, first.id, "A mistake.", BO))
        await alliance.settled()
        (left,) = looked(ayr)
        warn.update(police.house, second.id, warn.Change(title="Another"), ANA)
        warn.approve(police.house, second.id, BO)
        await sent(police, warn.issue(police.house, second.id, BO))
        await alliance.settled()
        (newer,) = looked(ayr)
        assert newer.number > left.number
        alliance.clock.advance(15 * DAY)
        assert looked(ayr) == []


async def test_a_person_s_answer_closes_the_call_and_a_rule_s_does_not(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        police, ayr = await alliance.join("police", Role.AGENCY), await alliance.join("ayr")
        first, second = await issued(police), await issued(police)
        await alliance.settled()
        looked(ayr)
        assert acknowledge_new(ayr.house) == 2
        assert len(looked(ayr)) == 2
        answer(ayr.house, first.id, Answer.ACTED, ANA)
        assert len(looked(ayr)) == 1
        answer(ayr.house, second.id, Answer.NOT_AFFECTED, ANA)
        assert looked(ayr) == []


async def test_what_was_acted_on_before_the_first_look_calls_nobody(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        police, ayr = await alliance.join("police", Role.AGENCY), await alliance.join("ayr")
        warning = await issued(police)
        await alliance.settled()
        answer(ayr.house, warning.id, Answer.ACTED, ANA)
        assert looked(ayr) == []


async def test_alarms_are_one_call_until_somebody_has_it_and_then_another(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        alarmed(ayr, str(Withheld("planted")))
        alarmed(ayr, str(Withheld("planted again")))
        (one,) = looked(ayr)
        assert (one.cause, one.urgency) == (Cause.ALARM, Urgency.URGENT)
        alarmed(ayr, str(Withheld("planted still")))
        (same,) = looked(ayr)
        assert same.number == one.number
        assert closed_by_person(ayr, one.number) == (one.ref,)
        assert looked(ayr) == [], "it was seen, and stands among the alarms"
        alarmed(ayr, str(Withheld("planted later")))
        (other,) = looked(ayr)
        assert other.number > one.number
        clear(ayr.house.store, ayr.house.vault.box, ayr.clock.now(), ANA)
        assert looked(ayr) == []


async def test_an_outage_calls_without_haste_and_is_over_by_itself_and_a_note_never_calls(
    tmp_path: Path,
) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        now = alliance.clock.now()
        ayr.house.store.run("outage", lambda tx: sound_error(tx, Unreachable("planted"), now))
        (one,) = looked(ayr)
        assert (one.cause, one.is_urgent) == (Cause.PROBLEM, False)
        alliance.clock.advance(MINUTE)
        assert ayr.house.store.run("back", lambda tx: reached(tx, alliance.clock.now()))
        assert looked(ayr) == []
        alarmed(ayr, "For your information: planted")
        assert looked(ayr) == []


async def test_drafts_that_wait_are_one_call_until_they_are_decided(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        first = by_rules(ayr.house, prepared(LINK), MEMBERS, "gateway").waiting
        (one,) = looked(ayr)
        assert (one.cause, one.urgency) == (Cause.APPROVAL, Urgency.ROUTINE)
        alliance.clock.advance(MINUTE)
        second = by_rules(ayr.house, prepared(LINK, data=b"another"), MEMBERS, "gateway").waiting
        assert [same.number for same in looked(ayr)] == [one.number]
        assert first is not None
        assert second is not None
        for waits in (first, second):
            refuse(ayr.house, waits.id, ANA, "no")
        assert looked(ayr) == []


async def test_a_hit_waits_for_a_person_and_is_raised_once(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        raise_calls(ayr.house, ["hit/1", "hit/1", "hit/2"])
        assert [one.cause for one in looked(ayr)] == [Cause.HIT, Cause.HIT]
        closed_by_person(ayr, 1)
        raise_calls(ayr.house, ["hit/1"])
        assert [one.number for one in looked(ayr)] == [2]


async def test_who_acknowledged_is_in_the_journal_and_twice_is_said(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        raise_calls(ayr.house, ["hit/1"])
        closed_by_person(ayr, 1)
        with ayr.house.store.reading("journal") as tx:
            last = read(tx, ayr.house.vault.box)[-1]
        assert (last.by, last.what, last.about, last.why) == (
            ANA,
            "acknowledged a call",
            "W-1",
            "at the console",
        )
        with pytest.raises(Conflict, match="is closed"):
            closed_by_person(ayr, 1)
        with pytest.raises(Unknown, match="no call W-9"):
            closed_by_person(ayr, 9)


async def test_a_code_acknowledges_what_it_was_told_for_once_in_the_name_of_who_was_told(
    tmp_path: Path,
) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        house, now = ayr.house, ayr.clock.now()
        raise_calls(house, ["hit/1", "hit/2", "hit/3"])
        code, other = codes.new_code(ayr.entropy), codes.new_code(ayr.entropy)
        house.store.run("keep", lambda tx: codes.keep(tx, house.vault.box, code, (1, 2), "Bo"))
        house.store.run("keep", lambda tx: codes.keep(tx, house.vault.box, other, (2, 3), "Cy"))
        said = code.lower().replace("-", " ")
        done = house.store.run("say", lambda tx: codes.acknowledge_by_code(tx, house.vault.box, said, now))
        assert done == ("Bo", ("W-1", "W-2"))
        with pytest.raises(Unknown, match="acknowledges nothing"):
            house.store.run("say", lambda tx: codes.acknowledge_by_code(tx, house.vault.box, code, now))
        done = house.store.run("say", lambda tx: codes.acknowledge_by_code(tx, house.vault.box, other, now))
        assert done == ("Cy", ("W-3",))
        assert opened(house) == []


async def test_there_is_a_bound_and_old_ones_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MOST", 5)
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        raise_calls(ayr.house, [f"hit/{number}" for number in range(9)])
        assert len(looked(ayr)) == 5
        for one in opened(ayr.house)[:-1]:
            closed_by_person(ayr, one.number)
        house = ayr.house
        house.store.run("too late", lambda tx: codes.keep(tx, house.vault.box, "AAAA-AAAA", (1,), "Bo"))
        alliance.clock.advance(91 * DAY)
        assert [one.number for one in looked(ayr)] == [5]
        raise_calls(ayr.house, ["hit/new"])
        assert [one.number for one in looked(ayr)] == [5, 6], "a number is given once"
