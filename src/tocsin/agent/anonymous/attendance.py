# SPDX-License-Identifier: Apache-2.0
"""What became of this agent's envelopes: whether the signed record of its slot shows each, and how many a slot had.

Relay or partner can drop all but one envelope to see whose report still comes through. Whoever drops one leaves it out
of a record that all senders get alike and that the hub has signed too, or gives no such record; so its sender sees it,
and a few of them are an alarm.
"""

from enum import StrEnum

import msgspec

from tocsin.agent.anonymous.records import Seen
from tocsin.privacy.box import Box
from tocsin.storage.store import Transaction


class Came(StrEnum):
    """What became of an envelope."""

    OPEN = "open"
    """Its slot has not told yet; or never did, because nothing was sent in the next one."""
    SHOWN = "shown"
    MISSING = "missing"
    """The record of its slot does not show it."""
    SILENT = "silent"
    """There was no record of its slot."""
    UNSIGNED = "unsigned"
    """The record shows it, and the hub has not signed for it."""


MISSED = frozenset({Came.MISSING, Came.SILENT, Came.UNSIGNED})


class Sent(msgspec.Struct, frozen=True):
    """One envelope, cover or report."""

    slot: int
    digest: bytes
    came: Came = Came.OPEN
    senders: int = 0
    """As the relay has signed."""
    blobs: int = 0
    """As the partner has."""
    issued: int = 0
    """Members with tokens, as the hub says."""

    @property
    def among(self) -> int:
        """How many a report in it was among; 0 where there was no record."""
        return min(self.senders, self.blobs, self.issued)


class _Row(msgspec.Struct, frozen=True):
    slot: int
    box: bytes


def note(tx: Transaction, box: Box, epoch: int, slot: int, digest: bytes) -> None:
    """An envelope is about to go."""
    _keep(tx, box, epoch, Sent(slot, digest))
    tx.run("bound_slots", {})


def told(tx: Transaction, box: Box, epoch: int, slot: int, seen: Seen | None) -> None:
    """A slot has told, or was silent; nothing, where this agent sent nothing in it."""
    one = next((sent for sent in newest(tx, box, epoch, 2) if sent.slot == slot), None)
    if one is None:
        return
    if seen is None:
        _keep(tx, box, epoch, msgspec.structs.replace(one, came=Came.SILENT))
        return
    record = seen.record
    came = Came.MISSING
    if record.listing.shows(one.digest):
        came = Came.SHOWN if seen.delivered else Came.UNSIGNED
    _keep(tx, box, epoch, Sent(slot, one.digest, came, seen.senders, record.blobs, record.issued))


def newest(tx: Transaction, box: Box, epoch: int, limit: int) -> list[Sent]:
    """The newest envelopes of an epoch, the newest first."""
    rows = tx.all("newest_slots", {"epoch": epoch, "limit": limit}, into=_Row)
    return [msgspec.json.decode(box.open(row.box, _place(epoch, row.slot)), type=Sent) for row in rows]


def _keep(tx: Transaction, box: Box, epoch: int, sent: Sent) -> None:
    sealed = box.seal(msgspec.json.encode(sent), _place(epoch, sent.slot))
    tx.run("keep_slot", {"epoch": epoch, "slot": sent.slot, "box": sealed})


def _place(epoch: int, slot: int) -> str:
    return f"slot/{epoch}/{slot}"
