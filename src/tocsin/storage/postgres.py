# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL 15 or later by psycopg 3, for a hub that outgrows one file. The same queries, the same schema.

Writing transactions are SERIALIZABLE, as SQLite's are, so that the same code means the same on both. Writers run side
by side; when two meet, one is refused, and `Store.run` repeats it alone, so that nobody starves. Reading ones are
REPEATABLE READ and never refused. Text compares by bytes (collation C), as in SQLite. The connection string comes from
the composition root and is never logged.

Where standbys are demanded (`docs/adr/0024-what-a-standby-has.md`) a writing transaction begins only while enough of
them follow, and a commit counts only when it waited for them to its end. Every commit gives other processes a hint
that something is new (`tocsin.storage.hints`); whoever misses one finds out by looking.
"""

import re
from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg.types.numeric import Int8BinaryDumper

from tocsin.errors import NotBuilt, StorageError, StoreBusy, StoreUnfit
from tocsin.storage.queries import Dialect, Query
from tocsin.storage.statements import Columns, Connection, Statements
from tocsin.storage.steps import SQL, open_store
from tocsin.storage.store import Job, Params, Purpose, Store, Value

DIALECT = Dialect(
    engine="postgres",
    parameter=r"%(\1)b",
    words={"BYTES": "BYTEA", "TEXT": 'TEXT COLLATE "C"', "STRICT": ""},
)

OLDEST = 15

_OPTIONS = (
    "-c synchronous_commit=on -c lock_timeout=10s -c client_encoding=UTF8 -c search_path=public"
    " -c client_min_messages=warning"
)
"""A commit that returned is on disk, whatever the server's default; nobody waits for a lock for ever; and a commit that
was let go before its standbys had it says so."""

_BEGIN: dict[Purpose, LiteralString] = {
    # Every writer shares a lock that one alone takes whole; it is taken before the snapshot, which then misses nothing.
    "write": "BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE step IN ROW SHARE MODE",
    "write alone": "BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE step IN EXCLUSIVE MODE",
    "read": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    # Builders queue for one lock, and each sees what the one before it built. The number is only a name.
    "build": "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(8406119)",
}

_COMMIT: LiteralString = "NOTIFY tocsin; COMMIT"
"""One hint for each group commit: NOTIFY takes a lock over the whole server while it commits, so never one a row."""

_FOLLOWED: LiteralString = """
SELECT current_setting('synchronous_standby_names'),
  (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))
