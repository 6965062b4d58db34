# SPDX-License-Identifier: Apache-2.0
import random

import msgspec
import pytest
from tests.unit.agent.readings import NOW, draft_of, found, mail

from tocsin.agent.redaction.approve import (
    Approved,
    approve,
    approve_by_rule,
    outgoing,
    parted,
    standing_rules,
)
from tocsin.agent.redaction.redact import Draft
from tocsin.config.agent import DeclaredRule
from tocsin.domain.disclosure import Indicator
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.standing_rule import decide
from tocsin.errors import ConfigError, Refused

LINK = found("url", "https://evil.example/")
SENDER = found("email", "evil@evil.example", "sender")
DECLARED = DeclaredRule("phish", ("phishing",), ("url", "ipv4", "sha256"), ("mail",))
RULES = standing_rules((DECLARED,))


def _by_rule(draft: Draft) -> Approved:
    return approve_by_rule(draft, outgoing(draft, "mail", "named", ("members",)), RULES, NOW)


def test_a_persons_approval_names_the_person_and_the_time() -> None:
    approved = approve(draft_of(LINK, SENDER), "Ada Example", NOW)
    assert (approved.by, approved.at, approved.people) == ("person Ada Example", NOW, 1)
    assert not approved.unattended
    assert approved.disclosure == draft_of(LINK, SENDER).disclosure


def test_the_approval_of_two_names_both() -> None:
    approved = approve(draft_of(LINK), "Ada Example", NOW, second="Bo Example")
    assert (approved.by, approved.people) == ("person Ada Example and person Bo Example", 2)


@pytest.mark.parametrize("second", ["", "Bo Example"])
def test_nobody_is_not_a_person(second: str) -> None:
    with pytest.raises(Refused):
        approve(draft_of(LINK), "  ", NOW, second=second)


def test_nothing_else_makes_an_approval() -> None:
    with pytest.raises(TypeError):
        Approved(draft_of(LINK).disclosure, "me", NOW, object(), people=1)


def test_an_approval_cannot_come_from_a_message() -> None:
    with pytest.raises((TypeError, msgspec.ValidationError)):
        msgspec.json.decode(b'{"by":"me"}', type=Approved)


def test_a_draft_that_was_changed_on_the_way_meets_the_linter_again() -> None:
    draft = draft_of(found("ipv4", "203.0.113.1", "sending-host"))
    private = Indicator(Observable(Kind.IPV4, "10.0.0.1"), "sending-host")
    forged = msgspec.structs.replace(
        draft, disclosure=msgspec.structs.replace(draft.disclosure, indicators=(private,))
    )
    for sends in (lambda: approve(forged, "Ada Example", NOW), lambda: _by_rule(forged)):
        with pytest.raises(Refused, match="private"):
            sends()


def test_what_a_rule_covers_leaves_by_its_name_and_unattended() -> None:
    values = (LINK, found("ipv4", "203.0.113.1", "sending-host"), found("sha256", "a" * 64, "attachment"))
    approved = _by_rule(draft_of(*values))
    assert (approved.by, approved.people, approved.unattended) == ("rule phish", 0, True)


def test_what_a_rule_does_not_cover_waits_for_a_person() -> None:
    with pytest.raises(Refused, match="phish does not cover email; a person may approve"):
        _by_rule(draft_of(LINK, SENDER))


def test_no_rule_lets_a_domain_leave_that_is_wider_than_the_file() -> None:
    every = msgspec.structs.replace(DECLARED, kinds=tuple(Kind))
    draft = draft_of(found("url", "https://northmoor.hosts.com/z"), LINK)
    asked = outgoing(draft, "mail", "named", ("members",))
    with pytest.raises(Refused, match="wider than the file"):
        approve_by_rule(draft, asked, standing_rules((every,)), NOW)
    assert len(approve(draft, "Ada Example", NOW).disclosure.indicators) == 2


def test_a_draft_in_two_parts_says_all_of_it_once_and_under_two_identifiers() -> None:
    draft = draft_of(LINK, SENDER)
    part = standing_rules((msgspec.structs.replace(DECLARED, whole=False),))
    ruling = decide(outgoing(draft, "mail", "named", ("members",)), part)
    goes, waits = parted(draft, ruling.goes, random.Random(2).randbytes)
    assert [i.observable.kind for i in goes.disclosure.indicators] == [Kind.URL]
    assert [i.observable.kind for i in waits.disclosure.indicators] == [Kind.EMAIL]
    assert [leaving.indicator for leaving in waits.leaves] == list(waits.disclosure.indicators)
    assert goes.disclosure.report_id != waits.disclosure.report_id
    assert "waits for a person" in goes.stays[-1].reason
    assert _by_rule(goes).disclosure == goes.disclosure


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"attacks": ("fishing",)}, "fishing"),
        ({"kinds": ("urls",)}, "urls"),
        ({"formats": ("eml",)}, "eml"),
        ({"up_to": "TLP:PURPLE"}, "PURPLE"),
        ({"classes": ("anonymous",)}, "anonymous"),
        ({"audiences": ("everybody",)}, "everybody"),
    ],
)
def test_a_word_of_a_rule_that_means_nothing_is_named_with_the_rule(
    wrong: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=f"'phish'.*{said}"):
        standing_rules((msgspec.structs.replace(DECLARED, **wrong),))


@pytest.mark.parametrize("names", [("a", "a"), (" ",)])
def test_each_rule_has_a_name_of_its_own(names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="a name of its own"):
        standing_rules([msgspec.structs.replace(DECLARED, name=name) for name in names])


def test_a_mail_without_a_covered_value_waits_as_a_whole() -> None:
    with pytest.raises(Refused):
        _by_rule(draft_of(reading=mail(SENDER, passed=("dmarc",))))
