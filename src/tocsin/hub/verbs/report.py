# SPDX-License-Identifier: Apache-2.0
"""A party reports: each object of a disclosure is checked for itself and placed in the streams of its audiences.

1. The class is `named`: others come by `tocsin.hub.anonymous`, where steps 3 and 4 are the same.
2. The audiences are ones that the author may address.
3. Each object is read in our own STIX dialect; one that is not costs only itself.
4. The grouping is this report's. An indicator that is not of it, or breaks a rule of the linter, costs only itself;
   what remains must be a whole disclosure.
5. Versions: an object posted before is known; the same version with other content is a recorded conflict.
6. The rest is appended, and the author counts as one named source for each value (`tocsin.hub.views.sources`).
"""

from collections.abc import Collection, Sequence
from hashlib import sha256

import msgspec

from tocsin.clock import Instant, from_text
from tocsin.domain.audience import Audience, default_audience
from tocsin.domain.disclosure import Indicator
from tocsin.domain.linter import Registrable, lint_envelope, lint_normal, lint_part, lint_text
from tocsin.domain.party import MAY_REPORT
from tocsin.errors import Forbidden, InputError, Malformed, Refused, Unknown
from tocsin.hub.batches import new_batch
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.streams import Draft, Placed
from tocsin.hub.verbs.roster import require_may_address
from tocsin.hub.views.directory import party_by_id
from tocsin.hub.views.handed_in import handed_in
from tocsin.hub.views.sources import Said, said_by, vouch
from tocsin.ids import new_id
from tocsin.storage.store import Params, Transaction
from tocsin.wire.messages import MAX_OBJECTS, Outcome, Report
from tocsin.wire.stix21 import (
    StixGrouping,
    StixIndicator,
    StixObject,
    check_member,
    disclosure_of,
    indicator_of,
    marking_of,
    read,
)

MAX_AUDIENCES = 8
CLASSES = frozenset({"named", "now", "mixed"})


class _Version(msgspec.Struct, frozen=True):
    stream: int
    seq: int
    modified: int
    digest: bytes | None
    chain: str


class _Named(msgspec.Struct, frozen=True):
    id: str


class Candidate(msgspec.Struct, frozen=True):
    """An object that may enter, with everything that is known of it before a store is asked."""

    found: StixObject
    indicator: Indicator | None
    """What it says when it is no grouping."""
    data: bytes
    """As the author sent it."""
    digest: bytes
    modified: Instant


class Checked(msgspec.Struct, frozen=True):
    """A report as far as it can be judged without a store."""

    clean: tuple[Candidate, ...]
    refused: tuple[Outcome, ...]


def check(hub: Exchange, sender: Sender, report: Report, *, linted: bool = False) -> Checked:
    """Steps 1, 3 and 4; `linted` when the rules of what may leave were asked before."""
    # (1)
    if report.report_class not in CLASSES:
        raise Malformed(f"{report.report_class[:20]!r} is not a class: {', '.join(sorted(CLASSES))}.")
    if report.report_class != "named":
        raise Refused(f"Class {report.report_class!r} goes by the anonymous path: here its sender is known.")
    if sender.party.role not in MAY_REPORT:
        raise Forbidden(f"A {sender.party.role} does not report.")
    return check_objects(hub, report, linted=linted)


def check_objects(hub: Exchange, report: Report, *, linted: bool = False) -> Checked:
    """Steps 3 and 4, which are the same for every class."""
    candidates, refused = _read_all(hub, report)
    clean = _clean(None if linted else hub.registrable, report, candidates, refused)
    return Checked(tuple(clean), tuple(refused))


def accept(
    tx: Transaction, hub: Exchange, sender: Sender, report: Report, checked: Checked | None = None
) -> tuple[Outcome, ...]:
    """What became of each object; one that was placed in several streams has an outcome for each.

    `checked` is what `check` gave, when it was asked before the transaction.
    """
    checked = checked or check(hub, sender, report)
    # (2)
    audiences = resolve_audiences(tx, report.audiences, sender)
    # (5) (6)
    outcomes = _place(tx, hub, sender, report, audiences, checked.clean)
    return (*outcomes, *checked.refused)


def without(report: Report, refused: Collection[str]) -> Report:
    """The report without the objects of these outcomes, for a later time."""
    kept = [
        raw
        for position, raw in enumerate(report.objects)
        if f"objects[{position}]" not in refused and msgspec.json.decode(raw, type=_Named).id not in refused
    ]
    return msgspec.structs.replace(report, objects=tuple(kept))


def resolve_audiences(tx: Transaction, texts: Sequence[str], sender: Sender) -> tuple[Audience, ...]:
    """The audiences that were chosen, or the author's default; Malformed, Forbidden or Unknown otherwise."""
    if len(texts) > MAX_AUDIENCES:
        raise Malformed(f"A report goes to at most {MAX_AUDIENCES} audiences.")
    chosen = tuple(dict.fromkeys(Audience.parse(text) for text in texts))
    for audience in chosen:
        if audience.group is not None:
            require_may_address(tx, audience.group, sender.party)
        if audience.party is not None and party_by_id(tx, audience.party) is None:
            raise Unknown(f"The directory knows no party {audience.party}.")
    return chosen or (default_audience(sender.party.role),)


