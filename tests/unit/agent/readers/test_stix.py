# SPDX-License-Identifier: Apache-2.0
"""Every object gets its own verdict; what a bundle accuses is told apart from what it only saw."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers.reading import Reading
from tocsin.agent.readers.stix import read_stix
from tocsin.clock import from_text
from tocsin.errors import Unreadable

MARK = "marking-definition--00000000-0000-4000-8000-00000000000f"
RED = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"


def stix_id(kind: str, number: int = 1) -> str:
    return f"{kind}--00000000-0000-4000-8000-{number:012d}"


def item(kind: str, number: int = 1, **rest: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": stix_id(kind, number),
        "created": "2026-06-01T10:00:00.000Z",
        "modified": "2026-06-01T10:00:00.000Z",
        **rest,
    }


def indicator(value: str = "https://evil.example/", number: int = 1, **rest: Any) -> dict[str, Any]:
    usual = {"pattern_type": "stix", "pattern": f"[url:value = '{value}']"}
    return item("indicator", number, **{**usual, **rest})


def bundle(*objects: object, **rest: Any) -> Reading:
    document = {"type": "bundle", "id": stix_id("bundle"), "objects": objects, **rest}
    return read_stix(json.dumps(document).encode())


def values(reading: Reading, part: str = "named") -> list[str]:
    return [found.observable.value for found in reading.found if found.part == part]


def reasons(reading: Reading) -> str:
    return " | ".join(f"{defect.where}: {defect.reason}" for defect in reading.defects)


def test_a_report_is_read_with_its_name_its_day_and_its_values() -> None:
    reading = bundle(
        item("report", name="A campaign", description="What we saw.", published="2026-06-02T00:00:00Z"),
        indicator(),
    )
    assert (reading.format, reading.title, reading.happened) == (
        "stix-2.1",
        "A campaign",
        from_text("2026-06-02T00:00:00Z"),
    )
    assert reading.text == "report A campaign: What we saw."
    assert values(reading) == ["https://evil.example/"]
    assert reading.found[0].where == f"objects[1] {stix_id('indicator')}"
    assert reading.defects == ()


def test_version_2_0_is_told_by_the_bundle_and_holds_its_observables_inside() -> None:
    old = {key: value for key, value in item("observed-data").items() if key != "spec_version"}
    objects = {
        "0": {"type": "domain-name", "value": "seen.example"},
        "1": {"type": "file", "hashes": {"MD5": "ab" * 16}},
    }
    reading = bundle({**old, "objects": objects}, spec_version="2.0")
    assert reading.format == "stix-2.0"
    assert values(reading, "text") == ["seen.example", "ab" * 16]


def test_one_object_without_a_bundle_is_read() -> None:
    assert values(read_stix(json.dumps(indicator()).encode())) == ["https://evil.example/"]


def test_a_bad_object_is_named_with_its_place_and_its_neighbours_live() -> None:
    reading = bundle(
        indicator("https://one.example/", 1),
        item("identity", 2, identity_class=["unknown"]),
        "not an object",
        item("campaign", 3, first_seen="2026-06-02T00:00:00Z", last_seen="1970-01-01T00:00:00Z"),
        {"type": "indicator", "id": "indicator--7"},
        indicator("https://two.example/", 5, modified="yesterday"),
        {"id": stix_id("indicator")},
        indicator("https://three.example/", 6),
    )
    assert values(reading) == ["https://one.example/", "https://three.example/"]
    assert [defect.where.split()[0] for defect in reading.defects] == [
        f"objects[{n}]" for n in (1, 2, 3, 4, 5, 6)
    ]
    assert "$.identity_class" in reasons(reading)
    assert "last_seen is before its first_seen" in reasons(reading)


def test_two_objects_under_one_identifier_are_both_kept_and_the_conflict_is_said() -> None:
    reading = bundle(indicator("https://one.example/"), indicator("https://two.example/"))
    assert values(reading) == ["https://one.example/", "https://two.example/"]
    assert "both kept" in reasons(reading)


def test_two_versions_of_one_object_are_no_conflict() -> None:
    later = indicator("https://two.example/", modified="2026-06-02T10:00:00.000Z")
    assert bundle(indicator("https://one.example/"), later).defects == ()


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ({"pattern_type": "yara", "pattern": "rule a { condition: true }"}, "'yara', not a STIX pattern"),
        ({"pattern": "rule a { condition: true }"}, "not a STIX pattern"),
        ({"pattern": "[ipv4-addr:value = '192.0.2.999']"}, "not an IPv4 address"),
        ({"revoked": True}, "revoked"),
        ({"indicator_types": ["benign"]}, "benign"),
        ({"labels": ["benign"]}, "benign"),
    ],
)
def test_an_indicator_that_cannot_be_used_is_said(rest: dict[str, Any], reason: str) -> None:
    reading = bundle(indicator(**rest), indicator("https://other.example/", 2))
    assert values(reading) == ["https://other.example/"]
    assert reason in reasons(reading)


def test_a_url_of_another_scheme_still_tells_its_host() -> None:
    reading = bundle(
        indicator("tcp://192.0.2.1:15666/"), indicator("file://evil.example@8789/DavWWWRoot/a.bat", 2)
    )
    assert values(reading) == ["192.0.2.1", "evil.example"]


def test_an_indicator_of_command_and_control_says_so() -> None:
    phases = [{"kill_chain_name": "mitre-attack", "phase_name": "command-and-control"}]
    assert values(bundle(indicator(kill_chain_phases=phases)), "c2") == ["https://evil.example/"]


def test_an_observable_is_only_seen_unless_a_relationship_accuses_it() -> None:
    seen = {"type": "ipv4-addr", "id": stix_id("ipv4-addr", 1), "value": "192.0.2.1"}
    accused = {"type": "ipv4-addr", "id": stix_id("ipv4-addr", 2), "value": "192.0.2.2"}
    lived_in = {"type": "ipv4-addr", "id": stix_id("ipv4-addr", 3), "value": "192.0.2.3"}
    reading = bundle(
        seen,
        accused,
        lived_in,
        item("relationship", 4, relationship_type="consists-of", source_ref=stix_id("infrastructure"),
             target_ref=accused["id"]),
        item("relationship", 5, relationship_type="owns", source_ref=stix_id("identity"), target_ref=lived_in["id"]),
    )  # fmt: skip
    assert values(reading, "text") == ["192.0.2.1", "192.0.2.3"]
    assert values(reading, "named") == ["192.0.2.2"]


def seen_with(tie: dict[str, Any], version: str = "2.1") -> Reading:
    """Data in which something was seen, an address and a file, tied to a threat."""
    file = {"type": "file", "id": stix_id("file", 1), "hashes": {"MD5": "ab" * 16}}
    address = {"type": "ipv4-addr", "id": stix_id("ipv4-addr", 2), "value": "192.0.2.2"}
    if version == "2.0":
        return bundle(item("observed-data", objects={"0": file, "1": address}), tie, spec_version="2.0")
    return bundle(file, address, item("observed-data", object_refs=[file["id"], address["id"]]), tie)


SIGHTED = {"sighting_of_ref": stix_id("malware"), "observed_data_refs": [stix_id("observed-data")]}


@pytest.mark.parametrize("version", ["2.0", "2.1"])
@pytest.mark.parametrize(
    "tie",
    [
        item("sighting", **SIGHTED),
        item("relationship", relationship_type="based-on", source_ref=stix_id("indicator"),
             target_ref=stix_id("observed-data")),
    ],
)  # fmt: skip
def test_the_files_in_which_a_threat_was_seen_are_accused_and_addresses_may_be_the_victims(
    tie: dict[str, Any], version: str
) -> None:
    reading = seen_with(tie, version)
    assert values(reading) == ["ab" * 16]
    assert values(reading, "text") == ["192.0.2.2"]


@pytest.mark.parametrize(
    "tie", [item("sighting", **SIGHTED, count=0), item("sighting", **SIGHTED, revoked=True), item("note")]
)
def test_what_was_not_seen_or_was_taken_back_accuses_nothing(tie: dict[str, Any]) -> None:
    assert values(seen_with(tie)) == []


def test_the_samples_of_a_malware_are_accused() -> None:
    assert values(seen_with(item("malware", sample_refs=[stix_id("file", 1)]))) == ["ab" * 16]


def test_identifiers_of_public_catalogues_are_sorted_and_nothing_else_is_taken() -> None:
    reading = bundle(
        item("attack-pattern", 1, name="Phishing - T1566.002",
             external_references=[{"source_name": "mitre-attack", "external_id": "T1566"},
                                  {"source_name": "capec", "external_id": "CAPEC-98"}]),
        item("malware", 2, name="x", external_references=[{"source_name": "mitre-attack", "external_id": "S0154"}]),
        item("intrusion-set", 3, external_references=[{"source_name": "mitre-attack", "external_id": "G0032"}]),
        item("vulnerability", 4, name="CVE-2026-12345"),
        item("attack-action", 5, technique_id="T1190"),
        item("course-of-action", 6, external_references=[{"source_name": "mitre-attack", "external_id": "T1111"}]),
        item("tool", 7, external_references=[{"source_name": "blog", "external_id": "S0001"}]),
        item("malware", 8, revoked=True, external_references=[{"source_name": "mitre-attack", "external_id": "S0002"}]),
    )  # fmt: skip
    assert reading.external_ids == (
        "CAPEC-98",
        "CVE-2026-12345",
        "G0032",
        "S0154",
        "T1190",
        "T1566",
        "T1566.002",
    )


def test_the_strictest_marking_of_any_object_or_property_is_kept() -> None:
    green = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"
    granular = [{"marking_ref": RED, "selectors": ["name"]}, {"lang": "fr", "selectors": ["name"]}]
    reading = bundle(
        indicator(object_marking_refs=[green]), item("tool", 2, name="x", granular_markings=granular)
    )
    assert (reading.tlp, reading.held) == ("TLP:RED", False)
    assert reading.marked_at == f"objects[1] {stix_id('tool', 2)}"


@pytest.mark.parametrize("mark", [MARK, "TLP:RED", "", f"statement--{MARK[20:]}"])
def test_an_unknown_marking_is_held_and_said(mark: str) -> None:
    reading = bundle(indicator(object_marking_refs=[mark]), item("tool", 2, object_marking_refs=[RED]))
    assert (reading.held, reading.marked_at) == (True, f"objects[0] {stix_id('indicator')}")
    assert f"carries {mark}, which is not known" in reasons(reading)
    assert values(reading) == ["https://evil.example/"]


def test_a_marking_that_marks_itself_is_said() -> None:
    own = {
        "type": "marking-definition",
        "id": MARK,
        "definition_type": "statement",
        "object_marking_refs": [MARK],
    }
    assert "marked by itself" in reasons(bundle({**own, "definition": {"statement": "x"}}))


def test_a_property_given_twice_is_said() -> None:
    text = json.dumps(indicator()).replace(
        '"pattern_type"', '"pattern": "[url:value = \'https://a.example/\']", "pattern_type"'
    )
    reading = read_stix(text.encode())
    assert "'pattern' twice" in reasons(reading)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "not well formed"),
        (b"\xff\xfe\xff", "not well formed"),
        (b'{"type": "bundle", "objects": {}}', "not a list"),
        (b'{"type": "bundle", "spec_version": "1.2", "objects": []}', "STIX '1.2'"),
        (b'{"Event": {}}', "a MISP event"),
        (b'{"a": 1}', "neither a STIX bundle"),
        (b"[]", "a JSON list"),
        (b'{"type": "bundle", "objects": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deep"),
        (b'{"type": "bundle", "id": ' + b"9" * 10_000 + b"}", "not well formed"),
    ],
)
def test_json_that_is_no_stix_is_refused_with_what_it_looks_like(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_stix(data)


@pytest.mark.parametrize("text", ["\ud800", "\x00", "\u202e", "é" * 3_000])
def test_no_string_of_a_bundle_hurts_the_answer(text: str) -> None:
    reading = bundle(indicator(text), item("malware", 2, name=text, description=text))
    (reading.title + reading.text + reasons(reading)).encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9), lambda x: st.lists(x, max_size=3)
)


@given(st.sampled_from(["indicator", "observed-data", "file", "marking-definition", "relationship", "report", "x-own"]),
       st.dictionaries(st.sampled_from(["pattern", "objects", "hashes", "value", "definition", "extensions", "labels",
                                        "object_marking_refs", "granular_markings", "external_references", "name",
                                        "created", "kill_chain_phases", "published", "revoked"]), JSON))  # fmt: skip
def test_no_property_of_the_wrong_type_raises(kind: str, rest: dict[str, Any]) -> None:
    bundle(item(kind, **rest), indicator(number=9))


@pytest.mark.parametrize("odd", [{"type": []}, {"type": {}}, {"created": "\ud800"}, {"name": "\udfff"}])
def test_an_object_that_is_odd_costs_only_itself(odd: dict[str, object]) -> None:
    document = {"type": "bundle", "objects": [indicator() | odd, indicator()]}
    reading = read_stix(json.dumps(document).encode())
    assert values(reading) == ["https://evil.example/"]


def test_a_property_that_is_given_twice_among_many_is_found_soon() -> None:
    names = ", ".join(f'"x{number}": 0' for number in range(50_000))
    data = f'{{"type": "bundle", "objects": [{{{names}, "x49999": 1}}]}}'
    assert "gives 'x49999' twice" in read_stix(data.encode()).defects[0].reason
