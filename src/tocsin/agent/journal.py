# SPDX-License-Identifier: Apache-2.0
"""Who decided what and why, in this agent's own hash-chained record: a changed or missing row breaks the chain.

Only its day stands beside a line: the hour of an anonymous report would tell whoever has a copy of the disk, and the
public ledger, which one it was.
"""

import hashlib

import msgspec

from tocsin.clock import Instant, midnight
from tocsin.errors import Rewritten
from tocsin.privacy.box import Box
from tocsin.storage.store import Transaction


class Decision(msgspec.Struct, frozen=True):
    """One line of the journal."""

    at: Instant
    by: str
    """A person's name, or ``standing rule NAME``, or ``agent``."""
    what: str
    about: str
    """The case, report or warning."""
    why: str = ""


class _Link(msgspec.Struct, frozen=True):
    seq: int
    at: int
    digest: bytes
    box: bytes


def write(tx: Transaction, box: Box, decision: Decision) -> None:
    """Add a line in the transaction of what it is about."""
    last = tx.one("last_journal", {}, into=_Link)
    seq, before = (last.seq + 1, last.digest) if last else (0, bytes(32))
    sealed = box.seal(msgspec.json.encode(decision), f"journal/{seq}")
    day = midnight(decision.at)
    tx.run("write_journal", {"seq": seq, "at": day, "digest": _digest(before, day, sealed), "box": sealed})


def read(tx: Transaction, box: Box) -> list[Decision]:
    """The whole journal; Rewritten when the chain does not hold."""
    decisions, before = [], bytes(32)
    for seq, link in enumerate(tx.all("journal", {}, into=_Link)):
        if link.seq != seq or link.digest != _digest(before, link.at, link.box):
            raise Rewritten(f"Line {seq} of this agent's journal was changed or removed.")
        decisions.append(msgspec.json.decode(box.open(link.box, f"journal/{seq}"), type=Decision))
        before = link.digest
    return decisions


def _digest(before: bytes, at: int, sealed: bytes) -> bytes:
    return hashlib.sha256(b"tocsin/journal/v1" + before + at.to_bytes(8) + sealed).digest()
