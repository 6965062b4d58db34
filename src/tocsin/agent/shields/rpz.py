# SPDX-License-Identifier: Apache-2.0
"""A DNS response policy zone: a blocked name, or a name that leads to a blocked address, does not exist (NXDOMAIN).

A blocked name blocks its subdomains too. URLs, mail addresses and hashes have no place in DNS and are left out.
Source: draft-vixie-dnsop-dns-rpz-00 §4.
"""

import ipaddress
from collections.abc import Iterator, Sequence

from tocsin.clock import SECOND, Instant
from tocsin.domain.observable import Kind, Observable
from tocsin.hooks import Blocked, Files

_TTL_SECONDS = 60
_MAX_NAME = 253 - len("*.") - len(".rpz.tocsin")
"""A longer name would not fit into the zone; it is left out."""


class RpzShield:
    """Domains and addresses as a zone named ``rpz.tocsin``."""

    def name(self) -> str:
        """``rpz``"""
        return "rpz"

    def holds(self, observable: Observable) -> bool:
        """Names, addresses and networks."""
        return any(_owners(observable))

    def limits(self) -> str:
        """What is left out."""
        return "a zone can hold only domains and addresses"

    def most(self) -> int:
        """BIND holds a zone in memory: a million names are about 1 GB of it."""
        return 1_000_000

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        """The zone file; its serial is the time in seconds, so that secondaries notice a change."""
        lines = [
            "$ORIGIN rpz.tocsin.",
            f"$TTL {_TTL_SECONDS}",
            f"@ SOA localhost. hostmaster.localhost. {now // SECOND % 2**32} 60 60 86400 {_TTL_SECONDS}",
            "@ NS localhost.",
        ]
        for owner in sorted({owner for one in blocked for owner in _owners(one.observable)}):
            lines.append(f"{owner} CNAME .")
        return {"": ("\n".join(lines) + "\n").encode()}


def _owners(observable: Observable) -> Iterator[str]:
    """The owner names that make up the rule for one value; none when DNS cannot express it."""
    if observable.kind is Kind.DOMAIN and len(observable.value) <= _MAX_NAME:
        yield observable.value
        yield f"*.{observable.value}"
    elif observable.kind in (Kind.IPV4, Kind.IPV6, Kind.CIDR):
        yield _address_owner(observable.value)


def _address_owner(text: str) -> str:
    """An address or network as RPZ writes it: prefix length, then the parts in reverse order (§4.1.1)."""
    network = ipaddress.ip_network(text)
    if network.version == 4:
        parts = str(network.network_address).split(".")
        return ".".join([str(network.prefixlen), *reversed(parts), "rpz-ip"])
    groups = [f"{int(group, 16):x}" for group in network.network_address.exploded.split(":")]
    return ".".join([str(network.prefixlen), *reversed(groups), "rpz-ip"])
