# SPDX-License-Identifier: Apache-2.0
"""One expression of ibis finds on DuckDB and on the bank's Spark, hit for hit, what a hunt without either finds.

Runs where the extra is installed, and Java for Spark: `make spark`.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.agent.hunting.test_columns import KNOWN, ROW, ROWS, by_columns, by_lines, parquet
from tests.unit.agent.hunting.test_index import CROWDED

from tocsin.agent.hunting.found import Hunted
from tocsin.agent.hunting.index import Index
from tocsin.agent.hunting.process import HuntingChild, SparkChild
from tocsin.agent.hunting.sieve import Sieve
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.errors import Unreadable

ibis = pytest.importorskip("ibis")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ibis|duckdb", "ignore:Arrow output:UserWarning"),
    pytest.mark.usefixtures("old_names"),
]
EVIL, BAD, NET, PAGE = (
    normalise(Kind.DOMAIN, "evil.example"),
    normalise(Kind.IPV4, "192.0.2.7"),
    normalise(Kind.CIDR, "198.51.100.0/24"),
    normalise(Kind.URL, "http://evil.example/a"),
)
HELD = [EVIL, BAD, NET, PAGE, normalise(Kind.IPV6, "2001:db8::7"), normalise(Kind.EMAIL, "drop@evil.example")]
WORDS = (
    *("evil.example", "WWW.Evil.Example:8080", "notevil.example", "evil.example.org", "198.51.100.9"),
    *(
        "198.51.101.9",
        "192.0.2.7",
        "192.0.2.70",
        "2001:0db8:0:0:0:0:0:7",
        "http://0xc0000207/x",
        "%65vil.example",
    ),
    *(
        "a,drop@evil.example;b",
        "two\nlines evil.example",
        "",
        "https://evil.example/a?q=1",
        "nothing at all",
        "é",
    ),
)


@pytest.fixture(scope="module")
def old_names() -> Iterator[None]:
    """Ibis 12 asks DuckDB 2 by a name that is gone; the expression is what is held against the others."""

    def fetch_record_batch(connection: duckdb.DuckDBPyConnection, rows_per_batch: int) -> object:
        return connection.to_arrow_reader(rows_per_batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb.DuckDBPyConnection, "fetch_record_batch", fetch_record_batch, raising=False)
        yield


def by_ibis(path: Path, known: list[Observable]) -> Hunted:
    """The expression, carried out by DuckDB."""
    from tocsin.agent.hunting.tables import hunt_table

    index = Index(known)
    table = ibis.duckdb.connect(threads=1).read_parquet(path)
    return hunt_table(table, index, Sieve(index), lambda behind: None)


def crowd(count: int, seed: int) -> list[dict]:
    """Rows of a sensor with parts and lists in it, that hold every spelling of what is hunted."""
    dice = random.Random(seed)
    return [
        {
            "ts": round(1.7e9 + number / 3, 6),
            "uid": f"C{number}",
            "id.orig_h": f"10.0.0.{dice.randrange(4)}",
            "id.resp_h": dice.choice(("192.0.2.7", "198.51.100.9", f"203.0.113.{dice.randrange(256)}")),
            "http": {
                "hostname": dice.choice(("evil.example", "good.example")),
                "url": dice.choice(("/a", "/ab")),
            },
            "answers": [dice.choice(WORDS) for _ in range(dice.randrange(3))],
            "dns": [{"rdata": dice.choice(WORDS)}],
            'a "name"': dice.choice(WORDS),
            "bytes": dice.randrange(10**6),
            "none": None,
        }
        for number in range(count)
    ]


@pytest.mark.parametrize(
    "known", KNOWN, ids=["a domain", "an address", "of all kinds", "a URL", "nothing there"]
)
def test_the_expression_finds_what_is_found_in_lines(tmp_path: Path, known: list[Observable]) -> None:
    found = by_ibis(parquet(tmp_path / "conn.parquet", ROWS), known)
    assert (found.found, found.lines, found.engine) == (by_lines(ROWS, known).found, 4, "ibis")


@settings(max_examples=25)
@given(rows=st.lists(ROW, min_size=1, max_size=5), known=st.lists(CROWDED, max_size=6))
def test_the_expression_agrees_hit_for_hit(
    rows: list[dict], known: list[Observable], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = parquet(tmp_path_factory.mktemp("agree") / "rows.parquet", rows)
    assert by_ibis(path, known).found == by_lines(rows, known).found


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkChild]:
    pytest.importorskip("pyspark")
    if not os.environ.get("JAVA_HOME") and not any(
        Path(place, "java").exists() for place in os.get_exec_path()
    ):
        pytest.skip("There is no Java here: Debian's default-jre-headless has one.")
    with SparkChild(HELD, {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}) as made:
        yield made


def test_spark_finds_hit_for_hit_what_every_other_way_finds(tmp_path: Path, spark: SparkChild) -> None:
    rows = crowd(3_000, 20261130)
    path = parquet(tmp_path / "crowd.parquet", rows)
    by_spark = spark.file(str(path))
    assert {one.observable for one in by_spark.found} == set(HELD)
    assert (
        by_spark.found
        == by_columns(path, HELD).found
        == by_ibis(path, HELD).found
        == by_lines(rows, HELD).found
    )
    assert (by_spark.lines, by_spark.engine) == (3_000, "ibis")
    with HuntingChild(HELD, [tmp_path]) as child:
        assert child.file(str(path)).found == by_spark.found


def test_what_spark_cannot_read_is_said_and_the_next_is_hunted(tmp_path: Path, spark: SparkChild) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and no more")
    for name in ("no_such_table", str(tmp_path / "bad.parquet"), "; drop table x"):
        with pytest.raises(Unreadable, match="Spark"):
            spark.file(name)
    assert spark.file(str(parquet(tmp_path / "good.parquet", ROWS))).found
