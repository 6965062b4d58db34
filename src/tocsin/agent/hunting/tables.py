# SPDX-License-Identifier: Apache-2.0
"""Hunts in a table of the bank's own engine, as Spark's: one expression of ibis, whatever engine carries it out.

1. of each column the engine tells each text once, and the sieve says which may be hits
2. all rows that hold one of those are fetched in one go, and read as any record (`records.py`)

So no engine decides what a hit is, and none is told what is known but is not there. Texts travel: of a table whose
columns hold billions of different ones, hunt a part. The extra ``tocsin[spark]`` has ibis; no other module needs it.
"""

from collections.abc import Callable, Iterator
from functools import reduce
from operator import or_

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import msgspec

from tocsin.agent.hunting.columns import (
    BATCH,
    DEEPEST,
    MAX_COLUMNS,
    NUMBERING,
    add_rows,
    rows_at_once,
    suspects,
)
from tocsin.agent.hunting.found import Hunted
from tocsin.agent.hunting.index import Index
from tocsin.agent.hunting.records import TIMES
from tocsin.agent.hunting.sieve import Sieve
from tocsin.agent.hunting.tally import Tally
from tocsin.errors import Unreadable


class _Leaf(msgspec.Struct, frozen=True):
    """One column, or one field of a column that has parts, as text."""

    name: str
    text: ir.StringValue
    is_hunted: bool


def hunt_table(table: ir.Table, index: Index, sieve: Sieve, tell: Callable[[int], None]) -> Hunted:
    """Hunt in all rows; `tell` hears how many are behind. Whatever the engine raises is the caller's to name."""
    if len(table.columns) > MAX_COLUMNS:
        raise Unreadable(f"It has more than {MAX_COLUMNS:,} columns.")
    tally = Tally(index)
    tally.lines = int(table.count().execute())
    leaves = [leaf for name in table.columns for leaf in _parts(name, table[name], DEEPEST)]
    held = [held for leaf in leaves if leaf.is_hunted for held in _held(table, leaf, sieve)]
    tell(tally.lines)
    if held:
        names = [leaf.name for leaf in leaves]
        rows = table.filter(reduce(or_, held)).select(
            **{f"c{number}": leaf.text for number, leaf in enumerate(leaves)}
        )
        for batch in rows.to_pyarrow_batches(chunk_size=rows_at_once(len(leaves))):
            columns = [column.to_pylist() for column in batch.columns]
            add_rows(tally, sieve, names, list(zip(*columns, strict=True)))
    return tally.hunted("ibis")


def _held(table: ir.Table, leaf: _Leaf, sieve: Sieve) -> Iterator[ir.BooleanValue]:
    """What holds of the rows that hold a text of this column that may be a hit; nothing if there is none."""
    found: list[str] = []
    for batch in table.select(text=leaf.text).distinct().to_pyarrow_batches(chunk_size=BATCH):
        found += suspects(sieve, batch.columns[0].to_pylist())
    if found:
        yield leaf.text.isin(ibis.memtable({"text": found}).text)


def _parts(name: str, value: ir.Value, depth: int) -> Iterator[_Leaf]:
    kind = value.type()
    if isinstance(value, ir.StructValue) and depth:
        for part in value.names:
            yield from _parts(f"{name}.{part}", value[part], depth - 1)
        return
    is_hunted = not _is_no_text(kind) and name.lower() not in NUMBERING
    if is_hunted or name.lower() in TIMES:
        yield _Leaf(name, value.cast("string"), is_hunted)


def _is_no_text(kind: dt.DataType) -> bool:
    return any((kind.is_numeric(), kind.is_boolean(), kind.is_temporal(), kind.is_binary()))
