# SPDX-License-Identifier: Apache-2.0
import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import DAY, Instant
from tocsin.domain.disclosure import PARTS, Attack, Disclosure, Indicator
from tocsin.domain.linter import (
    MAX_EXTERNAL_IDS,
    MAX_INDICATORS,
    RULES,
    lint,
    lint_normal,
    lint_observable,
    lint_warning,
    require_clean,
)
from tocsin.domain.marking import TLP, Marking
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.domain.warning import Urgency, Warning
from tocsin.errors import Malformed, Refused

GOOD = Disclosure(
    report_id="rpt_" + "0" * 32,
    attack=Attack.PHISHING,
    happened="2026-11-21",
    indicators=(Indicator(Observable(Kind.DOMAIN, "evil.example"), "landing-host"),),
    external_ids=("CVE-2026-1234", "T1566.002"),
    marking=Marking(),
)


def registrable(host: str) -> str | None:
    """A tiny suffix list of its own: com, co.uk."""
    labels = host.split(".")
    depth = 3 if host.endswith(".co.uk") or host == "co.uk" else 2
    return ".".join(labels[-depth:]) if len(labels) >= depth and labels[-1] in ("com", "uk") else None


def rules_broken(kind: Kind, value: str) -> set[str]:
    found = list(lint_observable(Observable(kind, value), registrable, "x"))
    if [finding.rule for finding in found] != ["normal-form"]:
        assert list(lint_normal(Observable(kind, value), registrable, "x")) == found
    return {finding.rule for finding in found}


def test_a_good_disclosure_passes() -> None:
    assert lint(GOOD, registrable) == ()
    assert require_clean(GOOD, registrable) is GOOD


def test_the_text_of_a_disclosure_names_its_values_alone() -> None:
    told = msgspec.structs.replace(GOOD, text="Two calls.\nThe page was evil[.]example.")
    assert lint(told, registrable) == ()
    (found,) = lint(msgspec.structs.replace(told, text=told.text + "\nAsk jane[@]bank[.]com."), registrable)
    assert (found.rule, found.where) == ("text-untold", "text, line 3")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.DOMAIN, "evil.com"),
        (Kind.DOMAIN, "www.evil.co.uk"),
        (Kind.DOMAIN, "bank.example"),
        (Kind.IPV4, "9.9.9.10"),
        (Kind.IPV4, "192.0.2.1"),
        (Kind.IPV4, "203.0.113.9"),
        (Kind.IPV6, "2001:db8::1"),
        (Kind.IPV6, "2a01::1"),
        (Kind.IPV6, "3fff::1"),
        (Kind.CIDR, "9.9.0.0/16"),
        (Kind.CIDR, "198.51.100.0/24"),
        (Kind.URL, "https://evil.com/a?b=c"),
        (Kind.URL, "http://203.0.113.9/x"),
        (Kind.URL, "https://medium.com/@someone/post"),
        (Kind.EMAIL, "a@evil.com"),
        (Kind.MD5, "a" * 32),
        (Kind.SHA256, "a" * 64),
        (Kind.SYSTEM, "AS64501"),
        (Kind.SYSTEM, "AS65551"),
        (Kind.FILE_NAME, "invoice.pdf.exe"),
    ],
)
def test_indicators_and_documentation_values_may_leave(kind: Kind, value: str) -> None:
    assert rules_broken(kind, value) == set()


@pytest.mark.parametrize(
    ("kind", "value", "rule"),
    [
        (Kind.DOMAIN, "Evil.com", "normal-form"),
        (Kind.DOMAIN, "localhost", "normal-form"),
        (Kind.URL, "https://user:secret@evil.com/", "normal-form"),
        (Kind.URL, "https://evil.com/#jane@bank.example", "normal-form"),
        (Kind.SHA256, "A" * 64, "normal-form"),
        (Kind.IPV4, "10.1.2.3", "private-address"),
        (Kind.IPV4, "127.0.0.1", "private-address"),
        (Kind.IPV4, "100.64.0.1", "private-address"),
        (Kind.IPV4, "169.254.1.1", "private-address"),
        (Kind.IPV4, "224.0.0.1", "private-address"),
        (Kind.IPV6, "fd00::1", "private-address"),
        (Kind.IPV6, "fd00::a", "private-address"),
        (Kind.IPV6, "::1", "private-address"),
        (Kind.CIDR, "192.168.0.0/16", "private-address"),
        (Kind.CIDR, "9.0.0.0/8", "too-wide"),
        (Kind.CIDR, "2a01::/16", "too-wide"),
        (Kind.URL, "http://192.168.1.1/admin", "private-address"),
        (Kind.DOMAIN, "co.uk", "unregistered"),
        (Kind.DOMAIN, "srv7.corp.local", "unregistered"),
        (Kind.URL, "https://intranet.bank/", "unregistered"),
        (Kind.EMAIL, "jane@corp.local", "unregistered"),
        (Kind.URL, "https://evil.com/?u=jane@bank.com", "address-in-url"),
        (Kind.URL, "https://evil.com/jane%40bank.com/x", "address-in-url"),
        (Kind.URL, "https://evil.com/jane%2540bank.com/x", "address-in-url"),
        (Kind.URL, f"https://evil.com/?u={base64.b64encode(b'jane@bank.com').decode()}", "address-in-url"),
        (Kind.FILE_NAME, "for jane@bank.com.html", "address-in-file-name"),
        (Kind.BIC, "HARRGB2L", "institution"),
        (Kind.BIN, "476210", "institution"),
        (Kind.SYSTEM, "AS0", "private-system"),
        (Kind.SYSTEM, "AS23456", "private-system"),
        (Kind.SYSTEM, "AS64512", "private-system"),
        (Kind.SYSTEM, "AS4200000000", "private-system"),
        (Kind.SYSTEM, "as64501", "normal-form"),
        (Kind.FILE_NAME, "Invoice.exe", "normal-form"),
    ],
)
def test_each_rule_has_its_sinner(kind: Kind, value: str, rule: str) -> None:
    assert rule in rules_broken(kind, value)