def _read_all(hub: Exchange, report: Report) -> tuple[list[Candidate], list[Outcome]]:
    if not 0 < len(report.objects) <= MAX_OBJECTS:
        raise Malformed(f"A report holds 1 to {MAX_OBJECTS} objects.")
    candidates: list[Candidate] = []
    refused: list[Outcome] = []
    for position, raw in enumerate(report.objects):
        data = bytes(raw)
        try:
            found = read(data, hub.identity.alliance_identity)
            indicator = indicator_of(found) if isinstance(found, StixIndicator) else None
        except InputError as error:
            refused.append(Outcome(f"objects[{position}]", "refused", str(error)))
        else:
            digest, modified = sha256(data).digest(), from_text(found.modified)
            candidates.append(Candidate(found, indicator, data, digest, modified))
    return candidates, refused


def _clean(
    registrable: Registrable | None, report: Report, candidates: Sequence[Candidate], refused: list[Outcome]
) -> list[Candidate]:
    """The candidates that may enter; `refused` gains the others. Refused when no disclosure is left.

    Without `registrable` the linter is not asked: it was before.
    """
    groupings = [one for one in candidates if isinstance(one.found, StixGrouping)]
    if len(groupings) != 1:
        raise Refused(f"A report has exactly one grouping; this one has {len(groupings)} that can be read.")
    grouping = groupings[0].found
    assert isinstance(grouping, StixGrouping)
    envelope = disclosure_of(grouping, ())
    if envelope.report_id != report.id:
        raise Refused("The grouping's identifier is not the report's.")
    kept: dict[str, Candidate] = {}
    for one in candidates:
        if one.indicator is not None:
            sentence = "Its identifier stands in this report twice." if one.found.id in kept else ""
            if sentence := sentence or _broken(registrable, grouping, one):
                refused.append(Outcome(one.found.id, "refused", sentence))
            else:
                kept[one.found.id] = one
    indicators = tuple(one.indicator for one in kept.values() if one.indicator is not None)
    whole = msgspec.structs.replace(envelope, indicators=indicators)
    for finding in (*lint_envelope(whole), *(lint_text(whole, registrable) if registrable else ())):
        costly = refused and not kept  # what its indicators broke is why none is left
        raise Refused(refused[0].reason if costly else f"{finding.where}: {finding.sentence}")
    return [*groupings, *kept.values()]


def _broken(registrable: Registrable | None, grouping: StixGrouping, one: Candidate) -> str:
    """The first rule that an indicator breaks, as a sentence; empty when it breaks none."""
    assert isinstance(one.found, StixIndicator), "the grouping is no candidate for itself"
    assert one.indicator is not None, "it is an indicator's"
    try:
        check_member(grouping, one.found)
    except InputError as error:
        return error.detail
    if registrable is None:
        return ""
    # Its value was just read, and so is in normal form.
    findings = (*lint_part(one.indicator, ""), *lint_normal(one.indicator.observable, registrable, ""))
    return findings[0].sentence if findings else ""


def _place(
    tx: Transaction,
    hub: Exchange,
    sender: Sender,
    report: Report,
    audiences: Sequence[Audience],
    candidates: Sequence[Candidate],
) -> list[Outcome]:
    party = sender.party.id
    batch = new_batch(hub.identity, hub.entropy, party, report.id)
    outcomes: list[Outcome] = []
    fresh: list[tuple[Candidate, str]] = []
    said: list[Said] = []
    standing = handed_in(tx, hub.identity, party, report.id)
    for one in candidates:
        if places := [stood.place for stood in standing if stood.body == one.data]:
            outcomes.append(Outcome(one.found.id, "known", "It stands since before the hub was restored."))
            said += _vouched(report, one, places)
            continue
        outcome, chain = _version(tx, hub, party, one)
        if outcome is None:
            fresh.append((one, chain))
        else:
            outcomes.append(outcome)
    for audience in audiences:
        drafts = [
            Draft(
                "object",
                report.id,
                one.data,
                chain=chain,
                batch=batch,
                purposes=frozenset(report.purposes),
                not_before=Instant(report.not_before) if report.not_before else None,
                unattended=report.unattended,
            )
            for one, chain in fresh
        ]
        placed = hub.streams.append(tx, str(audience), drafts, sender.origin)
        rows = [_version_row(party, place, *one) for place, one in zip(placed, fresh, strict=True)]
        tx.run_each("insert_object", rows)
        for place, (one, _) in zip(placed, fresh, strict=True):
            outcomes.append(Outcome(one.found.id, "accepted", "", place.stream, place.seq))
            said += _vouched(report, one, [place])
    vouch(tx, hub, party, said)
    return outcomes


def _vouched(report: Report, one: Candidate, places: Sequence[Placed]) -> list[Said]:
    if one.indicator is None:
        return []
    return said_by(
        one.indicator.observable,
        marking_of(one.found),
        places,
        restricted=bool(report.purposes),
        unattended=report.unattended,
    )


def _version(tx: Transaction, hub: Exchange, owner: str, one: Candidate) -> tuple[Outcome | None, str]:
    """Known or conflict when the owner posted this version before; otherwise its chain, old or new."""
    versions = tx.all("versions_of_object", {"owner": owner, "id": one.found.id}, into=_Version)
    same = [version for version in versions if version.modified == one.modified]
    if any(version.digest == one.digest for version in same):
        return Outcome(one.found.id, "known", "You posted this version before."), ""
    if same:
        reason = "You posted this version before with other content; give the change a later version."
        return Outcome(one.found.id, "conflict", reason), ""
    return None, versions[0].chain if versions else new_id("chn", hub.entropy)


def _version_row(owner: str, place: Placed, one: Candidate, chain: str) -> Params:
    """Which version of which object an entry is."""
    return {
        "stream": place.number,
        "seq": place.seq,
        "owner": owner,
        "id": one.found.id,
        "modified": one.modified,
        "digest": one.digest,
        "chain": chain,
    }
