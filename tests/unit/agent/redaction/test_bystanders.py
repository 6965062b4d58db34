# SPDX-License-Identifier: Apache-2.0
import tomllib
from collections import Counter
from importlib.resources import files

import pytest
from tests.unit.agent.readings import door

from tocsin.agent.redaction.bystanders import ON_IT, Bystanders
from tocsin.domain.observable import Kind, normalise


def test_every_category_says_what_may_stand_on_it_and_no_name_is_in_two() -> None:
    sections = tomllib.loads(files("tocsin.agent.redaction").joinpath("bystanders.toml").read_text())
    assert {section["category"] for section in sections.values()} == set(ON_IT)
    names = Counter(name for section in sections.values() for name in section.get("names", ()))
    assert not [name for name, count in names.items() if count > 1]
    labels = Counter(label for section in sections.values() for label in section.get("countries", ()))
    assert not [label for label, count in labels.items() if count > 1]
    for name in names:
        assert normalise(Kind.DOMAIN, name).value == name


@pytest.mark.parametrize(
    ("host", "category"),
    [
        ("gmail.com", "mail"),
        ("bit.ly", "shortener"),
        ("www.w3.org", "known"),
        ("docs.google.com", "hosting"),
        ("www.google.com", "known"),
        ("fonts.googleapis.com", "known"),
        ("storage.googleapis.com", "hosting"),
        ("u1.ct.sendgrid.net", "relay"),
        ("www.visa.com", "known"),
        ("nist.gov", "resolver"),  # time.nist.gov would fall with it
        ("outlook.office365.com", "known"),
        ("a.root-servers.net", "resolver"),
        ("www.google.co.uk", "known"),
        ("maps.google.de", "known"),
        ("amazon.com.br", "known"),
        ("yahoo.de", "mail"),
    ],
)
def test_the_longest_name_decides(host: str, category: str) -> None:
    place = Bystanders.shipped().of_name(host)
    assert place is not None
    assert place.category == category


@pytest.mark.parametrize(
    "host",
    [
        "www.nist.gov",
        "evil.example",
        "mygmail.com",
        "bit.ly.evil.example",
        "google.evil.de",
        "google-login.de",
        "amazon.shop",
    ],
)
def test_other_names_are_no_place(host: str) -> None:
    assert Bystanders.shipped().of_name(host) is None


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "209.85.128.1", "2001:4860:4860::8888", "198.41.0.4", "2001:7fd::1", "104.16.1.1"]
)
def test_resolvers_roots_carriers_and_the_servers_of_mail_providers_are_places(address: str) -> None:
    kind = Kind.IPV6 if ":" in address else Kind.IPV4
    assert door().place(normalise(kind, address))


def test_a_tenants_own_corner_under_a_public_suffix_is_not_the_hosts() -> None:
    assert door().place(normalise(Kind.DOMAIN, "evil-bucket.s3.amazonaws.com")) is None
    assert door().place(normalise(Kind.DOMAIN, "s3.amazonaws.com")) is not None
