# SPDX-License-Identifier: Apache-2.0
"""Durable entries per second in batches of 1,000: salts, commitments, tree, rows, one commit with fsync each.

Beside it stands the bare engine: the same four kinds of rows in the same batches, without hashing or bookkeeping.
"""

import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import apsw

from tocsin.bench.result import Beside, Row
from tocsin.clock import SystemClock
from tocsin.domain.audience import DIRECTORY
from tocsin.hub.streams import Draft, Origin, Streams
from tocsin.storage.sqlite import open_sqlite

_BATCH = 1_000
_BATCHES = 50
_TARGET = 10_000.0


def run(seed: int) -> Iterator[Row]:
    """One row: entries per second on a file."""
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    bodies = [chance.randbytes(690) for _ in range(_BATCH)]
    with tempfile.TemporaryDirectory() as folder:
        ours = _ours(Path(folder), bodies)
        bare = _bare(Path(folder) / "bare.db", bodies)
    beside = Beside("the same rows by the bare engine", bare)
    yield Row(
        "durable append, batches of 1,000", ours, "entries per second", "higher", _TARGET, beside
    ).judged()


def _ours(folder: Path, bodies: list[bytes]) -> float:
    store = open_sqlite(folder / "hub.db", "hub")
    streams = Streams("hub_bench", "live", SystemClock(), os.urandom)
    drafts = [Draft("object", f"rpt_{number:032x}", body) for number, body in enumerate(bodies)]
    origin = Origin("prt_bench", bytes(200))
    with store.transaction("bench directory") as tx:
        streams.append(tx, DIRECTORY, drafts[:1], origin)
    started = time.perf_counter()
    for _ in range(_BATCHES):
        with store.transaction("bench append") as tx:
            streams.append(tx, "members", drafts, origin)
    spent = time.perf_counter() - started
    store.close()
    return _BATCH * _BATCHES / spent


def _bare(path: Path, bodies: list[bytes]) -> float:
    """Rows of the same sizes under the same keys, with nothing computed."""
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON")
    connection.execute(
        "CREATE TABLE entry (stream, seq, header, a, b, c, leaf, fact, kind, added, PRIMARY KEY (stream, seq))"
    )
    connection.execute("CREATE TABLE body (stream, seq, salt, body, PRIMARY KEY (stream, seq))")
    connection.execute(
        "CREATE TABLE origin (stream, seq, salt, origin, owner, fact, PRIMARY KEY (stream, seq))"
    )
    connection.execute("CREATE INDEX origin_fact ON origin (fact, owner)")
    digest, header = bytes(32), bytes(190)
    started = time.perf_counter()
    for batch in range(_BATCHES):
        at = range(batch * _BATCH, (batch + 1) * _BATCH)
        with connection:
            connection.executemany(
                "INSERT INTO entry VALUES (0, ?, ?, ?, ?, ?, ?, ?, 'object', 0)",
                [(seq, header, digest, digest, digest, digest, f"rpt_{seq:032x}") for seq in at],
            )
            connection.executemany(
                "INSERT INTO body VALUES (0, ?, ?, ?)",
                [(seq, digest, body) for seq, body in zip(at, bodies, strict=True)],
            )
            connection.executemany(
                "INSERT INTO origin VALUES (0, ?, ?, ?, 'prt_bench', ?)",
                [(seq, digest, bytes(200), f"rpt_{seq:032x}") for seq in at],
            )
    spent = time.perf_counter() - started
    connection.close()
    return _BATCH * _BATCHES / spent
