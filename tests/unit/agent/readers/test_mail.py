# SPDX-License-Identifier: Apache-2.0
"""A mail yields what the attacker holds, each value with the part it plays; nothing is lost in silence."""

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.agent.readers.mail import MAX_PARTS, read_mail
from tocsin.agent.readers.reading import MAX_TEXT, Reading
from tocsin.clock import from_text
from tocsin.domain.observable import Kind

HEADER = (
    "Received: from evil.example (evil.example [192.0.2.8]) by mx.bank.example; Mon, 1 Jun 2026 10:00:00 +0000\r\n"
    "Authentication-Results: mx.bank.example; spf=fail; dmarc=fail\r\n"
    "Return-Path: <bounce@evil.example>\r\n"
    'From: "service@bank.example" <fraud@evil.example>\r\n'
    "Reply-To: drop@evil.example\r\n"
    "To: Ann <ann@bank.example>\r\n"
    "Subject: Your account\r\n"
    "MIME-Version: 1.0\r\n"
)


def mail(body: str = "", kind: str = "text/plain; charset=utf-8", header: str = HEADER) -> bytes:
    return f"{header}Content-Type: {kind}\r\n\r\n{body}".encode()


def mixed(*parts: str) -> bytes:
    body = "".join(f"--limit\r\n{part}\r\n" for part in parts)
    return mail(f"{body}--limit--\r\n", "multipart/mixed; boundary=limit")


def values(reading: Reading, part: str) -> list[str]:
    return [found.observable.value for found in reading.found if found.part == part]


def reasons(reading: Reading) -> str:
    return " | ".join(f"{defect.where}: {defect.reason}" for defect in reading.defects)


def test_a_phish_is_read_whole() -> None:
    reading = read_mail(mail("Log in: hxxps://login[.]evil.example/a?id=1 or mail help@evil.example"))
    assert (reading.format, reading.title, reading.happened) == (
        "mail",
        "Your account",
        from_text("2026-06-01T10:00:00Z"),
    )
    assert values(reading, "sender") == ["fraud@evil.example", "bounce@evil.example"]
    assert values(reading, "reply-to") == ["drop@evil.example"]
    assert values(reading, "sending-host") == ["192.0.2.8"]
    assert values(reading, "link") == ["https://login.evil.example/a?id=1"]
    assert values(reading, "landing-host") == ["login.evil.example"]
    assert values(reading, "text") == ["service@bank.example", "help@evil.example"]
    assert reading.recipients == ("ann@bank.example",)
    assert reading.authentication == (("dmarc", "fail"), ("spf", "fail"))
    assert reading.text.startswith("Log in")
    assert reading.defects == ()


def test_each_value_says_where_it_stood_and_how_it_was_written() -> None:
    reading = read_mail(mail("<a href='HTTPS://Evil.Example/%61'>x</a>", "text/html"))
    link = next(found for found in reading.found if found.part == "link")
    assert (link.where, link.raw, link.observable.value) == (
        "link 1",
        "HTTPS://Evil.Example/%61",
        "https://evil.example/a",
    )


@pytest.mark.parametrize("kind", ['multipart/mixed; boundary=""', "multipart/alternative"])
def test_a_multipart_without_a_boundary_is_read_as_text(kind: str) -> None:
    reading = read_mail(mail("Log in: https://login.evil.example/a", kind))
    assert values(reading, "link") == ["https://login.evil.example/a"]
    assert values(reading, "attachment") == []
    assert reading.attachments == ()
    assert "boundary" in reasons(reading)


def test_pictures_loaded_by_the_text_are_only_mentioned() -> None:
    reading = read_mail(mail("<img src='https://www.bank.example/logo.png'>", "text/html"))
    assert values(reading, "link") == []
    assert "https://www.bank.example/logo.png" in values(reading, "text")


def test_a_forwarded_phish_stands_beside_the_outer_mail_and_never_for_it() -> None:
    inner = mail("https://evil.example/login").decode()
    outer = (
        "From: Ann <ann@bank.example>\r\nTo: soc@bank.example\r\nSubject: Fwd: please look\r\n"
        "Content-Type: multipart/mixed; boundary=limit\r\n\r\n"
        "--limit\r\n\r\nIs this real?\r\n--limit\r\nContent-Type: message/rfc822\r\n\r\n"
        f"{inner}\r\n--limit--\r\n"
    )
    reading = read_mail(outer.encode())
    assert reading.title == "Fwd: please look"
    assert reading.happened is None
    assert reading.authentication == ()
    places = {found.observable.value: found.where for found in reading.found}
    assert places["ann@bank.example"] == "From header"
    assert places["fraud@evil.example"] == "forwarded mail: From header"
    assert places["192.0.2.8"] == "forwarded mail: received header"
    assert places["https://evil.example/login"] == "forwarded mail: text"
    assert set(reading.recipients) == {"soc@bank.example", "ann@bank.example"}


