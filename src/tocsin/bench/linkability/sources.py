# SPDX-License-Identifier: Apache-2.0
"""A party's view, taken apart: every packet, line, row and place in a file is a record of some source.

A record has numbers, perhaps a time, and whom and which report it names. That is found without knowing the path: peers
by their addresses, and everything else by the literal search. What stands in the records of one report only, such as
the identifier of its entry, names the report too, wherever else it stands.
"""

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import apsw
import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.bench.linkability.needles import Needles, Pairs, pairs
from tocsin.bench.linkability.path import Member, Packet, Played, View
from tocsin.clock import SECOND

Numbers = npt.NDArray[np.float64]

_NUMBER = re.compile(rb"(?<![\w.-])\d+(?:\.\d+)?(?![\w-]|\.\d)")
_WORD = re.compile(rb"[\w.:-]{8,}")
_DIGITS = re.compile(rb"[\d.:+-]+")
_MOST_NUMBERS = 6
"""Of a line."""
_MARK = range(8, 81)
"""Bytes of what may name a report beside what it says."""
_UNITS = (1, SECOND // 1_000, SECOND)
"""Of a time in a column: microseconds, milliseconds, seconds."""


class Source(msgspec.Struct, frozen=True):
    """Records of one kind at one party, in their order."""

    name: str
    columns: tuple[str, ...]
    numbers: Numbers
    """One row for a record; NaN where it has none."""
    timed: tuple[bool, ...]
    """Which columns are times, in microseconds."""
    times: Numbers
    """Of each record, microseconds; NaN where it has none."""
    members: Pairs
    targets: Pairs
    values: tuple[frozenset[bytes], ...]
    """Words of each record that may be the same elsewhere."""


class Names(msgspec.Struct, frozen=True):
    """What to look for in the views of one world."""

    members: Needles
    targets: Needles
    peers: dict[str, int]
    begin: float
    end: float


def names_of(played: Played, values: Sequence[str]) -> Names:
    """Members by everything that names them, reports by what they say."""
    return Names(
        Needles(
            (text.encode(), number) for number, one in enumerate(played.members) for text in _naming(one)
        ),
        Needles((value.encode(), number) for number, value in enumerate(values)),
        {text: number for number, one in enumerate(played.members) for text in (one.address, one.party)},
        float(played.begins[0]),
        float(played.begins[-1]),
    )


def _naming(member: Member) -> tuple[str, ...]:
    return (member.address, member.party, *member.secrets)


def sources(party: str, view: View, names: Names) -> tuple[Source, ...]:
    """Every source of one party."""
    texts = [*_lines(party, view), *_tables(party, view)]
    marks = _marks(texts, names)
    found = [_from_texts(one, names, marks) for one in texts]
    places = [_places(party, name, data, names, marks) for name, data in sorted(view.files.items())]
    return (*_packets(party, view.packets, names), *found, *places)


# packets


def _packets(party: str, packets: Sequence[Packet], names: Names) -> Iterator[Source]:
    """By direction and kind of peer, with the time since whatever passed before between the same two."""
    kinds: dict[str, list[tuple[float, float, float, int]]] = defaultdict(list)
    before: dict[str, int] = {}
    for one in sorted(packets, key=lambda packet: packet.at):
        member = names.peers.get(one.peer, -1)
        since = float(one.at - before[one.peer]) if one.peer in before else np.nan
        before[one.peer] = one.at
        peer = "members" if member >= 0 else one.peer
        kind = f"{party}: packets {'from' if one.inbound else 'to'} {peer}"
        kinds[kind].append((float(one.at), float(one.size), since, member))
    for kind, rows in sorted(kinds.items()):
        table = np.array(rows)
        who = [(number, int(member)) for number, member in enumerate(table[:, 3]) if member >= 0]
        yield Source(
            kind,
            ("size", "since"),
            table[:, 1:3],
            (False, False),
            table[:, 0],
            pairs(who),
            pairs(()),
            (frozenset(),) * len(rows),
        )


# lines and rows


class _Texts(msgspec.Struct, frozen=True):
    """A source before anything is looked for in it."""

    name: str
    columns: tuple[str, ...]
    numbers: list[list[float]]
    times: list[float]
    records: list[bytes]
    values: tuple[frozenset[bytes], ...]


def _lines(party: str, view: View) -> Iterator[_Texts]:
    if not view.lines:
        return
    records = [one.text.encode() for one in view.lines]
    numbers = [[float(one) for one in _NUMBER.findall(text)[:_MOST_NUMBERS]] for text in records]
    yield _Texts(
        f"{party}: lines of the log",
        ("length", *(f"number {nth}" for nth in range(1, _MOST_NUMBERS + 1))),
        [[float(len(text)), *_filled(row)] for text, row in zip(records, numbers, strict=True)],
        [float(one.at) for one in view.lines],
        records,
        tuple(frozenset(filter(_may_mark, _WORD.findall(text))) for text in records),
    )


def _filled(row: list[float]) -> list[float]:
    return row + [np.nan] * (_MOST_NUMBERS - len(row))


def _tables(party: str, view: View) -> Iterator[_Texts]:
    """Every table of every database, as whoever holds its files reads it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in view.files.items():
            (Path(folder) / name).write_bytes(data)
        for name, data in sorted(view.files.items()):
            if data.startswith(b"SQLite format 3\0"):
                yield from _read(party, Path(folder) / name)


def _read(party: str, file: Path) -> Iterator[_Texts]:
    with closing(apsw.Connection(str(file))) as database:
        database.execute("PRAGMA synchronous = OFF")  # it is a copy
        listed = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name"
        for table, sql in list(database.execute(listed)):
            names = database.execute("SELECT name FROM pragma_table_info(?) ORDER BY cid", (table,))
            columns = ", ".join(f'"{name}"' for (name,) in names)
            if "WITHOUT ROWID" not in sql.upper():
                columns = f"rowid, {columns}"
            rows = list(database.execute(f'SELECT {columns} FROM "{table}"'))  # noqa: S608 its own names
            if rows:
                yield _table(f"{party}: {table}", columns.replace('"', "").split(", "), rows)


def _table(name: str, columns: list[str], rows: list[tuple[object, ...]]) -> _Texts:
    cells = [[_bytes(cell) for cell in row] for row in rows]
    return _Texts(
        name,
        tuple(columns),
        [[_number(cell) for cell in row] for row in rows],
        [np.nan] * len(rows),
        [b"\x1f".join(row) for row in cells],
        tuple(frozenset(filter(_may_mark, row)) for row in cells),
    )


def _bytes(cell: object) -> bytes:
    return cell if isinstance(cell, bytes) else str(cell).encode()


def _number(cell: object) -> float:
    """A number as it is, a text or a blob by its length."""
    if isinstance(cell, int | float):
        return float(cell)
    return float(len(cell)) if isinstance(cell, str | bytes) else np.nan


def _may_mark(value: bytes) -> bool:
    """Neither a number nor a whole body."""
    return len(value) in _MARK and not _DIGITS.fullmatch(value)


def _marks(texts: Sequence[_Texts], names: Names) -> Needles:
    """What names a report beside what it says: it stands in records of this report, of no other, and is no member."""
    holders: dict[bytes, set[int]] = defaultdict(set)
    for text in texts:
        for record, target in names.targets.records(text.records).tolist():
            for value in text.values[record]:
                holders[value].add(target)
    alone = {value: min(who) for value, who in holders.items() if len(who) == 1}
    words = sorted(alone)
    of_members = set(names.members.records(words)[:, 0].tolist())
    return Needles((word, alone[word]) for number, word in enumerate(words) if number not in of_members)


def _from_texts(text: _Texts, names: Names, marks: Needles) -> Source:
    numbers = np.array(text.numbers, dtype=np.float64)
    timed = tuple(_as_times(numbers[:, at], names) for at in range(numbers.shape[1]))
    times = np.array(text.times)
    if np.isnan(times).all() and any(timed):
        times = numbers[:, timed.index(True)]
    targets = np.concatenate([names.targets.records(text.records), marks.records(text.records)])
    return Source(
        text.name,
        text.columns,
        numbers,
        timed,
        times,
        names.members.records(text.records),
        pairs(map(tuple, targets.tolist())),
        text.values,
    )


def _as_times(column: Numbers, names: Names) -> bool:
    """Whether these are moments of the story; then they are microseconds afterwards."""
    given = column[~np.isnan(column)]
    if not len(given):
        return False
    for unit in _UNITS:
        if names.begin <= given.min() * unit and given.max() * unit <= names.end:
            column *= unit
            return True
    return False


# places in files


def _places(party: str, name: str, data: bytes, names: Names, marks: Needles) -> Source:
    """Where in a file anybody or any report is named, in order."""
    found = [(at, number, True) for at, number in names.members.offsets(data)]
    for needles in (names.targets, marks):
        found += [(at, number, False) for at, number in needles.offsets(data)]
    found.sort()
    return Source(
        f"{party}: bytes of {name}",
        ("offset",),
        np.array([[float(at)] for at, _, _ in found]).reshape(-1, 1),
        (False,),
        np.full(len(found), np.nan),
        pairs((at, number) for at, (_, number, member) in enumerate(found) if member),
        pairs((at, number) for at, (_, number, member) in enumerate(found) if not member),
        (frozenset(),) * len(found),
    )