def test_every_rule_about_values_is_tried_above() -> None:
    tried = {
        mark.args[1][i][2]
        for mark in test_each_rule_has_its_sinner.pytestmark
        for i in range(len(mark.args[1]))
    }
    assert {name for name, _ in RULES} | {"normal-form"} == tried


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"report_id": "bank-7"}, "report-id"),
        ({"happened": "2026-11-21T08:30:00Z"}, "day"),
        ({"happened": "20261121"}, "day"),
        ({"happened": "2026-02-30"}, "day"),
        ({"indicators": (), "external_ids": ()}, "count"),
        ({"indicators": GOOD.indicators * 2}, "repeated"),
        ({"indicators": (Indicator(Observable(Kind.DOMAIN, "evil.com"), "Northmoor"),)}, "part"),
        ({"external_ids": ("TICKET-7",)}, "external-ids"),
        ({"external_ids": ("T١٥٦٦",)}, "external-ids"),
        ({"external_ids": ("T1566", "S0154")}, "external-ids"),
        ({"external_ids": ("T1566", "T1566")}, "external-ids"),
        ({"external_ids": tuple(f"T{n}" for n in range(1000, 1001 + MAX_EXTERNAL_IDS))}, "external-ids"),
        ({"marking": Marking(tlp=TLP.RED)}, "marking"),
        ({"indicators": (Indicator(Observable(Kind.FILE_NAME, "invoice.exe"), "attachment"),)}, "name-alone"),
    ],
)
def test_each_rule_about_the_envelope_has_its_sinner(change: dict[str, object], rule: str) -> None:
    bad = msgspec.structs.replace(GOOD, **change)
    assert rule in {finding.rule for finding in lint(bad, registrable)}
    with pytest.raises(Refused):
        require_clean(bad, registrable)


def test_the_name_of_a_file_is_told_beside_the_digest_of_one() -> None:
    name = Indicator(Observable(Kind.FILE_NAME, "invoice.exe"), "attachment")
    digest = Indicator(Observable(Kind.SHA256, "a" * 64), "attachment")
    assert lint(msgspec.structs.replace(GOOD, indicators=(name, digest)), registrable) == ()


def test_more_values_than_the_bound_are_refused_and_not_all_looked_at() -> None:
    many = tuple(
        Indicator(Observable(Kind.DOMAIN, f"h{n}.local"), "link") for n in range(MAX_INDICATORS + 50)
    )
    findings = lint(msgspec.structs.replace(GOOD, indicators=many), registrable)
    assert findings[0].rule == "count"
    assert len(findings) == MAX_INDICATORS + 1


def test_a_finding_names_the_place_and_never_repeats_the_value() -> None:
    secret = Indicator(Observable(Kind.URL, "https://evil.com/?u=jane@bank.com"), "link")
    bad = msgspec.structs.replace(GOOD, indicators=(*GOOD.indicators, secret))
    with pytest.raises(Refused, match=r"indicators\[1\]") as caught:
        require_clean(bad, registrable)
    assert "jane" not in str(caught.value)


def test_the_values_of_a_warning_meet_the_same_rules() -> None:
    look_for = (Observable(Kind.IPV4, "10.0.0.1"), Observable(Kind.DOMAIN, "evil.com"))
    warning = Warning(
        id="wrn_" + "0" * 32,
        author="prt_" + "0" * 32,
        title="t",
        look_for=look_for * 2,
        measures="m",
        urgency=Urgency.URGENT,
        issued=Instant(0),
        expires=Instant(DAY),
    )
    assert [finding.rule for finding in lint_warning(warning, registrable)] == [
        "repeated", "private-address", "private-address",
    ]  # fmt: skip


@given(st.sampled_from(sorted(Kind)), st.text(max_size=80), st.sampled_from(sorted(PARTS)))
def test_any_value_is_judged_and_what_passes_is_normal(kind: Kind, text: str, part: str) -> None:
    if not rules_broken(kind, text):
        assert normalise(kind, text) == Observable(kind, text)
    try:
        value = normalise(kind, text)
    except Malformed:
        return
    lint(msgspec.structs.replace(GOOD, indicators=(Indicator(value, part),)), registrable)
