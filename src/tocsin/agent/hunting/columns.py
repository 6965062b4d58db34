# SPDX-License-Identifier: Apache-2.0
"""Hunts in Parquet by DuckDB: all texts of all columns, whatever they are called.

1. of most columns, DuckDB tells each text once, and the sieve says which may be hits
2. of columns with many texts that can be known values only as they stand, as addresses are, that would take longer:
   in those, rows are found by a join with the hashes of all that is known, which are shorter than it
3. all rows that either found are fetched in one go, and read as any record (`records.py`)

Which columns are of the second kind the first rows tell; a mistake there costs time and no hit.

The file is opened once and given to DuckDB as a descriptor: its name can be no pattern and no link, and DuckDB may open
nothing else, load nothing and write nothing. Memory is bounded; names of columns are quoted, and are no SQL.
Addresses that are kept as numbers are not found: export them as text.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import BinaryIO

import duckdb
import msgspec
import numpy as np
from duckdb.sqltypes import DuckDBPyType

from tocsin.agent.hunting.covers import HUNTED
from tocsin.agent.hunting.found import Hunted
from tocsin.agent.hunting.index import Index
from tocsin.agent.hunting.records import SIDES, TIMES, record_of_fields
from tocsin.agent.hunting.sieve import Sieve
from tocsin.agent.hunting.tally import Tally
from tocsin.domain.observable import Kind
from tocsin.errors import Unreadable

PARQUET = b"PAR1"
MAX_COLUMNS = 2_000
MEMORY = "1GB"
"""Of DuckDB; what does not fit ends the hunt in this file and not the agent."""
SMALL = 2_000_000
"""Rows of a file in which every distinct text is looked at: to tell DuckDB a million known values takes longer."""
BATCH = 100_000
"""Texts that are looked at at once."""
CELLS = 2_000_000
"""Texts of whole rows that are: a table of many columns is fetched in shorter pieces."""
_SAMPLE = 100_000
"""Rows that tell what a column is like."""
_MANY, _FEW = _SAMPLE // 20, _SAMPLE // 100
"""A column is joined when so many rows hold more texts than the first, and fewer than the second that are odd."""
DEEPEST = 8
"""Columns within columns that are looked into."""
_SIZES = ("tiny", "small", "", "big", "huge")
_NO_TEXT = frozenset(f"{sign}{size}int" for sign in ("", "u") for size in _SIZES).union(
    (
        "integer",
        "uinteger",
        "float",
        "double",
        "decimal",
        "boolean",
        "date",
        "time",
        "interval",
        "blob",
        "bit",
    ),
    ("timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"),
)
"""Types whose texts are no values; the names of those with a zone begin with the same words."""
NUMBERING = frozenset(("uid", "fuid", "conn_uids", "community_id", "proto", "conn_state", "history"))
"""Zeek's and Suricata's fields that number a connection or say how it went."""
_ADDRESSES = frozenset(name for pair in SIDES for name in pair if "ip" in name or name.startswith("id"))
"""Fields that hold addresses and nothing else."""


class _Leaf(msgspec.Struct, frozen=True):
    """One column, or one field of a column that has parts."""

    name: str
    expression: str
    is_text: bool

    def odd(self) -> str:
        """SQL for a text that may be another spelling of a known value, or lie below one."""
        text = self.expression
        if self.name.lower() in _ADDRESSES:
            return f"({text} > ':' OR contains({text}, ':'))"
        holds = f"(contains({text}, '.') OR contains({text}, ':') OR strlen({text}) >= 32)"
        return f"({holds} AND NOT regexp_full_match({text}, '[0-9]{{1,3}}([.][0-9]{{1,3}}){{3}}'))"


def hunt_columns(
    file: BinaryIO, index: Index, sieve: Sieve, tell: Callable[[int], None], threads: int = 1
) -> Hunted:
    """Hunt in an open Parquet file; `tell` hears how many rows are behind. Unreadable when DuckDB cannot read it."""
    try:
        with _database(file, threads) as database:
            return _Columns(database, file, index, sieve).hunt(tell)
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0][:300]
        raise Unreadable(f"DuckDB cannot read it: {reason}") from None


class _Columns:
    def __init__(
        self, database: duckdb.DuckDBPyConnection, file: BinaryIO, index: Index, sieve: Sieve
    ) -> None:
        self._database = database
        self._source = f"read_parquet('{_path(file)}')"
        self._index = index
        self._sieve = sieve
        self._tally = Tally(index)

    def hunt(self, tell: Callable[[int], None]) -> Hunted:
        """All three steps."""
        ((self._tally.lines,),) = self._asked(f"SELECT count(*) FROM {self._source}").fetchall()  # noqa: S608 a descriptor
        leaves = list(self._leaves())
        texts = [leaf for leaf in leaves if leaf.is_text]
        joined = self._joined(texts)
        held = list(self._hits([leaf for leaf in texts if leaf not in joined]))
        if joined:
            whole = chain(
                self._index.texts(HUNTED - {Kind.CIDR}), self._index.hosts()
            )  # a page may be beside
            self._create("known", "hash(text)", whole)
            held += [f"hash({leaf.expression}) IN (FROM known) OR {leaf.odd()}" for leaf in joined]
        tell(self._tally.lines)
        if held:
            self._fetch(leaves, " OR ".join(held))
        return self._tally.hunted("duckdb")

    def _asked(self, query: str) -> duckdb.DuckDBPyConnection:
        return self._database.execute(query)

    def _create(self, table: str, made: str, texts: Iterable[str]) -> None:
        """A table of what is made of each text."""
        self._database.register("given", {"text": np.array(list(texts), object)})
        self._asked(f"CREATE TEMP TABLE {table} AS SELECT {made} FROM given")  # noqa: S608 ours
        self._database.unregister("given")

    def _leaves(self) -> Iterator[_Leaf]:
        """Every column that may hold a value or a time."""
        table = self._database.sql(f"FROM {self._source}")
        if len(table.columns) > MAX_COLUMNS:
            raise Unreadable(f"It has more than {MAX_COLUMNS:,} columns.")
        for name, kind in zip(table.columns, table.types, strict=True):
            yield from _parts(name, _quoted(name), kind, DEEPEST)

    def _joined(self, leaves: list[_Leaf]) -> list[_Leaf]:
        """Columns that are joined: they have many texts, next to none of which must be looked at."""
        if self._index.networks or self._tally.lines < SMALL or not leaves:
            return []
        about = ", ".join(
            f"approx_count_distinct({leaf.expression}), count(*) FILTER ({leaf.odd()})" for leaf in leaves
        )
        (counts,) = self._asked(f"SELECT {about} FROM (FROM {self._source} LIMIT {_SAMPLE})").fetchall()  # noqa: S608 quoted
        return [
            leaf
            for leaf, texts, odd in zip(leaves, counts[::2], counts[1::2], strict=True)
            if texts > _MANY and odd < _FEW
        ]

    def _hits(self, leaves: list[_Leaf]) -> Iterator[str]:
        """SQL for the rows that hold a text of these columns that may be a hit."""
        for number, leaf in enumerate(leaves):
            asked = self._asked(f"SELECT DISTINCT {leaf.expression} FROM {self._source}")  # noqa: S608 quoted
            found: list[str] = []
            while batch := asked.fetchmany(BATCH):
                found += suspects(self._sieve, [text for (text,) in batch])
            if found:
                self._create(f"hit{number}", "text", found)
                yield f"{leaf.expression} IN (FROM hit{number})"

    def _fetch(self, leaves: list[_Leaf], held: str) -> None:
        """Count every row of which this holds, once."""
        names = [leaf.name for leaf in leaves]
        selected = ", ".join(leaf.expression for leaf in leaves)
        asked = self._asked(f"SELECT {selected} FROM {self._source} WHERE {held}")  # noqa: S608 quoted
        while batch := asked.fetchmany(rows_at_once(len(leaves))):
            add_rows(self._tally, self._sieve, names, batch)


def rows_at_once(columns: int) -> int:
    """Rows of so many texts that are held in memory."""
    return max(1, min(BATCH, CELLS // columns))


def suspects(sieve: Sieve, texts: Iterable[str | None]) -> list[str]:
    """Those of some texts that may be hits, or lie beside one."""
    some = [text for text in texts if text]
    return [some[place] for place in sieve.texts(some)]


def add_rows(tally: Tally, sieve: Sieve, names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
    """Count rows as records of fields of these names."""
    whole = [" ".join(filter(None, row)) for row in rows]
    for place in sieve.texts(whole):
        pairs = zip(names, rows[place], strict=True)
        tally.add(record_of_fields((name, text) for name, text in pairs if text))


def _database(file: BinaryIO, threads: int) -> duckdb.DuckDBPyConnection:
    """One that may read this file and do nothing else."""
    database = duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": MEMORY,
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
        },
    )
    database.execute(f"SET allowed_paths = ['{_path(file)}']")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    return database


def _path(file: BinaryIO) -> str:
    return f"/proc/self/fd/{file.fileno()}"


def _parts(name: str, expression: str, kind: DuckDBPyType, depth: int) -> Iterator[_Leaf]:
    if kind.id == "struct" and depth:
        for part, of_part in kind.children:
            assert isinstance(of_part, DuckDBPyType)
            yield from _parts(f"{name}.{part}", f"{expression}.{_quoted(part)}", of_part, depth - 1)
        return
    is_text = kind.id.split(" ")[0] not in _NO_TEXT and name.lower() not in NUMBERING
    if is_text or name.lower() in TIMES:
        yield _Leaf(name, f"CAST({expression} AS VARCHAR)", is_text)


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