@pytest.mark.parametrize(
    "part",
    [
        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        "Content-Type: application/octet-stream; name=a.eml\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
    ],
)
def test_a_forwarded_mail_that_was_encoded_is_read_too(part: str) -> None:
    inner = base64.encodebytes(mail("https://inner.example/login")).decode()
    reading = read_mail(mixed(part.format(inner)))
    assert "https://inner.example/login" in values(reading, "link")
    assert any(found.where.startswith("forwarded mail: ") for found in reading.found)


def test_mails_inside_mails_are_read_to_a_depth_and_then_said_not_to_be() -> None:
    nested = (HEADER + "Content-Type: message/rfc822\r\n\r\n") * 60 + HEADER + "\r\nhttps://evil.example/"
    assert "nested too deep" in reasons(read_mail(nested.encode()))


def test_an_attachment_is_known_by_its_digest() -> None:
    content = b"MZ not really a program"
    encoded = base64.encodebytes(content).decode()
    reading = read_mail(
        mixed(
            "Content-Type: application/octet-stream\r\n"
            'Content-Disposition: attachment; filename="=?utf-8?q?invoice=2Eexe?="\r\n'
            f"Content-Transfer-Encoding: base64\r\n\r\n{encoded}"
        )
    )
    digest = hashlib.sha256(content).hexdigest()
    attachment = reading.attachments[0]
    assert (attachment.name, attachment.size, attachment.sha256) == ("invoice.exe", len(content), digest)
    assert values(reading, "attachment") == [digest, "invoice.exe"]


def test_a_picture_shown_in_the_text_is_not_an_attachment_of_the_attacker() -> None:
    reading = read_mail(mixed("Content-Type: image/png; name=logo.png\r\nContent-ID: <logo>\r\n\r\nPNG"))
    assert values(reading, "attachment") == []
    assert len(reading.attachments) == 1


def test_where_the_money_goes_is_read_and_only_mentioned() -> None:
    body = (
        "Pay to GB82 WEST 1234 5698 7654 32, BIC: WESTGB2L, or to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa.\r\n"
        "Not to GB83 WEST 1234 5698 7654 32, whose check digits are wrong."
    )
    for reading in (read_mail(mail(body)), read_mail(mail(f"<p>{body}</p>", "text/html"))):
        assert {"GB82WEST12345698765432", "WESTGB2L", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"} <= set(
            values(reading, "text")
        )
        assert "GB83WEST12345698765432" not in values(reading, "text")


def test_a_picture_in_the_text_is_not_known_by_its_name() -> None:
    part = "Content-Type: image/png; name=logo.png\r\nContent-ID: <1>\r\n\r\nx"
    assert values(read_mail(mixed(part)), "attachment") == []


def test_a_page_that_came_as_a_file_is_searched_for_links() -> None:
    page = "<form action='https://evil.example/post'>"
    for kind, name in (
        ("text/html; name=a.html", "a.html"),
        ("application/octet-stream; name=A.HTM", "a.htm"),
    ):
        reading = read_mail(mixed(f"Content-Type: {kind}\r\nContent-Disposition: attachment\r\n\r\n{page}"))
        assert values(reading, "link") == ["https://evil.example/post"]
        assert values(reading, "attachment") == [hashlib.sha256(page.encode()).hexdigest(), name]


@pytest.mark.parametrize("encoding", ["base64 ", "BASE64", "base64 (comment)", "base64;"])
def test_an_encoding_that_hides_behind_odd_spelling_is_undone(encoding: str) -> None:
    body = base64.encodebytes(b"https://evil.example/").decode()
    header = f"{HEADER}Content-Transfer-Encoding: {encoding}\r\n"
    assert values(read_mail(mail(body, header=header)), "link") == ["https://evil.example/"]


def test_a_return_path_that_carries_the_recipient_is_cut_to_its_domain() -> None:
    for path in ("bounce-ann=bank.example@evil.example", "bounce+ann@bank=x@evil.example"):
        reading = read_mail(f"Return-Path: <{path}>\r\nSubject: x\r\n\r\n".encode())
        assert [(f.observable.kind, f.observable.value) for f in reading.found] == [
            (Kind.DOMAIN, "evil.example")
        ]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (mail("x", "text/plain; charset=no-such-charset"), "unknown charset"),
        (mail("x", "text/plain; charset=punycode"), "unknown charset"),
        (mail("x", "multipart/mixed"), "no boundary"),
        (mail("x", "multipart/mixed; boundary=gone"), "boundary was never found"),
        (b"From: Bank of Nothing\r\nSubject: x\r\n\r\n", "holds no mail address"),
        (b"From: a@evil.example\r\nFrom: b@evil.example\r\n\r\n", "stands 2 times"),
        (b"From: root@localhost\r\n\r\n", "not a domain name"),
        (mail("<a href='https://evil.example:99999/'>x</a>", "text/html"), "Port out of range"),
        (mail("<a href='https://evil.example/" + "a" * 3_000 + "'>x</a>", "text/html"), "2048 characters"),
        (mail("https://evil.example/ " * 6_000), "more than 5000 URLs"),
    ],
)
def test_what_cannot_be_read_is_said(raw: bytes, reason: str) -> None:
    assert reason in reasons(read_mail(raw))


