# SPDX-License-Identifier: Apache-2.0
"""What a mail's header says, and what a hostile one cannot make it say."""

from email import message_from_bytes

import pytest

from tocsin.agent.readers import headers
from tocsin.clock import from_text


def fields(*lines: str | bytes) -> headers.Fields:
    raw = b"\r\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    return headers.fields_of(message_from_bytes(raw + b"\r\n\r\nbody"))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?utf-8?B?w6nDqQ==?=", "éé"),
        ("=?iso-8859-1?Q?caf=E9?= au lait", "café au lait"),
        ("=?utf-8?q?Ein?= =?utf-8?q?gang?=", "Eingang"),
        ("folded\r\n  over\r\n\tlines", "folded over lines"),
        ("=?no-such-charset?q?plain?=", "plain"),
        ("=?utf-8?B?w6nDqQ=?=", "éé"),
        ("=?punycode?q?abc?=", "abc"),
    ],
)
def test_field_values_are_decoded(raw: str, text: str) -> None:
    assert headers.decoded(raw) == text


@pytest.mark.parametrize("raw", ["=?utf-8?B?a?=", "=?utf-8?x?a?=", "=?" * 9_000])
def test_a_broken_encoded_word_stays_as_it_is(raw: str) -> None:
    assert headers.decoded(raw).startswith("=?")


def test_raw_8_bit_fields_are_read_as_utf_8_else_latin_1() -> None:
    assert fields(b"Subject: \xe4\xb8\x89\xe4\xba\x95")["subject"] == ["三井"]
    assert fields(b"Subject: caf\xe9")["subject"] == ["café"]


def test_a_field_and_their_number_are_bounded() -> None:
    assert len(headers.decoded("a" * 100_000)) == headers.MAX_FIELD
    many = headers.fields_of(message_from_bytes(b"To: a@b.example\r\n" * 5_000 + b"\r\n"))
    assert len(many["to"]) == headers.MAX_FIELDS


@pytest.mark.parametrize(
    ("value", "addresses", "display"),
    [
        ("Bank <fraud@evil.example>", ["fraud@evil.example"], []),
        ('"service@bank.example" <fraud@evil.example>', ["fraud@evil.example"], ["service@bank.example"]),
        ("fraud@evil.example (Bank)", ["fraud@evil.example"], []),
        ("<a@evil.example>, <b@evil.example>", ["a@evil.example", "b@evil.example"], []),
        ("Bank of Nothing", [], []),
        ("<>", [], []),
    ],
)
def test_an_address_is_what_the_brackets_hold(value: str, addresses: list[str], display: list[str]) -> None:
    assert headers.addresses_in(value) == addresses
    assert headers.named_in_display(value) == display


def test_the_topmost_verdict_counts_for_each_method() -> None:
    found = fields(
        "Authentication-Results: mx.bank.example; spf=FAIL; dmarc=fail action=none",
        "Authentication-Results: forged.example; dmarc=pass; dkim=pass",
        "Received-SPF: Pass (forged)",
    )
    verdicts = (("dkim", "pass"), ("dmarc", "fail"), ("spf", "fail"))
    assert headers.authentication_of(found) == verdicts


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ["Received: from a by b; Mon, 1 Jun 2026 10:00:00 +0200", "Date: Tue, 2 Jun 2026 10:00:00 +0000"],
            "2026-06-01T08:00:00Z",
        ),
        (["Received: from a by b", "Date: Tue, 2 Jun 2026 10:00:00 +0000"], "2026-06-02T10:00:00Z"),
        (["Date: Tue, 2 Jun 9999 10:00:00 +0000"], None),
        (["Date: Tue, 32 Foo 2026 99:99:99 +9999"], None),
        (["Date: " + "9" * 5_000], None),
        ([], None),
    ],
)
def test_a_mail_arrived_at_its_last_hop(lines: list[str], expected: str | None) -> None:
    found = headers.happened_of(fields("Subject: x", *lines))
    assert found == (from_text(expected) if expected else None)


def test_recipients_are_read_from_every_field_that_names_them() -> None:
    found = fields("To: Ann <ann@bank.example>", "Delivered-To: ANN@bank.example", "X-Original-To: box@pot")
    assert set(headers.recipients_of(found)) == {"ann@bank.example", "box@pot"}


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ('To: "Helen Marsh" <hm17@bank.example>', ["Helen Marsh"]),
        ("To: =?utf-8?q?Bj=C3=B6rn_Gro=C3=9F?= <b.gross@bank.example>", ["Björn Groß"]),
        ("Cc: Helen Marsh <h@x.example>, Bob Lee <b@x.example>", ["Helen Marsh", "Bob Lee"]),
        ('X-Original-To: "Marsh, Helen" <h@x.example>', ["Marsh, Helen"]),
        ("Delivered-To: hm17@bank.example (Helen Marsh)", ["Helen Marsh"]),
        ("To: a@x.example, Helen Marsh <h@x.example>", ["Helen Marsh"]),
        ("To: a@x.example, b@x.example, , <c@x@y>", []),
        ("From: Somebody <s@x.example>", []),
    ],
)
def test_what_stands_beside_a_recipients_address_is_a_name(field: str, names: list[str]) -> None:
    assert headers.recipient_names_of(fields(field)) == names
    assert all(
        len(n) <= headers.MAX_NAME for n in headers.recipient_names_of(fields("To: " + "a b " * 4_000))
    )
