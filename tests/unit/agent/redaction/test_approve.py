# SPDX-License-Identifier: Apache-2.0
import msgspec
import pytest
from tests.unit.agent.readings import NOW, draft_of, found, mail

from tocsin.agent.redaction.approve import STANDING_RULES, Approved, approve, standing_rule
from tocsin.agent.redaction.redact import Draft
from tocsin.domain.disclosure import Attack, Indicator
from tocsin.domain.marking import TLP, Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import ConfigError, NothingToShare, Refused

LINK = found("url", "https://evil.example/")
SENDER = found("email", "evil@evil.example", "sender")
RULE = standing_rule("phish-machines")


def _changed(draft: Draft, attack: Attack = Attack.PHISHING, tlp: TLP = TLP.AMBER) -> Draft:
    disclosure = msgspec.structs.replace(draft.disclosure, attack=attack, marking=Marking(tlp=tlp))
    return msgspec.structs.replace(draft, disclosure=disclosure)


def test_a_persons_approval_names_the_person_and_the_time() -> None:
    approved = approve(draft_of(LINK, SENDER), "Ada Example", NOW)
    assert (approved.by, approved.at) == ("person Ada Example", NOW)
    assert approved.disclosure == draft_of(LINK, SENDER).disclosure


def test_nobody_is_not_a_person() -> None:
    with pytest.raises(Refused):
        approve(draft_of(LINK), "  ", NOW)


def test_nothing_else_makes_an_approval() -> None:
    with pytest.raises(TypeError):
        Approved(draft_of(LINK).disclosure, "me", NOW, object())


def test_an_approval_cannot_come_from_a_message() -> None:
    with pytest.raises((TypeError, msgspec.ValidationError)):
        msgspec.json.decode(b'{"by":"me"}', type=Approved)


def test_a_draft_that_was_changed_on_the_way_meets_the_linter_again() -> None:
    draft = draft_of(LINK)
    private = Indicator(Observable(Kind.IPV4, "10.0.0.1"), "sending-host")
    forged = msgspec.structs.replace(
        draft, disclosure=msgspec.structs.replace(draft.disclosure, indicators=(private,))
    )
    with pytest.raises(Refused, match="private"):
        approve(forged, "Ada Example", NOW)


def test_the_rule_lets_links_hosts_machines_and_digests_of_a_phish_leave() -> None:
    values = (LINK, found("ipv4", "203.0.113.1", "sending-host"), found("sha256", "a" * 64, "attachment"))
    assert approve(draft_of(*values), RULE, NOW).by == "rule phish-machines"


@pytest.mark.parametrize(
    "draft",
    [
        draft_of(LINK, SENDER),
        _changed(draft_of(LINK), attack=Attack.MALWARE),
        _changed(draft_of(LINK), tlp=TLP.AMBER_STRICT),
    ],
)
def test_what_the_rule_does_not_cover_waits_for_a_person(draft: Draft) -> None:
    with pytest.raises(Refused, match="a person may approve"):
        approve(draft, RULE, NOW)
    approve(draft, "Ada Example", NOW)


def test_a_draft_can_be_narrowed_to_the_rule_and_the_rest_waits() -> None:
    narrow = RULE.narrow(draft_of(LINK, SENDER))
    approve(narrow, RULE, NOW)
    assert [i.observable.kind for i in narrow.disclosure.indicators] == [Kind.URL]
    assert "waits for a person" in narrow.stays[-1].reason
    with pytest.raises(NothingToShare):
        RULE.narrow(draft_of(reading=mail(SENDER)))


def test_rules_are_found_by_name_and_say_what_they_allow() -> None:
    assert all(name == rule.name and rule.sentence for name, rule in STANDING_RULES.items())
    with pytest.raises(ConfigError, match="phish-machines"):
        standing_rule("anything-goes")


def test_no_rule_lets_a_domain_leave_that_is_wider_than_the_file() -> None:
    draft = draft_of(found("url", "https://northmoor.hosts.com/z"), LINK)
    with pytest.raises(Refused, match="wider than the file"):
        approve(draft, RULE, NOW)
    narrow = RULE.narrow(draft)
    assert [i.observable.value for i in approve(narrow, RULE, NOW).disclosure.indicators] == [
        "https://evil.example/"
    ]
    assert "waits for a person" in narrow.stays[-1].reason
    assert len(approve(draft, "Ada Example", NOW).disclosure.indicators) == 2
