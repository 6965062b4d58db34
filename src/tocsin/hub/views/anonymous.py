# SPDX-License-Identifier: Apache-2.0
"""Which epochs of the anonymous path there are, as the hub's store has them.

An epoch here is the life of its keys and tokens (`tocsin.wire.epoch`), and not the log's of `tocsin.hub.epochs`.
"""

from functools import lru_cache

import msgspec

from tocsin.storage.store import Transaction
from tocsin.wire.epoch import EpochClosed, EpochDocument, EpochEvent, Roster, read_document
from tocsin.wire.messages import decode, encode

DRAFTED, STATED, CLOSED, KNOWN_CLOSED, LOST = range(5)
"""Where a document is in its life: asked for signatures; in the directory; its tokens are refused after a restore; and
the directory says so. One that was drafted when the backup was made is lost: perhaps it was in the directory
afterwards, and its tokens were given out. Its number can be no other document's, so it is signed and stated once more,
and closed at once.
"""


class EpochRow(msgspec.Struct, frozen=True):
    """One epoch."""

    number: int
    document: bytes
    roster: bytes
    state: int

    @property
    def read(self) -> EpochDocument:
        """The document."""
        return _read(self.document)


_read = lru_cache(16)(read_document)
"""Its keys are checked each time it is read, and every slot is looked at several times a second."""


def epochs(tx: Transaction) -> list[EpochRow]:
    """Every epoch that is kept, in their order."""
    return tx.all("epochs", {}, into=EpochRow)


def keep_draft(tx: Transaction, document: EpochDocument, roster: Roster) -> None:
    """A document for which signatures are asked: whatever happens meanwhile, there is no other one of its number."""
    row = EpochRow(document.number, encode(document), encode(roster), DRAFTED)
    tx.run("keep_epoch", msgspec.structs.asdict(row))


def move(tx: Transaction, number: int, was: int, state: int) -> bool:
    """Its next state; False when it is not in that one any more."""
    return tx.run("move_epoch", {"number": number, "was": was, "state": state}) == 1


def restate_epoch(tx: Transaction, body: bytes) -> None:
    """What a reader handed back to a hub that forgot it: its tokens are refused, for which were spent nobody knows."""
    event = decode(body, EpochEvent)
    number = read_document(event.document).number
    tx.run("forget_epoch", {"number": number})
    tx.run("keep_epoch", {"number": number, "document": event.document, "roster": b"", "state": CLOSED})


def restate_closed(tx: Transaction, body: bytes) -> None:
    """The directory says so already."""
    move(tx, decode(body, EpochClosed).number, CLOSED, KNOWN_CLOSED)


def close_all(tx: Transaction) -> None:
    """After a restore nobody knows which tokens were spent since the backup, nor who was given any."""
    tx.run("close_epochs", {"state": CLOSED, "was": STATED})
    tx.run("close_epochs", {"state": LOST, "was": DRAFTED})
