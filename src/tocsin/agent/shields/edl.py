# SPDX-License-Identifier: Apache-2.0
"""External dynamic lists: plain lists that a firewall fetches by itself, one for each kind of value.

==================  =================================================================================================
``ip.txt``          addresses and networks: PAN-OS *IP List*, FortiGate *IP Address*
``domain.txt``      names: PAN-OS *Domain List* (with *expand to include subdomains*), FortiGate *Domain Name*
``url.txt``         links without their scheme: PAN-OS *URL List*, FortiGate *FortiGuard Category*
``hash.txt``        file hashes: FortiGate *Malware Hash*
``check-point.csv``  all of them in Check Point's own columns (sk132193); it takes single IPv4 addresses and ranges
==================  =================================================================================================

Each list has one entry a line and no comments, because not all of the products take them. FortiOS reads 131,072 lines
or 10 MB of one list; how many PAN-OS reads depends on the model (50,000 of each on the smallest): set a lower cap.
PAN-OS takes ``*`` and ``^`` in a link for wildcards, so that one with such a letter is left out, and so is a longer one
than 255 characters. Sources: PAN-OS, "Formatting Guidelines for an External Dynamic List"; FortiOS Administration
Guide, "External feeds"; Check Point sk132193, "Custom Intelligence Feeds".
"""

import ipaddress
from collections.abc import Iterable, Sequence

from tocsin.agent.shields.csv import line
from tocsin.clock import Instant
from tocsin.domain.observable import Kind, Observable
from tocsin.hooks import Blocked, Files

_LONGEST = 255
_WILDCARDS = frozenset("*^")
_ADDRESSES = frozenset({Kind.IPV4, Kind.IPV6, Kind.CIDR})
_HASHES = frozenset({Kind.MD5, Kind.SHA1, Kind.SHA256})
_CHECK_POINT = {
    Kind.DOMAIN: "Domain", Kind.IPV4: "IP", Kind.CIDR: "IP Range", Kind.URL: "URL",
    Kind.MD5: "MD5", Kind.SHA1: "SHA1", Kind.SHA256: "SHA256",
}  # fmt: skip
_COLUMNS = ("# UNIQ-NAME", "VALUE", "TYPE", "CONFIDENCE", "SEVERITY", "PRODUCT", "COMMENT")


class EdlShield:
    """One list for each kind of value."""

    def name(self) -> str:
        """``edl``"""
        return "edl"

    def holds(self, observable: Observable) -> bool:
        """Names, addresses, networks, file hashes, and links that mean exactly themselves."""
        return bool(_entry(observable))

    def limits(self) -> str:
        """What is left out."""
        return "firewalls take names, addresses, MD5, SHA-1 and SHA-256, and links without * or ^"

    def most(self) -> int:
        """What FortiOS reads of one list."""
        return 131_072

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        """All five lists, sorted."""
        held = sorted(one.observable for one in blocked if _entry(one.observable))
        return {
            "ip.txt": _list(held, _ADDRESSES),
            "domain.txt": _list(held, {Kind.DOMAIN}),
            "url.txt": _list(held, {Kind.URL}),
            "hash.txt": _list(held, _HASHES),
            "check-point.csv": "".join([line(_COLUMNS), *map(_check_point, held)])
            .replace("\r\n", "\n")
            .encode(),
        }


def _entry(observable: Observable) -> str:
    """A value as the plain lists spell it; empty when they cannot."""
    if observable.kind is Kind.URL:
        bare = observable.value.partition("://")[2]
        web = observable.value.startswith(("http://", "https://"))
        plain = bare.isascii() and len(bare) <= _LONGEST and _WILDCARDS.isdisjoint(bare)
        return bare if web and plain else ""
    return observable.value if observable.kind in {Kind.DOMAIN, *_ADDRESSES, *_HASHES} else ""


def _list(held: Iterable[Observable], kinds: Iterable[Kind]) -> bytes:
    entries = dict.fromkeys(_entry(one) for one in held if one.kind in frozenset(kinds))
    return "".join(f"{entry}\n" for entry in entries).encode()


def _check_point(observable: Observable) -> str:
    """One indicator in Check Point's columns, named by its value; nothing for IPv6, which those do not take."""
    value, kind = _entry(observable), _CHECK_POINT.get(observable.kind)
    if kind is None or (observable.kind is Kind.CIDR and ":" in value):
        return ""
    if observable.kind is Kind.CIDR:
        network = ipaddress.ip_network(value)
        value = f"{network.network_address}-{network.broadcast_address}"
    product = "AV" if observable.kind in {Kind.URL, *_HASHES} else "AB"
    return line((f"tocsin:{observable}", value, kind, "high", "high", product, "Tocsin"))
