# SPDX-License-Identifier: Apache-2.0
"""DuckDB over Parquet finds what is found in the same log as lines, by whatever its columns are called."""

import json
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.agent.hunting.test_index import CROWDED

from tocsin.agent.hunting import columns as module
from tocsin.agent.hunting.columns import _database, hunt_columns, rows_at_once
from tocsin.agent.hunting.found import Hunted
from tocsin.agent.hunting.index import Index
from tocsin.agent.hunting.lines import hunt_lines
from tocsin.agent.hunting.sieve import Sieve
from tocsin.agent.hunting.tally import Tally
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.errors import Unreadable

EVIL, BAD = normalise(Kind.DOMAIN, "evil.example"), normalise(Kind.IPV4, "192.0.2.7")
NET = normalise(Kind.CIDR, "198.51.100.0/24")


def by_columns(path: Path, known: list[Observable]) -> Hunted:
    index = Index(known)
    with path.open("rb") as file:
        return hunt_columns(file, index, Sieve(index), lambda behind: None)


def by_lines(rows: list[dict], known: list[Observable]) -> Hunted:
    index = Index(known)
    data = "\n".join(map(json.dumps, rows)).encode()
    return hunt_lines((data,), Sieve(index), Tally(index), lambda behind: None)


def parquet(path: Path, rows: list[dict]) -> Path:
    """The rows as DuckDB reads them from JSON, texts as texts."""
    (path.parent / "rows.json").write_text("\n".join(map(json.dumps, rows)))
    with duckdb.connect() as database:
        database.execute(
            f"COPY (FROM read_json('{path.parent}/rows.json', sample_size=-1, convert_strings_to_integers=false,"
            f" dateformat='never', timestampformat='never', map_inference_threshold=-1)) TO '{path}' (FORMAT parquet)"
        )
    return path


ROWS = [
    {"ts": 1.0, "uid": "C1", "id.orig_h": "10.0.0.1", "id.resp_h": "192.0.2.7", "host": "x", "uri": "/"},
    {
        "ts": 2.0,
        "uid": "C2",
        "id.orig_h": "10.0.0.2",
        "id.resp_h": "198.51.100.9",
        "host": "EVIL.example",
        "uri": "/a",
    },
    {
        "ts": 3.0,
        "uid": "C3",
        "id.orig_h": "192.0.2.7",
        "id.resp_h": "10.0.0.1",
        "host": "a.evil.example:8080",
    },
    {"ts": 4.0, "uid": "C4", "id.orig_h": "10.0.0.9", "id.resp_h": "192.0.2.70", "host": "notevil.example"},
]
KNOWN = [
    [EVIL],
    [BAD],
    [EVIL, BAD, NET],
    [normalise(Kind.URL, "http://evil.example/a")],
    [normalise(Kind.IPV4, "203.0.113.1")],
]


@pytest.mark.parametrize(
    "known", KNOWN, ids=["a domain", "an address", "of all kinds", "a URL", "nothing there"]
)
def test_the_same_is_found_as_in_lines(tmp_path: Path, known: list[Observable]) -> None:
    found = by_columns(parquet(tmp_path / "conn.parquet", ROWS), known)
    assert (found.found, found.lines) == (by_lines(ROWS, known).found, 4)
    assert found.engine == "duckdb"


def test_parts_lists_and_columns_that_nobody_knows_are_hunted_too(tmp_path: Path) -> None:
    rows = [
        {
            "timestamp": "2021-06-06T15:59:46.457984+0200",
            "src_ip": "10.0.0.1",
            "dest_ip": "2001:0db8:0000:0000:0000:0000:0000:0007",
            "http": {"hostname": "evil.example", "url": "/a"},
            "dns": {"answers": [{"rdata": "192.0.2.7"}]},
            'odd "name': "to 192.0.2.7, twice",
            "many": ["a", "drop@evil.example"],
            "note": "two\nlines with evil.example",
        }
    ]
    known = [EVIL, BAD, normalise(Kind.IPV6, "2001:db8::7"), normalise(Kind.URL, "http://evil.example/a")]
    found = by_columns(parquet(tmp_path / "eve.parquet", rows), known)
    assert found.found == by_lines(rows, known).found
    assert {one.observable for one in found.found} == set(known)