def test_a_link_that_is_too_long_still_tells_its_host() -> None:
    reading = read_mail(mail("<a href='https://evil.example/" + "a" * 3_000 + "'>x</a>", "text/html"))
    assert values(reading, "landing-host") == ["evil.example"]


def test_a_link_that_carries_another_names_both() -> None:
    wrapped = "https://gateway.example/?url=https%3A%2F%2Fevil.example%2Flogin%3Fid%3D1&amp;data=x"
    reading = read_mail(mail(f"<a href='{wrapped}'>x</a>", "text/html"))
    assert values(reading, "link")[1] == "https://evil.example/login?id=1"
    assert values(reading, "landing-host") == ["gateway.example", "evil.example"]


def test_links_that_carry_each_other_end() -> None:
    assert len(values(read_mail(mail("https://a.example/?u=" * 200)), "link")) == 4


def test_a_broken_link_costs_its_neighbours_nothing() -> None:
    body = "<a href='https://evil.example:99999/'>x</a><a href='https://b.example/'>y</a>"
    assert values(read_mail(mail(body, "text/html")), "link") == ["https://b.example/"]


def test_ten_thousand_parts_are_bounded_and_the_first_are_read() -> None:
    reading = read_mail(mixed(*(f"\r\nhttps://e{number}.example/" for number in range(10_000))))
    assert 900 < len(values(reading, "link")) <= MAX_PARTS
    assert f"more than {MAX_PARTS} parts" in reasons(reading)


def test_a_part_that_is_nested_too_deep_costs_its_neighbours_nothing() -> None:
    deep = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(50))
    reading = read_mail(mixed(f"{deep}\r\nhttps://deep.example/", "\r\nhttps://shallow.example/"))
    assert values(reading, "link") == ["https://shallow.example/"]
    assert "deeper than" in reasons(reading)


def test_parts_nested_beyond_the_parser_leave_the_header_and_a_text() -> None:
    deep = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(5_000))
    reading = read_mail(f"{HEADER}{deep}\r\nhttps://deep.example/".encode())
    assert "fraud@evil.example" in values(reading, "sender")
    assert "https://deep.example/" in values(reading, "link")
    assert "nested too deep" in reasons(reading)


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: text/plain; name*=undefined''%ff\r\n",
        "Content-Type: text/plain; name*=idna''" + "a." * 5_000 + "\r\n",
        "Content-Type: text/plain; charset*=undefined''%ff\r\n",
        "Content-Type: \r\n",
        "Content-Type: ;;;===\r\n",
        "Content-Disposition: \r\n",
        "Content-Type: message/rfc822\r\n",
        "Content-Type: message/delivery-status\r\n",
        "Content-Transfer-Encoding: uuencode\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "From: " + "<" * 5_000 + "\r\n",
        "From: =?utf-7?q?+2AA-?= <a@+2AA-.example>\r\n",
        "Date: Mon, 99 Foo -1\r\nReceived: ;;;\r\n",
    ],
)
def test_a_hostile_header_hurts_nobody(header: str) -> None:
    reading = read_mail(f"{header}{HEADER}\r\nhttps://evil.example/".encode())
    assert "fraud@evil.example" in values(reading, "sender")


@settings(max_examples=50)
@given(
    st.binary(max_size=400), st.sampled_from(["text/html", "multipart/mixed; boundary=b", "message/rfc822"])
)
def test_no_body_raises(body: bytes, kind: str) -> None:
    reading = read_mail(mail("", kind) + body)
    assert len(reading.text) <= MAX_TEXT


@settings(max_examples=50)
@given(
    st.lists(st.sampled_from(["From", "To", "Received", "Date", "Subject", "Content-Type"])),
    st.binary(max_size=99),
)
def test_no_header_raises(names: list[str], value: bytes) -> None:
    value = value.replace(b"\r", b"").replace(b"\n", b"")
    read_mail(b"".join(name.encode() + b": " + value + b"\r\n" for name in names) + b"\r\n")


def test_what_is_shown_holds_no_control_characters() -> None:
    reading = read_mail("Subject: a\x1b[2Jb\r\nFrom: \x07<a@evil.example>\r\n\r\nbell\x07\x9b".encode())
    assert not any(ord(c) < 32 and c not in "\t\n" for c in reading.title + reading.text)


def test_a_file_that_is_called_by_its_type_alone_is_called_so_that_it_can_be_shown() -> None:
    reading = read_mail(b"From: a@evil.example\nContent-Type: appli\x00cation/x\n\nMZ")
    assert [each.name for each in reading.attachments] == ["appli cation/x"]
