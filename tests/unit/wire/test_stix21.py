# SPDX-License-Identifier: Apache-2.0
"""Minting is exact, reading is strict, and nothing rides along: not in a field, a key, a space or an identifier."""

import json
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import DISCLOSURES, OBSERVABLES

from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import PAP, TLP, Marking
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.errors import Malformed
from tocsin.ids import to_stix
from tocsin.wire.stix21 import (
    TLP_REFS,
    StixGrouping,
    StixIndicator,
    disclosure_of,
    indicator_of,
    mint,
    observable_of,
    pattern_of,
    read,
)

ALLIANCE = "identity--9b1d0123-5a3b-4c8e-9b1d-0123456789ab"
STRANGER = "identity--00000000-5a3b-4c8e-9b1d-0123456789ab"
SOME = Disclosure(
    report_id="rpt_1f0c2a645a3b4c8e9b1d0123456789ab",
    attack=Attack.PHISHING,
    happened="2026-11-21",
    indicators=(
        Indicator(Observable(Kind.DOMAIN, "login.example"), "landing-host"),
        Indicator(Observable(Kind.URL, "http://login.example/a'b\\c\"d"), "link"),
    ),
    external_ids=("CVE-2026-12345", "T1566.002"),
    marking=Marking(TLP.GREEN, PAP.GREEN),
)


def minted(disclosure: Disclosure = SOME) -> tuple[StixGrouping, tuple[StixIndicator, ...]]:
    grouping, *indicators = mint(disclosure, ALLIANCE, random.Random(1).randbytes)
    assert isinstance(grouping, StixGrouping)
    return grouping, tuple(one for one in indicators if isinstance(one, StixIndicator))


GROUPING, (FIRST, SECOND) = minted()
GROUPING_JSON, INDICATOR_JSON = msgspec.json.encode(GROUPING), msgspec.json.encode(FIRST)

REORDERED = json.dumps(dict(reversed(json.loads(INDICATOR_JSON).items())), separators=(",", ":")).encode()


@given(DISCLOSURES)
def test_what_is_minted_is_read_and_says_the_same(disclosure: Disclosure) -> None:
    grouping, indicators = minted(disclosure)
    found = [read(msgspec.json.encode(one), ALLIANCE) for one in (grouping, *indicators)]
    assert found == [grouping, *indicators]
    assert disclosure_of(grouping, indicators) == disclosure


@given(DISCLOSURES)
def test_every_object_is_the_alliances_of_one_day_and_one_marking(disclosure: Disclosure) -> None:
    grouping, indicators = minted(disclosure)
    midnight = f"{disclosure.happened}T00:00:00.000Z"
    for one in (grouping, *indicators):
        assert (one.created_by_ref, one.created, one.modified) == (ALLIANCE, midnight, midnight)
        assert one.object_marking_refs == (TLP_REFS[disclosure.marking.tlp],)
    assert grouping.object_refs == tuple(one.id for one in indicators)


@given(OBSERVABLES)
def test_a_pattern_reads_back_as_its_value(observable: Observable) -> None:
    assert observable_of(pattern_of(observable)) == observable


def test_minting_is_stable() -> None:
    """What the format looks like; a change here is a change of the wire."""
    assert json.loads(INDICATOR_JSON) == {
        "type": "indicator",
        "id": FIRST.id,
        "created_by_ref": ALLIANCE,
        "created": "2026-11-21T00:00:00.000Z",
        "modified": "2026-11-21T00:00:00.000Z",
        "pattern": "[domain-name:value = 'login.example']",
        "valid_from": "2026-11-21T00:00:00.000Z",
        "labels": ["part:landing-host", "PAP:GREEN"],
        "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
        "spec_version": "2.1",
        "indicator_types": ["malicious-activity"],
        "pattern_type": "stix",
    }
    assert json.loads(GROUPING_JSON) == {
        "type": "grouping",
        "id": "grouping--1f0c2a64-5a3b-4c8e-9b1d-0123456789ab",
        "created_by_ref": ALLIANCE,
        "created": "2026-11-21T00:00:00.000Z",
        "modified": "2026-11-21T00:00:00.000Z",
        "labels": ["attack:phishing", "PAP:GREEN"],
        "object_refs": [FIRST.id, SECOND.id],
        "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
        "external_references": [
            {"source_name": "cve", "external_id": "CVE-2026-12345"},
            {"source_name": "mitre-attack", "external_id": "T1566.002"},
        ],
        "spec_version": "2.1",
        "context": "suspicious-activity",
    }


