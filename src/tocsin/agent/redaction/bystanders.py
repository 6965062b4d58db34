# SPDX-License-Identifier: Apache-2.0
"""Places that attackers share with everybody: resolvers, mail providers, shorteners, hosts, the well known.

A match does not mean "benign": of 39 published collisions between warninglists and live threat feeds 11 were public
resolvers used for command and control. It means that the *place* must not be named as the attacker's; on some, a
single page or mailbox may be. The list stands in ``bystanders.toml`` beside this file, which says where it is from; a
larger one is another `Bystanders`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from ipaddress import ip_network

import msgspec

from tocsin.agent.redaction.assets import covering
from tocsin.domain.linter import Network
from tocsin.domain.observable import Kind, Observable, path_of
from tocsin.wire.registrable import registrable

_ESCAPE = re.compile("%[0-9A-F]{2}")

ON_IT = {
    "known": frozenset[Kind](),
    "resolver": frozenset[Kind](),
    "relay": frozenset[Kind](),
    "shortener": frozenset({Kind.URL}),
    "hosting": frozenset({Kind.URL, Kind.EMAIL}),
    "mail": frozenset({Kind.EMAIL}),
}
"""What of an attacker's may stand on each kind of place; the place itself never is."""

SHORTEST_PAGE = 3
"""Letters and digits from which a path names one page of a place: products match it from its beginning."""


class Place(msgspec.Struct, frozen=True):
    """A bystander's place that a value stands on."""

    category: str
    """One of `ON_IT`."""
    name: str
    why: str

    def may_hold(self, observable: Observable) -> bool:
        """Whether a single value on it may be the attacker's. A URL that names no page is the place itself."""
        names_one = observable.kind is not Kind.URL or _names_a_page(path_of(observable))
        return names_one and observable.kind in ON_IT[self.category]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    category: str
    """One of `ON_IT`."""
    why: str
    names: tuple[str, ...] = ()
    """Each with its subdomains."""
    countries: tuple[str, ...] = ()
    """Labels that are the place's under the endings of all countries: ``google.de``, ``google.co.uk``."""
    networks: tuple[str, ...] = ()


class Bystanders:
    """A list of places, looked up by the longest name or network that covers a value."""

    def __init__(self, sections: dict[str, _Section]) -> None:
        every = sections.values()
        self._names = {name: Place(one.category, name, one.why) for one in every for name in one.names}
        self._known_names = frozenset(self._names)
        self._above = {above: place for name, place in self._names.items() for above in _above(name)}
        self._countries = {label: one for one in every for label in one.countries}
        self._networks: dict[tuple[int, int], list[tuple[int, int, Place]]] = {}
        """By version and first eight bits: the first and the last address of each, as numbers."""
        for one in every:
            for text in one.networks:
                network = ip_network(text)
                first, last = _span(network)
                for begun in _beginnings(network):
                    beside = self._networks.setdefault((network.version, begun), [])
                    beside.append((first, last, Place(one.category, text, one.why)))

    @classmethod
    def shipped(cls) -> "Bystanders":
        """The list that comes with Tocsin."""
        return _shipped()

    def of_name(self, host: str) -> Place | None:
        """The place that a host name is, or is a name under; or one that would fall with it, being under it."""
        if name := covering(host, self._known_names):
            return self._names[name]
        if host in self._above:
            return self._above[host]
        own = registrable(host) or ""
        label, _, ending = own.partition(".")
        section = self._countries.get(label) if len(ending.rpartition(".")[2]) == 2 else None
        return Place(section.category, own, section.why) if section else None

    def of_network(self, network: Network) -> Place | None:
        """The place whose network overlaps this one."""
        first, last = _span(network)
        for begun in _beginnings(network):
            for low, high, place in self._networks.get((network.version, begun), ()):
                if low <= last and first <= high:
                    return place
        return None


def _span(network: Network) -> tuple[int, int]:
    """First and last address as numbers."""
    return int(network.network_address), int(network.broadcast_address)


def _beginnings(network: Network) -> range:
    """The first eight bits of its addresses."""
    first, last = _span(network)
    beyond = network.max_prefixlen - 8
    return range(first >> beyond, (last >> beyond) + 1)


def _above(name: str) -> Iterator[str]:
    """The names that a name is under, down to the one that somebody registered."""
    while registrable(name := name.partition(".")[2]):
        yield name


def _names_a_page(path: str) -> bool:
    return sum(map(str.isalnum, _ESCAPE.sub("", path))) >= SHORTEST_PAGE


@lru_cache(maxsize=1)
def _shipped() -> Bystanders:
    data = files("tocsin.agent.redaction").joinpath("bystanders.toml").read_bytes()
    return Bystanders(msgspec.toml.decode(data, type=dict[str, _Section]))
