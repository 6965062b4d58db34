# SPDX-License-Identifier: Apache-2.0
"""When a value that a log holds is a hit on one that the alliance knows: the definition, one pair at a time.

=========  =============================================================================================
known      is met by
=========  =============================================================================================
domain     itself and every name below it; a URL or mail address on one of them
address    itself; a URL on it
network    every address in it; a URL on one of them
URL        itself, and whatever lies below it: it ends, or ``/``, ``?`` or ``&`` follows. The scheme is no difference
mail       itself
digest     itself
=========  =============================================================================================

Both are in normal form (`tocsin.domain.observable`). `tocsin.agent.hunting.index` answers the same for a million at a
time and is tested against this. Names of files, autonomous systems and accounts are not hunted: they are `UNHUNTED`.
"""

import ipaddress
from contextlib import suppress

from tocsin.domain.observable import DIGESTS, Kind, Observable, host_of

HUNTED = frozenset({Kind.DOMAIN, Kind.IPV4, Kind.IPV6, Kind.CIDR, Kind.URL, Kind.EMAIL}) | DIGESTS
UNHUNTED = frozenset(Kind) - HUNTED
BELOW = "/?&"
"""What may follow a URL in another that lies below it."""


def covers(known: Observable, seen: Observable) -> bool:
    """Whether `seen` in a log is a hit on `known`."""
    host = host_of(seen) or ""
    match known.kind:
        case Kind.DOMAIN:
            return host == known.value or host.endswith(f".{known.value}")
        case Kind.IPV4 | Kind.IPV6:
            return host == known.value
        case Kind.CIDR:
            return _holds(known.value, host)
        case Kind.URL:
            above, below = without_scheme(known.value), without_scheme(seen.value)
            return seen.kind is Kind.URL and lies_below(below, above)
        case kind:
            return kind in HUNTED and known == seen


def _holds(network: str, host: str) -> bool:
    """Whether a host is an address in a network."""
    with suppress(ValueError):
        return ipaddress.ip_address(host) in ipaddress.ip_network(network)
    return False


def without_scheme(url: str) -> str:
    """Host, port, path and query of a URL."""
    return url.partition("://")[2]


def lies_below(seen: str, known: str) -> bool:
    """Whether one URL is another or lies below it, both without their schemes."""
    rest = seen[len(known) :]
    return seen.startswith(known) and (not rest or known.endswith("/") or rest[0] in BELOW)
