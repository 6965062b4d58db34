# SPDX-License-Identifier: Apache-2.0
"""SQLite by apsw: a file, or `:memory:`, the working twin for tests and the simulated world.

The file is in WAL mode with synchronous=FULL: a commit that returned survives a power cut. Several processes, and
several stores in one process, may open one file: one writes at a time, readers never wait. The standard library's
`sqlite3` must not open it: a second copy of SQLite in one process breaks the file's locks (sqlite.org/howtocorrupt
§2.2.1). Two opens of `:memory:` are two stores.
"""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import LiteralString, cast

import apsw

from tocsin.errors import ConfigError, Missing, StorageError, StoreBusy, StoreUnfit, Taken
from tocsin.files import sync_folder
from tocsin.storage.queries import Dialect, Query
from tocsin.storage.steps import SQL, open_store
from tocsin.storage.store import Job, Params, Purpose, Store, Value

DIALECT = Dialect(engine="sqlite", parameter=r":\1", words={"BIGINT": "INTEGER", "BYTES": "BLOB"})

OLDEST = (3, 51, 3)
"""In every older version two connections that write or checkpoint in WAL mode can corrupt the file."""

_WAIT_MILLISECONDS = 10_000
"""How long to wait for another writer; a group commit on a slow disk takes less than a second."""

_SWITCHES = 10
"""How often a new file is asked into WAL mode while others do the same; each time this one waited its turn."""

_SETTINGS: tuple[LiteralString, ...] = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten; see scrub
    "PRAGMA temp_store = MEMORY",  # nothing of the store in other files
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cache_size = -16000",  # in KiB
)

_BEGIN: dict[Purpose, LiteralString] = {
    "write": "BEGIN IMMEDIATE",
    "write alone": "BEGIN IMMEDIATE",
    "build": "BEGIN IMMEDIATE",
    "read": "BEGIN",
}


def open_sqlite(path: Path | str, schema: str = "hub", disk: str | None = None) -> Store:
    """The store in a file, made if absent and readable by its owner only, or in ``:memory:``.

    `schema` names a folder of `sql/`; `disk` a VFS that apsw knows, None the system's own. StoreUnfit for an old
    SQLite, a damaged or a foreign file.
    """
    return open_store(SqliteEngine(path, disk), DIALECT, SQL / schema)


_MAGIC = b"SQLite format 3\0"
"""How every such file begins (sqlite.org/fileformat §1.3)."""


def put_in_place(file: Path, place: Path) -> None:
    """Copy a backup to where no store is yet, readable by its owner only; Taken when there is one, ConfigError when the
    file is none.
    """
    if place.exists() or place.with_name(f"{place.name}-wal").exists():
        raise Taken(
            f"{place} is there, and may hold what nobody else has.",
            next_step="Move it away together with its -wal file, keep both, then run the same command again.",
        )
    try:
        with file.open("rb") as source:
            if source.read(len(_MAGIC)) != _MAGIC:
                raise ConfigError(
                    f"{file} is no backup of a store.", next_step="Check the name after --from."
                )
        with (
            file.open("rb") as source,
            open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out,
        ):
            shutil.copyfileobj(source, out)
            out.flush()
            os.fsync(out.fileno())
        sync_folder(place.parent)
    except FileNotFoundError:
        raise Missing(f"{file} does not exist.", next_step="Check the name after --from.") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be put in place: {error.strerror}.") from None


