# SPDX-License-Identifier: Apache-2.0
"""What the suite does to a hub's store, in a few words."""

from hashlib import sha256

import msgspec

from tocsin.errors import StorageError
from tocsin.hub.readable import StoredEntry, stored
from tocsin.storage.store import Params, Store, Transaction

ZERO = bytes(32)


class Head(msgspec.Struct, frozen=True):
    number: int
    name: str
    key: bytes
    size: int
    frontier: bytes
    root: bytes
    added: int


class LockedHead(Head, frozen=True):
    closed: int
    directory: int


class Bare(msgspec.Struct, frozen=True):
    """For queries whose rows do not matter."""


def stream_named(tx: Transaction, name: str) -> Head:
    """The locked head of a stream, which is made when it is missing."""
    tx.run("create_stream", {"name": name, "key": ZERO, "frontier": b"", "root": ZERO})
    head = tx.one("lock_stream", {"name": name}, into=LockedHead)
    assert head is not None
    return head


def append(
    tx: Transaction,
    name: str,
    *,
    fact: str = "fct_1",
    kind: str = "object",
    body: bytes = b"{}",
    owner: str | None = None,
) -> int:
    """One more entry; its seq."""
    head = stream_named(tx, name)
    place: Params = {"stream": head.number, "seq": head.size}
    leaf = sha256(f"{name}/{head.size}".encode() + body).digest()
    tx.run(
        "insert_entry",
        {
            **place,
            "header": b"header",
            "salt_h": ZERO,
            "origin_c": ZERO,
            "body_c": ZERO,
            "leaf": leaf,
            "fact": fact,
            "kind": kind,
            "added": head.added + 1,
            "not_before": None,
            "purposes": 0,
        },
    )
    tx.run("insert_body", {**place, "salt_b": ZERO, "body": body})
    tx.run("insert_origin", {**place, "salt_o": ZERO, "origin": b"origin", "owner": owner, "fact": fact})
    advance(tx, head, leaf)
    return head.size


def advance(tx: Transaction, head: Head, root: bytes) -> None:
    """Move a locked head on by one entry."""
    moved = tx.run(
        "advance_stream",
        {
            "number": head.number,
            "was": head.size,
            "size": head.size + 1,
            "frontier": root,
            "root": root,
            "added": head.added + 1,
        },
    )
    if moved != 1:
        raise StorageError("The head moved while it was locked.")


def page(store: Store, number: int = 0, after: int = -1, limit: int = 1000) -> list[StoredEntry]:
    """Entries of a stream."""
    with store.reading("page") as tx:
        return stored(tx, number, after + 1, limit)
