# SPDX-License-Identifier: Apache-2.0
"""Where a bank's own and its partners' names lead, by passive DNS records that it has: ``www`` to a name at a CDN, that
to another, and those to addresses. To block any of them would block the bank itself.

Nobody is asked: a look-up of a reported name would tell its owner, who runs its name server, that this bank knows of it
and when. So the chains are followed only through records that were observed already, from the bank's own names on and
never from an attacker's. Lines are JSON with ``rrname``, ``rrtype`` and ``rdata``, as passive DNS servers and Zeek's
collectors write them; others are passed over. Source: draft-dulaunoy-dnsop-passive-dns-cof-12 (Common Output Format).
"""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import msgspec

from tocsin.agent.redaction.assets import covering
from tocsin.domain.observable import Kind, Observable, host_of, normalise
from tocsin.errors import ConfigError, Malformed

MAX_BYTES = 256 * 2**20
MAX_LINE = 65_536
DEEPEST = 16
"""Names in one chain; resolvers follow about as many."""
_KINDS = {"CNAME": Kind.DOMAIN, "DNAME": Kind.DOMAIN, "A": Kind.IPV4, "AAAA": Kind.IPV6}


class Record(msgspec.Struct, frozen=True):
    """One observation."""

    rrname: str
    rrtype: str
    rdata: str | list[str]


class Chains:
    """Everything that some names lead to."""

    def __init__(self, names: Iterable[str], records: Iterable[Record]) -> None:
        protected = frozenset(names)
        leads: dict[str, list[Observable]] = {}
        for record in records:
            for name, target in _normal(record):
                leads.setdefault(name, []).append(target)
        self._from: dict[str, str] = {}
        """Name or address: the protected name that leads to it."""
        for start in [name for name in leads if covering(name, protected)]:
            self._follow(start, start, leads, DEEPEST)
        self._names = frozenset(self._from)
        self._addresses = [(ip_address(text), text) for text in self._from if _is_address(text)]

    def leads_to(self, observable: Observable) -> str | None:
        """The sentence when a protected name leads to a value, or to a name below it; None otherwise."""
        if observable.kind is Kind.DOMAIN:
            below = (name for name in self._names if covering(name, frozenset({observable.value})))
            found = next(below, None)
        elif observable.kind is Kind.CIDR:
            network = ip_network(observable.value)
            found = next((text for address, text in self._addresses if address in network), None)
        else:
            host = host_of(observable)
            found = host if host in self._names else None
        return None if found is None else f"{self._from[found]} leads to it"

    def _follow(self, start: str, name: str, leads: dict[str, list[Observable]], deeper: int) -> None:
        for target in leads.get(name, ()):
            if target.value not in self._from and deeper:
                self._from[target.value] = start
                self._follow(start, target.value, leads, deeper - 1)


def read_records(path: Path) -> Iterator[Record]:
    """The records of a file; ConfigError when it cannot be read or is too large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: passive DNS records of at most {MAX_BYTES >> 20} MiB.")
        with path.open("rb") as lines:
            for line in iter(lambda: lines.readline(MAX_LINE), b""):
                try:
                    yield msgspec.json.decode(line, type=Record)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    continue
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}.") from None


def _is_address(text: str) -> bool:
    return ":" in text or text.replace(".", "").isdigit()


def _normal(record: Record) -> Iterator[tuple[str, Observable]]:
    kind = _KINDS.get(record.rrtype.upper())
    if kind is None:
        return
    for text in [record.rdata] if isinstance(record.rdata, str) else record.rdata[:100]:
        try:
            yield normalise(Kind.DOMAIN, record.rrname).value, normalise(kind, text)
        except Malformed:
            continue
