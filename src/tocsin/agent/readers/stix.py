# SPDX-License-Identifier: Apache-2.0
"""STIX 2.0 and 2.1 JSON, a bundle or one object → a `Reading`.

Every object gets its own verdict: one that is not well formed becomes a `Defect` with its place, its neighbours live.
Values come from indicator patterns (``named``, ``c2``, ``sender``), and from observed data and observables, which are
only seen and not accused (``text``) unless a relationship ties them to what is (``named``). Of the data in which a
threat was sighted only files count as accused: an address in it may be the victim's side. Objects that share an
identifier are all kept: published bundles hold two indicators under one. What its author revoked or calls benign is
not used. Identifiers of ATT&CK, CVE and CAPEC are taken where STIX puts them, and from the names of attack patterns.

Not here: STIX 1.x, patterns of other languages, and minting what we send (`tocsin.wire.stix21`).
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from tocsin.agent.readers.around import MAX_REF, Around
from tocsin.agent.readers.gather import MAX_RAW, Gathering, plain
from tocsin.agent.readers.markings import Markings
from tocsin.agent.readers.pattern import named_at, named_in
from tocsin.agent.readers.reading import MAX_TEXT, Reading
from tocsin.agent.readers.stix_objects import (
    OBSERVABLES,
    Indicator,
    Malware,
    MarkingDefinition,
    Observable,
    ObservedData,
    Plain,
    Relationship,
    Report,
    Sighting,
    read_object,
)
from tocsin.clock import Instant
from tocsin.domain.catalogue import catalogue_of
from tocsin.errors import Malformed, Unreadable

MAX_EXTERNAL_IDS = 5_000
_CATALOGUED = frozenset(
    {"attack-pattern", "malware", "tool", "intrusion-set", "campaign", "vulnerability", "threat-actor"}
)
_TECHNIQUE = re.compile(r"\bT\d{4}(?:\.\d{3})?\b", re.ASCII)
_CVE = re.compile(r"\bCVE-\d{4}-\d{4,7}\b", re.IGNORECASE | re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FILES = frozenset({"file", "artifact"})
_SEEN = OBSERVABLES | {"observed-data"}
"""What counts as accused only if another object says so."""
_ALONE = Around()


def read_stix(data: bytes, around: Around = _ALONE) -> Reading:
    """Everything in a STIX bundle or object, or in a piece of a bundle; Unreadable for JSON that is neither.

    `around` is what all pieces of the bundle say of each other.
    """
    document, reader = _met(data, around)
    reader.use()
    return reader.reading(_version(document))


def survey_stix(data: bytes, around: Around) -> Around:
    """What a piece of a bundle says that counts in all others; Unreadable as before."""
    return _met(data, around)[1].told()


def _met(data: bytes, around: Around) -> "tuple[dict[str, object], _Reader]":
    gathering = Gathering()
    document = _document(data, gathering)
    objects = document.get("objects", []) if document.get("type") == "bundle" else [document]
    if not isinstance(objects, list):
        raise Unreadable("It looks like a STIX bundle whose objects are not a list.")
    reader = _Reader(gathering, around)
    for place, raw in enumerate(objects, around.first):
        reader.meet(place, raw)
    return document, reader


class _Reader:
    """The objects of one document on their way to a `Reading`."""

    def __init__(self, gathering: Gathering, around: Around) -> None:
        self._gathering = gathering
        self._markings = Markings()
        for definition in around.definitions:
            self._markings.learn(definition)
        self._objects: list[tuple[str, Plain]] = []
        self._raw_by_id: dict[str, tuple[str, Mapping[str, object]]] = {}
        self._marked_elsewhere = around.marks
        self._accused = set(around.accused)
        self._external_ids: set[str] = set()
        self._held = False
        self._marked_at = ""

    def meet(self, place: int, raw: object) -> None:
        """Take one object in, or note why not."""
        where = f"objects[{place}]"
        if not isinstance(raw, dict):
            self._gathering.defect(where, "is not an object")
            return
        where = f"{where} {raw.get('id', 'without an id')}"
        try:
            found = read_object(raw)
        except Malformed as error:
            self._gathering.defect(where, error.detail)
            return
        self._note_conflict(where, raw, found)
        self._objects.append((where, found))
        if isinstance(found, MarkingDefinition):
            refs = found.object_marking_refs
            self._markings.define(found.id, found.definition, found.extensions, refs)
        self._accuse(found)

    def use(self) -> None:
        """Take out of every object what it yields, now that all markings and relationships are known."""
        for marking_id in self._markings.circular():
            if marking_id in self._raw_by_id:
                self._gathering.defect(marking_id, "is a marking that is marked by itself")
        for ref, where in self._marked_elsewhere:
            self._apply(ref, where)
        for _, found in self._objects:
            if isinstance(found, ObservedData) and found.id in self._accused:
                self._accused.update(ref for ref in found.object_refs if ref.partition("--")[0] in _FILES)
        for where, found in self._objects:
            self._mark(where, found)
            if found.revoked:
                self._gathering.defect(where, "was revoked by its author; not used")
                continue
            self._identify(found)
            if isinstance(found, Indicator):
                self._indicator(where, found)
            elif isinstance(found, Observable):
                self._observable(
                    where, found.type, found.value, found.hashes, accused=found.id in self._accused
                )
            elif isinstance(found, ObservedData):
                for raw in found.objects.values():
                    hashes = raw.get("hashes")
                    hashes = hashes if isinstance(hashes, dict) else {}
                    accused = found.id in self._accused and raw.get("type") in _FILES
                    self._observable(where, str(raw.get("type")), raw.get("value"), hashes, accused=accused)

    def told(self) -> Around:
        """What of it counts beyond this piece."""
        marks: dict[str, str] = {}
        for where, found in self._objects:
            for ref in _marks_of(found):
                marks.setdefault(plain(ref, MAX_REF), plain(where, MAX_RAW))
        return Around(
            definitions=self._markings.definitions(),
            marks=tuple(marks.items()),
            accused=tuple(ref for ref in self._accused if _is_ref(ref, _SEEN)),
            files=tuple(
                (found.id, ref)
                for _, found in self._objects
                if isinstance(found, ObservedData)
                for ref in found.object_refs
                if _is_ref(ref, _FILES)
            ),
        )

    def reading(self, version: str) -> Reading:
        """What was gathered."""
        found = [item for _, item in self._objects]
        reports = [item for item in found if isinstance(item, Report)]
        titled = [*reports, *(item for item in found if item.type in ("campaign", "grouping")), *found]
        stated = [item.published for item in reports if item.published]
        stated = stated or [
            item.created for item in found if item.created and item.type in ("indicator", "sighting")
        ]
        strictest = self._markings.strictest
        return Reading(
            format=version,
            title=plain(next((item.name for item in titled if item.name), ""), 1_000),
            text=plain(_text(found), MAX_TEXT),
            happened=_instant(max(stated)) if stated else None,
            found=self._gathering.found(),
            external_ids=tuple(sorted(self._external_ids)[:MAX_EXTERNAL_IDS]),
            tlp=str(strictest) if strictest else None,
            held=self._held,
            marked_at=plain(self._marked_at, MAX_RAW),
            defects=self._gathering.defects(),
        )

    def _note_conflict(self, where: str, raw: Mapping[str, object], found: Plain) -> None:
        """Same identifier, same version, other content: real vendors publish it, and both are kept."""
        earlier, other = self._raw_by_id.setdefault(found.id, (where, raw))
        if other is not raw and other.get("modified") == raw.get("modified") and other != raw:
            self._gathering.defect(
                where,
                f"has the identifier and version of {earlier.partition(' ')[0]} with other content; both kept",
            )

    def _accuse(self, found: Plain) -> None:
        """Note which other objects this one calls part of an attack."""
        if found.revoked:
            return
        if isinstance(found, Relationship) and not found.source_ref.startswith(("identity--", "location--")):
            self._accused.add(found.target_ref)
        elif isinstance(found, Malware):
            self._accused.update(found.sample_refs)
        elif isinstance(found, Sighting) and found.count != 0:
            self._accused.update(found.observed_data_refs)

    def _mark(self, where: str, found: Plain) -> None:
        for ref in _marks_of(found):
            if not self._apply(ref, where):
                self._gathering.defect(
                    where, f"carries {ref[:100]}, which is not known; held for a person to judge"
                )

    def _apply(self, ref: str, where: str) -> bool:
        """Count one marking for the whole file; False, and the file is held, when nobody knows what it says."""
        before = self._markings.strictest
        known = self._markings.apply(ref)
        if not self._held and not (known and self._markings.strictest is before):
            self._marked_at = where
        self._held = self._held or not known
        return known

    def _identify(self, found: Plain) -> None:
        """Identifiers of public catalogues."""
        if catalogue_of(found.technique_id) == "mitre-attack":
            self._external_ids.add(found.technique_id)
        if found.type not in _CATALOGUED:
            return
        for reference in found.external_references:
            # MITRE's mobile and industrial matrices have sources of their own, and one form of identifier.
            name, text = reference.source_name.lower(), reference.external_id.upper()
            name = "mitre-attack" if name.startswith("mitre-") else name
            if name == catalogue_of(text):
                self._external_ids.add(text)
        if found.type == "attack-pattern":
            self._external_ids.update(_TECHNIQUE.findall(found.name))
        if found.type == "vulnerability":
            self._external_ids.update(text.upper() for text in _CVE.findall(found.name))

    def _indicator(self, where: str, found: Indicator) -> None:
        if "benign" in (*found.indicator_types, *found.labels):
            self._gathering.defect(where, "is called benign by its author; not used")
            return
        if found.pattern_type != "stix":
            self._gathering.defect(where, f"its pattern is {found.pattern_type[:40]!r}, not a STIX pattern")
            return
        steers = any("command-and-control" in phase.phase_name for phase in found.kill_chain_phases)
        try:
            for named in named_in(found.pattern):
                part = "c2" if steers and named.part == "named" else named.part
                self._gathering.value(named.kind, named.value, part, where)
        except Malformed as error:
            self._gathering.defect(where, error.detail)

    def _observable(
        self, where: str, kind: str, value: object, hashes: Mapping[str, object], *, accused: bool
    ) -> None:
        paths = [
            (f"{kind}:value", value),
            *((f"{kind}:hashes.{name}", text) for name, text in hashes.items()),
        ]
        for path, text in paths:
            named = named_at(path, text) if isinstance(text, str) else None
            if named:
                self._gathering.value(named.kind, named.value, "named" if accused else "text", where)


def _document(data: bytes, gathering: Gathering) -> dict[str, object]:
    """The JSON object; a property that is given twice is noted, since readers differ in which one they believe."""

    def noted(pairs: list[tuple[str, object]]) -> dict[str, object]:
        """One object: the last of two equal names counts, as everywhere in Python, and the defect is kept."""
        found = dict(pairs)
        if len(found) < len(pairs):
            counted = Counter(name for name, _ in pairs)
            doubled = next(name for name in found if counted[name] > 1)
            where = str(found.get("id", "an object without an id"))
            gathering.defect(where, f"gives {doubled[:60]!r} twice; the last one counts")
        return found

    try:
        document = json.loads(data, object_pairs_hook=noted)
    except RecursionError:
        raise Unreadable("It looks like JSON that is nested too deep.") from None
    except ValueError as error:
        raise Unreadable(f"It looks like JSON but is not well formed ({str(error)[:100]}).") from None
    if not isinstance(document, dict):
        raise Unreadable("It looks like a JSON list, not a STIX bundle.")
    if document.get("type") == "bundle" or "--" in str(document.get("id", "")):
        return document
    what = "a MISP event" if "Event" in document else "JSON, but neither a STIX bundle nor a STIX object"
    raise Unreadable(f"It looks like {what}.")


def _marks_of(found: Plain) -> list[str]:
    """The markings of an object and of parts of it, each once."""
    granular = (each.marking_ref for each in found.granular_markings)
    return list(dict.fromkeys([*found.object_marking_refs, *(ref for ref in granular if ref is not None)]))


def _is_ref(ref: str, kinds: frozenset[str]) -> bool:
    return len(ref) <= MAX_REF and ref.isascii() and ref.partition("--")[0] in kinds


def _version(document: dict[str, object]) -> str:
    """2.0 says so on the bundle, 2.1 on every object but the observables, which exist only there."""
    stated = document.get("spec_version")
    if stated not in (None, "2.0", "2.1"):
        raise Unreadable(f"It looks like STIX {str(stated)[:10]!r}; 2.0 and 2.1 are read.")
    if stated is not None:
        return f"stix-{stated}"
    newer = document.get("type") == "bundle" or "modified" not in document
    return "stix-2.1" if newer else "stix-2.0"


def _instant(moment: datetime) -> Instant | None:
    instant = (moment - _EPOCH) // timedelta(microseconds=1)
    return Instant(instant) if 0 <= instant < 4_102_444_800_000_000 else None


def _text(found: list[Plain]) -> str:
    """What a person reads: names and descriptions, reports first."""
    ordered = sorted(found, key=lambda item: item.type != "report")
    return "\n".join(f"{item.type} {item.name}: {item.description}" for item in ordered[:500] if item.name)