def test_a_text_is_a_description_and_stands_in_the_grouping_alone() -> None:
    told = msgspec.structs.replace(SOME, text="Two calls,\nthen a link.")
    grouping, indicators = minted(told)
    found = json.loads(msgspec.json.encode(grouping))
    assert found.pop("description") == "Two calls,\nthen a link."
    assert found == json.loads(GROUPING_JSON) | {"object_refs": found["object_refs"]}
    assert disclosure_of(grouping, indicators) == told
    assert not any("description" in json.loads(msgspec.json.encode(one)) for one in indicators)


@pytest.mark.parametrize("text", ["", " ", "x" * 2_001, "ja\u200bne", "\x1b[2J", "\u202eevil"])
def test_a_description_that_is_no_text_to_show_is_not_read(text: str) -> None:
    data = msgspec.json.encode(msgspec.structs.replace(GROUPING, description=text))
    with pytest.raises(Malformed, match="text"):
        read(data, ALLIANCE)


@pytest.mark.parametrize(
    ("observable", "pattern"),
    [
        (Observable(Kind.IPV4, "192.0.2.1"), "[ipv4-addr:value = '192.0.2.1']"),
        (Observable(Kind.IPV6, "2001:db8::1"), "[ipv6-addr:value = '2001:db8::1']"),
        (Observable(Kind.CIDR, "192.0.2.0/24"), "[ipv4-addr:value ISSUBSET '192.0.2.0/24']"),
        (Observable(Kind.CIDR, "2001:db8::/32"), "[ipv6-addr:value ISSUBSET '2001:db8::/32']"),
        (Observable(Kind.EMAIL, "o'x@a.example"), "[email-addr:value = 'o\\'x@a.example']"),
        (Observable(Kind.MD5, "a" * 32), f"[file:hashes.MD5 = '{'a' * 32}']"),
        (Observable(Kind.SHA1, "a" * 40), f"[file:hashes.'SHA-1' = '{'a' * 40}']"),
        (Observable(Kind.SHA256, "a" * 64), f"[file:hashes.'SHA-256' = '{'a' * 64}']"),
        (Observable(Kind.SHA512, "a" * 128), f"[file:hashes.'SHA-512' = '{'a' * 128}']"),
        (Observable(Kind.IBAN, "DE89370400440532013000"), "[bank-account:iban = 'DE89370400440532013000']"),
        (Observable(Kind.SYSTEM, "AS64501"), "[autonomous-system:number = 64501]"),
        (Observable(Kind.FILE_NAME, "o'x.exe"), "[file:name = 'o\\'x.exe']"),
    ],
)
def test_patterns_are_those_of_the_standard(observable: Observable, pattern: str) -> None:
    assert pattern_of(observable) == pattern
    assert observable_of(pattern) == observable


@pytest.mark.parametrize("observable", [Observable(Kind.BIC, "HARRGB2L"), Observable(Kind.BIN, "476210")])
def test_what_names_an_institution_has_no_pattern(observable: Observable) -> None:
    with pytest.raises(Malformed, match="names an institution"):
        pattern_of(observable)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "[]",
        "[domain-name:value = 'a.example'] ",
        "[domain-name:value='a.example']",
        "[domain-name:value = 'a.example' OR domain-name:value = 'b.example']",
        "[domain-name:value = 'a.example'] AND [domain-name:value = 'b.example']",
        "[domain-name:value = 'a.example'] START t'2026-11-21T08:30:00Z' STOP t'2026-11-21T08:31:00Z'",
        "[domain-name:value LIKE '%.example']",
        "[domain-name:value = 'A.example']",
        "[domain-name:value = 'a.example\\']",
        "[domain-name:value = 'a\\.example']",
        "[url:value = 'http://user:pass@a.example/']",
        "[url:value = 'http://a.example/#fragment']",
        "[ipv4-addr:value = '2001:db8::1']",
        "[ipv4-addr:value ISSUBSET '2001:db8::/32']",
        "[ipv4-addr:value ISSUBSET '192.0.2.1/24']",
        "[x-bank:name = 'Example Bank']",
        "[identity:name = 'Example Bank']",
        "[file:name = 'Victim.docx']",
        "[autonomous-system:number = '64501']",
        "[autonomous-system:number = 064501]",
        "[autonomous-system:number = 4294967296]",
        "[bank-account:bic = 'HARRGB2L']",
        "[file:hashes.MD5 = 'x']",
        "[domain-name:value = '" + "\\'" * 100_000 + "']",
    ],
)
def test_only_the_pattern_of_one_value_in_normal_form_is_read(pattern: str) -> None:
    with pytest.raises(Malformed):
        observable_of(pattern)


