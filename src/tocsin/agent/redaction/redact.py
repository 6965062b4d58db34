# SPDX-License-Identifier: Apache-2.0
"""The one door out of the bank: builds exactly what would leave, and says of everything else why it stays.

1. A marking that forbids passing on refuses the whole reading.
2. Only values that `tocsin.agent.redaction.classify` gives to the attacker go on.
3. Each is looked at for traces of the victim, and shortened until it holds none: `tocsin.agent.redaction.door`.
4. `tocsin.domain.linter` has the last word on each of them.

Subject, body and places in the case cannot leave, and the name of a file only by a person's word or where somebody
published it beside its digest. A text that a person writes beside it: `tocsin.agent.redaction.narration`.
Whether a draft is sent is decided in `tocsin.agent.redaction.approve`.
"""

from collections.abc import Collection, Iterator

import msgspec

from tocsin.agent.readers.reading import Defect, Reading
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.door import Door, Leaving, Stay
from tocsin.agent.redaction.features import features_of
from tocsin.agent.redaction.narration import Narration
from tocsin.agent.redaction.owner import Owner, Value
from tocsin.clock import Instant, Meter, cpu_seconds, day_of
from tocsin.domain.catalogue import catalogue_of
from tocsin.domain.disclosure import Attack, Disclosure
from tocsin.domain.likeness import Grain, first_day
from tocsin.domain.linter import MAX_EXTERNAL_IDS
from tocsin.domain.mail_features import MailFeatures
from tocsin.domain.marking import TLP, Marking, parse_tlp, stricter
from tocsin.domain.observable import DIGESTS, Kind, Observable, host_of
from tocsin.errors import Malformed, NothingToShare, Refused
from tocsin.ids import Entropy, new_id

NOT_TO_PASS_ON = frozenset({TLP.RED, TLP.AMBER_STRICT})
"""Labels under which somebody else's information may not leave the organisation that received it (TLP 2.0)."""


_ABOUT_TECHNIQUES = frozenset({"stix-2.0", "stix-2.1", "misp"})
VOUCHED = "the attacker's: you said so"
"""Why a value leaves that no rule gives to the attacker: a person does."""
MAX_REASONS = 8
"""Reasons that are given when nothing leaves."""


class Draft(msgspec.Struct, frozen=True):
    """What would leave, beside what stays. Only the disclosure is ever sent."""

    disclosure: Disclosure
    leaves: tuple[Leaving, ...]
    stays: tuple[Value, ...]
    unread: tuple[Defect, ...] = ()
    """What of the file could not be used, and where."""
    features: MailFeatures | None = None
    """What joins the mail to others of its campaign: kept in the case, never sent."""
    narration: Narration | None = None
    """What the text of the disclosure was before; None when it has none."""


def redact(
    reading: Reading,
    classifier: Classifier,
    *,
    attack: Attack,
    now: Instant,
    entropy: Entropy,
    marking: Marking = Marking(),  # noqa: B008 a frozen value
    grain: Grain = Grain.DAY,
    also: Collection[Observable] = (),
    meter: Meter = cpu_seconds,
) -> Draft:
    """The draft for one reading. Refused by its marking; NothingToShare when no value remains.

    `marking` is the sender's own choice and may only narrow what the reading already carries; `grain` says how exactly
    the day is told. `also` are values that a
    person knows to be the attacker's where no rule does; Malformed for one that is not there, or is somebody's.
    `meter` counts this process's work: what comes after its bound stays (`tocsin.agent.redaction.door`).
    """
    carried = stricter(marking, Marking(tlp=_passable(reading)))
    door = Door(classifier, reading, meter)
    leaves: list[Leaving] = []
    stays: list[Value] = []
    for value in _as_known(classifier.classify(reading), also):
        try:
            leaves.append(door.pass_out(value))
        except Stay as reason:
            stays.append(msgspec.structs.replace(value, reason=str(reason)))
    leaves, alone = _with_digest(_as_they_stood(leaves))
    stays += alone
    indicators = sorted({leaving.indicator for leaving in leaves}, key=lambda i: (i.observable, i.part))
    catalogued = tuple(sorted(filter(catalogue_of, set(reading.external_ids)))[:MAX_EXTERNAL_IDS])
    # A bundle may be about techniques alone; a text that only mentions one says nothing of the attack.
    if not indicators and (reading.format not in _ABOUT_TECHNIQUES or not catalogued):
        raise NothingToShare(_why_nothing(stays, reading.defects))
    happened = now if reading.happened is None else min(reading.happened, now)
    disclosure = Disclosure(
        report_id=new_id("rpt", entropy),
        attack=attack,
        happened=first_day(day_of(happened), grain),
        indicators=tuple(indicators),
        external_ids=catalogued,
        marking=carried,
    )
    features = features_of(reading, classifier.own)
    return Draft(disclosure, tuple(leaves), tuple(stays), reading.defects, features)