"""

_BARRIER: LiteralString = "SELECT pg_logical_emit_message(true, 'tocsin', '')"
"""A commit that changes nothing: like every commit it waits until the standbys have all that came before it."""

_BUSY = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
)


def open_postgres(dsn: str, schema: str = "hub", standbys: int = 0) -> Store:
    """The store in the database that the connection string names, built if it is empty.

    `schema` names a folder of `sql/`. StoreUnfit for an old server, another encoding or a foreign database, and for a
    server that does not wait for that many standbys at each commit.
    """
    return open_store(PostgresEngine(dsn, standbys), DIALECT, SQL / schema)


def standbys_awaited(names: str) -> int:
    """How many standbys a commit waits for, from `synchronous_standby_names` (PostgreSQL's manual, 20.6.1)."""
    counted = re.fullmatch(r"\s*(?:(?:ANY|FIRST)\s+)?(\d+)\s*\(.*\)\s*", names, re.I | re.S)
    return int(counted[1]) if counted else 1 if names.strip() else 0


class PostgresEngine:
    """One connection, made again when the server was restarted between two transactions."""

    attempts = 2
    failure: type[Exception] = psycopg.Error
    scrubs_lightly = False  # it locks each table and writes it anew

    def __init__(self, dsn: str, standbys: int = 0) -> None:
        """`standbys` must have a commit on their disks before it counts."""
        self._dsn = dsn
        self._standbys = standbys
        self._writes = False
        self._let_go = False
        """Whether the server said that it waited for standbys no longer."""
        self._certain = False
        """Whether all that this connection can see is where it must be."""
        self._connection = self._connect()
        try:
            self._demand_fit()
        except BaseException:
            self.close()
            raise

    def _demand_fit(self) -> None:
        server = self._connection.info
        if server.server_version < OLDEST * 10_000 or server.parameter_status("server_encoding") != "UTF8":
            raise StoreUnfit(f"PostgreSQL {OLDEST} or later with encoding UTF8 is needed.")
        if self._standbys:
            self._demand_policy()

    @property
    def session(self) -> int:
        """The number of this session at the server."""
        return self._connection.info.backend_pid

    def _connect(self) -> Connection:
        try:
            connection = psycopg.connect(self._dsn, autocommit=True, options=_OPTIONS, connect_timeout=10)
        except psycopg.OperationalError as error:
            raise self.explain(error, "Connecting to PostgreSQL:") from None
        except psycopg.Error:  # its message quotes the string, which may hold a password
            raise StorageError("The connection string is not one that PostgreSQL understands.") from None
        # One type of number, one prepared statement.
        connection.adapters.register_dumper(int, Int8BinaryDumper)
        connection.add_notice_handler(self._hear_warning)
        self._statements = Statements(connection)
        self._certain = False
        return connection

    def _hear_warning(self, notice: psycopg.errors.Diagnostic) -> None:
        self._let_go |= notice.severity_nonlocalized == "WARNING"

    def explain(self, error: Exception, where: str) -> StorageError:
        """Busy or failed. Only the first line: the lines below it (DETAIL) may quote the values of a row."""
        kind = StoreBusy if isinstance(error, _BUSY) else StorageError
        return kind(f"{where} {str(error).partition(chr(10))[0]}.")

    def begin(self, purpose: Purpose) -> None:
        """Begin on a living connection; a lost one is replaced once."""
        try:
            self._begin(purpose)
        except psycopg.OperationalError:
            if not self._connection.closed:
                raise
            self._connection = self._connect()
            self._begin(purpose)

    def _begin(self, purpose: Purpose) -> None:
        self._writes = purpose != "read"
        if self._writes and self._standbys:
            self._demand_standbys()
        self.command(_BEGIN[purpose])

    def commit(self) -> None:
        """Make it durable, on the standbys too where they are demanded; StorageError when that is not certain.

        What was committed here alone may still come to be seen. A new connection therefore begins with a commit that
        waits until the standbys have that as well.
        """
        self._let_go = False
        self.command(_COMMIT if self._writes else "COMMIT")
        if not (self._writes and self._standbys):
            return
        try:
            self._demand_policy()  # whoever takes it back lets go of every commit that waits
            self._demand_waited()
        except StorageError:
            self._connection.close()
            raise

    def _demand_standbys(self) -> None:
        """Enough of them follow now, and have all that can be seen. Without the first a commit might wait for ever."""
        following = self._demand_policy()
        if following < self._standbys:
            raise _unreplicated(
                f"{following} of {self._standbys} standbys follow, and nothing is written until then."
            )
        if not self._certain:
            self._let_go = False
            self._connection.execute(_BARRIER)
            self._demand_waited()
            self._certain = True

    def _demand_waited(self) -> None:
        if self._let_go:
            raise _unreplicated(
                "Its server was told to wait for the standbys no longer, and it is not certain what they have."
            )

    def _demand_policy(self) -> int:
        """How many synchronous standbys follow; StoreUnfit when the server waits for fewer than are demanded."""
        ((names, following),) = self._connection.execute(_FOLLOWED).fetchall()
        awaited = standbys_awaited(str(names))
        if awaited < self._standbys:
            raise StoreUnfit(
                f"A commit must be on {self._standbys} standbys, and the server waits for {awaited}.",
                next_step="Set synchronous_standby_names in postgresql.conf, or standbys in hub.toml; then try again.",
            )
        return int(following or 0)

    def tables(self) -> frozenset[str]:
        """The names of the tables there are."""
        rows = self._connection.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        return frozenset(str(name) for (name,) in rows)

    def command(self, text: LiteralString) -> None:
        """Carry out statements that have neither parameters nor rows."""
        self._statements.command(text)

    def fetch(self, query: Query, params: Params) -> tuple[Sequence[str], list[tuple[Value, ...]]]:
        """The columns' names and all rows."""
        return self._statements.rows(query.text, params)

    def change(self, query: Query, params: Params) -> int:
        """How many rows the statement changed."""
        return self._statements.change(query.text, _columns(query, [params])[0])

    def change_all(self, jobs: Sequence[Job]) -> list[int]:
        """Each statement for each of its rows, without waiting for any answer; how many rows each job changed."""
        asked = [[(query.text, columns) for columns in _columns(query, many)] for query, many in jobs]
        changed = iter(self._statements.change_all(list(chain.from_iterable(asked))))
        return [sum(islice(changed, len(job))) for job in asked]

    def scrub(self) -> None:
        """Write the tables anew without the deleted rows, locking each for as long as that takes.

        The server's own log (WAL), its archive and backups keep what they have until they are recycled.
        """
        for table in sorted(self.tables()):
            self._connection.execute(
                psycopg.sql.SQL("VACUUM (FULL) {}").format(psycopg.sql.Identifier(table))
            )

    def described(self) -> str:
        """The server's version, and for how many standbys a commit waits."""
        version = self._connection.info.parameter_status("server_version")
        return f"PostgreSQL {version}, {self._standbys} standbys demanded"

    def damage(self) -> str:
        """Nothing: pg_amcheck and data checksums look better."""
        return ""

    def copy(self, place: Path) -> None:
        """PostgreSQL has better tools for it, and an operator who knows them."""
        raise NotBuilt("A hub on PostgreSQL is backed up with pg_dump, or by its server's own archive.")

    def close(self) -> None:
        """End the session."""
        self._connection.close()


def _columns(query: Query, many: Sequence[Params]) -> Sequence[Columns]:
    """What the statement is asked with, once for each row; or once for all, where it takes them so."""
    if many and query.arrays:
        return [{name: [params[name] for params in many] for name in query.parameters}]
    return many


def _unreplicated(detail: str) -> StorageError:
    return StorageError(detail, next_step="Start the standbys; what was approved is kept and sent by itself.")
