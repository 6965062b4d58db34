# SPDX-License-Identifier: Apache-2.0
"""One campaign's mails have the same features for whomever they were written; other mails have others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers.features import (
    MAX_READ,
    MIN_TAGS,
    masked_subject,
    naming,
    shape_digest,
    text_digest,
    words_of,
)
from tocsin.agent.readers.mail import read_mail
from tocsin.domain.mail_features import MAX_SUBJECT, MailFeatures

TEXT = (
    "Dear {name},\n\nwe noticed a sign-in to your account {number} from a device that we don't know. Please confirm "
    "your details within {hours} hours at {link} or your access will be limited until you visit a branch.\n\n"
    "{bank} Security Team, {mailbox}\n"
)
ROWS = "<tr><td><p>row</p></td></tr>" * 4


def text(**said: str) -> str:
    usual = {"name": "Ann", "number": "88213", "hours": "24", "link": "https://evil.example/a?u=1", "bank": "Ayr Bank",
             "mailbox": "ann@bank.example"}  # fmt: skip
    return TEXT.format(**(usual | said))


def features(body: str, *, to: str = "Ann Marsh <ann@bank.example>", subject: str = "Your account 88213",
             kind: str = "text/plain", inner: str = "") -> MailFeatures:  # fmt: skip
    head = f"From: a@evil.example\r\nTo: {to}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
    part = f"Content-Type: {kind}; charset=utf-8\r\n\r\n{body}\r\n"
    if inner:
        whole = (
            "From: ann@bank.example\r\nTo: abuse@bank.example\r\nSubject: Fwd: look at this please\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            f"--b\r\n\r\n{inner}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{head}{part}--b--\r\n"
        )
    else:
        whole = head + part
    found = read_mail(whole.encode()).features
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("said", "to"),
    [
        ({"name": "Helen Marsh", "number": "4711", "hours": "48"}, "Helen Marsh <h.marsh@bank.example>"),
        ({"name": "hmarsh"}, "hmarsh@bank.example"),
        ({"name": "marsh ann"}, "Ann Marsh <ann@bank.example>"),
        ({"link": "www.other.example/b", "mailbox": "x@y.example"}, "ann@bank.example"),
        ({"bank": "Bute Savings"}, "ann@bank.example"),
        ({"number": "GB-88 213"}, "ann@bank.example"),
    ],
)
def test_the_same_lure_to_somebody_else_has_the_same_text(said: dict[str, str], to: str) -> None:
    usual = features(text())
    assert usual.text
    assert features(text(**said), to=to).text == usual.text


def test_another_lure_has_another_text() -> None:
    assert features(text()).text != features(text().replace("limited", "closed")).text


def test_the_same_text_in_html_is_the_same_text() -> None:
    assert features(f"<p>{text()}</p>", kind="text/html").text == features(text()).text


def test_a_text_of_few_words_that_name_nobody_has_no_digest() -> None:
    assert features("Dear Ann,\r\nplease call me back today.").text == ""
    assert features("YOUR ACCOUNT WAS LIMITED. " * 50).text == ""


@pytest.mark.parametrize(
    "one",
    [
        "尊敬的客户您的账户已被限制请在二十四小时内验证您的身份否则您的卡将被停用。" * 4,
        "いつもご利用いただきありがとうございます。お客様のカードのご利用を一部制限させていただきました。"
        * 3,
        "عزيزي العميل لقد لاحظنا نشاطا غير عادي في حسابك يرجى تأكيد بياناتك خلال أربع وعشرين ساعة من الآن",
    ],
    ids=["Chinese", "Japanese", "Arabic"],
)
def test_a_script_without_capitals_keeps_its_letters_and_loses_its_numbers(one: str) -> None:
    assert features(one).text
    assert features(one + " 123").text == features(f"{one} 456").text == features(one).text
    assert features(one).text != features(one[1:]).text


def test_signs_that_nobody_sees_change_nothing() -> None:
    assert features(text().replace("account", "ac\u200bcount")).text == features(text()).text


def test_the_words_are_those_in_small_letters() -> None:
    called = naming(["Ann Marsh"], ["amarsh@bank.example"])
    said = "Hello marsh your (new) e-mail don't 5 x1 Bank evil.example a@b.c bank AMarsh amarsh ÉTÉ été, été"
    assert words_of(said, called) == "your bank été"


def test_words_that_everybody_uses_name_nobody() -> None:
    assert naming(["Customer Support", "Ann"], ["info@x.example", "j.doe@x.example"]) == {"ann", "doe"}


def test_the_order_of_tags_is_the_shape() -> None:
    page = f"<html><body><table>{ROWS}</table></body></html>"
    usual = features(page, kind="text/html").shape
    assert usual
    assert features(page.replace("row", "Dear Ann 5").upper(), kind="text/html").shape == usual
    assert features(page.replace("<p>", "<p class=a id='b'>"), kind="text/html").shape == usual
    assert features(page.replace("<table>", "<table><tr><td></td></tr>"), kind="text/html").shape != usual
    assert features(text()).shape == ""


def test_a_short_page_has_no_shape() -> None:
    assert shape_digest(["<p>" * MIN_TAGS]) == ""
    assert shape_digest(["<p>" * (MIN_TAGS + 1)])


@pytest.mark.parametrize(
    ("subject", "masked"),
    [
        ("Ann Marsh: Your account 88-213 is limited", "# your account # is limited"),
        ("[ann@bank.example] Rechnung Nr. 5521/A, fällig am 01.02.2026", "# rechnung nr. # fällig am #"),
        ("Ann, your points expire!", "# your points expire!"),
        ("Re: 123", ""),
        ("", ""),
    ],
)
def test_a_subject_is_masked(subject: str, masked: str) -> None:
    called = naming(["Ann Marsh"], ["ann@bank.example"])
    assert masked_subject(subject, called) == masked


def test_of_a_forwarded_mail_the_inner_one_has_the_features() -> None:
    assert features(
        text(), inner="Hello team, " + "please have a look at this one, it seems odd to me. " * 9
    ) == features(text())


def test_pictures_that_are_shown_are_no_attachment() -> None:
    parts = (
        "Content-Type: image/png\r\nContent-ID: <a>\r\n\r\nlogo",
        "Content-Type: application/zip; name=a.zip\r\n\r\narchive",
    )
    body = "".join(f"--b\r\n{part}\r\n" for part in parts)
    mail = f"From: a@evil.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{body}--b--\r\n"
    reading = read_mail(mail.encode())
    assert reading.features is not None
    assert reading.features.attachments == (reading.attachments[1].sha256,)


@given(st.text(max_size=400), st.text(max_size=60), st.sampled_from(["text/plain", "text/html"]))
def test_every_text_has_features_within_their_bounds(body: str, subject: str, kind: str) -> None:
    called = naming([subject], [])
    assert set(words_of(body, called).split()).isdisjoint(called)
    assert len(masked_subject(subject * 20, called)) <= MAX_SUBJECT
    assert len(text_digest(body, called)) in (0, 64)
    assert len(shape_digest([body])) in (0, 64)


def test_a_text_beyond_the_bound_is_not_looked_at() -> None:
    long = "word and " * MAX_READ
    assert features(long).text == features(long + "something else altogether").text
