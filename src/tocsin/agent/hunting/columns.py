# SPDX-License-Identifier: Apache-2.0
"""Hunts in Parquet by DuckDB: all texts of all columns, whatever they are called.

1. of each column, DuckDB tells which texts may be hits, each once: those that are a known value as they stand, by a
   semi-join, and those that could be one in another spelling or by what is above them, which the sieve then looks at
2. only for columns in which there are any, the rows that hold one are fetched, and read as any record (`records.py`)

The file is opened once and given to DuckDB as a descriptor: its name can be no pattern and no link, and DuckDB may open
nothing else, load nothing and write nothing. Memory is bounded; names of columns are quoted, and are no SQL.
Addresses that are kept as numbers are not found: export them as text.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO

import duckdb
import msgspec
from duckdb.sqltypes import DuckDBPyType

from tocsin.agent.hunting.found import Hunted
from tocsin.agent.hunting.index import Index
from tocsin.agent.hunting.records import SIDES, TIMES, record_of_fields
from tocsin.agent.hunting.sieve import Sieve
from tocsin.agent.hunting.tally import Tally
from tocsin.errors import Unreadable

PARQUET = b"PAR1"
MAX_COLUMNS = 2_000
MEMORY = "1GB"
"""Of DuckDB; what does not fit ends the hunt in this file and not the agent."""
SMALL = 2_000_000
"""Rows of a file in which every distinct text is looked at: to tell DuckDB a million known values takes longer."""
_BATCH = 100_000
_DEEPEST = 8
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
_NUMBERING = frozenset(("uid", "fuid", "conn_uids", "community_id", "proto", "conn_state", "history"))
"""Zeek's and Suricata's fields that number a connection or say how it went."""
_ADDRESSES = frozenset(name for pair in SIDES for name in pair if "ip" in name or name.startswith("id"))
"""Fields that hold addresses and nothing else."""
_ODD_ADDRESS = "t > ':' OR contains(t, ':')"
_ODD = """(contains(t, '.') OR contains(t, ':') OR strlen(t) >= 32)
AND NOT regexp_full_match(t, '[0-9]{1,3}([.][0-9]{1,3}){3}')"""
"""SQL for a text that has to be looked at: it may be another spelling of a known value, or lie below one."""


class _Leaf(msgspec.Struct, frozen=True):
    """One column, or one field of a column that has parts."""

    name: str
    expression: str
    is_text: bool


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
        """Both steps."""
        (self._tally.lines,) = self._asked(f"SELECT count(*) FROM {self._source}").fetchone() or (0,)  # noqa: S608 a descriptor
        leaves = list(self._leaves())
        hits = self._hits([leaf for leaf in leaves if leaf.is_text])
        tell(self._tally.lines)
        self._fetch(leaves, hits)
        return self._tally.hunted("duckdb")

    def _asked(self, query: str, *values: list[str]) -> duckdb.DuckDBPyConnection:
        return self._database.execute(query, list(values))

    def _leaves(self) -> Iterator[_Leaf]:
        """Every column that may hold a value or a time."""
        table = self._database.sql(f"FROM {self._source}")
        if len(table.columns) > MAX_COLUMNS:
            raise Unreadable(f"It has more than {MAX_COLUMNS:,} columns.")
        for name, kind in zip(table.columns, table.types, strict=True):
            yield from _parts(name, _quoted(name), kind, _DEEPEST)

    def _hits(self, leaves: list[_Leaf]) -> dict[_Leaf, set[str]]:
        """The texts of each column that may be hits, where there are any."""
        every = self._index.has_networks or self._tally.lines < SMALL
        if not every:
            self._asked(
                "CREATE TEMP TABLE known AS SELECT unnest($1::VARCHAR[]) AS text", self._index.texts()
            )
        found: dict[_Leaf, set[str]] = {}
        for leaf in leaves:
            odd = _ODD_ADDRESS if leaf.name.lower() in _ADDRESSES else _ODD
            looked = "t IS NOT NULL" if every else f"t IN (FROM known) OR ({odd})"
            texts = self._texts(f"SELECT {leaf.expression} AS t FROM {self._source}", looked)  # noqa: S608 quoted
            if texts:
                found[leaf] = texts
        return found

    def _texts(self, column: str, looked: str) -> set[str]:
        asked = self._asked(f"SELECT DISTINCT t FROM ({column}) WHERE {looked}")  # noqa: S608 quoted names
        found: set[str] = set()
        while batch := asked.fetchmany(_BATCH):
            found |= self._sieve.texts([text for (text,) in batch if text])
        return found

    def _fetch(self, leaves: list[_Leaf], hits: dict[_Leaf, set[str]]) -> None:
        """Count every row that holds one of these texts in its column, each once."""
        names = [leaf.name for leaf in leaves]
        selected = ", ".join(leaf.expression for leaf in leaves)
        passed = ""
        for number, (leaf, texts) in enumerate(hits.items()):
            self._asked(
                f"CREATE TEMP TABLE hit{number} AS SELECT unnest($1::VARCHAR[]) AS text", sorted(texts)
            )
            held = f"{leaf.expression} IN (FROM hit{number})"
            asked = self._asked(f"SELECT {selected} FROM {self._source} WHERE {held}{passed}")  # noqa: S608 quoted
            while batch := asked.fetchmany(_BATCH):
                for row in batch:
                    pairs = zip(names, row, strict=True)
                    self._tally.add(record_of_fields((name, text) for name, text in pairs if text))
            passed += f" AND ({held}) IS NOT TRUE"


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
    is_text = kind.id.split(" ")[0] not in _NO_TEXT and name.lower() not in _NUMBERING
    if is_text or name.lower() in TIMES:
        yield _Leaf(name, f"CAST({expression} AS VARCHAR)", is_text)


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
