# SPDX-License-Identifier: Apache-2.0
"""How many distinct named parties vouch for an observable, published as a band and never as a list.

What is for some purposes only counts for nothing, because a band would tell everybody; nor does what its marking
permits nobody to act on, because the band is what receivers act on. Standing rules alone never complete a quorum: one
mail sent to many banks would make them confirm each other, so without anything that a person approved there is no
band above one.

The count is kept per stream, because only its readers may learn it. A band entry is written when the band changes;
one source alone is not published: the report itself says as much. A source counts for `COUNTS_FOR`; when the last one
is gone or has aged, so are the entries that published the bands.

Nor do the same two parties alone confirm any number of values (`tocsin.hub.views.pairs`).

What a party said still counts when it is suspended or has left: bands that fell just then would tell every reader
which values it had reported. The operator erases what is wrong, by its fact.
"""

from collections.abc import Iterable

import msgspec

from tocsin.clock import Instant
from tocsin.domain.level import COUNTS_FOR, Band, band_of
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.hub.exchange import Exchange
from tocsin.hub.streams import HUB_ITSELF, Draft, Placed
from tocsin.hub.views.pairs import Room
from tocsin.ids import new_id
from tocsin.storage.store import Params, Transaction
from tocsin.wire.events import BandEvent
from tocsin.wire.messages import decode, encode

_BANDS = tuple(Band)
_TWO = 2


class Said(msgspec.Struct, frozen=True):
    """One value that an entry vouches for."""

    place: Placed
    observable: Observable
    attended: bool
    """Whether a person approved it."""


class _StandingOfValue(msgspec.Struct, frozen=True):
    sources: int
    attended: int
    band: str | None
    fact: str | None

    @property
    def published(self) -> Band:
        """What readers were told last; one source alone is not told."""
        return Band(self.band) if self.band else Band.ONE

    @property
    def count(self) -> int:
        """Distinct sources; however many standing rules there are without a person, they are one."""
        return self.sources if self.attended else min(self.sources, 1)


class _Value(msgspec.Struct, frozen=True):
    value: str


class _Body(msgspec.Struct, frozen=True):
    body: bytes


class _Retracted(msgspec.Struct, frozen=True):
    stream: int
    value: str


def said_by(
    observable: Observable, marking: Marking, places: Iterable[Placed], *, restricted: bool, unattended: bool
) -> list[Said]:
    """What an indicator at these places vouches for: nothing when it is `restricted` or must not be acted on."""
    if restricted or not marking.blocks():
        return []
    return [Said(place, observable, attended=not unattended) for place in places]


def vouch(tx: Transaction, hub: Exchange, party: str, said: Iterable[Said]) -> None:
    """A named party said this; publish the bands that changed."""
    said = tuple(said)
    record_said(tx, party, said)
    touched: dict[tuple[str, int], list[Observable]] = {}
    for one in said:
        touched.setdefault((one.place.stream, one.place.number), []).append(one.observable)
    for (stream, number), observables in touched.items():
        _publish(tx, hub, stream, number, observables)


def vouch_again(tx: Transaction, hub: Exchange, party: str, said: Iterable[Said]) -> None:
    """A party claims what it said before a restore. Bands that were published stand; only a higher one is news."""
    said = tuple(said)
    record_said(tx, party, said)
    touched: dict[tuple[str, int], set[Observable]] = {}
    for one in said:
        number = one.place.number
        stands = _standing(tx, aged(hub), number, str(one.observable))
        published = Band(stands.band) if stands.band else Band.NONE
        if _BANDS.index(band_of(stands.count)) > _BANDS.index(published):
            touched.setdefault((one.place.stream, number), set()).add(one.observable)
    for (stream, number), observables in touched.items():
        _publish(tx, hub, stream, number, sorted(observables))


def retract(tx: Transaction, hub: Exchange, whose: Params, streams: dict[int, str]) -> list[str]:
    """Nobody vouches by these entries any more; returns the facts of bands that lost their last source.

    `whose` holds their ``fact`` and ``owner``, which is None for everybody's.
    """
    touched: dict[int, set[str]] = {}
    for row in tx.all("erase_sources", whose, into=_Retracted):
        touched.setdefault(row.stream, set()).add(row.value)
    return [
        orphan
        for number, values in touched.items()
        for orphan in _lower(tx, hub, streams[number], number, values)
    ]


def fade(tx: Transaction, hub: Exchange, stream: str, number: int, first: int, last: int) -> list[str]:
    """These entries of a stream have aged: the bands that rest on them fall. Returns the facts of those with no source.

    A band that has aged is itself counted anew: after a restore, some of its sources may never have been claimed.
    """
    span: Params = {"stream": number, "first": first, "last": last}
    values = {row.value for row in tx.all("sources_between", span, into=_Value)}
    told = tx.all("bands_between", span, into=_Body)
    values |= {str(decode(row.body, BandEvent).observable) for row in told}
    return _lower(tx, hub, stream, number, values)


def _lower(tx: Transaction, hub: Exchange, stream: str, number: int, values: Iterable[str]) -> list[str]:
    """Count these values anew, and publish; the facts of bands that lost their last source."""
    orphans = []
    for value in sorted(values):
        stands = _standing(tx, aged(hub), number, value)
        if stands.fact and stands.count == 0:
            tx.run("drop_band", {"stream": number, "value": value})
            tx.run("rest_on_two_no_more", {"stream": number, "value": value})
            orphans.append(stands.fact)
    _publish(tx, hub, stream, number, [_parse(value) for value in sorted(values)])
    return orphans


def record_said(tx: Transaction, party: str, said: Iterable[Said]) -> None:
    """A party said this; the bands are told by entries of their own."""
    rows: list[Params] = [
        {
            "stream": one.place.number,
            "seq": one.place.seq,
            "value": str(one.observable),
            "party": party,
            "attended": int(one.attended),
        }
        for one in said
    ]
    tx.run_each("insert_source", rows)


def _publish(
    tx: Transaction, hub: Exchange, stream: str, number: int, observables: Iterable[Observable]
) -> None:
    """Write a band entry for each observable whose band is no longer the one last published."""
    drafts, since = [], aged(hub)
    room = Room(tx, number, since)
    for observable in observables:
        value = str(observable)
        stands = _standing(tx, since, number, value)
        band = band_of(stands.count)
        if stands.band and stands.count != _TWO:
            room.give_back(value)
        if band in (Band.NONE, stands.published):
            continue
        if stands.count == _TWO and stands.published is Band.ONE and not room.take(value):
            continue
        fact = stands.fact or new_id("fct", hub.entropy)
        tx.run("set_band", {"stream": number, "value": value, "band": band, "fact": fact})
        drafts.append(Draft("band", fact, encode(BandEvent(observable=observable, named=band))))
    hub.streams.append(tx, stream, drafts, HUB_ITSELF)


def aged(hub: Exchange) -> Instant:
    """What was added before then counts no more."""
    return Instant(hub.clock.now() - COUNTS_FOR)


def _standing(tx: Transaction, since: Instant, number: int, value: str) -> _StandingOfValue:
    which: Params = {"stream": number, "value": value, "since": since}
    found = tx.one("standing_of_value", which, into=_StandingOfValue)
    assert found is not None, "an aggregate has one row"
    return found


def _parse(value: str) -> Observable:
    """The observable that `str` wrote into our own store."""
    kind, _, rest = value.partition(":")
    return Observable(Kind(kind), rest)
