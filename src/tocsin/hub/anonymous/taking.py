# SPDX-License-Identifier: Apache-2.0
"""Taking in what was judged: all of a slot in one short transaction, at one time, in an order that nobody sent.

1. The order is that of hashes under a salt that nobody else ever sees: neither how blobs were sorted nor how they came.
2. A token that was spent on this very report brings the same fate again; on another one, a refusal.
3. Objects are placed for nobody: no owner, no chain to anything, a random batch, and no vote in any quorum. The leaf
   commits to the token's hash.
4. The token is spent, in the same transaction; of class ``accountable`` what trustees would need is kept.
"""

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from tocsin.clock import Instant
from tocsin.errors import HubRestoring, StorageError, TocsinError
from tocsin.hub.anonymous.judging import Judged
from tocsin.hub.exchange import Exchange
from tocsin.hub.streams import Draft, Origin
from tocsin.ids import new_id
from tocsin.storage.store import Params, Transaction
from tocsin.wire.envelope import NONCE_BYTES, seal_result
from tocsin.wire.slot import Fate, read_fate, write_fate

_SALT_BYTES = 32


class _Spent(msgspec.Struct, frozen=True):
    digest: bytes
    fate: bytes


def take(tx: Transaction, hub: Exchange, epoch: int, judged: Sequence[Judged], at: Instant) -> list[bytes]:
    """A sealed result for each, in the order in which they were taken in."""
    salt = hub.entropy(_SALT_BYTES)
    ordered = sorted(judged, key=lambda one: sha256(salt + one.digest).digest())  # (1)
    return [
        seal_result(one.reply_key, write_fate(_take_one(tx, hub, epoch, one, at)), hub.entropy(NONCE_BYTES))
        for one in ordered
    ]


def _take_one(tx: Transaction, hub: Exchange, epoch: int, one: Judged, at: Instant) -> Fate:
    if not one.report:
        return one.fate
    spent = tx.one("spent_token", {"epoch": epoch, "token": one.token}, into=_Spent)
    if spent is not None:  # (2)
        if spent.digest != one.digest:
            return Fate("refused", reason="Its token was spent on another report.")
        return msgspec.structs.replace(read_fate(spent.fate), status="known")
    try:
        with tx.savepoint():
            _place(tx, hub, one, at)  # (3)
    except StorageError:
        raise
    except HubRestoring as error:
        return Fate("refused", reason=str(error))
    except TocsinError as refusal:
        return Fate("refused", reason=str(refusal))
    kept: Params = {"epoch": epoch, "token": one.token, "digest": one.digest, "fate": write_fate(one.fate)}
    tx.run("spend_token", kept)  # (4)
    if one.kept:
        tx.run("keep_escrow", {"fact": one.report, "token": one.token, "kept": one.kept})
    return one.fate


def _place(tx: Transaction, hub: Exchange, one: Judged, at: Instant) -> None:
    origin = Origin(owner=None, record=b"anonymous\n" + one.token)
    batch = new_id("bat", hub.entropy)
    drafts = [
        Draft(
            "object",
            one.report,
            candidate.data,
            chain=new_id("chn", hub.entropy),
            batch=batch,
            named=False,
        )
        for candidate in one.clean
    ]
    for audience in one.audiences:
        hub.streams.append(tx, audience, drafts, origin, at)