def without(draft: Draft, home: Collection[Observable]) -> Draft:
    """The draft without these of its values, which stay because a person wants it so; with a host, all that is at it.

    Malformed when one of them would not leave anyway; NothingToShare when no other does.
    """
    leaving = {one.observable for one in draft.disclosure.indicators}
    for one in home:
        if one not in leaving:
            raise Malformed(f"{one.value} is none of the values that would leave of this file.")
    hosts = {one.value for one in home if host_of(one) == one.value}
    stay = {one for one in leaving if one in home or host_of(one) in hosts}
    indicators = tuple(one for one in draft.disclosure.indicators if one.observable not in stay)
    if not indicators and not draft.disclosure.external_ids:
        raise NothingToShare("You left out every value.")
    return msgspec.structs.replace(
        draft,
        disclosure=msgspec.structs.replace(draft.disclosure, indicators=indicators),
        leaves=tuple(one for one in draft.leaves if one.indicator.observable not in stay),
        stays=(
            *draft.stays,
            *(
                msgspec.structs.replace(one.value, reason="you left it out")
                for one in draft.leaves
                if one.indicator.observable in stay
            ),
        ),
    )


def _as_known(values: tuple[Value, ...], also: Collection[Observable]) -> Iterator[Value]:
    """The values, those a person vouches for as the attacker's."""
    for one in also:
        owners = {value.owner: value.reason for value in values if value.observable == one}
        if not owners:
            raise Malformed(f"{one.value} is none of the values that were found in this file.")
        if not owners.keys() & {Owner.UNCLEAR, Owner.ATTACKER}:
            owner, reason = next(iter(owners.items()))
            raise Malformed(f"{one.value} is not the attacker's ({owner}): {reason.rstrip('.')}.")
    for value in values:
        if value.owner in (Owner.UNCLEAR, Owner.ATTACKER) and value.observable in also:
            part = "named" if value.part in ("text", "sender") else value.part  # a person's word, no header's
            yield msgspec.structs.replace(value, owner=Owner.ATTACKER, part=part, reason=VOUCHED)
        else:
            yield value


def _as_they_stood(leaves: list[Leaving]) -> list[Leaving]:
    """A domain that stood in the file itself is not wider than the file, whatever else was cut to it."""
    stood = {one.indicator.observable: one.indicator for one in leaves if not one.wider}
    return [
        msgspec.structs.replace(one, indicator=stood[one.indicator.observable], wider=False)
        if one.indicator.observable in stood and one.wider
        else one
        for one in leaves
    ]


def _with_digest(leaves: list[Leaving]) -> tuple[list[Leaving], list[Value]]:
    """Names of files leave only where the digest of a file does; else they stay, with the reason."""
    if any(one.indicator.observable.kind in DIGESTS for one in leaves):
        return leaves, []
    names = [one for one in leaves if one.indicator.observable.kind is Kind.FILE_NAME]
    alone = [
        msgspec.structs.replace(one.value, reason="no digest of a file leaves beside it") for one in names
    ]
    return [one for one in leaves if one not in names], alone


def _passable(reading: Reading) -> TLP:
    """The label under which it may be passed on; Refused when it may not."""
    it = reading.marked_at or "It"
    if reading.held:
        raise Refused(f"{it} carries a marking that this agent does not know: the file is held, not shared.")
    try:
        label = parse_tlp(reading.tlp) if reading.tlp else TLP.CLEAR
    except Malformed:
        raise Refused(
            f"{it} carries a TLP label that does not exist: the file is held, not shared."
        ) from None
    if label in NOT_TO_PASS_ON:
        raise Refused(f"{it} is marked {label}: the file may not leave your organisation.")
    return label


def _why_nothing(stays: list[Value], unread: tuple[Defect, ...]) -> str:
    """Each reason with the first places where it holds; no value is repeated."""
    places: dict[str, list[str]] = {}
    for value in stays:
        places.setdefault(f"{value.owner}: {value.reason.rstrip('.')}", []).append(value.where)
    reasons = [f"{reason} ({', '.join(dict.fromkeys(at[:3]))})" for reason, at in places.items()]
    if len(reasons) > MAX_REASONS:
        reasons[MAX_REASONS:] = [f"{len(reasons) - MAX_REASONS} more reasons"]
    sentence = f"What was found stays: {'; '.join(reasons)}." if stays else "It holds no value."
    if not unread:
        return sentence
    first = f"{unread[0].where}: {unread[0].reason.rstrip('.')}"
    return f"{sentence} Parts that could not be used: {len(unread)}, first {first}."
