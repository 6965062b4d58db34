# SPDX-License-Identifier: Apache-2.0
"""Suricata rules: drop rules for each name, address, network and URL that is blocked (Suricata 6 and later).

A URL's path is matched as a prefix, because the redaction drops what follows it; one under https is seen only
where TLS is decrypted first. File hashes need a list of their own, and mail gateways match mail addresses better:
both are left out.

A rule's number (sid) is derived from its value, so that it stays the same from file to file; in the rare case that two
numbers collide, the later takes the first free number after it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import groupby
from urllib.parse import urlsplit

from tocsin.clock import Instant
from tocsin.domain.observable import Kind, Observable
from tocsin.hooks import Blocked, Files

SID_FIRST = 1_000_000_000
SID_COUNT = 1_000_000_000
"""So wide that 100,000 values collide about 50 times; above the numbers that rule publishers use, below 2**31."""

_EVERYWHERE = "any any -> any any"


class SuricataShield:
    """Rules in the syntax of Suricata 6 and later."""

    def name(self) -> str:
        """``suricata``"""
        return "suricata"

    def holds(self, observable: Observable) -> bool:
        """Names, addresses, networks and web links."""
        return any(_matches(observable))

    def limits(self) -> str:
        """What is left out."""
        return "rules can hold only domains, addresses and web links"

    def most(self) -> int:
        """Three rules a name; many more belong into datasets, which are looked up and not compiled."""
        return 100_000

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        """One rule a line, sorted by value so that numbers are stable."""
        taken: set[int] = set()
        lines = []
        for one in sorted(blocked, key=lambda one: one.observable):
            about = f'msg:"TOCSIN {one.observable.kind} {_quoted(one.reference)}"; '
            for head, match in _matches(one.observable):
                sid = _sid(f"{one.observable} {head}", taken)
                lines.append(f"drop {head} ({about}{match}sid:{sid}; rev:1;)\n")
        return {"": "".join(lines).encode()}


def _matches(observable: Observable) -> Iterator[tuple[str, str]]:
    """(protocol and direction, match options) of each rule for one value."""
    if observable.kind is Kind.DOMAIN:
        below = f'dotprefix; content:".{_quoted(observable.value)}"; endswith; '
        yield f"dns {_EVERYWHERE}", f"dns.query; {below}nocase; "
        yield f"tls {_EVERYWHERE}", f"tls.sni; {below}nocase; "
        # Suricata lower-cases http.host itself and refuses nocase; where a port follows it does not, but browsers do.
        yield f"http {_EVERYWHERE}", f"http.host; {below}"
    elif observable.kind in (Kind.IPV4, Kind.IPV6, Kind.CIDR):
        yield f"ip any any <> [{observable.value}] any", ""
    elif observable.kind is Kind.URL and observable.value.startswith("http"):
        parts = urlsplit(observable.value)
        host = f"[{parts.hostname}]" if "[" in parts.netloc else parts.hostname or ""
        path = _quoted(parts.path + (f"?{parts.query}" if parts.query else ""))
        whole_host = f'http.host; content:"{_quoted(host)}"; bsize:{len(host)}; '
        yield f"http {_EVERYWHERE}", f'{whole_host}http.uri.raw; content:"{path}"; startswith; '


def _sid(text: str, taken: set[int]) -> int:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) % SID_COUNT
    while number in taken:
        number = (number + 1) % SID_COUNT
    taken.add(number)
    return SID_FIRST + number


def _quoted(text: str) -> str:
    """Runs of bytes that mean something to Suricata's rule parser, or are not printable ASCII, as hexadecimal."""
    return "".join(
        "".join(run) if plain else "|" + "".join(run).encode().hex(" ") + "|"
        for plain, run in groupby(text, key=_is_plain)
    )


def _is_plain(character: str) -> bool:
    return " " <= character <= "~" and character not in '";:|\\'
