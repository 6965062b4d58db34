# SPDX-License-Identifier: Apache-2.0
"""Indicators for Microsoft Sentinel: the JSON file that *Threat intelligence › Import using a file* takes.

It is an array of STIX 2.1 indicators of at most 250 MB. Networks are left out: Sentinel takes in a pattern of one, and
its analytics rules match none. Source: Microsoft, "Add indicators in bulk to Microsoft Sentinel threat intelligence
from a CSV or JSON file".
"""

from collections.abc import Sequence

import msgspec

from tocsin.agent.shields.stix import indicator_of
from tocsin.clock import Instant
from tocsin.domain.observable import Kind, Observable
from tocsin.hooks import Blocked, Files

_KINDS = frozenset(
    {Kind.DOMAIN, Kind.IPV4, Kind.IPV6, Kind.URL, Kind.EMAIL, Kind.MD5, Kind.SHA1, Kind.SHA256, Kind.SHA512}
)


class SentinelShield:
    """An array of indicators."""

    def name(self) -> str:
        """``sentinel``"""
        return "sentinel"

    def holds(self, observable: Observable) -> bool:
        """Names, addresses, links, mail addresses and file hashes."""
        return observable.kind in _KINDS

    def limits(self) -> str:
        """What is left out."""
        return "Sentinel matches names, addresses, links, mail addresses and file hashes"

    def most(self) -> int:
        """At about 500 bytes each, the 250 MB of one file."""
        return 400_000

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        """One indicator a line, in one array."""
        held = sorted((one for one in blocked if self.holds(one.observable)), key=lambda one: one.observable)
        lines = b",\n".join(msgspec.json.encode(indicator_of(one)) for one in held)
        return {"": b"[\n" + lines + (b"\n]\n" if lines else b"]\n")}
