# SPDX-License-Identifier: Apache-2.0
"""Indicators for Microsoft Defender for Endpoint: the CSV files for *Settings › Endpoints › Indicators › Import*.

An import takes 500 lines, and a tenant has room for 15,000 indicators: so there are thirty files, each of at most 500.
Networks are left out, because an indicator is a single address. What is no longer named ends at its expiration time:
an import deletes nothing, and Defender asks a person or its API for that. Source: Microsoft, "Manage indicators in
Microsoft Defender for Endpoint" and "Overview of indicators".
"""

from collections.abc import Sequence

from tocsin.agent.shields.csv import line
from tocsin.clock import Instant, to_text
from tocsin.domain.observable import Kind, Observable
from tocsin.hooks import Blocked, Files

BATCH = 500
BATCHES = 30
_TYPES = {
    Kind.DOMAIN: "DomainName", Kind.IPV4: "IpAddress", Kind.IPV6: "IpAddress", Kind.URL: "Url",
    Kind.SHA1: "FileSha1", Kind.SHA256: "FileSha256",
}  # fmt: skip
_COLUMNS = (
    "indicatorType", "indicatorValue", "action", "title", "description", "expirationTime", "severity",
    "recommendedActions", "rbacGroupNames", "category", "mitretechniques", "generateAlert",
)  # fmt: skip


class DefenderShield:
    """Files of 500 lines, of which the last may be empty."""

    def name(self) -> str:
        """``defender``"""
        return "defender"

    def holds(self, observable: Observable) -> bool:
        """Names, addresses, links, SHA-1 and SHA-256."""
        return observable.kind in _TYPES

    def limits(self) -> str:
        """What is left out."""
        return "Defender takes names, single addresses, links, SHA-1 and SHA-256"

    def most(self) -> int:
        """What a tenant has room for."""
        return BATCH * BATCHES

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        """``indicators-01.csv`` to ``indicators-30.csv``, sorted by value, each with its header line."""
        held = sorted((one for one in blocked if self.holds(one.observable)), key=lambda one: one.observable)
        batches = [held[start * BATCH : (start + 1) * BATCH] for start in range(BATCHES)]
        return {
            f"indicators-{number:02}.csv": "".join([line(_COLUMNS), *map(_line_of, batch)]).encode()
            for number, batch in enumerate(batches, start=1)
        }


def _line_of(one: Blocked) -> str:
    action = "BlockAndRemediate" if one.observable.kind in (Kind.SHA1, Kind.SHA256) else "Block"
    title = f"Tocsin {one.reference}"
    expires = f"{to_text(one.expires)[:19]}.0Z"
    kind, value = _TYPES[one.observable.kind], one.observable.value
    return line((kind, value, action, title, one.reason, expires, "High", "", "", "", "", "true"))
