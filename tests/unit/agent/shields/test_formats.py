# SPDX-License-Identifier: Apache-2.0
"""Each format, read as its product reads it: every value is in its place, and none breaks out of it."""

import csv
import io
import json
import re
import uuid
from base64 import b64decode
from collections.abc import Sequence
from ipaddress import ip_network

import pytest
from hypothesis import given
from tests.unit.agent.shields.blocks import ANY, NOW, ONE_OF_EACH, blocked_values

from tocsin.agent.readers.formats import read
from tocsin.agent.shields.datasets import DatasetsShield
from tocsin.agent.shields.defender import BATCH, DefenderShield
from tocsin.agent.shields.edl import EdlShield
from tocsin.agent.shields.formats import BUILT_IN
from tocsin.agent.shields.misp import MispShield
from tocsin.agent.shields.nftables import NftablesShield
from tocsin.agent.shields.sentinel import SentinelShield
from tocsin.agent.shields.sigma import SigmaShield
from tocsin.agent.shields.splunk import SplunkShield
from tocsin.agent.shields.stix import StixShield
from tocsin.domain.observable import Kind
from tocsin.hooks import Blocked, Protect

each_shield = pytest.mark.parametrize("shield", BUILT_IN, ids=lambda shield: shield.name())


def lines(data: bytes) -> list[str]:
    return data.decode().splitlines()


def held(shield: Protect, values: Sequence[Blocked]) -> list[str]:
    return sorted(one.observable.value for one in values if shield.holds(one.observable))


@each_shield
@given(values=ANY)
def test_the_same_values_give_the_same_bytes_and_any_values_the_same_names(
    shield: Protect, values: Sequence[Blocked]
) -> None:
    files = shield.render(values, NOW)
    assert files == shield.render(list(reversed(values)), NOW)
    assert list(files) == list(shield.render((), NOW))
    assert all(name == "" or re.fullmatch(r"[\w-]+\.\w+", name) for name in files)


@each_shield
def test_it_says_how_many_values_its_product_takes(shield: Protect) -> None:
    assert 10_000 <= shield.most() <= 1_000_000


# --- firewalls


@given(ANY)
def test_every_line_of_a_dynamic_list_is_one_entry(values: Sequence[Blocked]) -> None:
    files = EdlShield().render(values, NOW)
    for address in lines(files["ip.txt"]):
        ip_network(address)
    for name in lines(files["domain.txt"]):
        assert re.fullmatch(r"[a-z0-9_.-]+", name)
    for link in lines(files["url.txt"]):
        assert len(link) <= 255
        assert "://" not in link.partition("/")[0]
        assert not set(link) & set("*^ \t")
    assert all(re.fullmatch(r"[0-9a-f]{32,64}", one) for one in lines(files["hash.txt"]))
    header, *rows = csv.reader(io.StringIO(files["check-point.csv"].decode()))
    assert header[0].startswith("#")
    assert all(len(row) == 7 for row in rows)


def test_a_dynamic_list_is_spelled_as_firewalls_read_it() -> None:
    files = EdlShield().render(ONE_OF_EACH, NOW)
    assert lines(files["ip.txt"]) == [
        "198.51.100.0/24", "2001:db8:1::/48", "192.0.2.7", "2001:db8::7",
    ]  # fmt: skip
    assert lines(files["domain.txt"]) == ["login.example"]
    assert "login.example/pay?a=1;b=2" in lines(files["url.txt"])
    assert b"198.51.100.0-198.51.100.255,IP Range,high,high,AB" in files["check-point.csv"]


def test_a_link_with_a_wildcard_of_pan_os_is_left_out() -> None:
    values = blocked_values((Kind.URL, "http://evil.example/*"), (Kind.URL, "http://evil.example/^"))
    assert not any(EdlShield().holds(one.observable) for one in values)


@given(ANY)
def test_every_element_of_a_packet_filter_is_a_network(values: Sequence[Blocked]) -> None:
    text = NftablesShield().render(values, NOW)[""].decode()
    elements = re.findall(r"^      (\S+),$", text, re.M)
    assert sorted(elements) == held(NftablesShield(), values)
    assert all(ip_network(one) for one in elements)


@given(ANY)
def test_a_dataset_holds_each_value_once_under_its_kind(values: Sequence[Blocked]) -> None:
    files = DatasetsShield().render(values, NOW)
    names = [b64decode(one).decode() for one in lines(files["tocsin-domains.lst"])]
    rest = [
        one
        for name, data in files.items()
        if name.endswith(".lst") and "domains" not in name
        for one in lines(data)
    ]
    assert sorted(names + rest) == held(DatasetsShield(), values)
    assert list(files)[-1] == "tocsin-datasets.rules", "the rules are replaced last"


