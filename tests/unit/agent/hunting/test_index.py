# SPDX-License-Identifier: Apache-2.0
"""The fast index says of every pair what the definition says, and the definition what an analyst expects."""

from ipaddress import IPv4Address

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import ADDRESSES, CIDRS, OBSERVABLES

from tocsin.agent.hunting.covers import UNHUNTED, covers
from tocsin.agent.hunting.index import Index
from tocsin.domain.observable import Kind, Observable, normalise


def one(text: str) -> Observable:
    kind, _, value = text.partition(" ")
    return normalise(Kind(kind), value)


HITS = [
    ("domain evil.example", "domain evil.example"),
    ("domain evil.example", "domain www.evil.example"),
    ("domain evil.example", "url https://a.evil.example:8443/x"),
    ("domain evil.example", "email drop@mail.evil.example"),
    ("ipv4 192.0.2.7", "url http://192.0.2.7/a"),
    ("ipv6 2001:db8::7", "url http://[2001:db8::7]/a"),
    ("cidr 192.0.2.0/24", "ipv4 192.0.2.255"),
    ("cidr 192.0.2.0/24", "url http://192.0.2.1/"),
    ("cidr 2001:db8::/65", "ipv6 2001:db8::1"),
    ("url http://evil.example/a", "url https://evil.example/a"),
    ("url http://evil.example/a", "url http://evil.example/a/b"),
    ("url http://evil.example/a", "url http://evil.example/a?q=1"),
    ("url http://evil.example/a?q=1", "url http://evil.example/a?q=1&r=2"),
    ("url http://evil.example/", "url http://evil.example/anything"),
    ("email drop@evil.example", "email DROP@evil.example"),
    (f"sha256 {'ab' * 32}", f"sha256 {'AB' * 32}"),
]
MISSES = [
    ("domain evil.example", "domain notevil.example"),
    ("domain www.evil.example", "domain evil.example"),
    ("domain evil.example", "domain evil.example.org"),
    ("cidr 192.0.2.0/24", "ipv4 192.0.3.0"),
    ("cidr 2001:db8::/65", "ipv6 2001:db8:0:0:8000::1"),
    ("ipv4 192.0.2.7", "ipv4 192.0.2.70"),
    ("url http://evil.example/a", "url http://evil.example/ab"),
    ("url http://evil.example/a", "url http://evil.example/"),
    ("url http://evil.example/a", "url http://evil.example:8080/a"),
    ("url http://evil.example/a", "domain evil.example"),
    ("email drop@evil.example", "email other@evil.example"),
    (f"md5 {'ab' * 16}", f"md5 {'ba' * 16}"),
    ("file-name invoice.zip", "file-name invoice.zip"),
]


@pytest.mark.parametrize(("known", "seen"), HITS)
def test_a_hit_is_a_hit(known: str, seen: str) -> None:
    assert covers(one(known), one(seen))
    assert Index([one(known)]).match(one(seen)) == (one(known),)


@pytest.mark.parametrize(("known", "seen"), MISSES)
def test_what_only_looks_alike_is_none(known: str, seen: str) -> None:
    assert not covers(one(known), one(seen))
    assert Index([one(known)]).match(one(seen)) == ()


HOSTS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(
    lambda labels: ".".join((*labels, "example"))
)
NUMBERS = st.integers(0, 31).map(lambda number: f"192.0.2.{number}")
SIXES = st.tuples(
    st.sampled_from(("2001:db8::", "2001:db8:0:1::", "2001:db8::8000:0:0:")), st.integers(0, 3)
).map(lambda parts: f"{parts[0]}{parts[1]}")
PLACES = st.sampled_from(("", "a", "a/", "a/b", "ab", "a?q=1", "a?q=1&r=2", "a/b/"))
CROWDED = st.one_of(
    HOSTS.map(lambda host: normalise(Kind.DOMAIN, host)),
    NUMBERS.map(lambda number: normalise(Kind.IPV4, number)),
    SIXES.map(lambda number: normalise(Kind.IPV6, number)),
    st.tuples(NUMBERS, st.integers(24, 32)).map(lambda net: normalise(Kind.CIDR, f"{net[0]}/{net[1]}")),
    st.tuples(SIXES, st.integers(40, 128)).map(lambda net: normalise(Kind.CIDR, f"{net[0]}/{net[1]}")),
    st.tuples(st.sampled_from(("http", "https")), HOSTS | NUMBERS | SIXES.map("[{}]".format), PLACES).map(
        lambda url: normalise(Kind.URL, f"{url[0]}://{url[1]}/{url[2]}")
    ),
    HOSTS.map(lambda host: normalise(Kind.EMAIL, f"x@{host}")),
    st.sampled_from("ab").map(lambda digit: normalise(Kind.MD5, digit * 32)),
)
"""Values that share so much that most of them cover some other."""


@given(known=st.lists(CROWDED, max_size=12), seen=CROWDED.filter(lambda value: value.kind is not Kind.CIDR))
def test_the_index_says_what_the_definition_says(known: list[Observable], seen: Observable) -> None:
    expected = {value for value in known if covers(value, seen)}
    assert set(Index(known).match(seen)) == expected


@given(known=st.lists(OBSERVABLES, max_size=8))
def test_every_value_that_is_hunted_meets_itself(known: list[Observable]) -> None:
    index = Index(known)
    for value in known:
        if value.kind in UNHUNTED:
            assert index.match(value) == ()
        elif value.kind is not Kind.CIDR:
            assert value in index.match(value)


@given(known=st.lists(ADDRESSES | CIDRS, max_size=20), asked=st.lists(ADDRESSES, max_size=20))
def test_networks_meet_the_addresses_that_they_hold(known: list[Observable], asked: list[Observable]) -> None:
    index = Index(known)
    four = [one for one in asked if one.kind is Kind.IPV4]
    numbers = np.array([int(IPv4Address(one.value)) for one in four], np.uint64)
    met = {four[place] for place in index.networks.meet(numbers)}
    assert met == {one for one in four if index.networks.holding(one.value)}
    for seen in asked:
        holding = index.networks.holding(seen.value)
        assert set(holding) == {value for value in known if value.kind is Kind.CIDR and covers(value, seen)}


def test_an_index_of_nothing_meets_nothing() -> None:
    index = Index(())
    assert len(index) == 0
    assert not index.networks
    assert index.hosts() == set()
    assert [index.match(one(text)) for _, text in HITS] == [()] * len(HITS)
