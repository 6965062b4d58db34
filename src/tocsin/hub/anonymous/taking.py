# SPDX-License-Identifier: Apache-2.0
"""Taking in what was judged: all of a slot in one short transaction, at one time, in an order that nobody sent.

1. The order is that of hashes under a salt that nobody else ever sees: neither how blobs were sorted nor how they came.
2. A token that was spent on this very report brings the same fate again; on another one, a refusal.
3. Objects are placed for nobody: no owner, no chain to anything, a random batch, and no vote in any quorum. The leaf
   commits to the token's hash. Reports to the same audiences are placed together, and refused together where a stream
   takes nothing now: nothing else can keep out what was judged.
4. Their tokens are spent, in the same transaction; of class ``accountable`` what trustees would need is kept. There an
   identifier is one token's: under two of them nobody could say which report trustees are to open, so whoever used an
   identifier once more, its own or another's, would put that report out of their reach.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import groupby

import msgspec

from tocsin.clock import Instant
from tocsin.errors import HubRestoring
from tocsin.hub.anonymous.judging import Judged
from tocsin.hub.exchange import Exchange
from tocsin.hub.streams import Draft, Origin
from tocsin.ids import new_id
from tocsin.storage.store import Params, Transaction
from tocsin.wire.envelope import NONCE_BYTES, seal_result
from tocsin.wire.messages import decode
from tocsin.wire.opening import KeptEscrow
from tocsin.wire.slot import Fate, read_fate, write_fate

_SALT_BYTES = 32


class _Spent(msgspec.Struct, frozen=True):
    digest: bytes
    fate: bytes


class _Escrow(msgspec.Struct, frozen=True):
    kept: bytes


def take(tx: Transaction, hub: Exchange, epoch: int, judged: Sequence[Judged], at: Instant) -> list[bytes]:
    """A sealed result for each, in the order in which they were taken in."""
    salt = hub.entropy(_SALT_BYTES)
    ordered = sorted(judged, key=lambda one: sha256(salt + one.digest).digest())  # (1)
    spent = dict(_spent(tx, epoch, ordered))
    fresh: dict[bytes, Judged] = {}
    for one in ordered:
        if one.report and one.token not in spent:
            fresh.setdefault(one.token, one)
    refused = dict(_named_before(tx, fresh.values()))
    refused |= _place(tx, hub, [one for token, one in fresh.items() if token not in refused], at)  # (3)
    spends = {
        token: _Spent(one.digest, write_fate(one.fate))
        for token, one in fresh.items()
        if token not in refused
    }
    rows: list[Params] = [
        {"epoch": epoch, "token": token, "digest": one.digest, "fate": one.fate}
        for token, one in spends.items()
    ]
    tx.run_each("spend_token", rows)  # (4)
    escrows: list[Params] = [
        {"fact": one.report, "token": token, "kept": one.kept}
        for token, one in fresh.items()
        if one.kept and token in spends
    ]
    tx.run_each("keep_escrow", escrows)
    spent |= spends
    fates = (
        one.fate if fresh.get(one.token) is one and one.token in spends else _otherwise(one, spent, refused)
        for one in ordered
    )
    return [
        seal_result(one.reply_key, write_fate(fate), hub.entropy(NONCE_BYTES))
        for one, fate in zip(ordered, fates, strict=True)
    ]


def _spent(tx: Transaction, epoch: int, judged: Iterable[Judged]) -> Iterator[tuple[bytes, _Spent]]:
    """What their tokens were spent on in earlier slots."""
    for one in judged:
        if one.report and (row := tx.one("spent_token", {"epoch": epoch, "token": one.token}, into=_Spent)):
            yield one.token, row


def _named_before(tx: Transaction, fresh: Iterable[Judged]) -> Iterator[tuple[bytes, Fate]]:
    """The tokens of accountable reports under an identifier that another token has, and why they are not placed.

    The very same report, sent again in a later epoch because nobody had told its sender of it, is known.
    """
    here = set[str]()
    for one in fresh:
        if not one.kept:
            continue
        before = tx.all("escrows_of", {"fact": one.report}, into=_Escrow)
        if any(_body(row.kept) == _body(one.kept) for row in before):
            yield one.token, msgspec.structs.replace(one.fate, status="known")
        elif before or one.report in here:
            yield one.token, Fate("refused", reason="Its identifier is another report's.")
        here.add(one.report)


def _body(kept: bytes) -> bytes:
    return decode(kept, KeptEscrow).body


def _otherwise(one: Judged, spent: Mapping[bytes, _Spent], refused: Mapping[bytes, Fate]) -> Fate:
    """The fate of what was not taken in now."""  # (2)
    if not one.report:
        return one.fate
    if one.token in refused:
        return refused[one.token]
    before = spent[one.token]
    if before.digest != one.digest:
        return Fate("refused", reason="Its token was spent on another report.")
    return msgspec.structs.replace(read_fate(before.fate), status="known")


def _place(
    tx: Transaction, hub: Exchange, fresh: Iterable[Judged], at: Instant
) -> Iterator[tuple[bytes, Fate]]:
    """Place their objects; the tokens of those that found no place, and why."""
    for audiences, found in groupby(sorted(fresh, key=_audiences), _audiences):
        group = list(found)
        drafts = [draft for one in group for draft in _drafts(hub, one)]
        try:
            with tx.savepoint():
                for audience in audiences:
                    hub.streams.append_all(tx, audience, drafts, at)
        except HubRestoring as error:
            for one in group:
                yield one.token, Fate("refused", reason=str(error))


def _audiences(one: Judged) -> tuple[str, ...]:
    return one.audiences


def _drafts(hub: Exchange, one: Judged) -> list[tuple[Draft, Origin]]:
    origin = Origin(owner=None, record=b"anonymous\n" + one.token)
    batch = new_id("bat", hub.entropy)
    return [
        (
            Draft(
                "object",
                one.report,
                candidate.data,
                chain=new_id("chn", hub.entropy),
                batch=batch,
                named=False,
            ),
            origin,
        )
        for candidate in one.clean
    ]
