# SPDX-License-Identifier: Apache-2.0
"""Durable entries per second in batches of 1,000: salts, commitments, tree, rows, one commit with fsync each.

Beside it stands the bare engine: the same kinds of rows in the same batches, without hashing or bookkeeping; on
PostgreSQL by COPY. With more stored already: `tocsin.bench.depth`.
"""

import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import LiteralString

import apsw
import psycopg

from tocsin.bench.database import emptied
from tocsin.bench.result import Beside, Row
from tocsin.clock import SystemClock
from tocsin.domain.audience import DIRECTORY
from tocsin.hub.streams import Draft, Origin, Streams
from tocsin.storage.postgres import open_postgres
from tocsin.storage.sqlite import open_sqlite
from tocsin.storage.store import Store

BATCH = 1_000
_BATCHES = 50
_TARGET = 10_000.0


def run(seed: int) -> Iterator[Row]:
    """One row: entries per second on a file."""
    drafts = drafts_of(random.Random(seed))  # noqa: S311 a repeatable load, not a secret
    with tempfile.TemporaryDirectory() as folder:
        ours = _rate(open_sqlite(Path(folder) / "hub.db"), drafts)
        bare = _bare(Path(folder) / "bare.db", drafts)
    yield _row("append from empty", ours, bare)


def run_postgres(seed: int, url: str) -> Iterator[Row]:
    """The same in an empty database of PostgreSQL, which is empty again at the end."""
    drafts = drafts_of(random.Random(seed))  # noqa: S311 a repeatable load, not a secret
    with emptied(url):
        ours = _rate(open_postgres(url), drafts)
    with emptied(url):
        bare = _copied(url, drafts)
    yield _row("append from empty, PostgreSQL", ours, bare)


def _row(name: str, ours: float, bare: float) -> Row:
    beside = Beside("bare engine, same rows", bare)
    return Row(name, ours, "entries/s", "higher", max(_TARGET, bare / 3), beside).judged()


def drafts_of(chance: random.Random) -> list[Draft]:
    """One batch."""
    return [Draft("object", f"rpt_{number:032x}", chance.randbytes(690)) for number in range(BATCH)]


def _rate(store: Store, drafts: Sequence[Draft]) -> float:
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


_TABLES: LiteralString = """
CREATE TABLE entry (stream BIGINT, seq BIGINT, header BYTEA, a BYTEA, b BYTEA, c BYTEA, leaf BYTEA, fact TEXT,
  kind TEXT, added BIGINT, PRIMARY KEY (stream, seq));
CREATE TABLE body (stream BIGINT, seq BIGINT, salt BYTEA, body BYTEA, PRIMARY KEY (stream, seq));
CREATE TABLE origin (stream BIGINT, seq BIGINT, salt BYTEA, origin BYTEA, owner TEXT, fact TEXT,
  PRIMARY KEY (stream, seq));
CREATE INDEX origin_fact ON origin (fact, owner);
"""
_COPIES: tuple[tuple[LiteralString, tuple[str, ...]], ...] = (
    ("COPY entry FROM STDIN (FORMAT BINARY)", ("int8", "int8", *["bytea"] * 5, "text", "text", "int8")),
    ("COPY body FROM STDIN (FORMAT BINARY)", ("int8", "int8", "bytea", "bytea")),
    ("COPY origin FROM STDIN (FORMAT BINARY)", ("int8", "int8", "bytea", "bytea", "text", "text")),
)


def _copied(url: str, drafts: Sequence[Draft]) -> float:
    """Entries per second by COPY, one commit for each batch."""
    digest, header, origin = bytes(32), bytes(190), bytes(200)
    with psycopg.connect(url) as connection:
        connection.execute(_TABLES)
        connection.commit()
        started = time.perf_counter()
        for first in range(0, BATCH * _BATCHES, BATCH):
            at = tuple(enumerate(drafts, first))
            rows: tuple[list[tuple[object, ...]], ...] = (
                [(0, n, header, digest, digest, digest, digest, one.fact, one.kind, 0) for n, one in at],
                [(0, n, digest, one.body) for n, one in at],
                [(0, n, digest, origin, "prt_bench", one.fact) for n, one in at],
            )
            for (statement, types), table in zip(_COPIES, rows, strict=True):
                with connection.cursor() as cursor, cursor.copy(statement) as copy:
                    copy.set_types(types)
                    for row in table:
                        copy.write_row(row)
            connection.commit()
        return BATCH * _BATCHES / (time.perf_counter() - started)


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
