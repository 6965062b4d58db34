# SPDX-License-Identifier: Apache-2.0
"""A hunt through the past as the agent does it, in its child: Parquet by DuckDB, and the same log as lines.

The log is a year of connections as Zeek writes them, with as many columns: busy addresses and rare ones, of which five
hundred are known among a million known values. Beside Parquet stands DuckDB alone with a bare semi-join over the same
two columns of the same file, which only counts; beside the lines what any reader must do, decode each.

The last row holds the engines against each other, hit for hit and count for count: the child over Parquet, over JSON
and over a compressed table, and DuckDB's own answer.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import msgspec

from tocsin.agent.hunting.found import Hunted
from tocsin.agent.hunting.process import HuntingChild
from tocsin.bench.result import Beside, Row
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import RemoteError

_ROWS = 20_000_000
_SAMPLE = 400_000
"""Rows that are hunted through as lines too."""
_THREADS = 2
_KNOWN, _HERE = 1_000_000, 500
_TARGET, _TEXT = 10_000_000.0, 150_000.0
_ADDRESS = (
    "(k % 223 + 1) || '.' || (hash(k) % 256) || '.' || (hash(k + 1) % 256) || '.' || (hash(k + 2) % 256)"
)
_LOG = f"""
SELECT 1.7e9 + i / 2.0 AS ts, 'C' || hex(hash(i)) AS uid,
  '10.0.' || (hash(i + 2) % 16) || '.' || (hash(i + 3) % 256) AS "id.orig_h",
  (1024 + hash(i + 4) % 60000)::INTEGER AS "id.orig_p", {_ADDRESS} AS "id.resp_h", 443 AS "id.resp_p",
  'tcp' AS proto, CASE WHEN i % 3 = 0 THEN 'ssl' ELSE 'http' END AS service,
  (hash(i + 5) % 100000)::BIGINT AS orig_bytes, 'SF' AS conn_state
FROM (SELECT i, (500000 * pow((hash(i + {{seed}}) % 1000000) / 1e6, 3))::BIGINT AS k FROM range({{rows}}) t(i))
"""  # noqa: S608 ours
"""Of half a million addresses the first are met all the time and the last now and then."""


def run(seed: int) -> Iterator[Row]:
    """Three rows: rows of Parquet, lines of JSON, and hits on which engines differ."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        with duckdb.connect(config={"threads": _THREADS}) as database:
            known = _known(database, random.Random(seed))  # noqa: S311 a repeatable load, not a secret
            _write(database, place, seed)
            with HuntingChild([Observable(Kind.IPV4, one) for one in known], [place]) as child:
                child.lines([b"the child is there, and knows"])
                yield _columns(database, child, place)
                yield _lines(child, place)
                yield _agreement(database, child, place)


def _known(database: duckdb.DuckDBPyConnection, chance: random.Random) -> list[str]:
    """A million addresses, of which the last are in the log, now and then."""
    here = database.execute(
        f"SELECT DISTINCT {_ADDRESS} FROM (SELECT 400000 + 199 * i AS k FROM range({_HERE}) t(i))"  # noqa: S608 ours
    ).fetchall()
    other = {"{}.{}.{}.{}".format(*chance.getrandbits(32).to_bytes(4)) for _ in range(_KNOWN - len(here))}
    known = [*other, *(address for (address,) in here)]
    database.execute("CREATE TABLE known AS SELECT DISTINCT unnest($1::VARCHAR[]) AS text", [known])
    return known


def _write(database: duckdb.DuckDBPyConnection, place: Path, seed: int) -> None:
    log = _LOG.format(seed=seed, rows=_ROWS)
    database.execute(f"COPY ({log}) TO '{place}/conn.parquet' (FORMAT parquet, COMPRESSION zstd)")
    some = f"SELECT * FROM '{place}/conn.parquet' LIMIT {_SAMPLE}"  # noqa: S608 ours
    database.execute(f"COPY ({some}) TO '{place}/some.parquet' (FORMAT parquet)")
    database.execute(f"COPY ({some}) TO '{place}/some.json' (FORMAT json)")
    database.execute(f"COPY ({some}) TO '{place}/some.csv.gz' (FORMAT csv, HEADER, COMPRESSION gzip)")


def _columns(database: duckdb.DuckDBPyConnection, child: HuntingChild, place: Path) -> Row:
    path = place / "conn.parquet"
    began = time.perf_counter()
    hunted = child.file(str(path), threads=_THREADS)
    spent = time.perf_counter() - began
    _demand(hunted, _ROWS)
    held = '"id.resp_h" IN (FROM known) OR "id.orig_h" IN (FROM known)'
    began = time.perf_counter()
    database.execute(f"SELECT count(*) FROM '{path}' WHERE {held}").fetchall()  # noqa: S608 ours
    bare = time.perf_counter() - began
    beside = Beside("a bare semi-join of DuckDB, counting", _ROWS / bare)
    name = f"Parquet of {_ROWS:,} connections, {_KNOWN:,} known"
    return Row(name, _ROWS / spent, "rows/s", "higher", _TARGET, beside).judged()


def _lines(child: HuntingChild, place: Path) -> Row:
    path = place / "some.json"
    began = _spent(child)
    hunted = child.file(str(path))
    spent = _spent(child) - began
    _demand(hunted, _SAMPLE)
    decode = msgspec.json.Decoder(dict[str, object]).decode
    began = time.process_time()
    with path.open("rb") as file:
        for line in file:
            decode(line)
    beside = Beside("each line decoded by msgspec, and no more", _SAMPLE / (time.process_time() - began))
    return Row(
        "the same as lines of JSON", _SAMPLE / spent, "lines per CPU-second", "higher", _TEXT, beside
    ).judged()


def _agreement(database: duckdb.DuckDBPyConnection, child: HuntingChild, place: Path) -> Row:
    found = [_counts(child.file(str(place / name))) for name in ("some.parquet", "some.json", "some.csv.gz")]
    asked = f"""SELECT "id.resp_h", count(*) FROM '{place}/some.parquet' WHERE "id.resp_h" IN (FROM known) GROUP BY 1"""  # noqa: S608 ours
    found.append(dict(database.execute(asked).fetchall()))
    first, *others = found
    wrong = sum(len(first.items() ^ other.items()) for other in others)
    beside = Beside("values that all four found", len(first))
    return Row("values on which engines differ", wrong, "values", "lower", 0, beside).judged()


def _spent(child: HuntingChild) -> float:
    """Processor seconds of the child: it gives way to everything else on the machine."""
    assert child.pid is not None
    return time.clock_gettime(~child.pid << 3 | 2)  # clock_getcpuclockid(3)


def _counts(hunted: Hunted) -> dict[str, int]:
    return {one.observable.value: one.lines for one in hunted.found}


def _demand(hunted: Hunted, lines: int) -> None:
    """RemoteError unless it did what it is measured for."""
    if hunted.lines != lines or not hunted.found or hunted.problem:
        raise RemoteError(f"{hunted.lines:,} lines, {len(hunted.found)} values: {hunted.problem}")
