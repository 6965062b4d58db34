# SPDX-License-Identifier: Apache-2.0
"""Letting go of what a restored hub could not keep: entries that no witnessed head ever covered.

A hub that is lost while its partner is away takes with it what only its own signature vouched for. After the restart
the same reports come again from their senders' outboxes, at other places. What was witnessed is never let go.
"""

from collections.abc import Callable, Mapping

import msgspec

from tocsin.agent.history.proved import leaves
from tocsin.domain.audience import DIRECTORY
from tocsin.errors import TocsinError
from tocsin.follow.compare import see
from tocsin.follow.verify import StreamState, Trust, VerifiedEntry
from tocsin.proof.merkle import EMPTY
from tocsin.storage.store import Params, Transaction
from tocsin.wire.messages import Header, decode

_VIEWS = (
    "drop_postings",
    "drop_bands",
    "drop_warnings",
    "drop_erased_warnings",
    "drop_answers",
    "drop_parties",
    "drop_party_history",
    "drop_declared",
)
_PAGE = 5_000
"""Entries that are read at once."""

Apply = Callable[[Transaction, VerifiedEntry, bytes], None]


class _Again(msgspec.Struct, frozen=True):
    seq: int
    header: bytes
    salt_h: bytes
    origin_c: bytes
    body_c: bytes
    leaf: bytes
    salt_b: bytes
    body: bytes


class _HeaderRow(msgspec.Struct, frozen=True):
    header: bytes


class _Note(msgspec.Struct, frozen=True):
    size: int
    root: bytes
    note: str


def state_at(tx: Transaction, stream: str, size: int) -> StreamState:
    """How a stream had proved itself when it had that many entries."""
    last = tx.one("header_at", {"stream": stream, "seq": size - 1}, into=_HeaderRow)
    directory = decode(last.header, Header).directory if last else 0
    return StreamState(EMPTY.extend(leaves(tx, stream, 0, size)), directory=directory)


def rewind(tx: Transaction, stream: str, size: int) -> None:
    """Let go of every entry from that size on; the views are made anew afterwards."""
    for query in ("rewind_waiting", "rewind_bodies", "rewind_entries"):
        tx.run(query, {"stream": stream, "size": size})


def see_again(tx: Transaction, sizes: Mapping[str, int], apply: Apply) -> None:
    """Make every view anew from the entries that are left, the directory first.

    What was let go may have replaced what counts again: an older band, an earlier version of a warning, a party's keys.
    """
    for query in _VIEWS:
        tx.run(query, {})
    for stream in sorted(sizes, key=lambda name: (name != DIRECTORY, name)):
        for start in range(0, sizes[stream], _PAGE):
            asked: Params = {"stream": stream, "start": start, "stop": start + _PAGE}
            for row in tx.all("entries_again", asked, into=_Again):
                _apply_again(tx, stream, row, apply)


def forget_notes(tx: Transaction, trust: Trust, log: int) -> None:
    """Heads beyond the one that is continued were never witnessed, and others take their places.

    One that was witnessed is kept: against the next of its size it proves that hub and partner signed two histories.
    """
    if trust.partner_key is not None:
        for row in tx.all("notes_beyond", {"size": log}, into=_Note):
            if not see(trust, row.note).witnessed:
                tx.run("forget_note", {"size": row.size})


def _apply_again(tx: Transaction, stream: str, row: _Again, apply: Apply) -> None:
    entry = VerifiedEntry(
        stream=stream,
        seq=row.seq,
        header=decode(row.header, Header),
        header_bytes=row.header,
        salt_h=row.salt_h,
        origin_c=row.origin_c,
        body_c=row.body_c,
        leaf=row.leaf,
        body=row.body,
        salt_b=row.salt_b,
    )
    try:
        with tx.savepoint():
            apply(tx, entry, row.body)
    except TocsinError:
        return  # people heard of it when it came
