# SPDX-License-Identifier: Apache-2.0
"""Who says which host sent a mail, in the forms in which the large providers write it."""

import pytest

from tocsin.agent.readers import headers, mime
from tocsin.agent.readers.checks import CHAIN, MAX_CHECKS, checks_in
from tocsin.agent.readers.mail import read_mail
from tocsin.agent.readers.reading import Check

AR, SPF = "authentication-results header", "received-spf header"


def checks(*lines: str, prefix: str = "") -> list[Check]:
    return list(checks_in(headers.fields_of(mime.parsed("\r\n".join((*lines, "", "")).encode())), prefix))


@pytest.mark.parametrize(
    ("line", "where", "server", "address"),
    [
        (
            "Authentication-Results: spf=none (sender IP is 192.0.2.5) smtp.mailfrom=x; dkim=none",
            AR,
            "",
            "192.0.2.5",
        ),
        (
            "Authentication-Results: MX.Bank.Example; spf=pass (sender IP is 192.0.2.5)",
            AR,
            "mx.bank.example",
            "192.0.2.5",
        ),
        (
            "Authentication-Results: mx.bank.example 1; iprev=pass policy.iprev=192.0.2.7",
            AR,
            "mx.bank.example",
            "192.0.2.7",
        ),
        (
            "Received-SPF: Pass (protection.outlook.com: domain of a.example designates 192.0.2.6 as permitted "
            "sender) receiver=protection.outlook.com; client-ip=192.0.2.6; helo=x",
            SPF,
            "protection.outlook.com",
            "192.0.2.6",
        ),
        (
            "Received-SPF: softfail (mx.bank.example: domain of transitioning a@b.example does not designate "
            "192.0.2.8 as permitted sender) client-ip=192.0.2.8;",
            SPF,
            "mx.bank.example",
            "192.0.2.8",
        ),
        ("Received-SPF: Fail (x) client-ip=2001:DB8:0::7; helo=x", SPF, "", "2001:db8::7"),
        (
            "ARC-Authentication-Results: i=2; mx.bank.example; spf=pass smtp.remote-ip=192.0.2.9",
            CHAIN,
            "mx.bank.example",
            "192.0.2.9",
        ),
        (
            "ARC-Authentication-Results: i=1; mx.microsoft.com 1; spf=pass (sender ip is 192.0.2.9) smtp.rcpt=x",
            CHAIN,
            "mx.microsoft.com",
            "192.0.2.9",
        ),
    ],
    ids=["exchange", "postfix", "version", "outlook", "softfail", "ipv6", "arc", "arc of microsoft"],
)
def test_each_form_tells_its_writer_and_the_address(line: str, where: str, server: str, address: str) -> None:
    assert checks(line) == [Check(where, server, address)]


def test_what_names_no_public_address_is_no_check() -> None:
    assert (
        checks("Received-SPF: none client-ip=10.0.0.3;", "Authentication-Results: mx.bank.example; spf=pass")
        == []
    )


def test_they_stand_by_kind_and_from_the_top_and_are_bounded() -> None:
    one = "Authentication-Results: mx{}.bank.example; spf=pass (sender IP is 192.0.2.1)"
    found = checks(
        "Received-SPF: x client-ip=192.0.2.2", *map(one.format, range(40)), prefix="forwarded mail: "
    )
    assert [check.server for check in found[:2]] == ["mx0.bank.example", "mx1.bank.example"]
    assert len(found) == MAX_CHECKS + 1
    assert found[-1].where == f"forwarded mail: {SPF}"


@pytest.mark.parametrize(
    ("lines", "host"),
    [
        (["Authentication-Results: spf=none (sender IP is 192.0.2.5) smtp.mailfrom=x"], "192.0.2.5"),
        (["Received-SPF: Pass (mx.bank.example: domain designates 192.0.2.6 as permitted)"], "192.0.2.6"),
        (["Received: from a ([192.0.2.9]) by b"], "192.0.2.9"),
        (["ARC-Authentication-Results: i=1; a.example; spf=pass (sender IP is 192.0.2.5)"], None),
        (
            [
                "Authentication-Results: mx.bank.example; spf=pass (sender IP is 192.0.2.1)",
                "Authentication-Results: forged.example; spf=pass (sender IP is 203.0.113.9)",
            ],
            "192.0.2.1",
        ),
    ],
    ids=["verdict", "spf", "hop", "arc alone", "topmost"],
)
def test_the_topmost_verdict_names_the_sending_host(lines: list[str], host: str | None) -> None:
    reading = read_mail("\r\n".join(("From: a@evil.example", *lines, "", "x")).encode())
    found = [one.observable.value for one in reading.found if one.part == "sending-host"]
    assert found[:1] == ([host] if host else [])
