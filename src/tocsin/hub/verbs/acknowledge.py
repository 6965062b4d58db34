# SPDX-License-Identifier: Apache-2.0
"""A party answers a warning: named to the hub, published as bands only.

The answer itself is an entry of the stream that only this party reads: it has a place, a proof and a receipt, and can
be erased. What others learn is `tocsin.hub.views.answers`.
"""

import msgspec

from tocsin.clock import Instant
from tocsin.domain.acknowledgement import says_more
from tocsin.domain.audience import Audience
from tocsin.domain.release import PURPOSES, Item, Purpose, Viewer, bits, decide
from tocsin.errors import Conflict, Refused, Unknown
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.readable import streams_of, viewer_of
from tocsin.hub.streams import Draft
from tocsin.hub.views.answers import answer_of, count
from tocsin.storage.store import Transaction
from tocsin.wire.answering import Acknowledge, AcknowledgementEvent
from tocsin.wire.messages import Outcome, encode


class Place(msgspec.Struct, frozen=True):
    """Where one version of a warning stands, and on what terms."""

    number: int
    stream: str
    owner: str
    withdrawn: int
    expires: int
    added: int
    not_before: int | None
    purposes: int


def accept(tx: Transaction, hub: Exchange, sender: Sender, told: Acknowledge) -> tuple[Outcome, ...]:
    """Keep the answer and count the party; Unknown for a warning that it may not read, exactly as for none at all."""
    party, now = sender.party.id, hub.clock.now()
    viewer = viewer_of(tx, party)
    places = places_read(tx, viewer, told.chain, told.version, now) if viewer else []
    if not places:
        raise Unknown("You have read no such version of a warning.")
    if places[0].owner == party:
        raise Refused("You wrote the warning: others answer it.")
    if places[0].withdrawn or now >= places[0].expires:
        raise Conflict("The warning was withdrawn or has expired.")
    if any(place.purposes for place in places):
        raise Refused("The warning is for some purposes only: no band tells who has read it.")
    if not says_more(answer_of(tx, party, told.chain, told.version), told.answer):
        return (Outcome(told.id, "known", "You have answered so before."),)
    event = AcknowledgementEvent(chain=told.chain, version=told.version, answer=told.answer)
    own = str(Audience(party=party))
    (home,) = hub.streams.append(tx, own, [Draft("acknowledgement", told.id, encode(event))], sender.origin)
    count(tx, hub, sender.party, home, event, {place.number: place.stream for place in places})
    return (Outcome(told.id, "accepted", "", home.stream, home.seq),)


def places_read(tx: Transaction, viewer: Viewer, chain: str, version: int, now: Instant) -> list[Place]:
    """Where the party reads the warning. Only its own streams are asked: what stands in others takes no time either."""
    found = [
        place
        for stream in sorted(streams_of(viewer, now))
        for place in tx.all(
            "place_of_warning", {"stream": stream, "chain": chain, "version": version}, into=Place
        )
    ]
    return [place for place in found if _reads(viewer, place, now)]


def _reads(viewer: Viewer, place: Place, now: Instant) -> bool:
    item = Item(
        place.stream,
        Instant(place.added),
        frozenset(purpose for purpose in Purpose if place.purposes & bits([purpose])),
        None if place.not_before is None else Instant(place.not_before),
    )
    return any(decide(item, viewer, purpose, now).allowed for purpose in PURPOSES[viewer.party.role])
