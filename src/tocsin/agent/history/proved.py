# SPDX-License-Identifier: Apache-2.0
"""What this agent has proved and keeps of each stream, as others are shown it: heads, leaves and whole entries.

Only reading; how it came to be proved is `replica.py`.
"""

import msgspec

from tocsin.domain.audience import DIRECTORY
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Entry, Head, decode


class _HeadRow(msgspec.Struct, frozen=True):
    stream: str
    head: bytes


class _LeafRow(msgspec.Struct, frozen=True):
    leaf: bytes


class _EntryRow(msgspec.Struct, frozen=True):
    """The fields of an `Entry`, but for its stream."""

    seq: int
    header: bytes
    salt_h: bytes
    origin_c: bytes
    body_c: bytes
    body: bytes | None
    salt_b: bytes | None


def firm_heads(tx: Transaction) -> list[Head]:
    """The newest head of each stream that needs no further witness, the directory first."""
    heads = [decode(row.head, Head) for row in tx.all("firm_heads", {}, into=_HeadRow)]
    return sorted(heads, key=lambda head: (head.stream != DIRECTORY, head.stream))


def firm_head(tx: Transaction, stream: str) -> Head | None:
    """That of one stream; None while there is none."""
    row = tx.one("head_of_stream", {"stream": stream}, into=_HeadRow)
    return decode(row.head, Head) if row else None


def leaves(tx: Transaction, stream: str, start: int, stop: int) -> list[bytes]:
    """Leaf hashes from `start` to before `stop`; with the stream named, what proofs ask (`tocsin.proof.merkle`)."""
    rows = tx.all("leaves", {"stream": stream, "start": start, "stop": stop}, into=_LeafRow)
    return [row.leaf for row in rows]


def entries(tx: Transaction, stream: str, start: int, stop: int) -> list[Entry]:
    """Entries from `start` to before `stop`; one that was erased, or is not for this reader, has no body."""
    rows = tx.all("entries_between", {"stream": stream, "start": start, "stop": stop}, into=_EntryRow)
    return [Entry(stream=stream, **msgspec.structs.asdict(row)) for row in rows]
