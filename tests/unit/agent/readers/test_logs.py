# SPDX-License-Identifier: Apache-2.0
"""Logs: every line counts, and none accuses."""

import json

import pytest

from tocsin.agent.readers.logs import is_log, read_log
from tocsin.agent.readers.reading import Reading

CONN = {"ts": 1.5, "uid": "C1", "id.orig_h": "192.0.2.7", "id.resp_h": "198.51.100.9"}
ALERT = {
    "timestamp": "2026-11-30T00:00:00", "event_type": "alert", "src_ip": "203.0.113.5", "dest_ip": "192.0.2.7",
    "alert": {"signature": "x"},
}  # fmt: skip
TSV = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#path\tdns\n#fields\tts\tid.orig_h\tquery\tanswers\n"
    "1.0\t192.0.2.7\tevil.example\t-\n2.0\t192.0.2.7\n3.0\t-\tbad.example\t(empty)\n#close\t2026\n"
)


def lines(*records: object) -> bytes:
    return b"\n".join(json.dumps(record).encode() for record in records) + b"\n"


def values(reading: Reading) -> list[str]:
    return [found.observable.value for found in reading.found]


def test_zeek_in_json_is_told_and_counted() -> None:
    data = lines(CONN, CONN | {"_path": "ssl", "server_name": "evil.example"}, {"ts": 2, "uid": "C2"})
    assert is_log(data)
    reading = read_log(data)
    assert reading.format == "zeek"
    assert reading.counts == (("lines", 2), ("ssl", 1))
    assert values(reading) == ["192.0.2.7", "198.51.100.9", "evil.example"]
    assert {found.part for found in reading.found} == {"text"}


def test_zeek_s_own_format_says_its_fields_itself() -> None:
    data = TSV.encode()
    assert is_log(data)
    reading = read_log(data)
    assert reading.counts == (("dns", 2), ("unreadable", 1))
    assert values(reading) == ["192.0.2.7", "evil.example", "bad.example"]
    assert [defect.where for defect in reading.defects] == ["line 7"]


def test_what_a_sensor_complains_of_comes_first() -> None:
    flow = {"timestamp": "t", "event_type": "flow", "src_ip": "192.0.2.99", "dest_ip": "192.0.2.7"}
    http = {"timestamp": "t", "event_type": "http", "http": {"hostname": "evil.example", "url": "/a"}}
    dns = {"timestamp": "t", "event_type": "dns", "dns": {"rrname": "bad.example", "rdata": "203.0.113.9"}}
    reading = read_log(lines(flow, http, dns, ALERT))
    assert reading.format == "suricata"
    assert reading.counts == (("alert", 1), ("dns", 1), ("flow", 1), ("http", 1))
    assert values(reading)[:2] == ["203.0.113.5", "192.0.2.7"]
    assert set(values(reading)) >= {"192.0.2.99", "http://evil.example/a", "bad.example", "203.0.113.9"}


def test_a_line_with_odd_fields_keeps_the_usual_ones() -> None:
    reading = read_log(lines(CONN | {"query": 7, "dns": "odd"}) + b"no json\n[1]\n" + lines(CONN))
    assert reading.counts == (("lines", 2), ("unreadable", 2))
    assert values(reading) == ["192.0.2.7", "198.51.100.9"]
    assert [defect.where for defect in reading.defects] == ["line 2", "line 3"]


@pytest.mark.parametrize(
    "data", [b'{"type": "bundle"}', b'{"ts": 1}', b"ts,uid\n", b"", b'{"timestamp": 1, "a": 2}']
)
def test_other_json_is_no_log(data: bytes) -> None:
    assert not is_log(data)


def test_a_line_that_is_no_utf_8_costs_only_itself() -> None:
    reading = read_log(lines(CONN) + b'{"ts": 1, "host": "\xe9"}\n' + lines(CONN))
    assert reading.counts == (("lines", 2), ("unreadable", 1))
    assert [defect.where for defect in reading.defects] == ["line 2"]


def test_what_a_line_is_called_can_be_shown() -> None:
    reading = read_log(lines({"timestamp": "t", "event_type": "a\x1b[2J"}))
    assert reading.counts == (("a [2J", 1),)


def test_a_header_that_lies_costs_its_lines_only() -> None:
    data = "#separator \\x\n#fields\tdns\tquery\nx\tevil.example\n"
    assert [defect.where for defect in read_log(data.encode()).defects] == ["line 3"]


@pytest.mark.parametrize(
    ("written", "between"),
    [("\\x2c", ","), (",", ","), ("\\x09", "\t"), ("\\x", "\t"), ("\\|09", "\t"), ("", "\t")],
    ids=["escaped", "as it is", "Zeek's own", "cut off", "no escape", "none"],
)
def test_a_log_has_the_separator_that_its_header_writes(written: str, between: str) -> None:
    rows = [("#path", "dns"), ("#fields", "ts", "id.orig_h", "query"), ("1.0", "192.0.2.7", "evil.example")]
    data = f"#separator {written}\n" + "".join(f"{between.join(row)}\n" for row in rows)
    reading = read_log(data.encode())
    assert reading.defects == ()
    assert ("dns", 1) in reading.counts
