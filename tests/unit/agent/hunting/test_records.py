# SPDX-License-Identifier: Apache-2.0
"""What a line says: when, whose machine, and which values, by the names of its fields where it has some."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.hunting.lines import Reader
from tocsin.agent.hunting.records import Record, pairs_of, record_of_fields, record_of_text, when
from tocsin.clock import LAST, to_text
from tocsin.domain.observable import Kind, Observable


def values(record: Record) -> set[str]:
    return {str(one) for one in record.values}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1641918754.93611", "2022-01-11T16:32:34.936110Z"),
        ("1641918754936", "2022-01-11T16:32:34.936000Z"),
        ("2021-06-06T15:59:46.457984+0200", "2021-06-06T13:59:46.457984Z"),
        ("2021-06-06 15:59:46", "2021-06-06T15:59:46.000000Z"),
        ("2018/12/18 14:00:00.075359", "2018-12-18T14:00:00.075359Z"),
        ("2026-11-21T08:30:00Z", "2026-11-21T08:30:00.000000Z"),
    ],
)
def test_times_are_read_as_logs_write_them(text: str, moment: str) -> None:
    assert to_text(when(text)) == moment


@given(st.text(max_size=30) | st.floats().map(str) | st.integers().map(str))
def test_no_text_is_a_time_that_cannot_be_written(text: str) -> None:
    assert 0 <= when(text) <= LAST


def test_zeek_says_who_began_and_a_url_in_two_fields() -> None:
    line = {
        "ts": 1.5,
        "id.orig_h": "10.0.2.15",
        "id.resp_h": "192.0.2.7",
        "host": "evil.example",
        "uri": "/a",
    }
    record = record_of_fields(pairs_of(line))
    assert "url:http://evil.example/a" in values(record)
    assert record.at == 1_500_000
    assert record.machine(Observable(Kind.IPV4, "192.0.2.7")) == "10.0.2.15"
    assert record.machine(Observable(Kind.IPV4, "10.0.2.15")) == "192.0.2.7"
    assert record.machine(Observable(Kind.DOMAIN, "evil.example")) == "10.0.2.15"


def test_suricata_has_its_fields_in_parts() -> None:
    line = {
        "timestamp": "2021-06-06T15:59:46.457984+0200",
        "src_ip": "fe80:0000:0000:0000:0000:0000:0000:0001",
        "dest_ip": "192.0.2.7",
        "http": {"hostname": "evil.example", "url": "/a?b=c"},
        "dns": {"answers": [{"rdata": "198.51.100.9"}, {"rdata": "x.evil.example"}]},
    }
    record = record_of_fields(pairs_of(line))
    assert {"url:http://evil.example/a?b=c", "ipv4:198.51.100.9", "domain:x.evil.example"} <= values(record)
    assert record.machine(Observable(Kind.IPV4, "192.0.2.7")) == "fe80::1"


@pytest.mark.parametrize(
    ("line", "host", "at"),
    [
        ("<34>1 2026-11-21T08:30:00Z fw-1 app - - - to 192.0.2.7", "fw-1", "2026-11-21T08:30:00.000000Z"),
        ("<34>Nov 21 08:30:00 fw-2 app: to 192.0.2.7", "fw-2", ""),
        ("2026-11-21 08:30:00 to 192.0.2.7", "", "2026-11-21T08:30:00.000000Z"),
        ("to 192.0.2.7", "", ""),
    ],
)
def test_syslog_names_the_machine_and_the_time_where_it_does(line: str, host: str, at: str) -> None:
    record = record_of_text(line)
    assert "ipv4:192.0.2.7" in values(record)
    assert (record.began, to_text(record.at) if record.at else "") == (host, at)


def test_a_table_is_read_by_its_header() -> None:
    reader = Reader()
    reader.begin(b"StartTime,SrcAddr,DstAddr,Note")
    record, is_sound = reader.record(b'2018/12/18 14:00:00,10.0.0.1,192.0.2.7,"to evil.example, twice"')
    assert is_sound
    assert values(record) == {"ipv4:10.0.0.1", "ipv4:192.0.2.7", "domain:evil.example"}
    assert record.machine(Observable(Kind.IPV4, "192.0.2.7")) == "10.0.0.1"
    short, is_sound = reader.record(b"cut,192.0.2.7")
    assert (is_sound, values(short)) == (False, {"ipv4:192.0.2.7"})


def test_zeeks_own_tables_say_their_separator_and_fields() -> None:
    reader = Reader()
    for line in (b"#separator \\x09", b"#path\tconn", b"#fields\tts\tid.orig_h\tid.resp_h"):
        reader.head(line)
    record, is_sound = reader.record(b"928.943457\t10.0.2.112\t192.0.2.7")
    assert (is_sound, record.began, record.other, record.at) == (True, "10.0.2.112", "192.0.2.7", 928_943_457)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_whatever_json_says_is_a_record(tree: dict[str, object]) -> None:
    line = json.dumps(tree).encode()
    record, _ = Reader().record(line)
    assert isinstance(record, Record)


@given(st.binary(max_size=200))
def test_whatever_bytes_are_a_line(line: bytes) -> None:
    reader = Reader()
    reader.begin(line)
    reader.head(line)
    record, _ = reader.record(line)
    assert record.at <= LAST
