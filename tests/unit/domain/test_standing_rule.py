# SPDX-License-Identifier: Apache-2.0
"""What leaves without a person: a table of single reasons, and properties over every draft and set of rules."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import TLP, Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.standing_rule import Outgoing, StandingRule, decide

RULE = StandingRule(
    name="phish-machines",
    attacks=frozenset({Attack.PHISHING}),
    kinds=frozenset({Kind.URL, Kind.DOMAIN, Kind.IPV4, Kind.SHA256}),
    formats=frozenset({"mail"}),
)
PART = msgspec.structs.replace(RULE, name="part", whole=False)
LINK, HOST, SENDER = (
    Indicator(Observable(kind, value), "named")
    for kind, value in (
        (Kind.URL, "https://evil.example/"),
        (Kind.DOMAIN, "hosts.example"),
        (Kind.EMAIL, "evil@evil.example"),
    )
)


def told(
    *values: Indicator,
    attack: Attack = Attack.PHISHING,
    tlp: TLP = TLP.AMBER,
    read_as: str = "mail",
    report_class: str = "named",
    audiences: tuple[str, ...] = ("members",),
    wider: tuple[Indicator, ...] = (),
    text: str = "",
) -> Outgoing:
    ids, marking = ("T1566.002",), Marking(tlp=tlp)
    disclosure = Disclosure("rpt_" + "0" * 32, attack, "2026-11-21", values, ids, marking, text=text)
    return Outgoing(disclosure, read_as, report_class, audiences, frozenset(one.observable for one in wider))


@pytest.mark.parametrize(
    ("outgoing", "reason"),
    [
        (told(LINK, attack=Attack.MALWARE), "phish-machines does not cover malware"),
        (told(LINK, tlp=TLP.AMBER_STRICT), "phish-machines does not cover TLP:AMBER+STRICT"),
        (told(LINK, read_as="list"), "phish-machines does not cover a file read as list"),
        (told(LINK, report_class="now"), "phish-machines does not cover class now"),
        (told(LINK, audiences=("members", "all")), "phish-machines does not cover the audience all"),
        (told(LINK, SENDER), "phish-machines does not cover email"),
        (told(LINK, HOST, wider=(HOST,)), "phish-machines does not cover what is wider than the file"),
        (told(), "phish-machines does not cover a draft without values"),
        (told(LINK, text="Two calls."), "phish-machines does not cover a text"),
    ],
)
def test_a_draft_waits_for_one_reason_that_is_said(outgoing: Outgoing, reason: str) -> None:
    ruling = decide(outgoing, (RULE,))
    assert (ruling.rule, ruling.goes, ruling.reasons) == ("", (), (reason,))
    assert ruling.waits == outgoing.disclosure.indicators


def test_what_a_rule_covers_goes_and_names_the_rule() -> None:
    ruling = decide(told(LINK, HOST), (RULE,))
    assert (ruling.rule, ruling.goes, ruling.waits, ruling.reasons) == (RULE.name, (LINK, HOST), (), ())


def test_without_a_rule_nothing_goes() -> None:
    assert decide(told(LINK), ()).reasons == ("no standing rule is declared",)


def test_a_part_goes_only_by_a_rule_that_says_so() -> None:
    ruling = decide(told(LINK, SENDER), (RULE, PART))
    assert (ruling.rule, ruling.goes, ruling.waits) == ("part", (LINK,), (SENDER,))
    assert len(ruling.reasons) == 2


def test_a_rule_for_the_whole_draft_is_preferred_to_an_earlier_one_for_a_part() -> None:
    whole = msgspec.structs.replace(RULE, name="all", kinds=frozenset(Kind))
    assert decide(told(LINK, SENDER), (PART, whole)).rule == "all"


INDICATORS = st.lists(st.sampled_from([LINK, HOST, SENDER]), unique=True, max_size=3).map(tuple)
DRAFTS = st.builds(
    lambda values, attack, tlp, read_as, report_class, audience, wider: told(
        *values,
        attack=attack,
        tlp=tlp,
        read_as=read_as,
        report_class=report_class,
        audiences=(audience,),
        wider=wider,
    ),
    INDICATORS,
    st.sampled_from(Attack),
    st.sampled_from(TLP),
    st.sampled_from(["mail", "list"]),
    st.sampled_from(["named", "now"]),
    st.sampled_from(["members", "all"]),
    INDICATORS,
)
RULES = st.lists(
    st.builds(
        StandingRule,
        name=st.sampled_from("abc"),
        attacks=st.frozensets(st.sampled_from(Attack)),
        kinds=st.frozensets(st.sampled_from(Kind)),
        formats=st.frozensets(st.sampled_from(["mail", "list"])),
        up_to=st.sampled_from(TLP),
        classes=st.frozensets(st.sampled_from(["named", "now"])),
        audiences=st.frozensets(st.sampled_from(["members", "all"])),
        whole=st.booleans(),
    ),
    max_size=3,
)


@given(DRAFTS, RULES)
def test_everything_either_goes_or_waits_and_whatever_waits_has_a_reason(
    outgoing: Outgoing, rules: list[StandingRule]
) -> None:
    ruling = decide(outgoing, rules)
    assert sorted(ruling.goes + ruling.waits, key=str) == sorted(outgoing.disclosure.indicators, key=str)
    assert bool(ruling.goes) == bool(ruling.rule)
    assert bool(ruling.reasons) == bool(ruling.waits or not ruling.rule)


@given(DRAFTS, RULES)
def test_whatever_goes_is_named_by_every_part_of_one_rule(
    outgoing: Outgoing, rules: list[StandingRule]
) -> None:
    ruling = decide(outgoing, rules)
    disclosure = outgoing.disclosure
    if not ruling.goes:
        return
    assert not {one.observable for one in ruling.goes} & outgoing.wider
    assert any(
        rule.name == ruling.rule
        and disclosure.attack in rule.attacks
        and {one.observable.kind for one in ruling.goes} <= rule.kinds
        and outgoing.report_class in rule.classes
        and set(outgoing.audiences) <= rule.audiences
        and (not rule.formats or outgoing.format in rule.formats)
        and (not rule.whole or not ruling.waits)
        and list(TLP).index(disclosure.marking.tlp) <= list(TLP).index(rule.up_to)
        for rule in rules
    )


@given(DRAFTS, RULES)
def test_a_narrower_rule_never_lets_more_go(outgoing: Outgoing, rules: list[StandingRule]) -> None:
    narrower = [msgspec.structs.replace(rule, kinds=rule.kinds & {Kind.URL}, whole=True) for rule in rules]
    assert set(decide(outgoing, narrower).goes) <= set(decide(outgoing, rules).goes)
