# SPDX-License-Identifier: Apache-2.0
"""The properties of STIX objects that reading uses, with their types, so that a wrong one is refused with its path.

Properties that are not used here are not judged: custom objects and properties of any vendor pass. STIX 2.0 and 2.1.
"""

import re
from collections.abc import Mapping
from datetime import datetime

import msgspec

from tocsin.errors import Malformed

_ID = re.compile(r"([a-z0-9][a-z0-9-]{1,248})--[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class ExternalReference(msgspec.Struct, frozen=True):
    """Where else a thing is described."""

    source_name: str = ""
    external_id: str = ""


class GranularMarking(msgspec.Struct, frozen=True):
    """A marking of some properties; here it counts for the whole object."""

    marking_ref: str | None = None


class Phase(msgspec.Struct, frozen=True):
    """A step of a kill chain."""

    phase_name: str = ""


class Plain(msgspec.Struct, frozen=True):
    """What every object may carry; the struct for all types that have no other."""

    type: str
    id: str
    name: str = ""
    description: str = ""
    created: datetime | None = None
    modified: datetime | None = None
    revoked: bool = False
    labels: list[str] = []
    object_marking_refs: list[str] = []
    granular_markings: list[GranularMarking] = []
    external_references: list[ExternalReference] = []
    identity_class: str = ""
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    extensions: dict[str, object] = {}
    technique_id: str = ""
    """An attack-action's ATT&CK technique (Attack Flow extension)."""


class Indicator(Plain, frozen=True):
    """A pattern to look for."""

    pattern: str = ""
    pattern_type: str = "stix"
    indicator_types: list[str] = []
    kill_chain_phases: list[Phase] = []
    valid_from: datetime | None = None


class ObservedData(Plain, frozen=True):
    """Something that was seen: 2.0 holds the observables itself, 2.1 refers to them."""

    objects: dict[str, dict[str, object]] = {}
    object_refs: list[str] = []


class Sighting(Plain, frozen=True):
    """Somebody saw a threat, and the data in which it was seen."""

    count: int | None = None
    observed_data_refs: list[str] = []


class Malware(Plain, frozen=True):
    """A malware, and its files."""

    sample_refs: list[str] = []


class Observable(Plain, frozen=True):
    """A cyber-observable object."""

    value: object = None
    hashes: dict[str, object] = {}


class Relationship(Plain, frozen=True):
    """One object's tie to another."""

    relationship_type: str = ""
    source_ref: str = ""
    target_ref: str = ""


class Report(Plain, frozen=True):
    """A published report."""

    published: datetime | None = None


class MarkingDefinition(Plain, frozen=True):
    """What a marking says."""

    definition: dict[str, object] = {}


_STRUCTS: dict[str, type[Plain]] = {
    "indicator": Indicator,
    "observed-data": ObservedData,
    "sighting": Sighting,
    "malware": Malware,
    "relationship": Relationship,
    "report": Report,
    "marking-definition": MarkingDefinition,
}
OBSERVABLES = frozenset({"domain-name", "url", "email-addr", "ipv4-addr", "ipv6-addr", "file", "artifact"})
"""The observables of which values are used; others pass as plain objects."""


def read_object(raw: Mapping[str, object]) -> Plain:
    """The object in its struct; Malformed says which property is wrong."""
    kind = raw.get("type")
    if not isinstance(kind, str):
        raise Malformed("its type is no text.")
    struct = Observable if kind in OBSERVABLES else _STRUCTS.get(kind, Plain)
    try:
        found = msgspec.convert(raw, struct)
    except msgspec.ValidationError as error:
        raise Malformed(f"{error}.") from None
    except UnicodeEncodeError:
        raise Malformed("it holds half of a pair of surrogates.") from None
    named = _ID.fullmatch(found.id)
    if not named or named[1] != found.type:
        raise Malformed(f"{found.id[:80]!r} is not an identifier of a {found.type[:40]}.")
    if found.first_seen and found.last_seen and found.last_seen < found.first_seen:
        raise Malformed("its last_seen is before its first_seen.")
    return found
