# SPDX-License-Identifier: Apache-2.0
"""Blocked values for the shields' tests, and any set of them for hypothesis."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from hypothesis import strategies as st
from tests.strategies import OBSERVABLES

from tocsin.agent.shields.formats import BUILT_IN, Named, named
from tocsin.agent.shields.switching import State
from tocsin.clock import DAY, Instant, from_text
from tocsin.config.agent import AgentConfig, OwnAssets
from tocsin.config.shields import Shields
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.hooks import Blocked
from tocsin.privacy.box import KEY_BYTES, Box

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

BOX = Box(b"k" * KEY_BYTES, os.urandom)


def all_on() -> Mapping[str, State]:
    """Somebody has switched on everything."""
    return {shield.name(): State.ON for shield in BUILT_IN} | {"webhook": State.ON}


def named_in(folder: Path, shields: Shields) -> tuple[Named, ...]:
    """The shields of such settings."""
    own = OwnAssets(legal_name="Example Bank plc")
    return tuple(named(AgentConfig("https://hub.example", "", own, shields), folder))


ANY: st.SearchStrategy[Sequence[Blocked]] = st.lists(OBSERVABLES, unique=True, max_size=12).map(
    lambda observables: [blocked(one) for one in observables]
)
"""Any set of values, each once, in any order."""
