# SPDX-License-Identifier: Apache-2.0
"""The format is decided by content, and what is refused is told what it looks like."""

import pytest

from tocsin.agent.readers.formats import read
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
    assert reading.format == "mail"
    assert {found.part for found in reading.found} == {"sender", "link", "landing-host"}


def test_json_is_told_by_its_first_character() -> None:
    assert read(b' {"type": "bundle", "spec_version": "2.0", "objects": []}').format == "stix-2.0"


@pytest.mark.parametrize(
    ("data", "looks_like"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"%PDF-1.7", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Outlook"),
        (b"PK\x03\x04", "ZIP"),
        (b"MZ\x90", "Windows program"),
        (b"\xd4\xc3\xb2\xa1\x02", "packet capture"),
        (b"\x0a\x0d\x0d\x0a\x1c", "packet capture"),
        (b"<?xml version='1.0'?><stix:STIX_Package xmlns:stix='http://stix.mitre.org/stix-1'/>", "STIX 1.x"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"<?xml version='1.0'?><a/>", "XML"),
        (b"date,url,brand\n2026,x,y\n", "CSV"),
        (b"a\x00b", "binary"),
        (b"Dear all, we, the staff, met.\nThen, as ever, we left.\n", "plain text without"),
        (b"one,line,only\n", "plain text without"),
        (b"name;kind;day\nevil.example;domain;1\n", "a table"),
        (b"Note: not a mail\nSee: below\n\n", "plain text"),
        (b"[url:value = 'https://evil.example/']", "STIX patterns"),
        (
            b"From a@b Thu Aug 22 12:36:23 2002\nTo: x@y\n\nhi\n\nFrom b@c Thu Aug 22 12:36:24 2002\nTo: z@y\n\nho",
            "mbox",
        ),
    ],
)
def test_what_no_reader_knows_is_named(data: bytes, looks_like: str) -> None:
    with pytest.raises(Unreadable, match=looks_like):
        read(data)
