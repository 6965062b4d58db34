# SPDX-License-Identifier: Apache-2.0
"""A STIX 2.1 bundle of indicators, for any product that imports one (OASIS STIX 2.1 §4.7, §8).

An indicator keeps its identifier from file to file, because it is derived from the value and its reference: an import
replaces what it imported before. What is no longer in the bundle ends there by its ``valid_until``, or earlier only
where the product drops what a newer bundle does not name.
"""

import uuid
from collections.abc import Sequence

import msgspec

from tocsin.clock import Instant, to_text
from tocsin.domain.observable import OF_INSTITUTIONS, Observable
from tocsin.hooks import Blocked, Files
from tocsin.wire.stix21 import pattern_of

NAMESPACE = uuid.UUID("5e1d9a3c-7f04-4b6e-9c58-2f6a1b0c4d73")
"""Of our identifiers of version 5 (RFC 9562 §5.5); a random one, chosen once."""


class Indicator(msgspec.Struct, frozen=True, tag_field="type", tag="indicator"):
    """One value, as a product imports it."""

    id: str
    created: str
    modified: str
    name: str
    description: str
    pattern: str
    valid_from: str
    valid_until: str
    spec_version: str = "2.1"
    pattern_type: str = "stix"
    indicator_types: tuple[str, ...] = ("malicious-activity",)
    confidence: int = 80


class _Bundle(msgspec.Struct, frozen=True, tag_field="type", tag="bundle"):
    id: str
    objects: tuple[Indicator, ...]


class _Nothing(msgspec.Struct, frozen=True, tag_field="type", tag="bundle"):
    """STIX 2.1 §2.8: a list is absent rather than empty."""

    id: str


class StixShield:
    """Every value as an indicator, in one bundle."""

    def name(self) -> str:
        """``stix``"""
        return "stix"

    def holds(self, observable: Observable) -> bool:
        """All that STIX has a pattern for."""
        return observable.kind not in OF_INSTITUTIONS

    def limits(self) -> str:
        """What is left out."""
        return "STIX has no pattern for codes of institutions"

    def most(self) -> int:
        """About 40 MB; products read a bundle whole."""
        return 100_000

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        """The bundle on one line."""
        held = sorted((one for one in blocked if self.holds(one.observable)), key=lambda one: one.observable)
        objects = tuple(map(indicator_of, held))
        name = f"bundle--{uuid.uuid5(NAMESPACE, 'bundle')}"
        return {"": msgspec.json.encode(_Bundle(name, objects) if objects else _Nothing(name)) + b"\n"}


def indicator_of(one: Blocked) -> Indicator:
    """One value as STIX says it."""
    since = to_text(one.since)
    return Indicator(
        id=f"indicator--{uuid.uuid5(NAMESPACE, f'{one.observable} {one.reference}')}",
        created=since,
        modified=since,
        name=str(one.observable),
        description=f"{one.reason} ({one.reference})",
        pattern=pattern_of(one.observable),
        valid_from=since,
        valid_until=to_text(one.expires),
    )
