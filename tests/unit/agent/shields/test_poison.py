# SPDX-License-Identifier: Apache-2.0
"""Poison: one compromised member and two colluding ones against every kind of target, through hub and agents.

What they name is refused at the hub's intake or held at the reader, with the reason; what others named is blocked all
the same. What two members confirm of a stranger's is blocked: that is what two named sources mean.
"""

import httpx
import msgspec
import pytest
from tests.alliance import Agent, Alliance
from tests.unit.hub.asking import EVIL

from tocsin.agent.redaction.assets import assets_of, own_assets
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.corrections import Correction, Corrections
from tocsin.agent.redaction.owner import Owner
from tocsin.agent.shields.guard import guard_for
from tocsin.agent.shields.levels import Levels
from tocsin.clock import DAY, Instant
from tocsin.domain.level import Level
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.errors import Refused
from tocsin.storage.store import Params

TARGETS = {
    "a resolver": (Kind.IPV4, "9.9.9.9"),
    "a resolver, as a network": (Kind.CIDR, "8.8.8.0/24"),
    "a resolver, carried in IPv6": (Kind.IPV6, "64:ff9b::808:808"),
    "a competitor, by its name": (Kind.DOMAIN, "harbourbank.com"),
    "a competitor, in another letter case": (Kind.DOMAIN, "HarbourBank.CO.UK."),
    "a cloud front": (Kind.DOMAIN, "cloudfront.net"),
    "a card network": (Kind.URL, "https://www.visa.com/pay"),
    "a top-level domain": (Kind.DOMAIN, "co.uk"),
    "a suffix of strangers": (Kind.DOMAIN, "github.io"),
    "the reader's own domain": (Kind.DOMAIN, "clyde.example"),
    "the reader's own, below": (Kind.URL, "https://login.clyde.example/"),
    "the reader's own, in full-width letters": (Kind.DOMAIN, "ｃｌｙｄｅ.example"),
    "the reader's own network": (Kind.CIDR, "203.0.112.0/22"),
    "the reader's own address": (Kind.IPV4, "203.0.113.7"),
    "the whole internet": (Kind.CIDR, "0.0.0.0/1"),
}


def levels(agent: Agent) -> Levels:
    """As `agent serve` has them: with the other members' names."""
    own = msgspec.structs.replace(agent.house.config.own, networks=("203.0.113.0/24",))
    members = (assets_of("Harbour Bank plc"), assets_of("Ayr Bank plc"), assets_of("Bute Bank plc"))
    return Levels(agent.house.store, guard_for(own, Classifier(own_assets(own), members)))


async def named(agent: Agent, value: Observable) -> str:
    """Name a value, past the agent's own door; the hub's refusal, or empty."""
    try:
        outcomes = await agent.tell("/v1/reports", agent.report_message(value))
    except (Refused, httpx.HTTPError) as error:
        return str(error)
    return "; ".join(one.reason for one in outcomes if one.reason)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("colluding", [1, 2])
async def test_no_target_is_blocked_and_somebody_says_why(tmp_path, target, colluding):
    async with Alliance(tmp_path) as alliance:
        members = [await alliance.join(short, follow=False) for short in ("ayr", "bute")]
        honest = [await alliance.join(short, follow=False) for short in ("dee", "esk")]
        reader = await alliance.join("clyde")
        value = normalise(*TARGETS[target])
        refusals = [await named(member, value) for member in members[:colluding]]
        for member in honest:
            await member.report(EVIL)
        await alliance.settled()
        now = alliance.clock.now()
        assert [one.observable for one in levels(reader).blocked(now)] == [EVIL], "the good one is delivered"
        known = {one.observable: one.judgement for one in levels(reader).known(now)}
        if value in known:
            assert known[value].level is not Level.BLOCK
            assert colluding == 1 or known[value].level is Level.HOLD
            assert all(known[value].reasons)
        else:
            assert all(refusals) or reader.alarms(), "refused, with the reason"


async def test_what_a_person_said_is_a_customers_is_held(tmp_path):
    async with Alliance(tmp_path) as alliance:
        members = [await alliance.join(short, follow=False) for short in ("ayr", "bute")]
        reader = await alliance.join("clyde")
        for member in members:
            await member.report(EVIL)
        await alliance.settled()
        own = reader.house.config.own
        word = Correction("cor_1", EVIL, Owner.CUSTOMER, "Jane", Instant(0), "asked their SOC")
        guard = guard_for(own, Classifier(own_assets(own), corrections=Corrections([word])))
        found = {
            one.observable: one.judgement
            for one in Levels(reader.house.store, guard).known(alliance.clock.now())
        }
        assert found[EVIL].level is Level.HOLD
        assert found[EVIL].reasons == ("Jane said so on 1970-01-01: asked their SOC",)


async def test_junk_that_nobody_confirms_is_not_even_looked_at(tmp_path):
    """A flood of one member's: its values are watched, and the look for what is blocked passes over them."""
    async with Alliance(tmp_path) as alliance:
        members = [await alliance.join(short, follow=False) for short in ("ayr", "bute")]
        reader = await alliance.join("clyde")
        for member in members:
            await member.report(EVIL)
        await alliance.settled()
        now = alliance.clock.now()
        rows: list[Params] = [
            {
                "value": f"domain:junk-{number}.example", "stream": "members", "seq": 10_000_000 + number,
                "fact": "rpt_flood", "kind": "named", "may_block": 1, "since": now, "expires": now + DAY,
            }
            for number in range(200_000)
        ]  # fmt: skip
        reader.house.store.run("flood", lambda tx: tx.run_each("post", rows))
        asked: list[Observable] = []

        def guard(observable: Observable) -> tuple[str, ...]:
            asked.append(observable)
            return ()

        assert [one.observable for one in Levels(reader.house.store, guard).blocked(now)] == [EVIL]
        assert asked == [EVIL]
