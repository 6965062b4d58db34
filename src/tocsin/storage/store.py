# SPDX-License-Identifier: Apache-2.0
"""One way to remember, over two engines.

Everything happens in a named transaction; the name appears in every error and in `Store.tally`::

    def spend(tx: Transaction) -> Invitation | None:
        return tx.one("spend_invitation", {"code_hash": digest, "party": party, "now": now}, into=Invitation)

    invitation = store.run("redeem invitation", spend)

1. A writing transaction is serializable: it may rest on what it read. Reading ones see one moment.
2. `Store.run` repeats its work when another writer came first, so the work must do nothing but use `tx` and return.
   `with store.transaction(...)` does not repeat; it raises StoreBusy.
3. A statement that fails dooms its transaction, unless it stands in a `tx.savepoint()`: then only that part is undone.
   StoreBusy dooms the whole, because the next attempt must see the new state.
4. Rows are frozen structs, filled by position, after the columns' names were compared with the fields once.
5. Values are int (64 bit), str (no NUL), bytes and None. A bool is not stored.
6. Only StorageError and its children are raised, besides what the caller's own code raises.

A Store is one connection: use it from one thread at a time, and open another for another thread. Not here: SQL
(`sql/`), engines (`sqlite`, `postgres`), and which rows a viewer may see (`tocsin.domain.release`).
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Literal, LiteralString, ParamSpec, Protocol, TypeVar

import msgspec

from tocsin.errors import StorageError, StoreBusy, StoreUnfit, Taken
from tocsin.storage.queries import Query

Value = int | str | bytes | None
Params = Mapping[str, Value]
Row = TypeVar("Row", bound=msgspec.Struct)
T = TypeVar("T")
P = ParamSpec("P")
Job = tuple[Query, Sequence[Params]]
"""A statement, and every row that it is carried out for."""
Purpose = Literal["write", "write alone", "read", "build"]
"""What a transaction is for; ``write alone`` keeps other writers out from its first moment, so it is not refused."""

_INTEGERS = range(-(2**63), 2**63)


class Engine(Protocol):
    """What an engine must do; everything else is written once, in this module."""

    attempts: int
    """How often `Store.run` tries, the last time alone: 1 where every writer is alone."""
    failure: type[Exception]
    """What the engine raises."""
    scrubs_lightly: bool
    """Whether `scrub` costs so little that it may follow every erasure."""

    @property
    def session(self) -> int:
        """The number of the session at its server; 0 where there is no server."""

    def explain(self, error: Exception, where: str) -> StorageError:
        """The engine's error in our words; never with the values of a row."""

    def begin(self, purpose: Purpose) -> None:
        """Open a transaction."""

    def commit(self) -> None:
        """Make durable what was done since `begin`; return only once it is."""

    def tables(self) -> frozenset[str]:
        """The names of the tables there are."""

    def command(self, text: LiteralString) -> None:
        """Carry out a statement that has neither parameters nor rows."""

    def fetch(self, query: Query, params: Params) -> tuple[Sequence[str], list[tuple[Value, ...]]]:
        """The columns' names and all rows; names may be absent when there is no row."""

    def change(self, query: Query, params: Params) -> int:
        """How many rows the statement changed."""

    def change_all(self, jobs: Sequence["Job"]) -> list[int]:
        """Each statement for each of its rows, in order; how many rows each job changed."""

    def scrub(self) -> None:
        """Remove the bytes of deleted rows from the engine's files."""

    def described(self) -> str:
        """What it is, with its version, for its operator."""

    def damage(self) -> str:
        """What the engine finds wrong with its own files; empty when nothing is, or it has better tools for it."""

    def copy(self, place: Path) -> None:
        """Write everything that is committed into a new file; NotBuilt where the engine has tools of its own."""

    def close(self) -> None:
        """Let go of files and connections."""


