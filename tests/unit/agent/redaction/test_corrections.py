# SPDX-License-Identifier: Apache-2.0
"""A person's word on whose a value is: wide where it keeps home, exact where it accuses, and never stronger than
what the bank owns."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.agent.readings import NORTH, NOW, SOUTH, found, mail

from tocsin.agent.readers.reading import Found, Reading
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.corrections import Correction, Corrections
from tocsin.agent.redaction.owner import Owner, Value
from tocsin.agent.redaction.redact import redact
from tocsin.domain.disclosure import Attack
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import NothingToShare

LINK = found("url", "https://shop.hosts.com/login")
NOTE = found("domain", "evil.example", "text", "text")


def word(kind: str, value: str, owner: Owner) -> Correction:
    return Correction("cor_1", normalise(Kind(kind), value), owner, "Ana", NOW, "asked them")


def door(*words: Correction) -> Classifier:
    return Classifier(NORTH, (SOUTH,), corrections=Corrections(words))


def judged(value: Found, *words: Correction) -> Value:
    (found_value,) = door(*words).classify(mail(value, passed=("spf",)))
    return found_value


@pytest.mark.parametrize("owner", [Owner.OURS, Owner.CUSTOMER, Owner.BYSTANDER])
@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("url", "https://shop.hosts.com/login", LINK),
        ("domain", "shop.hosts.com", LINK),
        ("domain", "hosts.com", LINK),
        ("domain", "shop.hosts.com", found("domain", "hosts.com")),
        ("domain", "hosts.com", found("email", "a@shop.hosts.com", "sender")),
        ("ipv4", "203.0.113.7", found("url", "http://203.0.113.7/x")),
        ("cidr", "203.0.113.0/28", found("ipv4", "203.0.113.7", "sending-host")),
        ("ipv4", "203.0.113.7", found("cidr", "203.0.113.0/28", "named")),
        ("sha256", "a" * 64, found("sha256", "a" * 64, "attachment")),
    ],
)
def test_what_is_said_to_be_somebodys_stays_with_all_that_would_take_it_along(
    owner: Owner, kind: str, value: str, kept: Found
) -> None:
    assert judged(kept).owner is Owner.ATTACKER
    found_value = judged(kept, word(kind, value, owner))
    assert found_value.owner is owner
    assert found_value.reason == "Ana said so on 2026-11-21: asked them"


@pytest.mark.parametrize(
    ("kind", "value", "other"),
    [
        ("url", "https://shop.hosts.com/login", found("url", "https://shop.hosts.com/other")),
        ("domain", "shop.hosts.com", found("domain", "other.hosts.com")),
        ("url", "http://203.0.113.7/x", found("url", "http://203.0.113.7/y")),
        ("ipv4", "203.0.113.7", found("ipv4", "203.0.113.8", "sending-host")),
    ],
)
def test_a_word_on_one_value_says_nothing_of_its_neighbours(kind: str, value: str, other: Found) -> None:
    assert judged(other, word(kind, value, Owner.CUSTOMER)).owner is Owner.ATTACKER


def test_what_a_text_only_mentions_leaves_after_a_person_accused_it() -> None:
    assert judged(NOTE).owner is Owner.UNCLEAR
    accused = judged(NOTE, word("domain", "evil.example", Owner.ATTACKER))
    assert (accused.owner, accused.part) == (Owner.ATTACKER, "named")
    assert "asked them" in accused.reason


def test_an_accusation_is_exact() -> None:
    page = found("url", "https://evil.example/x", "text", "text")
    assert judged(page, word("domain", "evil.example", Owner.ATTACKER)).owner is Owner.UNCLEAR


@pytest.mark.parametrize(
    ("value", "owner"),
    [
        (found("domain", "northmoor.example"), Owner.OURS),
        (found("ipv4", "198.51.100.9", "sending-host"), Owner.OURS),
        (found("email", "northmoor.desk@gmail.com", "sender"), Owner.OURS),
        (found("domain", "suedsoehne.example"), Owner.IMPERSONATED),
        (found("domain", "printer.example"), Owner.BYSTANDER),
        (found("domain", "google.com"), Owner.BYSTANDER),
        (found("ipv4", "10.0.0.1", "sending-host"), Owner.BYSTANDER),
    ],
)
def test_no_word_takes_from_anybody_what_is_theirs(value: Found, owner: Owner) -> None:
    said = Correction("cor_1", value.observable, Owner.ATTACKER, "Ana", NOW, "asked them")
    assert judged(value, said).owner is owner


def test_a_value_that_was_cut_down_to_a_customers_host_stays() -> None:
    reading = mail(found("url", "https://northmoor.hosts.com/z"), passed=("spf",))

    def drafted(*words: Correction) -> list[str]:
        draft = redact(
            reading, door(*words), attack=Attack.PHISHING, now=NOW, entropy=random.Random(1).randbytes
        )
        return [one.observable.value for one in draft.disclosure.indicators]

    assert drafted() == ["hosts.com"]
    with pytest.raises(NothingToShare, match="asked them"):
        drafted(word("domain", "jane.hosts.com", Owner.CUSTOMER))


OWN = st.sampled_from(
    [
        found("domain", "northmoor.example"),
        found("url", "https://www.northmoor.example/login"),
        found("email", "jane.doe@northmoor.example", "sender"),
        found("ipv4", "198.51.100.1", "sending-host"),
        found("cidr", "198.51.100.0/25", "named"),
        found("url", "http://198.51.100.1/x", "text"),
    ]
)
WORDS = st.lists(
    st.builds(
        lambda value, owner: Correction("cor_1", value.observable, owner, "Ana", NOW, "x"),
        OWN | st.sampled_from([LINK, NOTE]),
        st.sampled_from([Owner.ATTACKER, Owner.CUSTOMER, Owner.BYSTANDER, Owner.OURS]),
    ),
    max_size=4,
)


@given(st.lists(OWN, min_size=1, max_size=3), WORDS, st.sampled_from(["mail", "list", "text"]))
def test_no_set_of_words_releases_what_is_our_own(
    values: list[Found], words: list[Correction], read_as: str
) -> None:
    reading = Reading(read_as, found=(*values, NOTE), authentication=(("spf", "pass"),))
    try:
        draft = redact(
            reading, door(*words), attack=Attack.OTHER, now=NOW, entropy=random.Random(1).randbytes
        )
    except NothingToShare:
        return
    assert not {one.observable for one in draft.disclosure.indicators} & {one.observable for one in values}
