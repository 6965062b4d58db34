# SPDX-License-Identifier: Apache-2.0
"""Where values stand: a host or a network, and what is known of it whatever stands there.

A mail has ten links to one host, and the next mail of its wave has them again: each host is looked at once.
"""

from functools import lru_cache

import msgspec

from tocsin.agent.redaction.assets import Assets, covering
from tocsin.agent.redaction.bystanders import Bystanders, Place
from tocsin.domain.linter import Network, network_of, private_address, too_wide
from tocsin.domain.observable import Kind, Observable, host_of
from tocsin.wire.registrable import registrable

_REMEMBERED = 16_384
"""Hosts and networks whose answer is kept: about 10 MB."""


class Site(msgspec.Struct, frozen=True):
    """One host or network; what stands on neither, as a digest does, has an empty one."""

    host: str
    network: Network | None
    """Of an address too."""
    registered: str
    """The domain that somebody registered; empty for a suffix, an address and a name of no public ending."""
    own: str | None
    """The asset of the bank's own that it is, or is under."""
    partner: str | None
    """The partner's domain that it is under."""
    genuine: str | None
    """Why it is probably a member's own, in words."""
    place: Place | None
    """The bystander's place that it is, unless it is a tenant's own corner of one."""
    inside: str | None
    """Why it only means something inside somebody's network, or is too wide to be named."""


class Sites:
    """Every site, as one bank sees it."""

    def __init__(self, own: Assets, members: tuple[Assets, ...], bystanders: Bystanders) -> None:
        self._own = own
        self._members = [member for member in members if member.domains or member.networks]
        self._named = {name: member for member in (*members, own) for name in member.names}
        self._bystanders = bystanders
        self._known = lru_cache(_REMEMBERED)(self._look_at)

    def of(self, observable: Observable) -> Site:
        """The site that a value is, or stands on."""
        is_network = observable.kind is Kind.CIDR
        return self._known(observable.value if is_network else host_of(observable) or "", is_network)

    def _look_at(self, text: str, is_network: bool) -> Site:  # noqa: FBT001 remembered by its arguments
        observable = Observable(Kind.CIDR if is_network else Kind.DOMAIN, text)
        host, network = "" if is_network else text, network_of(observable)
        registered = registrable(host) or ""
        return Site(
            host=host,
            network=network,
            registered=registered,
            own=self._own.holds(host, network),
            partner=covering(host, self._own.partners),
            genuine=self._genuine(host, network, registered),
            place=self._bystanders.of_network(network) if network else self._place(host, registered),
            inside=private_address(observable, network, registrable)
            or too_wide(observable, network, registrable),
        )

    def _place(self, host: str, registered: str) -> Place | None:
        place = self._bystanders.of_name(host)
        is_own_corner = place and registered and len(registered.partition(".")[2]) >= len(place.name)
        return None if is_own_corner else place

    def _genuine(self, host: str, network: Network | None, registered: str) -> str | None:
        for member in self._members:
            if member.holds(host, network):
                return f"genuine: {member.legal_name}'s"
        label, _, suffix = _unicode(registered).partition(".")
        for candidate in (label.replace("-", ""), suffix):
            if named := self._named.get(candidate):
                return f"its whole name is {named.legal_name}'s: probably genuine"
        return None


def _unicode(name: str) -> str:
    """A host name with its international labels as people read them."""
    return ".".join(map(_label, name.split("."))) if "xn--" in name else name


def _label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode().decode("punycode")
    except UnicodeError:
        return label
