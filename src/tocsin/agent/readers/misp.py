# SPDX-License-Identifier: Apache-2.0
"""A MISP event in JSON, as MISP exports it, feeds carry it and PyMISP writes it → a `Reading`.

Flat, wrapped in ``Event``, in a ``response`` or in a list; attributes alone or in objects; composite types
(``domain|ip``, ``filename|sha256``) give each of their values. Only ``to_ids`` accuses: without it a value is mentioned
(``text``), whatever its type. Proposals of others (``ShadowAttribute``) and what was deleted are not used.

*Your organisation only* (distribution 0) and sharing groups (4) are for those who have the event, and never leave: they
count as TLP:AMBER+STRICT, of the whole event or of the attribute that carries them. Tags of the TLP taxonomy count as
they are. Sources: MISP core format (draft-dulaunoy-misp-core-format), category and type vocabularies of MISP 2.5.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime

import msgspec

from tocsin.agent.readers.gather import Gathering, plain
from tocsin.agent.readers.reading import MAX_TEXT, Reading
from tocsin.clock import SECOND, Instant
from tocsin.domain.catalogue import catalogue_of
from tocsin.domain.marking import TLP, Marking, parse_tlp, stricter
from tocsin.domain.observable import Kind
from tocsin.errors import Malformed, Unreadable

MAX_EXTERNAL_IDS = 5_000
MAX_EVENTS = 1_000
ORGANISATION_ONLY = frozenset({"0", "4"})
"""Distributions under which nothing is passed on: the own organisation, and a sharing group."""
_BROKEN = (msgspec.MsgspecError, UnicodeDecodeError)
"""What raises where it is no JSON."""
_FLAG = bool | int | str | None
_KINDS = {
    "domain": Kind.DOMAIN,
    "hostname": Kind.DOMAIN,
    "ip-src": Kind.IPV4,
    "ip-dst": Kind.IPV4,
    "ip": Kind.IPV4,
    "url": Kind.URL,
    "email": Kind.EMAIL,
    "email-src": Kind.EMAIL,
    "email-dst": Kind.EMAIL,
    "email-reply-to": Kind.EMAIL,
    "md5": Kind.MD5,
    "sha1": Kind.SHA1,
    "sha256": Kind.SHA256,
    "sha512": Kind.SHA512,
    "iban": Kind.IBAN,
    "btc": Kind.WALLET,
    "xmr": Kind.WALLET,
    "dash": Kind.WALLET,
    "AS": Kind.SYSTEM,
    "filename": Kind.FILE_NAME,
    "attachment": Kind.FILE_NAME,
    "email-attachment": Kind.FILE_NAME,
    "bic": Kind.BIC,
    "bin": Kind.BIN,
}
"""Types whose values can be told, by the names of their parts; all others are kept in the file alone."""
_NAMES_ALONE = frozenset({"filename", "attachment", "email-attachment"})
"""Types that name a file without a digest of it: anybody's may be called so, and they accuse none."""
_PARTS = {"email-src": "sender", "email-reply-to": "reply-to"}
_VICTIM = frozenset({"email-dst"})
"""Types that name whom an attack went to; ``ip-src`` is whoever attacked, in MISP's words."""
_IN_TAG = re.compile(r"\b(?:T\d{4}(?:\.\d{3})?|[SGMC]\d{4}|CVE-\d{4}-\d{4,7})\b", re.ASCII)
_TLP_TAG = re.compile(r"tlp:([a-z+]+)$", re.IGNORECASE)


class Tag(msgspec.Struct, frozen=True):
    """A word of a taxonomy or a galaxy, on an event or an attribute."""

    name: str = ""


class Attribute(msgspec.Struct, frozen=True):
    """One value of an event."""

    type: str = ""
    value: str | int | float = ""
    category: str = ""
    to_ids: _FLAG = False
    deleted: _FLAG = False
    distribution: str | int | None = None
    tags: list[Tag] = msgspec.field(default=[], name="Tag")


