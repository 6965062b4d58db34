# SPDX-License-Identifier: Apache-2.0
"""The format is decided by content, and what is refused is told what it looks like."""

import gzip

import pytest

from tocsin.agent.readers.containers import Inside
from tocsin.agent.readers.formats import read
from tocsin.agent.readers.reading import Reading
from tocsin.errors import Unreadable

MAIL = b"From: a@evil.example\nSubject: x\n\nhttps://evil.example/"


@pytest.mark.parametrize(
    "data",
    [
        MAIL,
        b"\xef\xbb\xbf" + MAIL,
        b"\r\n\r\n" + MAIL,
        MAIL.replace(b"\n", b"\r\n"),
        b"From a@evil.example Thu Aug 22 12:36:23 2002\n" + MAIL,
        b"X-Odd: 1\nReceived: from a\n\tby b\n" + MAIL,
    ],
)
def test_a_mail_is_told_by_its_header(data: bytes) -> None:
    reading = read(data)
    assert isinstance(reading, Reading)
    assert reading.format == "mail"
    assert {found.part for found in reading.found} == {"sender", "link", "landing-host"}


def test_json_is_told_by_its_first_character() -> None:
    reading = read(b' {"type": "bundle", "spec_version": "2.0", "objects": []}')
    assert isinstance(reading, Reading)
    assert reading.format == "stix-2.0"


@pytest.mark.parametrize(
    ("data", "looks_like"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"%PDF-1.7", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Outlook"),
        (b"Rar!", "RAR"),
        (b"MZ\x90", "Windows program"),
        (b"\xd4\xc3\xb2\xa1\x02", "packet capture"),
        (b"\x0a\x0d\x0d\x0a\x1c", "packet capture"),
        (b"<?xml version='1.0'?><stix:STIX_Package xmlns:stix='http://stix.mitre.org/stix-1'/>", "STIX 1.x"),
        (b"<?xml version='1.0'?><a/>", "XML"),
        (b"a\x00b", "binary"),
        (b"[url:value = 'https://evil.example/']", "STIX patterns"),
    ],
)
def test_what_no_reader_knows_is_named(data: bytes, looks_like: str) -> None:
    with pytest.raises(Unreadable, match=looks_like):
        read(data)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<!DOCTYPE html><html>x</html>", "html"),
        (b"date,url,brand\n2026,x,y\n", "table"),
        (b"name;kind;day\nevil.example;domain;1\n", "table"),
        (b"evil.example\n", "list"),
        ("evil.example\n".encode("utf-16"), "list"),
        (b"Dear all, we, the staff, met.\nThen, as ever, we left.\n", "text"),
        (b"Note: not a mail\nSee: below\n\n", "text"),
        (b'{"Event": {"info": "x", "Attribute": []}}', "misp"),
        (b'{"info": "x", "distribution": "1", "analysis": "0"}', "misp"),
        (b'{"ts": 1, "uid": "C1"}\n', "zeek"),
        (b'{"timestamp": "t", "event_type": "flow"}\n', "suricata"),
        (b"#separator \\x09\n", "zeek"),
        (b"_path,ts,uid\n1,2,3\n", "table"),
    ],
)
def test_each_format_is_told_by_its_content(data: bytes, kind: str) -> None:
    reading = read(data)
    assert isinstance(reading, Reading)
    assert reading.format == kind


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (gzip.compress(MAIL, mtime=0), [""]),
        (
            b"From a@b Thu Aug 22 12:36:23 2002\nTo: x@y\n\nhi\n\nFrom b@c Thu Aug 22 12:36:24 2002\nTo: z@y\n\nho",
            ["mail 1", "mail 2"],
        ),
    ],
)
def test_what_holds_files_is_taken_apart(data: bytes, names: list[str]) -> None:
    inside = read(data)
    assert isinstance(inside, Inside)
    assert [packed.name for packed in inside.files] == names