class Transaction:
    """What can be done between begin and commit; made by `Store` only."""

    def __init__(self, name: str, engine: Engine, queries: Mapping[str, Query], *, writing: bool) -> None:
        self.name = name
        self._engine = engine
        self._queries = queries
        self._writing = writing
        self._failure: StorageError | None = None
        self._over = False

    def all(self, query: str, params: Params, *, into: type[Row]) -> list[Row]:
        """Every row of the named query."""
        asked = self._query(query, (params,))
        columns, rows = self._do(query, self._engine.fetch, asked, params)
        if rows and tuple(columns) != into.__struct_fields__:
            given = ", ".join(columns)
            raise self._doom(StorageError(f"Query {query} gives {given}: not the fields of {into.__name__}."))
        return [into(*row) for row in rows]

    def one(self, query: str, params: Params, *, into: type[Row]) -> Row | None:
        """The only row of the named query, or None; StorageError when there are several."""
        rows = self.all(query, params, into=into)
        if len(rows) > 1:
            raise self._doom(StorageError(f"Query {query} gave {len(rows)} rows where one was meant."))
        return rows[0] if rows else None

    def run(self, query: str, params: Params) -> int:
        """Carry out the named query; how many rows it changed."""
        asked = self._query(query, (params,))
        return self._do(query, self._engine.change, asked, params)

    def run_each(self, query: str, many: Sequence[Params]) -> int:
        """Carry out the named query for each, in order and fast; how many rows were changed in all."""
        return self.run_all((query, many))[0]

    def run_all(self, *jobs: tuple[str, Sequence[Params]]) -> list[int]:
        """Carry out several named queries, each for its many, in order, with one wait; how many rows each changed."""
        asked = [(self._query(query, many), many) for query, many in jobs]
        if not any(many for _, many in jobs):
            return [0] * len(jobs)
        return self._do(", ".join(query for query, _ in jobs), self._engine.change_all, asked)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that is undone alone when it raises, so that one bad job does not cost its neighbours."""
        self._command("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._undo_part()
            raise
        self._command("RELEASE SAVEPOINT part")

    def finish(self) -> None:
        """Commit; raises what doomed the transaction, if anything did. Called by `Store` only."""
        self._do("COMMIT", self._engine.commit)

    def end(self) -> None:
        """Whatever is asked of it from now on fails. Called by `Store` only."""
        self._over = True

    def _undo_part(self) -> None:
        if isinstance(self._failure, StoreBusy):
            return
        self._failure = None
        with suppress(StorageError):  # the engine undid the whole by itself: that failure dooms it
            self._command("ROLLBACK TO SAVEPOINT part")
            self._command("RELEASE SAVEPOINT part")

    def _command(self, text: LiteralString) -> None:
        self._do(text, self._engine.command, text)

    def _query(self, name: str, many: Sequence[Params]) -> Query:
        """The named query, when it is allowed here and every set of parameters fits it."""
        query = self._queries.get(name)
        if query is None:
            raise self._doom(StorageError(f"There is no query {name}."))
        if query.writes and not self._writing:
            raise self._doom(StorageError(f"Query {name} writes, but '{self.name}' only reads."))
        for params in many:
            if params.keys() != query.parameters:
                raise self._doom(StorageError(f"Query {name} takes {', '.join(sorted(query.parameters))}."))
            for parameter, value in params.items():
                # The usual types first, in place: a call for each of twenty values is a tenth of what an entry costs.
                if type(value) is bytes or value is None or (type(value) is str and "\0" not in value):
                    continue
                if type(value) is int and value in _INTEGERS:
                    continue
                if not _storable(value):
                    raise self._doom(StorageError(f"Query {name} cannot store this {parameter}."))
        return query

    def _do(self, what: str, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        if self._failure is not None:
            raise self._failure
        if self._over:
            raise StorageError(f"'{self.name}' is over.")
        try:
            return work(*given, **named)
        except self._engine.failure as error:
            raise self._doom(self._engine.explain(error, f"In '{self.name}', {what}:")) from None

    def _doom(self, failure: StorageError) -> StorageError:
        self._failure = self._failure or failure
        return failure


class Store:
    """One connection to one store."""

    def __init__(self, engine: Engine, queries: Mapping[str, Query]) -> None:
        self.tally: Counter[tuple[str, str]] = Counter()
        """How many transactions of each name were committed, repeated or undone: a metric."""
        self.queries = queries
        """Everything that can be asked of it, by name."""
        self.scrubs_lightly = engine.scrubs_lightly
        """Whether `scrub` costs so little that it may follow every erasure; else an operator chooses the hour."""
        self._engine = engine
        self._open: str | None = None
        self._closed = False

    @property
    def session(self) -> int:
        """The number of the session at the engine's server; 0 where there is no server."""
        return self._engine.session

    def transaction(self, name: str) -> AbstractContextManager[Transaction]:
        """Commit when the block ends, undo everything when it raises; StoreBusy when it must be tried again."""
        return self._begin(name, "write")

    def reading(self, name: str) -> AbstractContextManager[Transaction]:
        """One moment of the store, for reading only; never waits for a writer."""
        return self._begin(name, "read")

    def building(self) -> AbstractContextManager[Transaction]:
        """A transaction in which nobody else builds; for `tocsin.storage.steps` only."""
        return self._begin("build the store", "build")

    def run(self, name: str, work: Callable[[Transaction], T]) -> T:
        """Do the work in a writing transaction, repeated a bounded number of times; StoreBusy after that."""
        for _ in range(self._engine.attempts - 1):
            try:
                with self.transaction(name) as tx:
                    return work(tx)
            except StoreBusy:
                self.tally[name, "repeated"] += 1
        with self._begin(name, "write alone") as tx:
            return work(tx)

    def scrub(self) -> None:
        """After erasures: remove the bytes of deleted rows from the engine's files; see each engine for its limits."""
        self._outside("scrub", self._engine.scrub)

    def described(self) -> str:
        """The engine and its version, for an operator."""
        return self._engine.described()

    def demand_undamaged(self) -> None:
        """Have the engine look through its files; StoreUnfit with what it finds wrong. It may take minutes."""
        found: list[str] = []
        self._outside("look for damage", lambda: found.append(self._engine.damage()))
        if found[0]:
            raise StoreUnfit(
                f"Its files are damaged: {found[0]}.",
                next_step="Keep the files. Restore from a backup (docs/OPERATIONS.md), on another disk.",
            )

    def copy(self, place: Path) -> None:
        """Write one moment of the store into a new file, readable by its owner only, while others go on using it."""
        try:
            os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            raise Taken(
                f"{place} exists, and a backup is never written over another file.",
                next_step="Name another file.",
            ) from None
        except OSError as error:
            raise StorageError(f"{place} cannot be written: {error.strerror}.") from None
        try:
            self._outside("copy", lambda: self._engine.copy(place))
        except BaseException:
            place.unlink(missing_ok=True)
            raise

    def close(self) -> None:
        """Let go of files and connections; whatever is asked of the store afterwards fails."""
        self._closed = True
        self._engine.close()

    @contextmanager
    def _begin(self, name: str, purpose: Purpose) -> Iterator[Transaction]:
        self._outside(name, lambda: self._engine.begin(purpose))
        tx = Transaction(name, self._engine, self.queries, writing=purpose != "read")
        self._open = name
        try:
            yield tx
            tx.finish()
        except BaseException as error:
            self.tally[name, "undone"] += 1
            with suppress(self._engine.failure):  # an engine that failed has rolled back by itself
                self._engine.command("ROLLBACK")
            if isinstance(error, self._engine.failure):
                raise self._engine.explain(error, f"In '{name}':") from None
            raise
        finally:
            tx.end()
            self._open = None
        self.tally[name, "committed"] += 1

    def _outside(self, name: str, work: Callable[[], None]) -> None:
        """Do something that must not happen inside a transaction."""
        if self._closed or self._open is not None:
            why = "the store is closed" if self._closed else f"'{self._open}' is open on this connection"
            raise StorageError(f"'{name}' cannot begin: {why}.")
        try:
            work()
        except self._engine.failure as error:
            raise self._engine.explain(error, f"In '{name}':") from None


def _storable(value: object) -> bool:
    if value is None or isinstance(value, bytes):
        return True
    if isinstance(value, str):
        return "\0" not in value
    # Compared, because `in` a range of anything but a plain int goes through all of it.
    return (
        isinstance(value, int) and not isinstance(value, bool) and _INTEGERS.start <= value < _INTEGERS.stop
    )
