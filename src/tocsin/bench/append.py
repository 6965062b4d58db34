# SPDX-License-Identifier: Apache-2.0
"""Durable entries per second in batches of 1,000: salts, commitments, tree, rows, one commit with fsync each.

Beside it stands the bare engine: the same four kinds of rows in the same batches, without hashing or bookkeeping. With
more stored already: `tocsin.bench.depth`.
"""

import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw

from tocsin.bench.result import Beside, Row
from tocsin.clock import SystemClock
from tocsin.domain.audience import DIRECTORY
from tocsin.hub.streams import Draft, Origin, Streams
from tocsin.storage.sqlite import open_sqlite

BATCH = 1_000
_BATCHES = 50
_TARGET = 10_000.0


def run(seed: int) -> Iterator[Row]:
    """One row: entries per second on a file."""
    drafts = drafts_of(random.Random(seed))  # noqa: S311 a repeatable load, not a secret
    with tempfile.TemporaryDirectory() as folder:
        ours = _ours(Path(folder), drafts)
        bare = _bare(Path(folder) / "bare.db", drafts)
    beside = Beside("bare engine, same rows", bare)
    yield Row("append from empty", ours, "entries/s", "higher", max(_TARGET, bare / 3), beside).judged()


def drafts_of(chance: random.Random) -> list[Draft]:
    """One batch."""
    return [Draft("object", f"rpt_{number:032x}", chance.randbytes(690)) for number in range(BATCH)]


def _ours(folder: Path, drafts: Sequence[Draft]) -> float:
    store = open_sqlite(folder / "hub.db", "hub")
    streams = Streams("hub_bench", "live", SystemClock(), os.urandom)
    origin = Origin("prt_bench", bytes(200))
    with store.transaction("bench directory") as tx:
        streams.append(tx, DIRECTORY, drafts[:1], origin)
    started = time.perf_counter()
    for _ in range(_BATCHES):
        with store.transaction("bench append") as tx:
            streams.append(tx, "members", drafts, origin)
    spent = time.perf_counter() - started
    store.close()
    return BATCH * _BATCHES / spent


def _bare(path: Path, drafts: Sequence[Draft]) -> float:
    bare = Bare(path, [draft.body for draft in drafts])
    started = time.perf_counter()
    for _ in range(_BATCHES):
        bare.append()
    spent = time.perf_counter() - started
    bare.close()
    return BATCH * _BATCHES / spent


class Bare:
    """Rows of the same sizes under the same keys, with nothing computed."""

    def __init__(self, path: Path, bodies: Sequence[bytes]) -> None:
        self._bodies = bodies
        self.held = 0
        self._connection = apsw.Connection(str(path))
        self._connection.execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; "
            "PRAGMA cache_size = -16000"
        )
        self._connection.execute(
            "CREATE TABLE entry (stream, seq, header, a, b, c, leaf, fact, kind, added, PRIMARY KEY (stream, seq));"
            "CREATE TABLE body (stream, seq, salt, body, PRIMARY KEY (stream, seq));"
            "CREATE TABLE origin (stream, seq, salt, origin, owner, fact, PRIMARY KEY (stream, seq));"
            "CREATE INDEX origin_fact ON origin (fact, owner)"
        )

    def append(self) -> None:
        """One batch, durable."""
        digest, header, origin = bytes(32), bytes(190), bytes(200)
        at = range(self.held, self.held + len(self._bodies))
        facts = [f"rpt_{number:032x}" for number in range(len(self._bodies))]
        with self._connection as tx:
            tx.executemany(
                "INSERT INTO entry VALUES (0, ?, ?, ?, ?, ?, ?, ?, 'object', 0)",
                [
                    (seq, header, digest, digest, digest, digest, fact)
                    for seq, fact in zip(at, facts, strict=True)
                ],
            )
            tx.executemany(
                "INSERT INTO body VALUES (0, ?, ?, ?)",
                [(seq, digest, body) for seq, body in zip(at, self._bodies, strict=True)],
            )
            tx.executemany(
                "INSERT INTO origin VALUES (0, ?, ?, ?, 'prt_bench', ?)",
                [(seq, digest, origin, fact) for seq, fact in zip(at, facts, strict=True)],
            )
        self.held += len(self._bodies)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