@given(st.text() | st.text("[]:'\\= .-valueipdomHTTP/", max_size=80).map("[url:value = '{}']".format))
def test_no_pattern_makes_another_error_than_malformed(pattern: str) -> None:
    try:
        assert pattern_of(observable_of(pattern)) == pattern
    except Malformed:
        return


RANDOM = "1f0c2a64-5a3b-4c8e-9b1d-0123456789ab"
GREEN, RED = TLP_REFS[TLP.GREEN], TLP_REFS[TLP.RED]
ABSENT = object()


def both(moment: str) -> dict[str, object]:
    return {"created": moment, "modified": moment}


CHANGES: list[tuple[str, dict[str, object], str]] = [
    ("unknown field", {"sector": "banks"}, "sector"),
    ("x_ field", {"x_bank": "Example Bank"}, "x_bank"),
    ("name", {"name": "Attack on Example Bank"}, "name"),
    (
        "description elsewhere",
        {"description": "They called."},
        "description|not the ones that minting writes",
    ),
    ("extensions", {"extensions": {}}, "extensions"),
    ("granular marking", {"granular_markings": []}, "granular_markings"),
    ("confidence", {"confidence": 100}, "confidence"),
    ("other type", {"type": "identity"}, "identity"),
    ("no type", {"type": ABSENT}, "type"),
    ("other version of STIX", {"spec_version": "2.0"}, "spec_version"),
    ("foreign author", {"created_by_ref": STRANGER}, "created_by_ref"),
    ("no author", {"created_by_ref": ABSENT}, "created_by_ref"),
    ("hour", both("2026-11-21T08:00:00.000Z"), "day"),
    ("microsecond", both("2026-11-21T00:00:00.000001Z"), "day"),
    ("two days", {"modified": "2026-11-22T00:00:00.000Z"}, "day"),
    ("zone", both("2026-11-21T00:00:00.000+00:00"), "day"),
    ("no such day", both("2026-02-30T00:00:00.000Z"), "not a time"),
    ("foreign digits", both("٢٠٢٦-11-21T00:00:00.000Z"), "not a time"),
    ("two markings", {"object_marking_refs": [GREEN, RED]}, "exactly one"),
    ("no marking", {"object_marking_refs": []}, "exactly one"),
    ("unknown marking", {"object_marking_refs": [f"marking-definition--{RANDOM}"]}, "unknown"),
    ("unknown PAP", {"labels": ["part:link", "PAP:BLUE"]}, "PAP"),
    ("no PAP", {"labels": ["part:link"]}, "labels"),
    ("third label", {"labels": ["part:link", "PAP:GREEN", "bank:example"]}, "labels"),
    ("doubled PAP", {"labels": ["PAP:GREEN", "PAP:GREEN"]}, "labels"),
    ("text in the identifier", {"id": f"Example Bank--{RANDOM}"}, "identifier"),
    ("other type in the identifier", {"id": f"report--{RANDOM}"}, "identifier"),
    ("time in the identifier", {"id": "indicator--c232ab00-9414-11ec-b3c8-9f6bdeced846"}, "identifier"),
    ("no identifier", {"id": ""}, "identifier"),
]


@pytest.mark.parametrize("original", [INDICATOR_JSON, GROUPING_JSON], ids=["indicator", "grouping"])
@pytest.mark.parametrize(("what", "change", "complaint"), CHANGES, ids=[row[0] for row in CHANGES])
def test_an_object_with_anything_else_is_malformed(
    original: bytes, what: str, change: dict[str, object], complaint: str
) -> None:
    changed = {**json.loads(original), **change}
    with pytest.raises(Malformed, match=complaint):
        read(_compact({name: value for name, value in changed.items() if value is not ABSENT}), ALLIANCE)