class Object(msgspec.Struct, frozen=True):
    """Attributes that belong together."""

    name: str = ""
    deleted: _FLAG = False
    distribution: str | int | None = None
    attributes: list[msgspec.Raw] = msgspec.field(default=[], name="Attribute")


class Event(msgspec.Struct, frozen=True):
    """What MISP shares: the fields that reading uses."""

    info: str = ""
    date: str = ""
    distribution: str | int | None = None
    attributes: list[msgspec.Raw] = msgspec.field(default=[], name="Attribute")
    objects: list[msgspec.Raw] = msgspec.field(default=[], name="Object")
    shadows: list[msgspec.Raw] = msgspec.field(default=[], name="ShadowAttribute")
    tags: list[Tag] = msgspec.field(default=[], name="Tag")


class _Wrapped(msgspec.Struct, frozen=True):
    event: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="Event")
    response: msgspec.Raw = msgspec.Raw()


def read_misp(data: bytes, first: int = 0) -> Reading:
    """Everything in a MISP event or in a list of them; Unreadable for JSON that is none.

    `first` is the place in the whole list of the first event, when they are a piece of it.
    """
    reader = _Reader()
    for number, raw in enumerate(_events(data), first):
        where = f"event {number + 1}, " if number else ""
        if number - first >= MAX_EVENTS:
            reader.gathering.defect("the file", f"holds more than {MAX_EVENTS} events; the rest was not read")
            break
        try:
            reader.event(msgspec.json.decode(raw, type=Event), where)
        except (*_BROKEN, Malformed) as error:
            reader.gathering.defect(f"{where}the event", f"{error}")
    return reader.reading()


class _Reader:
    """The events of one file on their way to a `Reading`."""

    def __init__(self) -> None:
        self.gathering = Gathering()
        self._counts: Counter[str] = Counter()
        self._external_ids: set[str] = set()
        self._events: list[Event] = []
        self._marking: TLP | None = None
        self._marked_at = ""

    def event(self, event: Event, before: str) -> None:
        """Take one event in."""
        self._events.append(event)
        self._mark(event.tags, event.distribution, f"{before}the event")
        self._identify(event.tags)
        for place, raw in enumerate(event.attributes):
            self._attribute(raw, f"{before}Attribute[{place}]")
        for number, raw in enumerate(event.objects):
            where = f"{before}Object[{number}]"
            try:
                found = msgspec.json.decode(raw, type=Object)
            except _BROKEN as error:
                self.gathering.defect(where, f"{error}")
                continue
            for place, inner in enumerate(found.attributes):
                self._attribute(inner, f"{where} {found.name[:40]}, Attribute[{place}]", found)
        if event.shadows:
            self.gathering.defect(f"{before}ShadowAttribute", "proposals that nobody accepted are not used")

    def reading(self) -> Reading:
        """What was gathered."""
        first = self._events[0] if self._events else Event()
        return Reading(
            format="misp",
            title=plain(first.info, 1_000),
            text=plain("\n".join(event.info for event in self._events), MAX_TEXT),
            happened=_day(max((event.date for event in self._events), default="")),
            found=self.gathering.found(),
            external_ids=tuple(sorted(self._external_ids)[:MAX_EXTERNAL_IDS]),
            tlp=str(self._marking) if self._marking else None,
            marked_at=self._marked_at,
            counts=tuple(sorted(self._counts.items())),
            defects=self.gathering.defects(),
        )

    def _attribute(self, raw: msgspec.Raw, where: str, within: Object | None = None) -> None:
        self._counts["attributes"] += 1
        try:
            found = msgspec.json.decode(raw, type=Attribute)
        except _BROKEN as error:
            self.gathering.defect(where, f"{error}")
            return
        accused = _is_set(found.to_ids)
        self._counts["to_ids"] += accused
        if _is_set(found.deleted) or (within is not None and _is_set(within.deleted)):
            self.gathering.defect(where, "was deleted by its author; not used")
            return
        if _stays(found.distribution) or (within is not None and _stays(within.distribution)):
            self.gathering.defect(where, "is for the organisation or the sharing group that has it; not used")
            return
        self._mark(found.tags, None, where)
        self._identify(found.tags)
        self._values(found, where, accused=accused and found.category != "Targeting data")

    def _values(self, found: Attribute, where: str, *, accused: bool) -> None:
        """Each part of a composite value by the part of the type that names it."""
        if found.type == "vulnerability" and catalogue_of(str(found.value).upper()):
            self._external_ids.add(str(found.value).upper())
        for name, text in _parts(found.type, str(found.value)):
            kind = _KINDS.get(name)
            if kind is not None:
                innocent = found.type in _VICTIM | _NAMES_ALONE
                part = _PARTS.get(name, "named") if accused and not innocent else "text"
                self.gathering.value(_precise(kind, text), text, part, where)

    def _mark(self, tags: list[Tag], distribution: str | int | None, where: str) -> None:
        labels = [TLP.AMBER_STRICT] if _stays(distribution) else []
        for tag in tags:
            named = _TLP_TAG.match(tag.name)
            if named:
                try:
                    labels.append(parse_tlp(named[1]))
                except Malformed:
                    self.gathering.defect(where, f"carries {tag.name[:40]!r}, which is no TLP label")
                    labels.append(TLP.RED)
        for label in labels:
            together = (
                label if self._marking is None else stricter(Marking(self._marking), Marking(label)).tlp
            )
            if together is not self._marking:
                self._marking, self._marked_at = together, where

    def _identify(self, tags: list[Tag]) -> None:
        for tag in tags:
            if tag.name.startswith("misp-galaxy:mitre") or "CVE-" in tag.name:
                self._external_ids.update(one for one in _IN_TAG.findall(tag.name) if catalogue_of(one))