ROW = st.fixed_dictionaries(
    {"ts": st.floats(1, 2e9), "id.orig_h": st.just("10.0.0.1")},
    optional={
        "id.resp_h": CROWDED.filter(lambda one: one.kind in (Kind.IPV4, Kind.IPV6)).map(
            lambda one: one.value
        ),
        "query": CROWDED.map(lambda one: one.value) | CROWDED.map(lambda one: one.value.upper()),
        "host": st.sampled_from(("a.example", "b.a.example:80", "192.0.2.3")),
        "uri": st.sampled_from(("/a", "/a/b", "/")),
        "note": st.text(max_size=10),
    },
)


@pytest.mark.parametrize("many", [0, 1_000], ids=["by joins", "by distinct texts"])
@settings(max_examples=25)
@given(rows=st.lists(ROW, min_size=1, max_size=5), known=st.lists(CROWDED, max_size=6))
def test_both_engines_agree_hit_for_hit(
    rows: list[dict], known: list[Observable], many: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = parquet(tmp_path_factory.mktemp("agree") / "rows.parquet", rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SMALL", 0)
        patch.setattr(module, "_MANY", many)
        patch.setattr(module, "_FEW", 1_000)
        found = by_columns(path, known)
    assert found.found == by_lines(rows, known).found


def test_the_first_rows_tell_which_columns_are_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"id.resp_h": f"10.0.0.{number}", "service": "ssl", "query": f"{number}.example", "note": "192.0.2.7"}
        for number in range(40)
    ]
    path = parquet(tmp_path / "conn.parquet", rows)
    for name, value in (("SMALL", 0), ("_SAMPLE", 30), ("_MANY", 20), ("_FEW", 3)):
        monkeypatch.setattr(module, name, value)
    asked: list[str] = []
    query = module._Columns._asked
    monkeypatch.setattr(
        module._Columns, "_asked", lambda self, text: (asked.append(text), query(self, text))[1]
    )
    found = by_columns(path, [BAD, normalise(Kind.IPV4, "10.0.0.39"), normalise(Kind.DOMAIN, "3.example")])
    assert {str(one.observable): one.lines for one in found.found} == {
        "ipv4:192.0.2.7": 40,
        "ipv4:10.0.0.39": 1,
        "domain:3.example": 1,
    }
    joins = [text for text in asked if "IN (FROM known)" in text]
    assert [name for name in ("service", "query", "note") if f'hash(CAST("{name}"' in joins[0]] == []
    assert 'hash(CAST("id.resp_h" AS VARCHAR)) IN (FROM known)' in joins[0]
    assert len(joins) == 1


@pytest.mark.parametrize(("columns", "rows"), [(1, 100_000), (2_000, 1_000), (3_000_000, 1)])
def test_a_table_of_many_columns_is_fetched_in_shorter_pieces(columns: int, rows: int) -> None:
    assert rows_at_once(columns) == rows


@given(order=st.permutations(range(6)))
@settings(max_examples=25)
def test_the_order_of_rows_is_no_difference(order: list[int]) -> None:
    rows = [
        {"id.orig_h": "10.0.0.1", "id.resp_h": "192.0.2.7", "query": f"{one}.evil.example"}
        for one in range(6)
    ]
    assert by_lines([rows[number] for number in order], [EVIL, BAD]) == by_lines(rows, [EVIL, BAD])


@given(st.binary(max_size=100))
@settings(max_examples=25)
def test_what_is_no_parquet_is_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("bad") / "bad.parquet"
    path.write_bytes(b"PAR1" + data)
    with pytest.raises(Unreadable):
        by_columns(path, [EVIL])


def test_duckdb_may_open_nothing_else(tmp_path: Path) -> None:
    one, other = (parquet(tmp_path / f"{name}.parquet", ROWS) for name in ("one", "other"))
    with one.open("rb") as file, _database(file, 1) as database:
        assert len(database.execute(f"FROM read_parquet('{one}')").fetchall()) == 4
        for statement in (
            f"FROM read_parquet('{other}')",
            f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
            "SET enable_external_access = true",
            "INSTALL httpfs",
        ):
            with pytest.raises(duckdb.Error):
                database.execute(statement)
    assert not (tmp_path / "out.csv").exists()