# --- SIEMs


@given(ANY)
def test_a_bundle_has_an_indicator_for_each_value(values: Sequence[Blocked]) -> None:
    bundle = json.loads(StixShield().render(values, NOW)[""])
    objects = bundle.get("objects", [])
    assert bundle["type"] == "bundle"
    assert sorted(one["name"].partition(":")[2] for one in objects) == held(StixShield(), values)
    for one in objects:
        assert uuid.UUID(one["id"].removeprefix("indicator--")).version == 5
        assert one["valid_from"] < one["valid_until"]
    assert "objects" not in bundle or objects, "a list is absent rather than empty"


def test_our_own_reader_finds_in_a_bundle_what_was_blocked() -> None:
    reading = read(StixShield().render(ONE_OF_EACH, NOW)[""])
    found = {one.observable for one in reading.found}
    assert {one.observable for one in ONE_OF_EACH} <= found


@given(ANY)
def test_sentinel_gets_an_array_of_indicators_without_networks(values: Sequence[Blocked]) -> None:
    array = json.loads(SentinelShield().render(values, NOW)[""])
    assert sorted(one["name"].partition(":")[2] for one in array) == held(SentinelShield(), values)
    assert not any("ISSUBSET" in one["pattern"] for one in array)


@given(ANY)
def test_defender_gets_lines_that_its_import_takes(values: Sequence[Blocked]) -> None:
    rows = [
        row
        for data in DefenderShield().render(values, NOW).values()
        for row in csv.DictReader(io.StringIO(data.decode()))
    ]
    assert sorted(row["indicatorValue"] for row in rows) == held(DefenderShield(), values)
    for row in rows:
        assert row["action"] in ("Block", "BlockAndRemediate")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.0Z", row["expirationTime"])
        assert row["title"]
        assert row["description"]


def test_an_import_into_defender_has_500_lines_at_most() -> None:
    values = blocked_values(*((Kind.DOMAIN, f"evil-{number}.example") for number in range(BATCH + 1)))
    files = list(DefenderShield().render(values, NOW).values())
    assert [len(lines(data)) - 1 for data in files[:3]] == [BATCH, 1, 0]


@given(ANY)
def test_every_lookup_of_splunk_has_its_columns(values: Sequence[Blocked]) -> None:
    found = []
    for data in SplunkShield().render(values, NOW).values():
        for row in csv.DictReader(io.StringIO(data.decode())):
            assert row["weight"] == "60"
            found += [
                row[column] for column in ("ip", "domain", "url", "src_user", "file_hash") if row.get(column)
            ]
    assert sorted(found) == held(SplunkShield(), values)
    assert not any(value.startswith(("=", "+", "-", "@")) for value in found)


@given(ANY)
def test_a_sigma_value_means_only_itself(values: Sequence[Blocked]) -> None:
    text = SigmaShield().render(values, NOW)[""].decode()
    said = [json.loads(one) for one in re.findall(r'^      - (".*")$', text, re.M)]
    plain = {re.sub(r"\\([*?\\])", r"\1", one).removeprefix(".") for one in said}
    assert plain == set(held(SigmaShield(), values))
    assert not any(re.search(r"(?<!\\)(?:\\\\)*[*?]", one) for one in said)


# --- MISP


@given(ANY)
def test_every_attribute_of_the_feed_is_meant_to_be_acted_on(values: Sequence[Blocked]) -> None:
    files = MispShield().render(values, NOW)
    manifest = json.loads(files["manifest.json"])
    ((name, about),) = manifest.items()
    event = json.loads(files[f"{name}.json"])["Event"]
    assert event["uuid"] == name
    assert {key: event[key] for key in about} == about
    assert all(one["to_ids"] is True for one in event["Attribute"])
    assert sorted(one["value"] for one in event["Attribute"]) == held(MispShield(), values)
    assert list(files)[-1] == "manifest.json", "the manifest announces what stands there already"
    assert len(lines(files["hashes.csv"])) == len(event["Attribute"])


def test_our_own_reader_finds_in_the_feed_what_was_blocked() -> None:
    event, *_ = MispShield().render(ONE_OF_EACH, NOW).values()
    found = {one.observable for one in read(event).found}
    assert {one.observable for one in ONE_OF_EACH if MispShield().holds(one.observable)} <= found
