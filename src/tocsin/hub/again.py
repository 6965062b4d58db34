# SPDX-License-Identifier: Apache-2.0
"""Views that are made anew after readers handed entries back: bands, answers, and the bands of answers.

Each follows from the entries that stand now, in the order of their streams. Sources and objects are not here: whose
they are is said by their senders' receipts (`tocsin.hub.verbs.claim`).
"""

import msgspec

from tocsin.hub.exchange import Exchange
from tocsin.hub.verbs.acknowledge import places_read
from tocsin.hub.views.directory import party_by_id
from tocsin.storage.store import Params, Transaction
from tocsin.wire.answering import AcknowledgementEvent, AnswersEvent
from tocsin.wire.messages import BandEvent, decode


class _Entry(msgspec.Struct, frozen=True):
    name: str
    stream: int
    seq: int
    fact: str
    body: bytes


def see_again(tx: Transaction, hub: Exchange) -> None:
    """Make the three views anew."""
    for query in ("drop_bands", "drop_answers", "drop_answer_bands"):
        tx.run(query, {})
    for row in _entries(tx, "band"):
        band = decode(row.body, BandEvent)
        value: Params = {"stream": row.stream, "value": str(band.observable)}
        tx.run("set_band", {**value, "band": band.named, "fact": row.fact})
    for row in _entries(tx, "answers"):
        answers = decode(row.body, AnswersEvent)
        if answers.audience == row.name:  # the author's own copy says the same
            _publish(tx, row, answers)
    for row in _entries(tx, "acknowledgement"):
        _count(tx, hub, row, decode(row.body, AcknowledgementEvent))


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


def _count(tx: Transaction, hub: Exchange, row: _Entry, event: AcknowledgementEvent) -> None:
    """The party, whose own stream it is, answered; it counts wherever it reads the warning."""
    party = party_by_id(tx, row.name.removeprefix("party:"))
    if party is None:
        return
    for place in places_read(tx, party.id, event.chain, event.version, hub.clock.now()):
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
