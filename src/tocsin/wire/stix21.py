# SPDX-License-Identifier: Apache-2.0
"""A disclosure as STIX 2.1, newly minted: one `grouping` and an `indicator` for each value (OASIS STIX 2.1 §4.6, §4.7).

Minting is exact and reading is strict: an object has these fields and no other, so that a name, an identity or an
``x_`` field cannot ride along, and its bytes are the very ones that minting writes, so that nothing
hides in a doubled key, in spaces or in escapes. Every object is authored by the alliance and dated to the day, whatever
the class of the report. STIX from elsewhere is read by `tocsin.agent.readers`; this is only our own dialect.
"""

import re
from functools import lru_cache
from itertools import product
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from tocsin.clock import day_of, from_text
from tocsin.domain.catalogue import Catalogue, catalogue_of
from tocsin.domain.disclosure import PARTS, Attack, Disclosure, Indicator
from tocsin.domain.grading import Grading, parse_grading
from tocsin.domain.marking import PAP, TLP, Marking
from tocsin.domain.narrative import check_narrative
from tocsin.domain.observable import OF_INSTITUTIONS, Kind, Observable, check_normal
from tocsin.errors import Malformed
from tocsin.ids import Entropy, check_stix_id, from_stix, new_id, to_stix

TLP_REFS = {
    TLP.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    TLP.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    TLP.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    TLP.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    TLP.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
"""Marking definitions of TLP 2.0 as the OASIS extension registers them."""

MAX_REFS = 1_000
"""Indicators that a grouping names: as many as a report may hold."""

_REFS = frozenset(TLP_REFS.values())
_MARKINGS = {(ref, str(pap)): Marking(tlp, pap) for tlp, ref in TLP_REFS.items() for pap in PAP}
_KNOWN_LABELS: dict[tuple[tuple[str, ...], str], str] = {
    (pair, prefix): label
    for kind, words in (("part:", sorted(PARTS)), ("attack:", list(Attack)))
    for word, pap in product(words, PAP)
    for prefix, label in ((kind, f"{kind}{word}"), ("PAP:", str(pap)))
    for pair in ((f"{kind}{word}", str(pap)), (str(pap), f"{kind}{word}"))
}
"""What `_label` finds in every pair that an object may have: a million of them are read one after the other."""
_PATHS = {
    Kind.DOMAIN: "domain-name:value",
    Kind.IPV4: "ipv4-addr:value",
    Kind.IPV6: "ipv6-addr:value",
    Kind.URL: "url:value",
    Kind.EMAIL: "email-addr:value",
    Kind.MD5: "file:hashes.MD5",
    Kind.SHA1: "file:hashes.'SHA-1'",
    Kind.SHA256: "file:hashes.'SHA-256'",
    Kind.SHA512: "file:hashes.'SHA-512'",
    Kind.IBAN: "bank-account:iban",  # this and the next are objects of public extensions, not of STIX itself
    Kind.WALLET: "cryptocurrency-wallet:value",
    Kind.FILE_NAME: "file:name",
}
"""Without what `OF_INSTITUTIONS` holds, which is told to nobody, and what is no text: networks and numbers."""
_KINDS = {path: kind for kind, path in _PATHS.items()}
_EQUALS = re.compile(r"\[([a-z0-9-]+:[A-Za-z0-9.'-]+) = '((?:[^'\\]++|\\['\\])*+)'\]")
_ESCAPED = re.compile(r"\\(.)")
_SYSTEM = re.compile(r"\[autonomous-system:number = ([0-9]{1,10})\]")
_WITHIN = re.compile(r"\[(?:ipv4|ipv6)-addr:value ISSUBSET '([0-9a-f.:/]+)'\]")


class CatalogueReference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One identifier of a public catalogue."""

    source_name: Catalogue
    external_id: str


class StixIndicator(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="indicator"
):
    """A value that the attacker holds."""

    id: str
    created_by_ref: str
    created: str
    modified: str
    pattern: str
    valid_from: str
    labels: tuple[str, ...]
    """``part:link`` and ``PAP:GREEN``."""
    object_marking_refs: tuple[str, ...]
    spec_version: Literal["2.1"] = "2.1"
    indicator_types: tuple[Literal["malicious-activity"], ...] = ("malicious-activity",)
    pattern_type: Literal["stix"] = "stix"


class StixGrouping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="grouping"):
    """What one report says as a whole: kind of attack, day, public identifiers, its indicators."""

    id: str
    created_by_ref: str
    created: str
    modified: str
    labels: tuple[str, ...]
    """``attack:phishing``, ``PAP:GREEN`` and, when its author graded it, ``grading:admiralty:B2``."""
    object_refs: tuple[str, ...]
    object_marking_refs: tuple[str, ...]
    external_references: tuple[CatalogueReference, ...] | UnsetType = UNSET
    """Absent rather than empty (STIX 2.1 §2.8: a list is never empty)."""
    description: str | UnsetType = UNSET
    """The text that people approved; absent, as in most, when there is none."""
    spec_version: Literal["2.1"] = "2.1"
    context: Literal["suspicious-activity"] = "suspicious-activity"


StixObject = StixIndicator | StixGrouping
_decoder: msgspec.json.Decoder[StixIndicator | StixGrouping] = msgspec.json.Decoder(
    StixIndicator | StixGrouping
)


def mint(disclosure: Disclosure, alliance_identity: str, entropy: Entropy) -> tuple[StixObject, ...]:
    """The grouping, then an indicator for each value, with fresh random identifiers."""
    day = f"{disclosure.happened}T00:00:00.000Z"
    marking_refs = (TLP_REFS[disclosure.marking.tlp],)
    indicators = tuple(
        StixIndicator(
            id=to_stix(new_id("chn", entropy), "indicator"),
            created_by_ref=alliance_identity,
            created=day,
            modified=day,
            pattern=pattern_of(indicator.observable),
            valid_from=day,
            labels=(f"part:{indicator.part}", disclosure.marking.pap),
            object_marking_refs=marking_refs,
        )
        for indicator in disclosure.indicators
    )
    grouping = StixGrouping(
        id=to_stix(disclosure.report_id, "grouping"),
        created_by_ref=alliance_identity,
        created=day,
        modified=day,
        labels=(
            f"attack:{disclosure.attack}",
            disclosure.marking.pap,
            *((f"grading:{disclosure.grading}",) if disclosure.grading else ()),
        ),
        object_refs=tuple(indicator.id for indicator in indicators) or (alliance_identity,),
        object_marking_refs=marking_refs,
        external_references=UNSET
        if not disclosure.external_ids
        else tuple(
            CatalogueReference(source_name=_catalogue(name), external_id=name)
            for name in disclosure.external_ids
        ),
        description=disclosure.text or UNSET,
    )
    return (grouping, *indicators)


def read(data: bytes, alliance_identity: str) -> StixObject:
    """One object of our dialect; Malformed names the field that is wrong or does not belong."""
    try:
        found = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{error}.") from None
    if found.created_by_ref != alliance_identity:
        raise Malformed("created_by_ref must be the alliance: a disclosure names no author.")
    if not found.created == found.modified or not _is_day(found.created):
        raise Malformed("created and modified must be one day at midnight: finer times identify the victim.")
    if msgspec.json.encode(found) != data:
        raise Malformed("The bytes are not the ones that minting writes: something could hide in them.")
    check_stix_id(found.id, "grouping" if isinstance(found, StixGrouping) else "indicator")
    if isinstance(found, StixGrouping) and found.object_refs != (alliance_identity,):
        if len(found.object_refs) > MAX_REFS or len(set(found.object_refs)) < len(found.object_refs):
            raise Malformed(f"A grouping names at most {MAX_REFS:,} indicators, each once.")
        for ref in found.object_refs:
            check_stix_id(ref, "indicator")
    if isinstance(found, StixGrouping) and found.description is not UNSET:
        check_narrative(found.description)
    marking_of(found)
    return found


def disclosure_of(grouping: StixGrouping, indicators: tuple[StixIndicator, ...]) -> Disclosure:
    """The disclosure that these objects say, the inverse of `mint`; Malformed when they do not say one thing.

    The grouping may name more indicators than are given: one that could not be read does not cost its neighbours.
    """
    for one in indicators:
        check_member(grouping, one)
    return Disclosure(
        report_id=from_stix(grouping.id, "rpt"),
        attack=attack_of(grouping),
        happened=grouping.created[:10],
        indicators=tuple(indicator_of(one) for one in indicators),
        external_ids=tuple(one.external_id for one in grouping.external_references or ()),
        marking=marking_of(grouping),
        grading=grading_of(grouping),
        text=grouping.description or "",
    )


def check_member(grouping: StixGrouping, one: StixIndicator) -> None:
    """Malformed unless an indicator is of this grouping, its day and its marking."""
    if one.id not in grouping.object_refs or one.created != grouping.created:
        raise Malformed(f"{one.id} is not of this grouping and its day.")
    if marking_of(one) != marking_of(grouping):
        raise Malformed(f"{one.id} is marked otherwise than its grouping.")


def indicator_of(found: StixIndicator) -> Indicator:
    """The value and its part; Malformed when either is not in our dialect."""
    if found.valid_from != found.created:
        raise Malformed("valid_from must be the day of created.")
    return Indicator(
        observable=observable_of(found.pattern), part=_label(found, "part:").removeprefix("part:")
    )


def attack_of(grouping: StixGrouping) -> Attack:
    """The kind of attack that a grouping names; Malformed for a word outside the vocabulary."""
    word = _label(grouping, "attack:").removeprefix("attack:")
    if word not in list(Attack):
        raise Malformed(f"{word[:20]!r} is not a kind of attack: {', '.join(Attack)}.")
    return Attack(word)


def grading_of(grouping: StixGrouping) -> Grading | None:
    """The grading as its author gave it, or None; Malformed for one of no system, or one too many."""
    given = [label.removeprefix("grading:") for label in grouping.labels if label.startswith("grading:")]
    if len(grouping.labels) != 2 + len(given) or len(given) > 1:
        raise Malformed("labels must be one attack:…, one PAP:… and at most one grading:….")
    return parse_grading(given[0]) if given else None


def marking_of(found: StixObject) -> Marking:
    """TLP from the marking reference, PAP from the label; Malformed when either is unknown or doubled."""
    refs = found.object_marking_refs
    if len(refs) != 1 or refs[0] not in _REFS:
        raise Malformed(
            "object_marking_refs must hold exactly one TLP 2.0 marking: an unknown one is not shared."
        )
    pap = _label(found, "PAP:")
    if (marking := _MARKINGS.get((refs[0], pap))) is None:
        raise Malformed(f"{pap[:20]!r} is not a PAP label: {', '.join(PAP)}.")
    return marking


def pattern_of(observable: Observable) -> str:
    """The STIX pattern that matches exactly this value (STIX 2.1 §9); Malformed for what names an institution."""
    if observable.kind in OF_INSTITUTIONS:
        raise Malformed(f"A {observable.kind} names an institution: no pattern says so.")
    value = observable.value.replace("\\", "\\\\").replace("'", "\\'")
    if observable.kind is Kind.CIDR:
        family = "ipv6" if ":" in value else "ipv4"
        return f"[{family}-addr:value ISSUBSET '{value}']"
    if observable.kind is Kind.SYSTEM:
        return f"[autonomous-system:number = {value.removeprefix('AS')}]"
    return f"[{_PATHS[observable.kind]} = '{value}']"


def observable_of(pattern: str) -> Observable:
    """The value of a pattern that `pattern_of` could have written; Malformed for any other pattern."""
    if len(pattern) > 5_000:
        raise Malformed("The pattern is longer than any single value.")
    if (equals := _EQUALS.fullmatch(pattern)) and equals[1] in _KINDS:
        value = equals[2]
        found = Observable(_KINDS[equals[1]], _ESCAPED.sub(r"\1", value) if "\\" in value else value)
    elif within := _WITHIN.fullmatch(pattern):
        found = Observable(Kind.CIDR, within[1])
    elif system := _SYSTEM.fullmatch(pattern):
        found = Observable(Kind.SYSTEM, f"AS{system[1]}")
    else:
        raise Malformed(f"{pattern[:80]!r} is not the pattern of one value.")
    if pattern_of(check_normal(found)) != pattern:
        raise Malformed(f"{pattern[:80]!r} is not how the pattern of this value is written.")
    return found


def _catalogue(identifier: str) -> Catalogue:
    name = catalogue_of(identifier)
    if name is None:
        raise Malformed(f"{identifier[:40]!r} is no identifier of ATT&CK, CVE or CAPEC.")
    return name


def _label(found: StixObject, prefix: str) -> str:
    """The one label that begins so, whole."""
    if known := _KNOWN_LABELS.get((found.labels, prefix)):
        return known
    labels = [label for label in found.labels if label.startswith(prefix)]
    graded = isinstance(found, StixGrouping) and grading_of(found) is not None
    if len(labels) != 1 or len(found.labels) != 2 + graded:
        raise Malformed(f"labels must be exactly one {prefix}… and one more of our vocabulary.")
    return labels[0]


@lru_cache(maxsize=1_024)
def _is_day(text: str) -> bool:
    """Whether it is midnight UTC of a day that exists, in the one spelling that minting writes."""
    return f"{day_of(from_text(text))}T00:00:00.000Z" == text
