# SPDX-License-Identifier: Apache-2.0
"""What goes into a level: evidence from the replica, and who may not lower or silence it."""

import pytest
from tests.alliance import START, Alliance, until
from tests.unit.hub.asking import BAD, EVIL, erase, sight

from tocsin.agent.grouping import groups
from tocsin.clock import DAY, MINUTE, Instant
from tocsin.domain.level import Band
from tocsin.domain.marking import PAP, TLP, Marking
from tocsin.domain.observable import Kind, normalise
from tocsin.domain.party import Role
from tocsin.domain.warning import Urgency, Warning
from tocsin.ids import new_id
from tocsin.proof.signing import Context
from tocsin.wire.messages import Warn, encode_warning

PASSIVE = Marking(TLP.AMBER, PAP.AMBER)


async def warn(agent, *values) -> str:
    now = agent.clock.now()
    warning = Warning(
        id=new_id("wrn", agent.entropy),
        author=agent.party,
        title="A wave",
        look_for=values,
        measures="",
        urgency=Urgency.URGENT,
        issued=now,
        expires=Instant(now + 14 * DAY),
        officers=2,
    )
    data = encode_warning(warning)
    signature = agent.key.sign(Context("warning", agent.membership.realm, agent.membership.hub), data)
    await agent.tell("/v1/warnings", Warn(id=warning.id, sent=0, warning=data, signature=signature))
    return warning.id


