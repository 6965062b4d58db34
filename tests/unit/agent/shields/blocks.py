# SPDX-License-Identifier: Apache-2.0
"""Blocked values for the shields' tests, and any set of them for hypothesis."""

from collections.abc import Sequence

from hypothesis import strategies as st
from tests.strategies import OBSERVABLES

from tocsin.clock import DAY, Instant, from_text
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.hooks import Blocked

NOW = from_text("2026-11-21T08:30:00Z")
REFERENCE = "rpt_1f0c2a645a3b4c8e9b1d0123456789ab"


def blocked(observable: Observable) -> Blocked:
    return Blocked(observable, "2-4 named sources", REFERENCE, NOW, Instant(NOW + 30 * DAY))


def blocked_values(*values: tuple[Kind, str]) -> list[Blocked]:
    return [blocked(normalise(kind, value)) for kind, value in values]


ONE_OF_EACH = blocked_values(
    (Kind.DOMAIN, "login.example"),
    (Kind.IPV4, "192.0.2.7"),
    (Kind.IPV6, "2001:db8::7"),
    (Kind.CIDR, "198.51.100.0/24"),
    (Kind.CIDR, "2001:db8:1::/48"),
    (Kind.URL, "http://login.example/pay?a=1;b=2"),
    (Kind.URL, "http://[2001:db8::7]:8080/x"),
    (Kind.URL, 'https://login.example/"quoted\\|'),
    (Kind.URL, "ftp://files.example/x"),
    (Kind.EMAIL, "o'x@login.example"),
    (Kind.EMAIL, "=1+1@login.example"),
    (Kind.MD5, "a" * 32),
    (Kind.SHA1, "b" * 40),
    (Kind.SHA256, "c" * 64),
)

ANY: st.SearchStrategy[Sequence[Blocked]] = st.lists(OBSERVABLES, unique=True, max_size=12).map(
    lambda observables: [blocked(one) for one in observables]
)
"""Any set of values, each once, in any order."""