def _events(data: bytes) -> Iterator[msgspec.Raw | bytes]:
    """Each event's own JSON, whatever is wrapped around it."""
    try:
        if data.lstrip()[:1] == b"[":
            for one in msgspec.json.decode(data, type=list[msgspec.Raw]):
                yield from _unwrapped(one)
        else:
            yield from _unwrapped(data)
    except RecursionError:
        raise Unreadable("It looks like JSON that is nested too deep.") from None
    except _BROKEN as error:
        raise Unreadable(f"It looks like a MISP event but is not well formed ({error}).") from None


def _unwrapped(data: msgspec.Raw | bytes) -> Iterator[msgspec.Raw | bytes]:
    wrapped = msgspec.json.decode(data, type=_Wrapped)
    response = bytes(wrapped.response).lstrip()
    if bytes(wrapped.event):
        yield wrapped.event
    elif response[:1] == b"[":
        yield from (
            one.event for one in msgspec.json.decode(response, type=list[_Wrapped]) if bytes(one.event)
        )
    elif response:
        yield from _unwrapped(response)
    else:
        yield data


def _parts(kind: str, value: str) -> Iterator[tuple[str, str]]:
    """The parts of a value with the names of theirs; a plain value is its only part."""
    if "|" not in kind:
        yield kind, value
        return
    separator = "|" if "|" in value else ":"
    yield from zip(kind.split("|"), value.split(separator, kind.count("|")), strict=False)


def _precise(kind: Kind, text: str) -> Kind:
    """MISP has one type for addresses of both versions and for networks, and mail types for bare domains."""
    if kind is Kind.IPV4:
        return Kind.CIDR if "/" in text else Kind.IPV6 if ":" in text else Kind.IPV4
    return Kind.DOMAIN if kind is Kind.URL and "/" not in text else kind


def _is_set(flag: _FLAG) -> bool:
    return flag in (True, "1", "true", "True")


def _stays(distribution: str | int | None) -> bool:
    return str(distribution) in ORGANISATION_ONLY


def _day(text: str) -> Instant | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    seconds = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return Instant(seconds * SECOND) if 0 <= seconds < 4_102_444_800 else None