async def test_one_source_is_watched_and_two_are_blocked(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, reader = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
        await one.report(EVIL)
        await one.report(EVIL)
        await alliance.settled()
        assert reader.level(EVIL.value) == "watch"
        await sight(two)
        await alliance.settled()
        assert reader.level(EVIL.value) == "block"
        known = reader.known()[EVIL.value]
        assert (known.named, known.judgement.reasons) == (Band.FEW, ("2-4 named sources",))


async def test_sources_in_two_streams_are_no_quorum_together(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, reader = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
        await one.report(EVIL)
        await two.report(EVIL, audiences=("jurisdiction:GB",))
        await alliance.settled()
        assert reader.level(EVIL.value) == "watch"


async def test_a_level_falls_when_a_source_takes_back(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, reader = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
        await one.report(EVIL)
        fact = await two.report(EVIL)
        await alliance.settled()
        assert reader.level(EVIL.value) == "block"
        await erase(two, fact)
        await alliance.settled()
        assert reader.level(EVIL.value) == "watch"


async def test_a_level_expires_by_itself(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, reader = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
        await one.report(EVIL)
        await two.report(EVIL)
        await alliance.settled()
        alliance.clock.advance(30 * DAY - MINUTE)
        assert reader.level(EVIL.value) == "block"
        alliance.clock.advance(2 * MINUTE)
        assert reader.level(EVIL.value) == ""


async def test_a_member_cannot_silence_an_agencys_warning_by_its_own_marking(tmp_path):
    async with Alliance(tmp_path) as alliance:
        police, bank, reader = (
            await alliance.join("yard", Role.AGENCY),
            await alliance.join("ayr"),
            await alliance.join("bute"),
        )
        await warn(police, EVIL)
        await bank.report(EVIL, marking=PASSIVE)
        await alliance.settled()
        assert reader.level(EVIL.value) == "block"


async def test_what_was_given_for_watching_only_completes_no_quorum(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, reader = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
        await one.report(EVIL)
        await two.report(EVIL, marking=PASSIVE)
        await alliance.settled()
        assert reader.level(EVIL.value) == "watch"


@pytest.mark.parametrize("sources", [2, 5])
async def test_one_member_does_not_silence_others_by_its_own_marking(tmp_path, sources):
    async with Alliance(tmp_path) as alliance:
        members = [await alliance.join(f"bank{number}", follow=number == 0) for number in range(sources + 1)]
        for member in members[:-1]:
            await member.report(EVIL)
        for _ in range(5):
            await members[-1].report(EVIL, marking=Marking(TLP.CLEAR, PAP.RED))
        await alliance.settled()
        assert members[0].level(EVIL.value) == "block"


async def test_when_only_what_nobody_may_act_on_is_left_nothing_is_blocked(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, reader = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
        for agent in (one, two):
            await agent.report(EVIL)
        alliance.clock.advance(20 * DAY)
        await two.report(EVIL, marking=PASSIVE)
        alliance.clock.advance(20 * DAY)
        await alliance.settled()
        assert reader.level(EVIL.value) == "watch"


async def test_what_standing_rules_alone_approved_blocks_nothing(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, reader = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
        for agent in (one, two):
            await agent.report(EVIL, unattended=True)
        await alliance.settled()
        assert reader.level(EVIL.value) == "watch"
        await reader.report(EVIL)
        await alliance.settled()
        assert reader.level(EVIL.value) == "block"


async def test_what_was_witnessed_keeps_its_weight_while_the_partner_is_away(tmp_path):
    """A standing block is not lowered by what comes late, be it more of the same, or the hub's word that it is less."""
    async with Alliance(tmp_path) as alliance:
        members = [await alliance.join(f"bank{number}", follow=number == 0) for number in range(5)]
        reader = members[0]
        facts = [await member.report(EVIL) for member in members[:2]]
        await alliance.settled()
        alliance.witness.away = True
        for member in members[2:]:
            await member.report(EVIL)
        await alliance.settled()
        alliance.clock.advance(16 * MINUTE)
        assert reader.level(EVIL.value) == "block"
        await erase(members[1], facts[1])
        await alliance.settled()
        assert reader.level(EVIL.value) == "block"
        alliance.witness.away = False
        await alliance.settled()
        assert reader.level(EVIL.value) == "block"  # four are left


async def test_an_erasure_that_the_partner_has_not_seen_waits_for_it(tmp_path):
    """Else a hub could take one reader's protection away by an erasure that it shows to nobody else."""
    async with Alliance(tmp_path) as alliance:
        one, two, reader = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
        facts = [await agent.report(EVIL) for agent in (one, two)]
        await one.report(BAD)
        await alliance.settled()
        alliance.witness.away = True
        for agent, fact in zip((one, two), facts, strict=True):
            await erase(agent, fact)
        await alliance.settled()
        assert reader.level(EVIL.value) == "block"
        alliance.witness.away = False
        await until(lambda: reader.level(EVIL.value) == "")
        assert reader.level(BAD.value) == "watch"
        assert reader.alarms() == []


async def test_nothing_new_steps_to_block_after_a_quarter_of_an_hour_without_the_witness(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, reader = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
        await alliance.settled()
        alliance.witness.away = True
        for agent in (one, two):
            await agent.report(EVIL)
        await alliance.settled()
        alliance.clock.advance(15 * MINUTE)
        assert reader.level(EVIL.value) == "block"
        alliance.clock.advance(MINUTE)
        assert reader.level(EVIL.value) == "hold"
        alliance.witness.away = False
        await alliance.settled()
        assert reader.level(EVIL.value) == "block"


async def test_an_own_asset_is_held_however_many_report_it(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, reader = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
        own = normalise(Kind.DOMAIN, "login.clyde.example")
        for agent in (one, two):
            await agent.report(own)
        await alliance.settled()
        assert reader.level(own.value) == "hold"
        assert one.level(own.value) == "block"
        assert reader.known()[own.value].judgement.reasons == ("your own: clyde.example",)


async def test_the_newest_value_comes_first(tmp_path):
    async with Alliance(tmp_path) as alliance:
        one, two, reader = [await alliance.join(short) for short in ("ayr", "bute", "clyde")]
        for value in (EVIL, BAD):
            for agent in (one, two):
                alliance.clock.advance(MINUTE)
                await agent.report(value)
        await alliance.settled()
        blocked = reader.levels().blocked(alliance.clock.now())
        assert [found.observable for found in blocked] == [BAD, EVIL]
        first = {group.values: group.fact for group in groups(reader.house, reader.known().values(), START)}
        assert [found.reference for found in blocked] == [first[(str(one),)] for one in (BAD, EVIL)]
