# SPDX-License-Identifier: Apache-2.0
"""What a receipt says: what became of a message, and nothing of what its sender may not read.

The place of an entry counts what everybody added before it. In a stream that the sender does not read it is veiled: a
number that only the hub can turn back, when the receipt is claimed after a restore.
"""

import hmac
from hashlib import sha256

import msgspec

from tocsin.errors import Conflict
from tocsin.hub.exchange import Exchange
from tocsin.hub.readable import streams_of, viewer_of
from tocsin.hub.streams import directory_size
from tocsin.proof.encoding import framed
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Outcome, Receipt, decode, encode

VEILED = 1 << 51
"""Places from here on are veiled; exact in JSON numbers of every reader, and no stream is as long."""
_LABEL = b"tocsin/receipt-place/v1"


class _ReceiptRow(msgspec.Struct, frozen=True):
    receipt: bytes


def earlier(tx: Transaction, party: str, message: str, body: bytes) -> bytes | None:
    """The receipt that this message got before; Conflict when it was another one under the same identifier."""
    row = tx.one("receipt_of_message", {"party": party, "id": message}, into=_ReceiptRow)
    if row is None:
        return None
    digest = decode(row.receipt, Receipt).digest
    if digest and digest != sha256(body).digest():
        raise Conflict("You sent another message under this identifier: give each its own.")
    return row.receipt


def write(
    tx: Transaction, hub: Exchange, party: str, message: str, body: bytes, outcomes: tuple[Outcome, ...]
) -> bytes:
    """The receipt of a message that is new."""
    now = hub.clock.now()
    viewer = viewer_of(tx, party)
    reads = streams_of(viewer, now) if viewer else frozenset()
    return encode(
        Receipt(
            hub=hub.identity.id,
            party=party,
            message=message,
            added=now,
            outcomes=tuple(
                one if one.seq < 0 or one.stream in reads else _turned(hub, now, party, message, one)
                for one in outcomes
            ),
            directory=directory_size(tx),
            digest=sha256(body).digest(),
        )
    )


def unveiled(hub: Exchange, receipt: Receipt) -> Receipt:
    """A receipt of this hub with every place as it is."""
    outcomes = tuple(
        _turned(hub, receipt.added, receipt.party, receipt.message, one) if one.seq >= VEILED else one
        for one in receipt.outcomes
    )
    return msgspec.structs.replace(receipt, outcomes=outcomes)


def _turned(hub: Exchange, added: int, party: str, message: str, outcome: Outcome) -> Outcome:
    """The same with its place veiled, or unveiled: each has a mask of its own, used for nothing else."""
    about = framed(*(text.encode() for text in (str(added), party, message, outcome.object, outcome.stream)))
    mask = int.from_bytes(hmac.digest(hub.identity.cursor_key, _LABEL + about, "sha256")[:8]) % VEILED
    return msgspec.structs.replace(outcome, seq=outcome.seq ^ mask ^ VEILED)
