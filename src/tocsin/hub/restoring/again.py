# SPDX-License-Identifier: Apache-2.0
"""Every view of the hub, made anew from the entries that stand now, in the order of their streams.

`rebuild` makes all of them. After a restore `see_again` makes those that entries alone tell: bands, answers, and the
bands of answers; whose the objects and sightings are is said by their senders' receipts (`tocsin.hub.verbs.claim`).
Only what is left of erased versions (that there was one, and its chain) stands in no entry, and is kept.
"""

import msgspec

from tocsin.clock import Instant
from tocsin.domain.audience import DIRECTORY
from tocsin.domain.party import Standing
from tocsin.hub.exchange import Exchange
from tocsin.hub.readable import viewer_of
from tocsin.hub.streams import Placed
from tocsin.hub.verbs.acknowledge import places_read
from tocsin.hub.verbs.claim import said_again
from tocsin.hub.views.directory import restate_declared, restate_party
from tocsin.hub.views.handed_in import record_warning
from tocsin.hub.views.rosters import restate_membership
from tocsin.hub.views.sources import record_said
from tocsin.storage.store import Params, Transaction
from tocsin.wire.answering import AcknowledgementEvent, AnswersEvent
from tocsin.wire.events import BandEvent, MembershipEvent, WarningEvent
from tocsin.wire.messages import Header, decode
from tocsin.wire.parties import PartyEvent


class _Entry(msgspec.Struct, frozen=True):
    name: str
    stream: int
    seq: int
    fact: str
    header: bytes
    added: int
    owner: str | None
    body: bytes


_VIEWS = ("parties", "declared", "memberships", "warnings", "objects", "sources")


def rebuild(tx: Transaction, hub: Exchange) -> None:
    """Make every view anew."""
    for view in _VIEWS:
        tx.run(f"drop_{view}", {})
    for row in _entries(tx, "party"):
        if row.name == DIRECTORY:
            restate_party(tx, decode(row.body, PartyEvent), row.added)
    for kind in ("key", "agreement", "abandoned"):
        for row in _entries(tx, kind):
            if row.name == DIRECTORY:
                restate_declared(tx, row.seq, kind, row.body)
    for row in _entries(tx, "membership"):
        restate_membership(tx, decode(row.body, MembershipEvent))
    for row in _entries(tx, "warning"):
        chain = decode(row.header, Header).chain
        record_warning(tx, row.stream, row.seq, chain, decode(row.body, WarningEvent))
    for kind in ("object", "sighting"):
        for row in _entries(tx, kind):
            if row.owner is not None:
                place = Placed(row.name, row.stream, row.seq)
                record_said(tx, row.owner, said_again(tx, hub, row.owner, place, kind, row.header, row.body))
    see_again(tx, hub)


def see_again(tx: Transaction, hub: Exchange) -> None:
    """Make anew the three views that nobody's receipt is needed for."""
    for query in ("drop_bands", "drop_answers", "drop_answer_bands"):
        tx.run(query, {})
    for row in _entries(tx, "band"):
        band = decode(row.body, BandEvent)
        value: Params = {"stream": row.stream, "value": str(band.observable)}
        tx.run("set_band", {**value, "band": band.named, "fact": row.fact})
    tx.run("rest_on_no_band", {})
    for row in _entries(tx, "answers"):
        answers = decode(row.body, AnswersEvent)
        if answers.audience == row.name:  # the author's own copy says the same
            _publish(tx, row, answers)
    for row in _entries(tx, "acknowledgement"):
        _count(tx, row, decode(row.body, AcknowledgementEvent))


def _entries(tx: Transaction, kind: str) -> list[_Entry]:
    return tx.all("entries_of_kind", {"kind": kind}, into=_Entry)


def _publish(tx: Transaction, row: _Entry, answers: AnswersEvent) -> None:
    tx.run(
        "set_band_of_answers",
        {
            "chain": answers.chain,
            "version": answers.version,
            "stream": row.stream,
            "role": answers.role,
            "received": answers.received,
            "acted": answers.acted,
            "not_affected": answers.not_affected,
            "fact": row.fact,
        },
    )


def _count(tx: Transaction, row: _Entry, event: AcknowledgementEvent) -> None:
    """The party, whose own stream it is, answered; it counts wherever it read the warning then, when it was active."""
    viewer = viewer_of(tx, row.name.removeprefix("party:"))
    if viewer is None:
        return
    party = msgspec.structs.replace(viewer.party, standing=Standing.ACTIVE)
    viewer = msgspec.structs.replace(viewer, party=party)
    for place in places_read(tx, viewer, event.chain, event.version, Instant(row.added)):
        tx.run(
            "insert_answer",
            {
                "chain": event.chain,
                "version": event.version,
                "stream": place.number,
                "party": party.id,
                "role": party.role,
                "answer": event.answer,
                "home": row.stream,
                "seq": row.seq,
            },
        )
    tx.run("recount_answers", {"party": party.id, "chain": event.chain})
