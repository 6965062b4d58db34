# SPDX-License-Identifier: Apache-2.0
"""MISP events: only `to_ids` accuses, and what MISP keeps in the organisation stays."""

import json
from typing import Any

import pytest

from tocsin.agent.readers.misp import read_misp
from tocsin.agent.readers.reading import Reading
from tocsin.errors import Unreadable


def attribute(kind: str, value: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "category": "Network activity", "value": value, "to_ids": True} | fields


def event(*attributes: Any, **fields: Any) -> dict[str, Any]:
    return {
        "info": "A campaign",
        "date": "2026-11-20",
        "distribution": "3",
        "Attribute": list(attributes),
    } | fields


def read(document: Any) -> Reading:
    return read_misp(json.dumps(document).encode())


def parts(reading: Reading) -> dict[str, str]:
    return {found.observable.value: found.part for found in reading.found}


EVIL = event(attribute("domain", "evil.example"))


@pytest.mark.parametrize(
    "document",
    [
        EVIL,
        {"Event": EVIL},
        {"response": [{"Event": EVIL}]},
        {"response": {"Event": EVIL}},
        [{"Event": EVIL}],
    ],
)
def test_every_wrapping_holds_the_same_event(document: Any) -> None:
    reading = read(document)
    assert parts(reading) == {"evil.example": "named"}
    assert (reading.format, reading.title) == ("misp", "A campaign")
    assert reading.counts == (("attributes", 1), ("to_ids", 1))
    assert reading.happened == 1_763_596_800_000_000 + 365 * 86_400_000_000


@pytest.mark.parametrize(
    ("kind", "value", "values"),
    [
        ("domain|ip", "evil.example|192.0.2.7", {"evil.example", "192.0.2.7"}),
        ("ip-dst|port", "192.0.2.7|443", {"192.0.2.7"}),
        ("hostname|port", "evil.example:443", {"evil.example"}),
        ("filename|sha256", "%TEMP%\\A.exe|" + "c" * 64, {"a.exe", "c" * 64}),
        ("AS", "64501", {"AS64501"}),
        ("ip-src", "2001:db8::7", {"2001:db8::7"}),
        ("ip-dst", "192.0.2.0/24", {"192.0.2.0/24"}),
        ("email-src", "a@evil.example", {"a@evil.example"}),
        ("url", "http://evil.example/a", {"http://evil.example/a"}),
        ("comment", "evil.example", set()),
    ],
)
def test_each_part_of_a_composite_value_is_taken(kind: str, value: str, values: set[str]) -> None:
    assert set(parts(read(event(attribute(kind, value))))) == values


@pytest.mark.parametrize("kind", ["filename", "attachment", "email-attachment"])
def test_a_files_name_without_its_digest_accuses_nobody(kind: str) -> None:
    assert parts(read(event(attribute(kind, "Invoice.exe")))) == {"invoice.exe": "text"}


@pytest.mark.parametrize("name", ["*.exe", "noending", "C:\\Users\\jane\\", "a" * 300 + ".exe"])
def test_what_no_file_is_called_is_no_value_and_no_defect(name: str) -> None:
    reading = read(event(attribute("filename", name)))
    assert (parts(reading), reading.defects) == ({}, ())


@pytest.mark.parametrize("flag", [False, "0", 0, None])
def test_without_to_ids_nothing_is_accused(flag: Any) -> None:
    assert parts(read(event(attribute("domain", "evil.example", to_ids=flag)))) == {"evil.example": "text"}


def test_whom_it_went_to_is_never_accused() -> None:
    reading = read(
        event(
            attribute("email-dst", "clerk@bank.example"),
            attribute("ip-dst", "198.51.100.9", category="Targeting data"),
        )
    )
    assert set(parts(reading).values()) == {"text"}


@pytest.mark.parametrize("distribution", ["0", 0, "4", 4])
def test_what_is_for_the_organisation_or_a_group_never_leaves(distribution: Any) -> None:
    whole = read(EVIL | {"distribution": distribution})
    assert (whole.tlp, whole.marked_at) == ("TLP:AMBER+STRICT", "the event")
    single = read(
        event(
            attribute("domain", "evil.example", distribution=distribution), attribute("domain", "b.example")
        )
    )
    assert parts(single) == {"b.example": "named"}
    assert [defect.where for defect in single.defects] == ["Attribute[0]"]
    within = {
        "name": "domain-ip",
        "distribution": distribution,
        "Attribute": [attribute("domain", "evil.example")],
    }
    assert parts(read(event(Object=[within]))) == {}


def test_deleted_values_and_proposals_are_not_used() -> None:
    reading = read(
        event(
            attribute("domain", "gone.example", deleted=True),
            ShadowAttribute=[attribute("domain", "proposed.example")],
            Object=[{"name": "file", "deleted": "1", "Attribute": [attribute("md5", "a" * 32)]}],
        )
    )
    assert parts(reading) == {}
    assert len(reading.defects) == 3


@pytest.mark.parametrize(
    ("tags", "label"),
    [
        (["tlp:white"], "TLP:CLEAR"),
        (["tlp:green", "tlp:amber"], "TLP:AMBER"),
        (["tlp:red", "tlp:clear"], "TLP:RED"),
        (["tlp:nonsense"], "TLP:RED"),
        (["type:OSINT"], None),
    ],
)
def test_the_strictest_label_counts_and_one_that_does_not_exist_is_the_strictest(
    tags: list[str], label: str | None
) -> None:
    assert read(EVIL | {"Tag": [{"name": name} for name in tags]}).tlp == label


def test_techniques_and_vulnerabilities_are_taken_from_galaxies_and_attributes() -> None:
    tag = {"name": 'misp-galaxy:mitre-attack-pattern="Keylogging - T1056.001"'}
    reading = read(event(attribute("vulnerability", "cve-2012-0158"), Tag=[tag]))
    assert reading.external_ids == ("CVE-2012-0158", "T1056.001")


def test_one_broken_attribute_costs_no_other() -> None:
    reading = read(
        event(
            {"type": ["x"]},
            "no object",
            attribute("domain", "two words"),
            attribute("domain", "evil.example"),
        )
    )
    assert parts(reading) == {"evil.example": "named"}
    assert [defect.where for defect in reading.defects] == ["Attribute[0]", "Attribute[1]", "Attribute[2]"]


@pytest.mark.parametrize("data", [b'{"Event": {"info": ', b'{"Event": ' * 100_000, b'["a"]'])
def test_what_is_not_well_formed_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"MISP event|nested"):
        read_misp(data)


def test_an_event_that_is_no_utf_8_costs_only_itself() -> None:
    good = b'{"Event": {"info": "x", "Attribute": [{"type": "domain", "value": "evil.example", "to_ids": true}]}}'
    reading = read_misp(b"[" + good.replace(b'"x"', b'"\xe9"') + b"," + good + b"]")
    assert [found.observable.value for found in reading.found] == ["evil.example"]
    assert [defect.where for defect in reading.defects] == ["the event"]
