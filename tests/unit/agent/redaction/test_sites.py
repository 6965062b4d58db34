# SPDX-License-Identifier: Apache-2.0
"""A host is looked at once, whatever stands on it, and what is said of it does not depend on what that is."""

import pytest
from hypothesis import given
from tests.strategies import OBSERVABLES
from tests.unit.agent.readings import NORTH, SOUTH

from tocsin.agent.redaction.bystanders import Bystanders
from tocsin.agent.redaction.sites import Site, Sites
from tocsin.domain.linter import network_of
from tocsin.domain.observable import Kind, Observable, host_of, normalise


def sites() -> Sites:
    return Sites(NORTH, (SOUTH,), Bystanders.shipped())


def site(kind: str, raw: str) -> Site:
    return sites().of(normalise(Kind(kind), raw))


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("domain", "www.evil.example"),
        ("url", "https://www.evil.example/login"),
        ("url", "http://www.evil.example:8080/?a=1"),
        ("email", "a@www.evil.example"),
    ],
)
def test_all_that_stands_on_a_host_stands_on_one_site(kind: str, raw: str) -> None:
    assert site(kind, raw) == site("domain", "www.evil.example")
    assert (site(kind, raw).host, site(kind, raw).registered) == ("www.evil.example", "evil.example")


def test_what_is_known_of_a_site_is_told_by_name() -> None:
    assert site("url", "https://a.northmoor.example/x").own == "northmoor.example"
    assert site("ipv4", "198.51.100.9").own == "198.51.100.0/24"
    assert site("domain", "help.printer.example").partner == "printer.example"
    assert "Süd & Söhne" in (site("domain", "www.suedsoehne.example").genuine or "")
    assert "Northmoor" in (site("url", "https://northmoor.co.uk/").genuine or "")
    assert getattr(site("url", "https://bit.ly/abc").place, "name", None) == "bit.ly"
    assert site("domain", "evil-bucket.s3.amazonaws.com").place is None
    assert site("ipv4", "10.0.0.5").inside
    assert site("cidr", "203.0.0.0/8").inside


def test_a_digest_stands_nowhere() -> None:
    nowhere = site("sha256", "ab" * 32)
    assert nowhere == Site("", None, "", None, None, None, None, None)


def test_a_network_and_its_first_address_are_two_sites() -> None:
    both = sites()
    network = both.of(Observable(Kind.CIDR, "192.0.2.0/32"))
    address = both.of(Observable(Kind.IPV4, "192.0.2.0"))
    assert (network.host, address.host) == ("", "192.0.2.0")
    assert network.network == address.network


@given(OBSERVABLES)
def test_a_site_is_that_of_the_value(observable: Observable) -> None:
    found = sites().of(observable)
    assert (found.host, found.network) == (host_of(observable) or "", network_of(observable))
    assert found.own == NORTH.holds(host_of(observable), network_of(observable))
