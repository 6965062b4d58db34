# SPDX-License-Identifier: Apache-2.0
"""The value sheet of one month: what came in, what it stopped or found here, how far ahead it was, and what was wrong.

*Ahead* is from when somebody else first named a value to when this party first met it: in its own logs, as hunts found
it there (`tocsin.agent.hunting`), or when it reported or confirmed it. A value that this party named first counts as
behind, not at all as a gain; nor does one that stood in its logs before anybody had named it. That one tells what no
filter could have stopped, and what the alliance brought to light.

Limits, which belong to the figures: the one time is the hub's, the other is a log's own clock, or the hub's again;
levels are as they stand when the sheet is made, not as they were that month; a product that stops something by a
protection file does not tell the agent, so *found here* rests on logs that were hunted through and on what people or
their tools confirmed; and what was erased since is not counted.
"""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import msgspec

from tocsin.agent.grouping import own_facts
from tocsin.agent.house import House
from tocsin.agent.hunting.ledger import Here, found_here, hunts, told
from tocsin.agent.redaction.corrections import Corrections
from tocsin.agent.shields.levels import KnownValue, Levels
from tocsin.agent.shields.protection import Protection
from tocsin.agent.verbs.correct import corrections
from tocsin.agent.verbs.defend import Standing, every
from tocsin.clock import DAY, LAST, MINUTE, Instant, from_text
from tocsin.domain.level import Level
from tocsin.errors import Malformed
from tocsin.storage.store import Transaction

_MOST_HUNTS = 10_000
"""More than are kept."""


class Month(msgspec.Struct, frozen=True):
    """One calendar month in UTC."""

    name: str
    """``2026-11``."""
    since: Instant
    until: Instant
    """The first moment of the next one."""


class Came(msgspec.Struct, frozen=True):
    """What others told."""

    reports: int
    sightings: int
    warnings: int
    values: int
    """Values that nobody had named before."""


class Stands(msgspec.Struct, frozen=True):
    """How many of those values are at each level now."""

    watch: int
    hold: int
    block: int


class Shielded(msgspec.Struct, frozen=True):
    """One protection file as it is now."""

    shield: str
    values: int
    written: int


class Ahead(msgspec.Struct, frozen=True):
    """Values that others told and that this party then met itself."""

    found: int
    """Named by others first, and then met in a log, reported or confirmed here."""
    first: int
    """Named here first."""
    median_minutes: float
    most_minutes: float


class Hunted(msgspec.Struct, frozen=True):
    """What stood in this party's own logs."""

    hunts: int
    """Begun in the month."""
    values: int
    """Values of others that logs of the month hold, after they had been named."""
    before: int
    """Values of others that came in the month and had stood in a log before anybody named them."""
    told: int
    """Of all of these, those of which others were told."""


class Warned(msgspec.Struct, frozen=True):
    """What was made of the warnings of the month (`tocsin.agent.verbs.defend`)."""

    read: int
    decided: int
    """A measure was taken, or the risk accepted."""
    median_minutes_to_read: float
    median_minutes_to_decision: float


class Day(msgspec.Struct, frozen=True):
    """One day of the month."""

    came: int
    """New values."""
    found: int
    """Of values of others', those met here on this day."""


class Sheet(msgspec.Struct, frozen=True):
    """Everything of one month."""

    party: str
    month: str
    made: Instant
    came: Came
    stands: Stands
    shields: tuple[Shielded, ...]
    ahead: Ahead
    hunted: Hunted
    false_holds: int
    """Values held back by a guard that people here have confirmed as the attacker's."""
    warned: Warned
    told: int
    """Reports and sightings that this party gave."""
    days: tuple[Day, ...]


class _Posting(msgspec.Struct, frozen=True):
    value: str
    fact: str
    kind: str
    since: int


class _Told(msgspec.Struct, frozen=True):
    fact: str
    kind: str


class _Met(msgspec.Struct, frozen=True):
    """One value: when others named it first, when this party did, and when a log first has it; 0 for never."""

    value: str
    theirs: int
    ours: int
    logged: int = 0

    @property
    def met(self) -> int:
        """When this party first met it, as far as it knows."""
        return min((at for at in (self.ours, self.logged) if at), default=0)


def month_of(text: str, now: Instant) -> Month:
    """The month that a person means, ``2026-11``; Malformed for anything else, or one that is to come."""
    year, dash, number = text.partition("-")
    if len(text) != 7 or not dash or not (year + number).isascii() or not (year + number).isdigit():
        raise Malformed(f"{text[:20]!r} is no month such as 2026-11.")
    if not (1970 <= int(year) <= 9998 and 1 <= int(number) <= 12):
        raise Malformed(f"{text[:20]!r} is no month such as 2026-11.")
    since = from_text(f"{text}-01T00:00:00Z")
    if since > now:
        raise Malformed(f"{text} is still to come.")
    days = calendar.monthrange(int(year), int(number))[1]
    return Month(text, since, Instant(since + days * DAY))


