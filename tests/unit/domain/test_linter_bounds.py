# SPDX-License-Identifier: Apache-2.0
"""The linter at its edges: the last value that may leave and the first that may not, and where each finding points."""

import msgspec
import pytest
from tests.unit.domain.test_linter import GOOD, registrable, rules_broken

from tocsin.clock import DAY, Instant, cpu_seconds
from tocsin.domain.disclosure import Disclosure, Indicator
from tocsin.domain.linter import MAIL_ADDRESS, lint, lint_observable, lint_warning
from tocsin.domain.marking import TLP, Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.warning import Urgency, Warning


def places(disclosure: Disclosure) -> set[tuple[str, str]]:
    return {(finding.rule, finding.where) for finding in lint(disclosure, registrable)}


def values(count: int) -> tuple[Indicator, ...]:
    return tuple(Indicator(Observable(Kind.DOMAIN, f"h{number}.com"), "link") for number in range(count))


def test_a_thousand_values_leave_and_one_more_does_not() -> None:
    assert places(msgspec.structs.replace(GOOD, indicators=values(1_000))) == set()
    assert places(msgspec.structs.replace(GOOD, indicators=values(1_001))) == {("count", "indicators")}


def test_a_hundred_identifiers_leave_and_one_more_does_not() -> None:
    names = tuple(f"T{number}" for number in range(1_000, 1_101))
    assert places(msgspec.structs.replace(GOOD, external_ids=names[:100])) == set()
    assert places(msgspec.structs.replace(GOOD, external_ids=names)) == {("external-ids", "external_ids")}


@pytest.mark.parametrize(
    ("value", "broken"),
    [
        ("9.9.0.0/16", set()),
        ("9.8.0.0/15", {"too-wide"}),
        ("2a01::/32", set()),
        ("2a00::/31", {"too-wide"}),
        ("3fff::/32", set()),
        ("192.168.0.0/15", {"private-address", "too-wide"}),
        ("192.0.0.0/23", {"private-address"}),
        ("100.0.0.0/9", {"private-address", "too-wide"}),
        ("100.63.255.0/24", set()),
    ],
)
def test_a_network_is_narrow_and_public_from_its_first_address_to_its_last(
    value: str, broken: set[str]
) -> None:
    assert rules_broken(Kind.CIDR, value) == broken


def test_a_value_that_is_not_in_normal_form_is_not_looked_at_further() -> None:
    assert rules_broken(Kind.DOMAIN, "localhost") == {"normal-form"}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"report_id": "bank-7"}, ("report-id", "report_id")),
        ({"happened": "yesterday"}, ("day", "happened")),
        ({"marking": Marking(tlp=TLP.RED)}, ("marking", "marking")),
        ({"indicators": GOOD.indicators * 2}, ("repeated", "indicators")),
        ({"external_ids": ("TICKET-7",)}, ("external-ids", "external_ids")),
        ({"indicators": (*GOOD.indicators, *values(1))}, None),
    ],
)
def test_a_finding_points_to_the_field(change: dict[str, object], place: tuple[str, str] | None) -> None:
    assert places(msgspec.structs.replace(GOOD, **change)) == ({place} if place else set())


def test_a_finding_about_a_warning_points_to_what_it_looks_for() -> None:
    one = Observable(Kind.DOMAIN, "evil.com")
    warning = Warning(
        id="wrn_" + "0" * 32,
        author="prt_" + "0" * 32,
        title="t",
        look_for=(one,) * 2,
        measures="",
        urgency=Urgency.URGENT,
        issued=Instant(0),
        expires=Instant(DAY),
    )

    def found(*look_for: Observable) -> list[tuple[str, str]]:
        said = msgspec.structs.replace(warning, look_for=look_for)
        return [(finding.rule, finding.where) for finding in lint_warning(said, registrable)]

    assert found() == [("count", "look_for")]
    assert found(one) == []
    assert found(one, one) == [("repeated", "look_for")]


def test_a_withdrawal_tells_nothing_to_look_for_and_may_leave() -> None:
    gone = Warning(
        id="wrn_" + "0" * 32,
        author="prt_" + "0" * 32,
        title="t",
        look_for=(),
        measures="",
        urgency=Urgency.URGENT,
        issued=Instant(0),
        expires=Instant(DAY),
        version=2,
        withdrawn="It was a drill.",
    )
    assert lint_warning(gone, registrable) == ()


@pytest.mark.parametrize(
    ("text", "address"), [("a" * 200_000, False), ("a" * 200_000 + "@bank.example", True)]
)
def test_looking_for_a_mail_address_costs_one_look_at_each_letter(text: str, address: bool) -> None:
    began = cpu_seconds()
    assert (MAIL_ADDRESS.search(text) is not None) is address
    assert cpu_seconds() - began < 1.0, "starting anew at each letter takes minutes"


def test_a_url_that_hides_more_than_is_looked_through_is_refused_in_plain_words() -> None:
    url = Observable(Kind.URL, "https://evil.com/%" + "25" * 12 + "40")
    (finding,) = lint_observable(url, registrable, "it")
    assert (finding.rule, "hides so much" in finding.sentence) == ("address-in-url", True)


def test_decoys_do_not_hide_a_mail_address_from_the_linter() -> None:
    address = "".join(f"%25{ord(c):02X}" for c in "helen.marsh@bank.example")
    decoys = "/".join(f"xn--{one}{other}-tka" for one in "abcdefghij" for other in "abcdefghi")
    assert rules_broken(Kind.URL, f"https://evil.com/{address}/{decoys}") == {"address-in-url"}
