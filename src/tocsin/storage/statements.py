# SPDX-License-Identifier: Apache-2.0
"""Statements over one connection to PostgreSQL, prepared once and then asked by libpq itself, as psycopg gives it.

A hub asks thousands of small things, and waits for each in the thread that serves everybody. Through a cursor of
psycopg each cost more than at the server (`docs/adr/0034-statements-without-cursors.md`). Values and rows are still
psycopg's to convert. Not here: transactions, and what an error means (`tocsin.storage.postgres`).
"""

import re
from collections.abc import Mapping, Sequence

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from tocsin.storage.store import Params, Value

Connection = psycopg.Connection[tuple[Value, ...]]
Columns = Mapping[str, Value | list[Value]]
"""Parameters of one statement; each a list where the statement takes the rows of many at once."""

_PARAMETER = re.compile(r"%\((\w+)\)b")
_DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
_BINARY = 1

_Asked = tuple[bytes, Sequence[Buffer], Sequence[int]]
"""Of a statement that the server has ready: its name, its parameters' values and their formats."""


class Statements:
    """What can be asked over one connection; every method raises psycopg's errors."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._server = connection.pgconn
        self._adapter = Transformer.from_context(connection)
        self._numbered: dict[str, tuple[bytes, tuple[str, ...]]] = {}
        """Each text with its parameters as numbers, and their names in that order."""
        self._ready: dict[tuple[str, tuple[int, ...]], bytes] = {}
        """What the server has ready, by text and types of parameters: its name there."""

    def command(self, text: str) -> None:
        """Carry out statements that have neither parameters nor rows."""
        self._done(self._server.exec_(text.encode()))

    def rows(self, text: str, params: Params) -> tuple[list[str], list[tuple[Value, ...]]]:
        """The columns' names and all rows."""
        result = self._ask(text, params)
        self._adapter.set_pgresult(result)
        rows = self._adapter.load_rows(0, result.ntuples, tuple)
        self._adapter.set_pgresult(None)  # which would keep the last answer of every connection in memory
        return [(result.fname(column) or b"").decode() for column in range(result.nfields)], rows

    def change(self, text: str, params: Columns) -> int:
        """How many rows the statement changed."""
        return self._ask(text, params).command_tuples or 0

    def change_all(self, statements: Sequence[tuple[str, Columns]]) -> list[int]:
        """These statements in order, all sent before the first answer; how many rows each changed."""
        asked = [self._prepare(text, params) for text, params in statements]
        self._server.enter_pipeline_mode()
        for name, values, formats in asked:
            self._server.send_query_prepared(name, values, formats, _BINARY)
        self._server.pipeline_sync()
        results = [
            self._server.get_result() for _ in range(2 * len(asked) + 1)
        ]  # None follows each but the last
        self._server.exit_pipeline_mode()
        return [self._done(result).command_tuples or 0 for result in results[:-1:2]]

    def _ask(self, text: str, params: Columns) -> PGresult:
        name, values, formats = self._prepare(text, params)
        return self._done(self._server.exec_prepared(name, values, formats, _BINARY))

    def _prepare(self, text: str, params: Columns) -> _Asked:
        numbered, order = self._numbered.get(text) or self._number(text)
        binary = [PyFormat.BINARY] * len(order)
        values = self._adapter.dump_sequence([params[name] for name in order], binary)
        types, formats = self._adapter.types or (), self._adapter.formats or ()
        name = self._ready.get((text, types))
        if name is None:
            name = f"tocsin_{len(self._ready)}".encode()
            self._done(self._server.prepare(name, numbered, types))
            self._ready[text, types] = name
        return name, values, formats  # type: ignore[return-value]  # libpq takes None for NULL, whatever pq.abc says

    def _number(self, text: str) -> tuple[bytes, tuple[str, ...]]:
        order = tuple(dict.fromkeys(_PARAMETER.findall(text)))
        numbered = _PARAMETER.sub(lambda found: f"${order.index(found[1]) + 1}", text)
        self._numbered[text] = numbered.encode(), order
        return self._numbered[text]

    def _done(self, result: PGresult | None) -> PGresult:
        if result is not None and result.status in _DONE:
            return result
        if result is None or self._connection.closed:
            raise psycopg.OperationalError("the connection is lost")
        raise psycopg.errors.error_from_result(result)
