# SPDX-License-Identifier: Apache-2.0
"""Places that attackers share with everybody: resolvers, mail providers, shorteners, hosts, the well known.

A match does not mean "benign": of 39 published collisions between warninglists and live threat feeds 11 were public
resolvers used for command and control. It means that the *place* must not be named as the attacker's; on some, a
single page or mailbox may be. The list is short, in ``bystanders.toml`` beside this file; a larger one is another
`Bystanders`.
"""

from functools import lru_cache
from importlib.resources import files
from ipaddress import ip_network

import msgspec

from tocsin.agent.assets import covering
from tocsin.domain.linter import Network
from tocsin.domain.observable import Kind

ON_IT = {
    "known": frozenset[Kind](),
    "resolver": frozenset[Kind](),
    "relay": frozenset[Kind](),
    "shortener": frozenset({Kind.URL}),
    "hosting": frozenset({Kind.URL, Kind.EMAIL}),
    "mail": frozenset({Kind.EMAIL}),
}
"""What of an attacker's may stand on each kind of place; the place itself never is."""


class Place(msgspec.Struct, frozen=True):
    """A bystander's place that a value stands on."""

    category: str
    """One of `ON_IT`."""
    name: str
    why: str

    def may_hold(self, kind: Kind) -> bool:
        """Whether a single value of that kind on it may be the attacker's."""
        return kind in ON_IT[self.category]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    why: str
    names: tuple[str, ...]
    networks: tuple[str, ...]


class Bystanders:
    """A list of places, looked up by the longest name or network that covers a value."""

    def __init__(self, sections: dict[str, _Section]) -> None:
        self._names = {
            name: Place(category, name, section.why)
            for category, section in sections.items()
            for name in section.names
        }
        self._known_names = frozenset(self._names)
        self._networks = [
            (ip_network(text), Place(category, text, section.why))
            for category, section in sections.items()
            for text in section.networks
        ]

    @classmethod
    def shipped(cls) -> "Bystanders":
        """The list that comes with Tocsin."""
        return _shipped()

    def of_name(self, host: str) -> Place | None:
        """The place that a host name is, or is a name under."""
        name = covering(host, self._known_names)
        return self._names[name] if name else None

    def of_network(self, network: Network) -> Place | None:
        """The place whose network overlaps this one."""
        for theirs, place in self._networks:
            if theirs.version == network.version and theirs.overlaps(network):
                return place
        return None


@lru_cache(maxsize=1)
def _shipped() -> Bystanders:
    data = files("tocsin.agent").joinpath("bystanders.toml").read_bytes()
    return Bystanders(msgspec.toml.decode(data, type=dict[str, _Section]))
