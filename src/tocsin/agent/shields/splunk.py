# SPDX-License-Identifier: Apache-2.0
"""Lookup files for Splunk Enterprise Security: its local threat intelligence, one CSV for each collection.

The files bear the names and the columns that Splunk expects in the lookups folder of its threat intelligence app, and
replace what is there; without Enterprise Security they are plain lookups. Networks stand in the address list in CIDR
form. Source: Splunk Enterprise Security, "Supported types of threat intelligence".
"""

from collections.abc import Sequence

from tocsin.agent.shields.csv import CsvShield, line
from tocsin.clock import Instant
from tocsin.domain.observable import Kind, Observable
from tocsin.hooks import Blocked, Files

_WEIGHT = "60"
"""Splunk's own default, of 1 to 100."""
_HASHES = (Kind.MD5, Kind.SHA1, Kind.SHA256, Kind.SHA512)
_FILES: dict[str, tuple[str, str, tuple[Kind, ...]]] = {
    "local_ip_intel.csv": ("description,ip,weight", "ip", (Kind.IPV4, Kind.IPV6, Kind.CIDR)),
    "local_domain_intel.csv": ("description,domain,weight", "domain", (Kind.DOMAIN,)),
    "local_http_intel.csv": ("description,http_referrer,http_user_agent,url,weight", "url", (Kind.URL,)),
    "local_email_intel.csv": ("description,src_user,subject,weight", "src_user", (Kind.EMAIL,)),
    "local_file_intel.csv": ("description,file_hash,file_name,weight", "file_hash", _HASHES),
}
"""File: its columns, the one for the value, and the kinds of values."""
_KINDS = frozenset(kind for _, _, kinds in _FILES.values() for kind in kinds)
_safe = CsvShield().holds


class SplunkShield:
    """Five lookups."""

    def name(self) -> str:
        """``splunk``"""
        return "splunk"

    def holds(self, observable: Observable) -> bool:
        """Addresses, networks, names, links, mail addresses and file hashes."""
        return observable.kind in _KINDS and _safe(observable)

    def limits(self) -> str:
        """What is left out."""
        return "Splunk's collections take addresses, names, links, mail addresses and file hashes"

    def most(self) -> int:
        """A lookup file of 100,000 lines has about 10 MB, from where on Splunk indexes it."""
        return 100_000

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        """Every lookup with its header line, sorted by value."""
        held = sorted((one for one in blocked if self.holds(one.observable)), key=lambda one: one.observable)
        return {name: _lookup(held, *about) for name, about in _FILES.items()}


def _lookup(held: Sequence[Blocked], header: str, column: str, kinds: tuple[Kind, ...]) -> bytes:
    columns = header.split(",")
    lines = [line(columns)]
    for one in held:
        if one.observable.kind in kinds:
            about = {
                "description": f"Tocsin {one.reference}",
                "weight": _WEIGHT,
                column: one.observable.value,
            }
            lines.append(line([about.get(name, "") for name in columns]))
    return "".join(lines).encode()
