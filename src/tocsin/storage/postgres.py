# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL 15 or later by psycopg 3, for a hub that outgrows one file. The same queries, the same schema.

Writing transactions are SERIALIZABLE, as SQLite's are, so that the same code means the same on both. Writers run side
by side; when two meet, one is refused, and `Store.run` repeats it alone, so that nobody starves. Reading ones are
REPEATABLE READ and never refused. Text compares by bytes (collation C), as in SQLite. The connection string comes from
the composition root and is never logged.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg.types.numeric import Int8BinaryDumper

from tocsin.errors import NotBuilt, StorageError, StoreBusy, StoreUnfit
from tocsin.storage.queries import Dialect, Query
from tocsin.storage.steps import SQL, open_store
from tocsin.storage.store import Params, Purpose, Store, Value

DIALECT = Dialect(
    engine="postgres",
    parameter=r"%(\1)b",
    words={"BYTES": "BYTEA", "TEXT": 'TEXT COLLATE "C"', "STRICT": ""},
)

OLDEST = 15

_OPTIONS = "-c synchronous_commit=on -c lock_timeout=10s -c client_encoding=UTF8 -c search_path=public"
"""A commit that returned is on disk, whatever the server's default; nobody waits for a lock for ever."""

_BEGIN: dict[Purpose, LiteralString] = {
    # Every writer shares a lock that one alone takes whole; it is taken before the snapshot, which then misses nothing.
    "write": "BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE step IN ROW SHARE MODE",
    "write alone": "BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE step IN EXCLUSIVE MODE",
    "read": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    # Builders queue for one lock, and each sees what the one before it built. The number is only a name.
    "build": "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(8406119)",
}

_BUSY = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
)


def open_postgres(dsn: str, schema: str = "hub") -> Store:
    """The store in the database that the connection string names, built if it is empty.

    `schema` names a folder of `sql/`. StoreUnfit for an old server, another encoding or a foreign database.
    """
    return open_store(PostgresEngine(dsn), DIALECT, SQL / schema)


class PostgresEngine:
    """One connection, made again when the server was restarted between two transactions."""

    attempts = 2
    failure: type[Exception] = psycopg.Error
    scrubs_lightly = False  # it locks each table and writes it anew

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection = self._connect()
        server = self._connection.info
        if server.server_version < OLDEST * 10_000 or server.parameter_status("server_encoding") != "UTF8":
            self.close()
            raise StoreUnfit(f"PostgreSQL {OLDEST} or later with encoding UTF8 is needed.")

    def _connect(self) -> psycopg.Connection[tuple[Value, ...]]:
        try:
            connection = psycopg.connect(
                self._dsn, autocommit=True, prepare_threshold=0, options=_OPTIONS, connect_timeout=10
            )
        except psycopg.OperationalError as error:
            raise self.explain(error, "Connecting to PostgreSQL:") from None
        except psycopg.Error:  # its message quotes the string, which may hold a password
            raise StorageError("The connection string is not one that PostgreSQL understands.") from None
        connection.adapters.register_dumper(
            int, Int8BinaryDumper
        )  # one type of number, one prepared statement
        return connection

    def explain(self, error: Exception, where: str) -> StorageError:
        """Busy or failed. Only the first line: the lines below it (DETAIL) may quote the values of a row."""
        kind = StoreBusy if isinstance(error, _BUSY) else StorageError
        return kind(f"{where} {str(error).partition(chr(10))[0]}.")

    def begin(self, purpose: Purpose) -> None:
        """Begin on a living connection; a lost one is replaced once."""
        try:
            self.command(_BEGIN[purpose])
        except psycopg.OperationalError:
            if not self._connection.closed:
                raise
            self._connection = self._connect()
            self.command(_BEGIN[purpose])

    def tables(self) -> frozenset[str]:
        """The names of the tables there are."""
        rows = self._connection.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        return frozenset(str(name) for (name,) in rows)

    def command(self, text: LiteralString) -> None:
        """Carry out statements that have neither parameters nor rows."""
        self._connection.execute(text, prepare=False)

    def fetch(self, query: Query, params: Params) -> tuple[Sequence[str], list[tuple[Value, ...]]]:
        """The columns' names and all rows."""
        with self._connection.cursor(binary=True) as cursor:
            cursor.execute(query.text, params)
            return [column.name for column in cursor.description or ()], cursor.fetchall()

    def change(self, query: Query, params: Params) -> int:
        """How many rows the statement changed."""
        return self._connection.execute(query.text, params).rowcount

    def change_each(self, query: Query, many: Sequence[Params]) -> int:
        """The same statement for each, without waiting for each answer; how many rows were changed in all."""
        with self._connection.cursor() as cursor:
            cursor.executemany(query.text, many)
            return cursor.rowcount

    def scrub(self) -> None:
        """Write the tables anew without the deleted rows, locking each for as long as that takes.

        The server's own log (WAL), its archive and backups keep what they have until they are recycled.
        """
        for table in sorted(self.tables()):
            self._connection.execute(
                psycopg.sql.SQL("VACUUM (FULL) {}").format(psycopg.sql.Identifier(table))
            )

    def copy(self, place: Path) -> None:
        """PostgreSQL has better tools for it, and an operator who knows them."""
        raise NotBuilt("A hub on PostgreSQL is backed up with pg_dump, or by its server's own archive.")

    def close(self) -> None:
        """End the session."""
        self._connection.close()
