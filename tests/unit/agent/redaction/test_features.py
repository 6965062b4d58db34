# SPDX-License-Identifier: Apache-2.0
"""Only what the bank's own side wrote says from where a mail came; anybody else may have made it up."""

import msgspec
import pytest
from tests.unit.agent.readings import NORTH, draft_of

from tocsin.agent.readers.mail import read_mail
from tocsin.agent.readers.text import read_text
from tocsin.agent.redaction.assets import assets_of
from tocsin.agent.redaction.features import features_of
from tocsin.wire.messages import encode

OWN_CHECK = "Authentication-Results: mx1.northmoor.example; spf=fail (sender IP is {})"
OTHERS = "Authentication-Results: mx.evil.example; spf=pass (sender IP is 203.0.113.66)"
OWN_HOP = "Received: from evil.example (evil.example [{}]) by mx1.northmoor.example with ESMTP"
AT_PROVIDER = "Received: from relay.mail.example ([10.0.0.1]) by mbx7.eu.provider.example with HTTPS"
PROVIDERS = "Received-SPF: Fail (x) client-ip={}; receiver=protection.provider.example"


def sending_host(*lines: str, inner: bool = False) -> str:
    mail = "\r\n".join(
        (*lines, "From: a@evil.example", "To: jane@northmoor.example", "", "https://evil.example/a")
    )
    if inner:
        around = f"{OWN_CHECK.format('203.0.113.99')}\r\nFrom: j@northmoor.example"
        mail = f"{around}\r\nContent-Type: message/rfc822\r\n\r\n{mail}"
    found = features_of(read_mail(mail.encode()), NORTH)
    assert found is not None
    return found.sending_host


@pytest.mark.parametrize(
    ("lines", "host"),
    [
        ([OWN_CHECK.format("203.0.113.7")], "203.0.113.7"),
        ([OTHERS], ""),
        ([OTHERS, OWN_CHECK.format("203.0.113.7")], "203.0.113.7"),
        ([OWN_CHECK.format("203.0.113.7"), OWN_CHECK.format("203.0.113.8")], "203.0.113.7"),
        ([OWN_CHECK.format("198.51.100.9"), OWN_CHECK.format("203.0.113.8")], "203.0.113.8"),
        (["ARC-" + OWN_CHECK.format("203.0.113.7").replace("mx1", "i=1; mx1")], "203.0.113.7"),
        (["Received-SPF: Pass (mx.northmoor.example: x) client-ip=203.0.113.7"], "203.0.113.7"),
        (["Authentication-Results: spf=fail (sender IP is 203.0.113.7)"], ""),
        ([OWN_HOP.format("203.0.113.5"), OTHERS], "203.0.113.5"),
        ([OWN_HOP.format("203.0.113.5").replace("northmoor", "evil"), OTHERS], "203.0.113.66"),
        ([AT_PROVIDER, PROVIDERS.format("203.0.113.7"), OTHERS], "203.0.113.7"),
        ([AT_PROVIDER, OTHERS], ""),
        ([PROVIDERS.format("203.0.113.7")], ""),
    ],
    ids=["own", "foreign", "own below", "topmost", "own address", "arc", "spf", "unnamed", "own hop", "taken elsewhere",
         "provider", "not the provider", "no taker"],
)  # fmt: skip
def test_the_sending_host_is_what_the_receiving_side_says(lines: list[str], host: str) -> None:
    assert sending_host(*lines) == host


def test_of_a_forwarded_mail_the_inner_ones_own_fields_count() -> None:
    assert sending_host(OWN_CHECK.format("203.0.113.7"), inner=True) == "203.0.113.7"
    assert sending_host(OTHERS, inner=True) == ""


def test_what_is_no_mail_has_none() -> None:
    assert features_of(read_text(b"evil[.]example was seen"), NORTH) is None


def test_a_draft_keeps_them_and_its_disclosure_holds_none_of_them() -> None:
    reading = read_mail(
        (
            f"{OWN_CHECK.format('203.0.113.7')}\r\nFrom: a@evil.example\r\nTo: Jane <jane@northmoor.example>\r\n"
            "Subject: Your account 5 is limited\r\nContent-Type: text/html\r\n\r\n"
            + "<p>we noticed that your access is limited until you confirm it</p>" * 20
            + "<a href='https://evil.example/a'>go</a>"
        ).encode()
    )
    draft = draft_of(reading=reading)
    assert draft.features == features_of(reading, NORTH)
    assert draft.features is not None
    assert draft.features.sending_host == "203.0.113.7"
    leaving = encode(draft.disclosure).decode()
    for kept in (draft.features.text, draft.features.shape, draft.features.subject):
        assert kept
        assert kept not in leaving


def test_another_bank_believes_other_servers() -> None:
    mail = f"{OWN_CHECK.format('203.0.113.7')}\r\nFrom: a@evil.example\r\n\r\nhttps://evil.example/a"
    other = assets_of("Ayr Bank plc", domains=("ayr.example",))
    found = features_of(read_mail(mail.encode()), other)
    assert found == msgspec.structs.replace(features_of(read_mail(mail.encode()), NORTH), sending_host="")
