# SPDX-License-Identifier: Apache-2.0
"""An **epoch** is the time between two restarts of a hub from a backup (`tocsin.hub.restoring.steps`).

A cursor of an earlier epoch stays good as far as the history that it speaks of survived; nobody reads everything again.
"""

from collections.abc import Iterable, Mapping

import msgspec

from tocsin.storage.store import Transaction
from tocsin.wire.cursor import Cursor

_RESTARTS = "restarts"


class Restart(msgspec.Struct, frozen=True):
    """The beginning of an epoch."""

    epoch: int
    sizes: dict[int, int]
    """Of the streams that the backup knew: as far as cursors of earlier epochs are good."""


class _Fact(msgspec.Struct, frozen=True):
    value: bytes


def restarts(tx: Transaction) -> list[Restart]:
    """Every restart of this hub, oldest first."""
    row = tx.one("get_meta", {"key": _RESTARTS}, into=_Fact)
    return msgspec.msgpack.decode(row.value, type=list[Restart]) if row else []


def note_restarts(tx: Transaction, known: list[Restart]) -> None:
    """Keep every restart of this hub, oldest first."""
    tx.run("set_meta", {"key": _RESTARTS, "value": msgspec.msgpack.encode(known)})


def positions(cursor: Cursor, since: Iterable[Restart]) -> Mapping[int, int]:
    """Where a reader goes on: its own positions, as far as what they count survived every later restart."""
    read = dict(cursor.read)
    for restart in since:
        if restart.epoch > cursor.epoch:
            read = {
                number: min(seq, restart.sizes[number])
                for number, seq in read.items()
                if number in restart.sizes
            }
    return read
