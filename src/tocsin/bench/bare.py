# SPDX-License-Identifier: Apache-2.0
"""The bare engines: rows of the same sizes under the same keys as the hub's, with nothing computed.

They are the limit that stands beside a figure of the hub's own store; on PostgreSQL they write by COPY. Their tables
are named apart, so that both can be in one database at once.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import LiteralString, Protocol

import apsw
import psycopg

_DIGEST, _HEADER, _ORIGIN = bytes(32), bytes(190), bytes(200)
_PAGE: LiteralString = (
    "SELECT header, a, b, c, salt, body FROM bare_entry JOIN bare_body USING (stream, seq) WHERE stream = 0"
)


_TABLES: LiteralString = """
CREATE TABLE bare_entry (stream BIGINT, seq BIGINT, header BYTEA, a BYTEA, b BYTEA, c BYTEA, leaf BYTEA, fact TEXT,
  kind TEXT, added BIGINT, PRIMARY KEY (stream, seq));
CREATE TABLE bare_body (stream BIGINT, seq BIGINT, salt BYTEA, body BYTEA, PRIMARY KEY (stream, seq));
CREATE TABLE bare_origin (stream BIGINT, seq BIGINT, salt BYTEA, origin BYTEA, owner TEXT, fact TEXT,
  PRIMARY KEY (stream, seq));
CREATE INDEX bare_fact ON bare_origin (fact, owner);
"""


class Bare(Protocol):
    """One of them."""

    held: int
    """Entries that it has."""

    def append(self) -> None:
        """One batch, durable."""

    def read(self, start: int, count: int) -> int:
        """Read so many entries from there on; how many came."""

    def close(self) -> None:
        """Let go of it."""


def bare_beside(store: str, folder: Path, bodies: Sequence[bytes]) -> Bare:
    """The engine on which such a store stands, for batches of these bodies."""
    return _Tables(store, bodies) if store.startswith("postgresql://") else _File(folder / "bare.db", bodies)


class _File:
    """SQLite, set as the hub's file is."""

    def __init__(self, path: Path, bodies: Sequence[bytes]) -> None:
        self.held = 0
        self._bodies = bodies
        self._connection = apsw.Connection(str(path))
        self._connection.execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; "
            "PRAGMA cache_size = -16000"
        )
        self._connection.execute(_TABLES)

    def append(self) -> None:
        """One batch more of rows like the hub's, in one transaction."""
        tables = _rows(self.held, self._bodies)
        with self._connection as tx:
            for name, rows in zip(("bare_entry", "bare_body", "bare_origin"), tables, strict=True):
                places = ", ".join("?" * len(rows[0]))
                tx.executemany(f"INSERT INTO {name} VALUES ({places})", rows)  # noqa: S608 our own names
        self.held += len(self._bodies)

    def read(self, start: int, count: int) -> int:
        """So many bodies from `start` on; how many there were."""
        page = f"{_PAGE} AND seq >= ? AND seq < ? ORDER BY seq"
        return len(self._connection.execute(page, (start, start + count)).fetchall())

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


_COPIES: tuple[tuple[LiteralString, tuple[str, ...]], ...] = (
    ("COPY bare_entry FROM STDIN (FORMAT BINARY)", ("int8", "int8", *["bytea"] * 5, "text", "text", "int8")),
    ("COPY bare_body FROM STDIN (FORMAT BINARY)", ("int8", "int8", "bytea", "bytea")),
    ("COPY bare_origin FROM STDIN (FORMAT BINARY)", ("int8", "int8", "bytea", "bytea", "text", "text")),
)


class _Tables:
    """PostgreSQL, by COPY."""

    def __init__(self, url: str, bodies: Sequence[bytes]) -> None:
        self.held = 0
        self._bodies = bodies
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute(_TABLES)

    def append(self) -> None:
        """One batch more of rows like the hub's, in one transaction."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for (statement, types), rows in zip(_COPIES, _rows(self.held, self._bodies), strict=True):
                with cursor.copy(statement) as copy:
                    copy.set_types(types)
                    for row in rows:
                        copy.write_row(row)
        self.held += len(self._bodies)

    def read(self, start: int, count: int) -> int:
        """So many bodies from `start` on; how many there were."""
        page = _PAGE + " AND seq >= %s AND seq < %s ORDER BY seq"
        with self._connection.cursor(binary=True) as cursor:
            return len(cursor.execute(page, (start, start + count)).fetchall())

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def _rows(held: int, bodies: Sequence[bytes]) -> tuple[list[tuple[object, ...]], ...]:
    """The next batch, for each of the three tables."""
    at = [(seq, f"rpt_{place:032x}", body) for place, (seq, body) in enumerate(enumerate(bodies, held))]
    return (
        [(0, seq, _HEADER, _DIGEST, _DIGEST, _DIGEST, _DIGEST, fact, "object", 0) for seq, fact, _ in at],
        [(0, seq, _DIGEST, body) for seq, _, body in at],
        [(0, seq, _DIGEST, _ORIGIN, "prt_bench", fact) for seq, fact, _ in at],
    )
