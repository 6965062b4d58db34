# SPDX-License-Identifier: Apache-2.0
"""A person changes a draft that waits: it is drafted anew, and whoever agreed is asked again."""

from pathlib import Path

import pytest
from tests.unit.agent.readings import found
from tests.unit.agent.test_decide import ANA, BO, MEMBERS, NOBODY, RULE, bank, journal, queued, with_settings

from tocsin.agent.house import House
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.redact import redact
from tocsin.agent.verbs.decide import agree, by_rules_now, ruling_now, wait, waiting
from tocsin.agent.verbs.report import Prepared
from tocsin.agent.verbs.revise import Revision, revise
from tocsin.domain.disclosure import Attack
from tocsin.domain.marking import TLP, Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import Conflict, Forbidden, Malformed, NothingToShare

LINK, SENDER = found("url", "https://evil.example/a"), found("email", "evil@evil.example", "sender")
SEEN = found("domain", "seen.example", "text")
OURS = found("domain", "www.ayr.example", "text")
READING = Reading("mail", found=(LINK, SENDER, SEEN, OURS), authentication=(("dmarc", "pass"),))


def draft(house: House) -> str:
    """A draft of the link and the sender, as it waits."""
    found = redact(READING, NOBODY, attack=Attack.PHISHING, now=house.clock.now(), entropy=house.entropy)
    return wait(house, Prepared("phish.eml", b"mail", READING, found), MEMBERS, ANA).id


def revision(*named: Observable, attack: Attack = Attack.FRAUD) -> Revision:
    return Revision(MEMBERS, attack, Marking(tlp=TLP.GREEN), frozenset(named))


async def test_it_names_exactly_what_was_ticked(tmp_path: Path) -> None:
    async with bank(tmp_path) as agent:
        house = agent.house
        one = draft(house)
        made = revise(house, NOBODY, one, revision(LINK.observable, SEEN.observable), BO)
        named = {str(indicator.observable) for indicator in made.draft.disclosure.indicators}
        assert named == {"url:https://evil.example/a", "domain:seen.example"}
        assert made.draft.disclosure.attack is Attack.FRAUD
        assert made.draft.disclosure.marking.tlp is TLP.GREEN
        assert [waits.id for waits in waiting(house)] == [one], "under the same address"
        assert (BO, "changed a draft") in journal(house)


async def test_whoever_agreed_is_asked_again(tmp_path: Path) -> None:
    async with bank(tmp_path) as agent:
        house = with_settings(agent, approvals=2)
        one = draft(house)
        agree(house, NOBODY, one, ANA)
        assert revise(house, NOBODY, one, revision(LINK.observable), BO).agreed == ()
        agree(house, NOBODY, one, ANA)
        assert queued(agent) == 0


async def test_nobody_agrees_to_what_took_the_place_of_what_they_saw(tmp_path: Path) -> None:
    """A page that one person has open still bears what another has changed meanwhile."""
    async with bank(tmp_path) as agent:
        house = with_settings(agent, RULE, approvals=2)
        one = draft(house)
        seen = waiting(house)[0].seen()
        changed = revise(house, NOBODY, one, revision(LINK.observable), BO)
        with pytest.raises(Conflict, match="changed after you opened it"):
            agree(house, NOBODY, one, ANA, seen=seen)
        with pytest.raises(Conflict, match="changed after you opened it"):
            by_rules_now(house, one, ANA, seen=seen)
        agree(house, NOBODY, one, ANA, seen=changed.seen())
        assert waiting(house)[0].seen() == changed.seen(), "an agreement changes nothing of what leaves"


async def test_what_is_the_banks_own_is_never_named(tmp_path: Path) -> None:
    async with bank(tmp_path) as agent:
        one = draft(agent.house)
        for bad in (OURS.observable, Observable(Kind.DOMAIN, "elsewhere.example")):
            with pytest.raises(Malformed):
                revise(agent.house, NOBODY, one, revision(LINK.observable, bad), BO)
        with pytest.raises(NothingToShare):
            revise(agent.house, NOBODY, one, revision(), BO)
        assert len(waiting(agent.house)[0].draft.disclosure.indicators) > 1, "it waits as it was"


async def test_no_rule_sends_what_is_named_by_one_persons_word_alone(tmp_path: Path) -> None:
    """Else whoever may draft, and not approve, could name anything unclear and let it go."""
    async with bank(tmp_path) as agent:
        every = type(RULE)("every", ("phishing",), tuple(Kind))
        house = with_settings(agent, every, approvals=2)
        one = draft(house)
        vouched = revision(LINK.observable, SEEN.observable, attack=Attack.PHISHING)
        made = revise(house, NOBODY, one, vouched, BO)
        assert ruling_now(house, made).rule == ""
        with pytest.raises(Forbidden):
            by_rules_now(house, one, BO)
        assert queued(agent) == 0
        plain = revise(house, NOBODY, one, revision(LINK.observable, attack=Attack.PHISHING), BO)
        assert ruling_now(house, plain).rule == "every"


async def test_a_rule_sends_what_it_covers_and_the_rest_waits_on(tmp_path: Path) -> None:
    async with bank(tmp_path) as agent:
        part = with_settings(agent, type(RULE)("part", ("phishing",), ("url",), whole=False))
        one = draft(part)
        made = by_rules_now(part, one, BO)
        assert made.queued is not None
        assert queued(agent) == 1
        (left,) = waiting(part)
        assert "url" not in {indicator.observable.kind for indicator in left.draft.disclosure.indicators}
        with pytest.raises(Forbidden):
            by_rules_now(part, left.id, BO)
