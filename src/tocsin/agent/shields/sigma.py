# SPDX-License-Identifier: Apache-2.0
r"""Sigma rules, for any SIEM that they can be translated for: one rule for each kind of log that shows a value.

The rules say what to look for and block nothing. A value is written so that it means only itself: Sigma reads ``*``,
``?`` and ``\`` in a value as wildcards and escapes. Each rule keeps its identifier. Strings are written as JSON does,
which YAML reads alike (YAML 1.2 §1.3). Source: SigmaHQ, "Sigma Rules Specification" 2.
"""

import json
import re
import uuid
from collections.abc import Iterator, Sequence

import msgspec

from tocsin.agent.shields.stix import NAMESPACE
from tocsin.clock import Instant, day_of
from tocsin.domain.observable import Kind, Observable
from tocsin.hooks import Blocked, Files

_SPECIAL = re.compile(r"[*?\\]")


class _Rule(msgspec.Struct, frozen=True):
    title: str
    logsource: str
    fields: tuple[tuple[str, tuple[Kind, ...]], ...]
    """Field with its modifier, and the kinds of values that it is compared with."""


_ADDRESSES = (Kind.IPV4, Kind.IPV6)
_RULES = (
    _Rule("DNS query", "category: dns", (("query|endswith", (Kind.DOMAIN,)), ("query", (Kind.DOMAIN,)))),
    _Rule(
        "Web request",
        "category: proxy",
        (
            ("cs-host|endswith", (Kind.DOMAIN,)),
            ("cs-host", (Kind.DOMAIN,)),
            ("c-uri|startswith", (Kind.URL,)),
            ("dst_ip", _ADDRESSES),
        ),
    ),
    _Rule(
        "Connection",
        "category: firewall",
        (
            ("dst_ip", _ADDRESSES),
            ("src_ip", _ADDRESSES),
            ("dst_ip|cidr", (Kind.CIDR,)),
            ("src_ip|cidr", (Kind.CIDR,)),
        ),
    ),
    _Rule(
        "Program start",
        "category: process_creation\n  product: windows",
        (("Hashes|contains", (Kind.MD5, Kind.SHA1, Kind.SHA256)),),
    ),
)
_KINDS = frozenset(kind for rule in _RULES for _, kinds in rule.fields for kind in kinds)


class SigmaShield:
    """A file of rules, one document each."""

    def name(self) -> str:
        """``sigma``"""
        return "sigma"

    def holds(self, observable: Observable) -> bool:
        """What logs of names, requests, connections and programs show."""
        return observable.kind in _KINDS

    def limits(self) -> str:
        """What is left out."""
        return "the rules look for names, links, addresses, networks and file hashes"

    def most(self) -> int:
        """A translated rule is one query, and a SIEM bounds its length."""
        return 10_000

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        """The rules that have something to look for; an empty file when none has."""
        held = sorted(one.observable for one in blocked if self.holds(one.observable))
        rules = [text for rule in _RULES if (text := _document(rule, held, now))]
        return {"": "---\n".join(rules).encode()}


def _document(rule: _Rule, held: Sequence[Observable], now: Instant) -> str:
    selections = [lines for field in rule.fields if (lines := list(_selection(*field, held)))]
    if not selections:
        return ""
    lines = [
        f"title: Tocsin Alliance Indicator in {rule.title}",
        f"id: {uuid.uuid5(NAMESPACE, f'sigma {rule.title}')}",
        "status: stable",
        "description: A value that this bank blocks because the alliance confirmed it or warned of it.",
        "author: Tocsin",
        f"date: {day_of(now)}",
        f"logsource:\n  {rule.logsource}",
        "detection:",
    ]
    for number, selection in enumerate(selections):
        lines += [f"  selection_{number}:", *selection]
    lines += [
        "  condition: 1 of selection_*",
        "falsepositives:",
        "  - A value that changed hands",
        "level: high",
    ]
    return "\n".join(lines) + "\n"


def _selection(field: str, kinds: tuple[Kind, ...], held: Sequence[Observable]) -> Iterator[str]:
    """One field with its values; nothing when there is none."""
    values = [one.value for one in held if one.kind in kinds]
    if values:
        yield f"    {field}:"
    for value in values:
        dotted = f".{value}" if field in ("query|endswith", "cs-host|endswith") else value
        yield f"      - {json.dumps(_SPECIAL.sub(lambda found: chr(92) + found[0], dotted), ensure_ascii=False)}"
