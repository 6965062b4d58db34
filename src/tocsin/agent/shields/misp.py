# SPDX-License-Identifier: Apache-2.0
"""A feed that any MISP pulls: ``manifest.json`` and one event, in a folder that the agent or another server serves.

Every attribute says ``to_ids``: what is here is meant to be acted on. The event keeps its identifier, and so do its
attributes, so that a pull replaces what was pulled before; enable *delta merge* in MISP so that what is gone is deleted
there. The event is replaced before the manifest that announces it. Source: misp-rfc, "MISP core format", §4 (manifest).
"""

import hashlib
import uuid
from collections.abc import Sequence

import msgspec

from tocsin.agent.shields.stix import NAMESPACE
from tocsin.clock import SECOND, Instant, day_of
from tocsin.domain.observable import Kind, Observable
from tocsin.hooks import Blocked, Files

_TYPES = {
    Kind.DOMAIN: ("domain", "Network activity"),
    Kind.IPV4: ("ip-dst", "Network activity"),
    Kind.IPV6: ("ip-dst", "Network activity"),
    Kind.CIDR: ("ip-dst", "Network activity"),
    Kind.URL: ("url", "Network activity"),
    Kind.EMAIL: ("email-src", "Payload delivery"),
    Kind.MD5: ("md5", "Payload delivery"),
    Kind.SHA1: ("sha1", "Payload delivery"),
    Kind.SHA256: ("sha256", "Payload delivery"),
    Kind.SHA512: ("sha512", "Payload delivery"),
    Kind.IBAN: ("iban", "Financial fraud"),
}
_EVENT = str(uuid.uuid5(NAMESPACE, "misp event"))
_INFO = "Tocsin: what is blocked here now"


class _Organisation(msgspec.Struct, frozen=True):
    name: str = "Tocsin"
    uuid: str = str(uuid.uuid5(NAMESPACE, "misp organisation"))


class _Tag(msgspec.Struct, frozen=True):
    name: str = "tlp:amber+strict"
    colour: str = "#FFC000"


class _Attribute(msgspec.Struct, frozen=True):
    uuid: str
    type: str
    category: str
    value: str
    timestamp: str
    comment: str
    to_ids: bool = True
    disable_correlation: bool = False


class _About(msgspec.Struct, frozen=True):
    """What manifest and event say alike."""

    info: str
    date: str
    timestamp: str
    Orgc: _Organisation = _Organisation()
    Tag: tuple[_Tag, ...] = (_Tag(),)
    analysis: str = "2"
    threat_level_id: str = "2"


class _Event(_About, frozen=True, kw_only=True):
    uuid: str = _EVENT
    published: bool = True
    publish_timestamp: str
    Attribute: tuple[_Attribute, ...]


class MispShield:
    """A feed of one event."""

    def name(self) -> str:
        """``misp``"""
        return "misp"

    def holds(self, observable: Observable) -> bool:
        """All that MISP has a type for which machines act on."""
        return observable.kind in _TYPES

    def limits(self) -> str:
        """What is left out."""
        return "MISP has no type for it on which machines act"

    def most(self) -> int:
        """MISP takes an event into memory whole; from 200,000 attributes on its pulls are reported to fail."""
        return 100_000

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        """The event, the hashes by which MISP caches a feed, and the manifest."""
        held = sorted((one for one in blocked if self.holds(one.observable)), key=lambda one: one.observable)
        about = _About(_INFO, day_of(now), str(now // SECOND))
        event = _Event(
            **msgspec.structs.asdict(about),
            publish_timestamp=about.timestamp,
            Attribute=tuple(map(_attribute, held)),
        )
        return {
            f"{_EVENT}.json": msgspec.json.encode({"Event": event}) + b"\n",
            "hashes.csv": "".join(f"{_md5(one.observable.value)},{_EVENT}\n" for one in held).encode(),
            "manifest.json": msgspec.json.encode({_EVENT: about}) + b"\n",
        }


def _attribute(one: Blocked) -> _Attribute:
    kind, category = _TYPES[one.observable.kind]
    return _Attribute(
        uuid=str(uuid.uuid5(NAMESPACE, f"misp {one.observable}")),
        type=kind,
        category=category,
        value=one.observable.value,
        timestamp=str(one.since // SECOND),
        comment=f"{one.reason} ({one.reference})",
    )


def _md5(value: str) -> str:
    """MISP's own key of its cache, and no protection of anything."""
    return hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()