@pytest.mark.parametrize(
    "thing",
    [
        {"type": "identity", "id": STRANGER, "name": "Example Bank", "identity_class": "organization"},
        {"type": "domain-name", "id": f"domain-name--{RANDOM}", "value": "a.example"},
        {"type": "bundle", "id": f"bundle--{RANDOM}", "objects": []},
        {"type": "note", "id": f"note--{RANDOM}", "content": "Example Bank was hit"},
    ],
    ids=["identity", "domain-name", "bundle", "note"],
)
def test_objects_of_other_types_do_not_ride_along(thing: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        read(_compact({"spec_version": "2.1", **thing}), ALLIANCE)


@pytest.mark.parametrize(
    ("ref", "accepted"),
    [
        (FIRST.id, True),
        ("Example Bank--1f0c2a64-5a3b-4c8e-9b1d-0123456789ab", False),
        (STRANGER, False),
        ("", False),
    ],
)
def test_a_grouping_refers_to_indicators_only(ref: str, accepted: bool) -> None:
    data = msgspec.json.encode(msgspec.structs.replace(GROUPING, object_refs=(ref,)))
    if accepted:
        assert read(data, ALLIANCE)
    else:
        with pytest.raises(Malformed):
            read(data, ALLIANCE)


@pytest.mark.parametrize("count", [1_000, 1_001, 60_000])
def test_a_grouping_names_no_more_than_a_report_holds(count: int) -> None:
    refs = tuple(to_stix(f"rpt_{number:012x}40008000{number:012x}", "indicator") for number in range(count))
    data = msgspec.json.encode(msgspec.structs.replace(GROUPING, object_refs=refs))
    if count <= 1_000:
        assert read(data, ALLIANCE)
    else:
        with pytest.raises(Malformed, match="1,000"):
            read(data, ALLIANCE)


def test_a_grouping_names_each_indicator_once() -> None:
    data = msgspec.json.encode(msgspec.structs.replace(GROUPING, object_refs=(FIRST.id, FIRST.id)))
    with pytest.raises(Malformed, match="once"):
        read(data, ALLIANCE)


@pytest.mark.parametrize(
    "data",
    [
        INDICATOR_JSON.replace(b'{"type"', b'{"pattern":"Example Bank was hit","type"'),
        INDICATOR_JSON.replace(b'"pattern"', b'"valid_from":"Example Bank","pattern"'),
        INDICATOR_JSON.replace(b'":"', b'": "'),
        b" " + INDICATOR_JSON,
        INDICATOR_JSON + b"\n",
        INDICATOR_JSON.replace(b"login", b"\\u006cogin"),
        REORDERED,
        INDICATOR_JSON.replace(b',"spec_version":"2.1"', b""),
    ],
    ids=["doubled first", "doubled later", "spaces", "space before", "line after", "escape", "order", "default"],
)  # fmt: skip
def test_the_same_object_in_other_bytes_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed, match="hide"):
        read(data, ALLIANCE)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[" * 100_000,
        b'{"type":"indicator","labels":' + b"[" * 100_000,
        b'{"type":"indicator","x":' + b'{"x":' * 100_000,
        b"\xff\xfe",
        INDICATOR_JSON.replace(b"login", b"\xed\xa0\x80"),
        INDICATOR_JSON.replace(b"login", b"\\ud800"),
        INDICATOR_JSON.replace(b'"2.1"', b"NaN"),
        INDICATOR_JSON.replace(b'"2.1"', b"1" + b"0" * 100_000),
        INDICATOR_JSON.replace(b'"2.1"', b"1e999999"),
        INDICATOR_JSON[:-1],
        INDICATOR_JSON * 2,
    ],
)
def test_hostile_json_is_malformed_and_nothing_else(data: bytes) -> None:
    with pytest.raises(Malformed):
        read(data, ALLIANCE)


