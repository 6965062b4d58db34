# SPDX-License-Identifier: Apache-2.0
"""A table for nftables: the addresses and networks that are blocked, as two sets, and chains that drop what they match.

The file makes the table of that name anew in one transaction of the kernel, and touches no other: ``nft -f FILE``.
Traffic to and from a blocked address is dropped and counted, also where this machine only forwards it. A set merges
what overlaps. Source: nft(8), "Sets" and ``auto-merge``.
"""

from collections.abc import Iterable, Sequence

from tocsin.clock import Instant
from tocsin.domain.observable import Kind, Observable
from tocsin.hooks import Blocked, Files

TABLE = "inet tocsin"
_KINDS = frozenset({Kind.IPV4, Kind.IPV6, Kind.CIDR})
_CHAIN = """  chain {name} {{
    type filter hook {name} priority -10; policy accept;
    ip daddr @blocked4 counter drop
    ip saddr @blocked4 counter drop
    ip6 daddr @blocked6 counter drop
    ip6 saddr @blocked6 counter drop
  }}"""


class NftablesShield:
    """Addresses and networks as sets."""

    def name(self) -> str:
        """``nftables``"""
        return "nftables"

    def holds(self, observable: Observable) -> bool:
        """Addresses and networks."""
        return observable.kind in _KINDS

    def limits(self) -> str:
        """What is left out."""
        return "a packet filter knows only addresses and networks"

    def most(self) -> int:
        """An interval takes about 200 bytes of the kernel's memory, and half a million load in seconds."""
        return 500_000

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        """One file for ``nft -f``."""
        values = sorted(one.observable.value for one in blocked if one.observable.kind in _KINDS)
        six = [value for value in values if ":" in value]
        four = [value for value in values if ":" not in value]
        lines = [
            f"table {TABLE}",
            f"delete table {TABLE}",
            f"table {TABLE} {{",
            *_set("blocked4", "ipv4_addr", four),
            *_set("blocked6", "ipv6_addr", six),
            *(_CHAIN.format(name=hook) for hook in ("input", "forward", "output")),
            "}",
        ]
        return {"": ("\n".join(lines) + "\n").encode()}


def _set(name: str, kind: str, values: Sequence[str]) -> Iterable[str]:
    yield f"  set {name} {{"
    yield f"    type {kind}"
    yield "    flags interval"
    yield "    auto-merge"
    if values:
        yield "    elements = {"
        yield from (f"      {value}," for value in values)
        yield "    }"
    yield "  }"