def _make(path: Path | str) -> None:
    """An empty file for its owner only, where there is none. One that is there is not touched: a process that closes
    a file gives up every lock that it holds on it, SQLite's too (sqlite.org/howtocorrupt §2.2).
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


class SqliteEngine:
    """One apsw connection."""

    attempts = 1
    failure: type[Exception] = apsw.Error
    scrubs_lightly = True
    session = 0

    def __init__(self, path: Path | str, disk: str | None = None) -> None:
        refuse_old(apsw.sqlite_lib_version())
        try:
            if str(path) != ":memory:":
                _make(path)
            self._connection = apsw.Connection(str(path), vfs=disk, statementcachesize=256)
        except (OSError, apsw.Error) as error:
            raise StorageError(f"{path} cannot be opened: {error}.") from None
        try:
            self._prepare(on_disk=str(path) != ":memory:")
        except apsw.Error as error:
            self.close()
            raise self.explain(error, f"{path}:") from None

    def _prepare(self, *, on_disk: bool) -> None:
        self._connection.set_busy_timeout(_WAIT_MILLISECONDS)
        # One plan for each statement, whatever it is asked with. Otherwise SQLite compiles most of them anew each time,
        # which costs ten times their work (sqlite.org/c3ref, SQLITE_DBCONFIG_ENABLE_QPSG).
        self._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        for setting in _SETTINGS:
            self._connection.execute(setting)
        mode = self._write_ahead()
        if on_disk and mode != "wal":
            self.close()
            raise StoreUnfit("Its file system does not allow SQLite's WAL mode.")

    def _write_ahead(self) -> object:
        """Ask for WAL mode; the mode that the file is in then.

        The switch asks for the write lock while it holds a read lock. There SQLite refuses at once whatever the busy
        timeout says, for two that did so would wait for each other. So whoever meets another at a new file lets go,
        waits its turn as a writer does, and asks again; the file is in WAL mode then, and nothing is left to switch.
        """
        for _ in range(_SWITCHES - 1):
            with suppress(apsw.BusyError):
                return self._connection.pragma("journal_mode", "wal")
            self._connection.execute("BEGIN IMMEDIATE; COMMIT")
        return self._connection.pragma("journal_mode", "wal")

    def explain(self, error: Exception, where: str) -> StorageError:
        """Busy, unfit or failed; SQLite's messages name tables and columns, never values."""
        kind: type[StorageError] = StorageError
        if isinstance(error, (apsw.BusyError, apsw.LockedError)):
            kind = StoreBusy
        elif isinstance(error, (apsw.NotADBError, apsw.CorruptError, apsw.FormatError)):
            kind = StoreUnfit
        return kind(f"{where} {error}.")

    def begin(self, purpose: Purpose) -> None:
        """A writer takes its turn at once, so nothing inside the transaction waits or is refused."""
        self._connection.execute(_BEGIN[purpose])

    def commit(self) -> None:
        """Write the log to the disk."""
        self._connection.execute("COMMIT")

    def tables(self) -> frozenset[str]:
        """The names of the tables there are."""
        rows = self._connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return frozenset(str(name) for (name,) in rows)

    def command(self, text: LiteralString) -> None:
        """Carry out statements that have neither parameters nor rows."""
        self._connection.execute(text)

    def fetch(self, query: Query, params: Params) -> tuple[Sequence[str], list[tuple[Value, ...]]]:
        """All rows; columns' names only when there is a row, because apsw forgets them after the last."""
        cursor = self._connection.execute(query.text, params)
        first = cursor.fetchone()
        if first is None:
            return (), []
        columns = [column[0] for column in cursor.get_description()]
        return columns, cast("list[tuple[Value, ...]]", [first, *cursor.fetchall()])

    def change(self, query: Query, params: Params) -> int:
        """How many rows the statement changed."""
        self._connection.execute(query.text, params)
        return self._connection.changes()

    def change_all(self, jobs: Sequence[Job]) -> list[int]:
        """Each statement for each of its rows; how many rows each job changed."""
        totals = [self._connection.total_changes()]
        for query, many in jobs:
            self._connection.executemany(query.text, many)
            totals.append(self._connection.total_changes())
        return [after - before for before, after in pairwise(totals)]

    def scrub(self) -> None:
        """Empty the WAL, where old pages still hold what secure_delete overwrote in the file.

        StoreBusy, at once, while a reader holds an old moment open: a writer that waited for it would hold up all.
        What a disk keeps of blocks given back is the disk's affair.
        """
        self._connection.set_busy_timeout(0)
        try:
            busy, _, _ = cast("tuple[int, int, int]", self._connection.pragma("wal_checkpoint", "TRUNCATE"))
        finally:
            self._connection.set_busy_timeout(_WAIT_MILLISECONDS)
        if busy:
            raise StoreBusy("The log cannot be emptied while somebody reads an older moment.")

    def described(self) -> str:
        """SQLite's own version."""
        return f"SQLite {apsw.sqlite_lib_version()}"

    def damage(self) -> str:
        """The first thing that SQLite's integrity check finds, over every page and index."""
        found = self._connection.pragma("integrity_check", 1)
        return "" if found == "ok" else str(found)

    def copy(self, place: Path) -> None:
        """Into an empty file, whole and without free pages, then onto the disk; writers and readers go on."""
        self._connection.execute("VACUUM INTO ?", (str(place),))
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        sync_folder(place.parent)

    def close(self) -> None:
        """Close the file; the last to close it removes the WAL."""
        self._connection.close()


def refuse_old(version: str) -> None:
    """StoreUnfit when that version of SQLite can corrupt a file in WAL mode."""
    if tuple(int(part) for part in version.split(".")) < OLDEST:
        raise StoreUnfit(
            f"SQLite {version} can corrupt a file that two connections write; {OLDEST} or later is safe."
        )
