# SPDX-License-Identifier: Apache-2.0
"""What a bank must not block without a human: its own house, its partners, and places that everybody shares."""

import pytest

from tocsin.agent.redaction.assets import assets_of, own_assets
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.shields.guard import guard_for
from tocsin.config.agent import OwnAssets
from tocsin.domain.observable import Kind, normalise

OWN = OwnAssets(
    legal_name="Northmoor Bank plc",
    domains=("northmoor.example", "login.northmoor-cards.example"),
    networks=("203.0.113.0/26", "2001:db8:77::/48"),
    partners=("printer.example", "cards.provider.example", "198.51.100.0/28", "192.0.2.53", "3fff:99::5"),
)


def reasons(kind: str, value: str) -> tuple[str, ...]:
    guard = guard_for(OWN, Classifier(own_assets(OWN), (assets_of("Gamma Bank plc"),)))
    return guard(normalise(Kind(kind), value))


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("domain", "northmoor.example", "your own: northmoor.example"),
        ("domain", "www.eu.northmoor.example", "your own: northmoor.example"),
        ("url", "https://northmoor.example:8443/login", "your own: northmoor.example"),
        ("email", "alerts@mail.northmoor.example", "your own: northmoor.example"),
        ("domain", "northmoor-cards.example", "your own: login.northmoor-cards.example"),
        ("ipv4", "203.0.113.7", "your own: 203.0.113.0/26"),
        ("url", "http://203.0.113.7/", "your own: 203.0.113.0/26"),
        ("cidr", "203.0.113.0/24", "your own: 203.0.113.0/26"),
        ("cidr", "203.0.113.32/27", "your own: 203.0.113.0/26"),
        ("cidr", "203.0.0.0/16", "your own: 203.0.113.0/26"),
        ("ipv6", "2001:db8:77::1", "your own: 2001:db8:77::/48"),
        ("cidr", "2001:db8::/32", "your own: 2001:db8:77::/48"),
        ("domain", "printer.example", "your partner's: printer.example"),
        ("url", "https://docs.printer.example/a", "your partner's: printer.example"),
        ("domain", "provider.example", "your partner's: cards.provider.example"),
        ("ipv4", "198.51.100.9", "your partner's: 198.51.100.0/28"),
        ("cidr", "198.51.100.0/24", "your partner's: 198.51.100.0/28"),
        ("ipv4", "192.0.2.53", "your partner's: 192.0.2.53/32"),
        ("ipv6", "3fff:99::5", "your partner's: 3fff:99::5/128"),
        ("url", "http://[3fff:99::5]/x", "your partner's: 3fff:99::5/128"),
        ("cidr", "3fff:99::/64", "your partner's: 3fff:99::5/128"),
        ("autonomous-system", "AS64501", "an autonomous system has many customers"),
        ("file-name", "invoice.exe", "any file may bear that name"),
        ("ipv4", "8.8.8.8", None),
        ("ipv4", "1.1.1.1", None),
        ("ipv6", "::ffff:8.8.8.8", None),
        ("ipv6", "64:ff9b::808:808", None),
        ("url", "http://[::ffff:8.8.8.8]/login", None),
        ("url", "http://[2002:cb00:7107::]/", "your own: 203.0.113.0/26"),
        ("ipv4", "9.9.9.9", None),
        ("domain", "google.com", None),
        ("domain", "cloudfront.net", None),
        ("url", "https://www.visa.com/", None),
        ("url", "https://www.visa.com/pay/now", None),
        ("url", "https://outlook.office365.com/", None),
        ("url", "https://www.paypal.com/signin", None),
        ("url", "https://a.root-servers.net/", None),
        ("ipv4", "198.41.0.4", None),
        ("url", "https://docs.google.com/", None),
        ("url", "https://github.com/", None),
        ("url", "https://github.com/?next=1", None),
        ("url", "https://github.com//.//", None),
        ("url", "https://bit.ly/", None),
        ("url", "https://bit.ly/a", None),  # the beginning of very many links
        ("url", "https://bit.ly/%2F%2F%2F%2F", None),
        (
            "domain",
            "gammabank.co.uk",
            "its whole name is Gamma Bank plc's: probably genuine",
        ),
        (
            "url",
            "https://www.gamma-bank.com/",
            "its whole name is Gamma Bank plc's: probably genuine",
        ),
        (
            "domain",
            "northmoorbank.com",
            "its whole name is Northmoor Bank plc's: probably genuine",
        ),
    ],
)
def test_a_poisoned_report_of_it_is_held_and_the_reason_names_it(kind, value, reason):
    found = reasons(kind, value)
    assert found
    assert reason is None or found == (reason,)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("domain", "evil.example"),
        ("domain", "northmoor.example.evil.example"),
        ("domain", "evilnorthmoor.example"),
        ("domain", "notprinter.example"),
        ("url", "https://evil.example/northmoor.example"),
        ("url", "https://provider.example/phish"),  # the partner is another host
        ("email", "northmoor.example@evil.example"),
        ("ipv4", "203.0.113.64"),
        ("cidr", "203.0.113.64/26"),
        ("cidr", "198.51.100.16/28"),
        ("sha256", "0" * 64),
        ("domain", "d111111abcdef8.cloudfront.net"),  # a tenant's own corner
        ("url", "https://docs.google.com/forms/d/e/1FAIpQLSe"),
        ("url", "https://bit.ly/3xYzAb"),
        ("domain", "gammabank-online.com"),  # a look-alike is the attack
    ],
)
def test_what_is_the_attackers_is_not_guarded(kind, value):
    assert reasons(kind, value) == ()