@given(st.binary(), st.integers(0, len(INDICATOR_JSON)), st.integers(0, 40))
def test_no_bytes_make_another_error_than_malformed(noise: bytes, at: int, cut: int) -> None:
    data = INDICATOR_JSON[:at] + noise + INDICATOR_JSON[at + cut :]
    try:
        assert msgspec.json.encode(read(data, ALLIANCE)) == data
    except Malformed:
        return


def test_a_disclosure_without_some_of_its_indicators_still_reads() -> None:
    assert disclosure_of(GROUPING, (SECOND,)).indicators == SOME.indicators[1:]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"object_marking_refs": (TLP_REFS[TLP.RED],)}, "marked otherwise"),
        ({"object_marking_refs": (TLP_REFS[TLP.CLEAR],)}, "marked otherwise"),
        ({"labels": ("part:link", "PAP:RED")}, "marked otherwise"),
        ({"id": "indicator--1f0c2a64-5a3b-4c8e-9b1d-0123456789ab"}, "not of this grouping"),
        ({"created": "2026-11-22T00:00:00.000Z"}, "and its day"),
        ({"valid_from": "2026-11-21T08:30:00.000Z"}, "valid_from"),
        ({"pattern": "[x-bank:name = 'victim']"}, "pattern"),
        ({"labels": ("attack:phishing", "PAP:GREEN")}, "labels"),
    ],
)
def test_an_indicator_that_says_otherwise_than_its_grouping_is_malformed(
    change: dict[str, object], complaint: str
) -> None:
    with pytest.raises(Malformed, match=complaint):
        disclosure_of(GROUPING, (msgspec.structs.replace(FIRST, **change),))


def test_a_kind_of_attack_is_a_word_of_the_vocabulary() -> None:
    with pytest.raises(Malformed, match="not a kind of attack"):
        disclosure_of(msgspec.structs.replace(GROUPING, labels=("attack:Example Bank", "PAP:GREEN")), ())


def test_the_day_an_indicator_begins_is_its_own() -> None:
    with pytest.raises(Malformed, match="valid_from"):
        indicator_of(msgspec.structs.replace(FIRST, valid_from="2026-11-20T00:00:00.000Z"))


def test_an_international_name_is_minted_in_its_ascii_form() -> None:
    assert (
        pattern_of(normalise(Kind.DOMAIN, "bücher.example"))
        == "[domain-name:value = 'xn--bcher-kva.example']"
    )


def _compact(thing: dict[str, object]) -> bytes:
    return json.dumps(thing, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize("grading", ["admiralty:B2", "3x5x2:1AP"])
def test_a_grouping_carries_its_grading_as_given(grading: str) -> None:
    graded = msgspec.structs.replace(GROUPING, labels=("attack:phishing", "PAP:GREEN", f"grading:{grading}"))
    found = read(msgspec.json.encode(graded), ALLIANCE)
    assert isinstance(found, StixGrouping)
    assert str(disclosure_of(found, ()).grading) == grading


@pytest.mark.parametrize(
    "labels",
    [
        ("attack:phishing", "PAP:GREEN", "grading:"),
        ("attack:phishing", "PAP:GREEN", "grading:B2"),
        ("attack:phishing", "PAP:GREEN", "grading:admiralty:B9"),
        ("attack:phishing", "PAP:GREEN", "grading:admiralty:B2", "grading:admiralty:B2"),
        ("attack:phishing", "PAP:GREEN", "grading:admiralty:B2", "grading:3x5x2:1AP"),
        ("attack:phishing", "PAP:GREEN", "grading:admiralty:B2", "bank:example"),
        ("attack:phishing", "grading:admiralty:B2"),
        ("PAP:GREEN", "grading:admiralty:B2", "bank:example"),
    ],
)
def test_any_other_grading_is_malformed(labels: tuple[str, ...]) -> None:
    graded = msgspec.structs.replace(GROUPING, labels=labels)
    with pytest.raises(Malformed):
        disclosure_of(graded, ())


def test_an_indicator_has_no_grading_of_its_own() -> None:
    with pytest.raises(Malformed, match="labels"):
        read(
            msgspec.json.encode(
                msgspec.structs.replace(FIRST, labels=("part:link", "PAP:GREEN", "grading:admiralty:B2"))
            ),
            ALLIANCE,
        )