def sheet(house: House, levels: Levels, protection: Protection, month: Month) -> Sheet:
    """The sheet of a month, from what this agent holds now."""
    now = house.clock.now()
    with house.store.reading("value of a month") as tx:
        own = own_facts(tx)
        said = tx.all("told_between", {"since": month.since, "until": month.until}, into=_Told)
        logged = _logged(found_here(tx, house.vault.box))
        met = _met(tx, own, logged, month.until)
        passed = {str(value) for value, one in told(tx, house.vault.box).items() if one.message}
        begun = sum(month.since <= one.began < month.until for one in hunts(tx, house.vault.box, _MOST_HUNTS))
    new = {one.value for one in met if month.since <= one.theirs and one.ours not in range(1, one.theirs)}
    known = [one for one in levels.known(now) if str(one.observable) in new]
    found = [one for one in met if month.since <= one.met < month.until and 0 < one.theirs < one.met]
    warned = [one for one in every(house) if month.since <= one.first < month.until]
    return Sheet(
        party=house.vault.membership().name,
        month=month.name,
        made=now,
        came=_came(said, own, len(new)),
        stands=_stands(known),
        shields=tuple(
            Shielded(one.shield, one.values, one.written) for one in protection.apply(now, dry_run=True)
        ),
        ahead=_ahead(found, sum(one.ours >= month.since and not 0 < one.theirs < one.ours for one in met)),
        hunted=_hunted(begun, [one for one in met if one.value in new], found, passed),
        false_holds=_false_holds(known, passed.union(one.value for one in met if one.ours), house),
        warned=_warned(warned),
        told=sum(one.fact in own and one.kind != "warning" for one in said),
        days=tuple(_days(month, [one for one in met if one.value in new], found)),
    )


def _logged(here: Iterable[Here]) -> dict[str, int]:
    """When a log first has each value; a log that does not say when tells nothing here."""
    firsts: dict[str, int] = {}
    for found in (one.found for one in here):
        value = str(found.observable)
        if found.first and found.first < firsts.get(value, LAST):
            firsts[value] = found.first
    return firsts


def _met(tx: Transaction, own: frozenset[str], logged: Mapping[str, int], until: Instant) -> list[_Met]:
    firsts: dict[str, list[int]] = {}
    for row in tx.all("postings_ever", {"until": until}, into=_Posting):
        pair = firsts.setdefault(row.value, [0, 0])
        which = int(row.fact in own)
        pair[which] = pair[which] or row.since  # the oldest comes first
    return [_Met(value, theirs, ours, logged.get(value, 0)) for value, (theirs, ours) in firsts.items()]


def _came(told: Iterable[_Told], own: frozenset[str], values: int) -> Came:
    theirs = [one.kind for one in told if one.fact not in own]
    return Came(theirs.count("object"), theirs.count("sighting"), theirs.count("warning"), values)


def _stands(known: Iterable[KnownValue]) -> Stands:
    levels = [one.judgement.level for one in known]
    return Stands(levels.count(Level.WATCH), levels.count(Level.HOLD), levels.count(Level.BLOCK))


def _ahead(found: Sequence[_Met], first: int) -> Ahead:
    minutes = [(one.met - one.theirs) / MINUTE for one in found]
    return Ahead(len(found), first, median(minutes) if minutes else 0.0, max(minutes, default=0.0))


def _hunted(begun: int, new: Iterable[_Met], found: Iterable[_Met], passed: set[str]) -> Hunted:
    after = {one.value for one in found if one.logged}
    before = {one.value for one in new if 0 < one.logged < one.theirs}
    return Hunted(begun, len(after), len(before), len((after | before) & passed))


def _false_holds(known: Iterable[KnownValue], ours: set[str], house: House) -> int:
    said = Corrections(corrections(house))
    held = [one.observable for one in known if one.judgement.level is Level.HOLD]
    return sum(str(one) in ours or said.accuses(one) is not None for one in held)


def _warned(warnings: Sequence[Standing]) -> Warned:
    read, decided = [], []
    for one in warnings:
        if one.defence is None:
            continue
        steps = [step.at for step in one.defence.measures]
        steps += [step.at for step in one.defence.acceptances]
        readings = [reading.at for reading in one.defence.readings]
        read += [(min(readings) - one.first) / MINUTE] if readings else []
        decided += [(min(steps) - one.first) / MINUTE] if steps else []
    return Warned(len(read), len(decided), median(read) if read else 0.0, median(decided) if decided else 0.0)


def _days(month: Month, new: Sequence[_Met], found: Sequence[_Met]) -> Iterable[Day]:
    count = (month.until - month.since) // DAY
    came, met = [0] * count, [0] * count
    for one in new:
        came[(one.theirs - month.since) // DAY] += 1
    for one in found:
        met[(one.met - month.since) // DAY] += 1
    return (Day(*both) for both in zip(came, met, strict=True))
