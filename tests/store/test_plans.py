# SPDX-License-Identifier: Apache-2.0
"""No statement reads a whole table that grows with what is said: every query of every store, as the engine plans it.

SQLite plans without statistics, which nothing of ours collects: its plan is the same at every size. PostgreSQL's
planner looks at sizes: its plans are asked for over 1,000 entries and 100,000 or (`PLANS=all`) 1,000,000, for known
values and for any, and must cost no more over many than over few. A table of few rows it may read whole, as is cheaper.
"""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.store.cluster import Cluster
from tests.store.conftest import Place
from tests.store.crowd import crowded, sample

from tocsin.storage.postgres import PostgresEngine
from tocsin.storage.queries import Query
from tocsin.storage.sqlite import SqliteEngine, open_sqlite

Node = dict[str, Any]

GROW = {
    "hub": {"entry", "body", "origin", "object", "source", "band", "warning", "answer", "answer_band"}
    | {"held", "nonce", "message", "log", "subtree", "spent", "issued", "by_two", "escrow"},
    "agent": {"entry", "body", "posting", "band", "warning", "answers", "own_answer", "outbox", "evidence"}
    | {"journal", "vault_case", "case_line", "waiting", "erased_warning", "own_warning"},
    "partner": {"head", "log"},
    "relay": set(),
}
"""What grows with what is said. All other tables grow with parties and streams, or are bounded."""

WHOLE = {
    "hub": {
        **dict.fromkeys(
            (
                "drop_bands",
                "drop_answers",
                "drop_answer_bands",
                "drop_sources",
                "drop_objects",
                "drop_warnings",
            ),
            "a restored hub makes its views anew",
        ),
        **dict.fromkeys(("entries_of_kind", "erasures", "without_body"), "a restored hub reads what it has"),
        "rest_on_no_band": "a restored hub looks which of its bands are gone",
        "full_pairs": "an operator asks who alone confirms as much as two may",
        "create_stream": "that no entry stands in a stream which is not there yet: none is read",
        "bands_of_role": "agencies write a few warnings a day; the operator changes a standing",
        "openings": "an operator asks trustees to open a report, which is rare",
        "audits": "an operator looks who was caught",
        "drop_held_of_anybody": "the operator erases; at most 100 of each party wait",
    },
    "agent": {
        **dict.fromkeys(
            ("drop_postings", "drop_bands", "drop_warnings", "drop_answers", "drop_erased_warnings"),
            "an agent that comes back makes its views anew",
        ),
        **dict.fromkeys(("known_values", "postings"), "levels are computed at reading time, of all values"),
        "own_messages": "the same: which of them are this party's own",
        **dict.fromkeys(("warnings", "standing_warnings"), "agencies write a few a day"),
        **dict.fromkeys(("unanswered_warnings", "warning_authors"), "agencies write a few a day"),
        **dict.fromkeys(("cases", "journal", "own_warnings", "count_outbox"), "a person asks"),
        **dict.fromkeys(("calling_warnings", "warnings_that_call_no_more"), "agencies write a few a day"),
        **dict.fromkeys(
            ("count_before", "places_of_kind", "postings_ever", "told_between", "warnings_ever"),
            "a person asks for a value sheet or a proof of defence, once a month",
        ),
        **dict.fromkeys(("waiting", "wait_no_longer"), "empty unless the directory is behind"),
    },
    "partner": {"heads": "read once, when the partner starts", "forget_heads": "a partner is restored"},
    "relay": {},
}
"""Statements that read much on purpose, and why."""

NO_TABLE = re.compile(r"INSERT INTO \w+ \([^)]*\)\s*(VALUES|SELECT \* FROM unnest)|CREATE ")
MORE = 2_000.0
"""Of the planner's units, in which a page read in order is 1: what a statement may cost more over a larger store.
A page of a hundred entries, each read with its body out of order, is about a thousand."""
SIZES = [100_000, pytest.param(1_000_000, marks=pytest.mark.skipif(
    os.environ.get("PLANS") != "all", reason="PLANS=all makes a million rows, which takes a minute"
))]  # fmt: skip


def asked(queries: dict[str, Query]) -> list[Query]:
    """The statements that look for rows."""
    return [query for query in queries.values() if not NO_TABLE.match(query.text)]


def aliases(query: Query) -> dict[str, str]:
    """What a statement calls each table, by that name."""
    named = re.findall(r"(?:FROM|JOIN|UPDATE|INTO) (\w+)(?: AS (\w+))?", query.text)
    return {alias or table: table for table, alias in named}


def in_sqlite(query: Query, engine: SqliteEngine) -> set[tuple[str, str]]:
    """Each table that SQLite would read whole, or one stream of it, and how."""
    explained = msgspec.structs.replace(query, text=f"EXPLAIN QUERY PLAN {query.text}", writes=False)
    steps = [str(row[3]) for row in engine.fetch(explained, dict.fromkeys(query.parameters))[1]]
    tables, found = aliases(query), set()
    for step in steps:
        how, name = (*step.split(), "")[:2]  # LEFT and RIGHT of a union have no table
        whole = how == "SCAN" or (how == "SEARCH" and ("(" not in step or step.endswith("(stream=?)")))
        if whole and not ("LIMIT" in query.text and "USE TEMP B-TREE FOR ORDER BY" not in steps):
            found.add((tables.get(name, name), step))
    return found


@pytest.mark.parametrize("schema", ["hub", "agent", "partner", "relay"])
def test_sqlite_reads_no_growing_table_whole(tmp_path: Path, schema: str) -> None:
    store = open_sqlite(tmp_path / "a.db", schema)
    engine = SqliteEngine(tmp_path / "a.db")
    found = {
        query.name: steps
        for query in asked(dict(store.queries))
        if (steps := {step for table, step in in_sqlite(query, engine) if table in GROW[schema]})
    }
    engine.close()
    store.close()
    assert {name: found[name] for name in found.keys() - WHOLE[schema].keys()} == {}
    assert WHOLE[schema].keys() <= store.queries.keys()


def test_what_sqlite_plans_does_not_depend_on_size(place: Place) -> None:
    if place.kind == "postgres":
        return
    store = place.open()
    queries = asked(dict(store.queries))
    empty = [in_sqlite(query, place.engines[0]) for query in queries]
    crowded(place, 20_000)
    assert [in_sqlite(query, place.engines[0]) for query in queries] == empty


def nodes(plan: Node) -> Iterator[Node]:
    """A step of a plan of PostgreSQL's and all below it, but not what a LIMIT cuts short."""
    yield plan
    if plan["Node Type"] != "Limit":
        for below in plan.get("Plans", []):
            yield from nodes(below)


def whole(node: Node) -> str:
    """How PostgreSQL would read a table whole, or one stream of it; empty when it does not."""
    how, condition = node["Node Type"], node.get("Index Cond", "")
    if how == "Seq Scan":
        return "all of it"
    if how in ("Index Scan", "Index Only Scan", "Bitmap Index Scan"):
        columns = set(re.findall(r"\(?(\w+) (?:=|<|>|<=|>=|IS) ", condition))
        return "" if columns - {"stream"} else f"{how} with {condition or 'no condition'}"
    return ""


def plans(engine: PostgresEngine, query: Query, entries: int) -> tuple[Node, Node]:
    """The plan for known values, and the one that is made once, for whatever values come."""
    order = sorted(query.parameters)
    text = query.text
    for number, name in enumerate(order, start=1):
        text = text.replace(f"%({name})b", f"${number}")
    nulls = f"({', '.join(['NULL'] * len(order))})" if order else ""
    connection = engine._connection
    connection.execute(b"SET plan_cache_mode = force_generic_plan")
    connection.execute(f"PREPARE asked AS {text}".encode())
    found = "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'asked'"
    ((types,),) = connection.execute(found).fetchall()
    ((of_any,),) = connection.execute(f"EXPLAIN (FORMAT JSON) EXECUTE asked{nulls}".encode()).fetchall()
    connection.execute(b"DEALLOCATE asked")
    known = sample(query, dict(zip(order, types, strict=True)), entries)  # type: ignore[arg-type]
    explained = msgspec.structs.replace(query, text=f"EXPLAIN (FORMAT JSON) {query.text}", writes=False)
    ((of_known,),) = engine.fetch(explained, known)[1]
    return of_known[0]["Plan"], of_any[0]["Plan"]  # type: ignore[index]


def planner(place: Place, entries: int) -> tuple[PostgresEngine, list[Query], set[str]]:
    """PostgreSQL over so many entries, what is asked of it, and the tables that are large then."""
    store = crowded(place, entries)
    engine = place.engines[-1]
    assert isinstance(engine, PostgresEngine)
    rows = place.look("SELECT relname::text FROM pg_class WHERE relkind = 'r' AND reltuples >= 5000")
    queries = [query for query in asked(dict(store.queries)) if query.name not in WHOLE["hub"]]
    return engine, queries, GROW["hub"] & {str(name) for (name,) in rows}


@pytest.mark.processes
@pytest.mark.parametrize("entries", SIZES)
def test_postgres_reads_no_growing_table_whole_nor_pays_for_its_size(
    cluster: Cluster, entries: int, capsys: pytest.CaptureFixture[str]
) -> None:
    costs: list[dict[str, float]] = []
    for size in (1_000, entries):
        began = time.monotonic()
        place = Place("postgres", cluster.empty())
        engine, queries, large = planner(place, size)
        seconds = time.monotonic() - began
        found: dict[str, set[str]] = {}
        cost: dict[str, float] = {}
        for query in queries:
            of_known, of_any = plans(engine, query, size)
            cost[query.name] = of_known["Total Cost"]
            for node in (*nodes(of_known), *nodes(of_any)):
                if node.get("Relation Name") in large and (how := whole(node)):
                    found.setdefault(query.name, set()).add(f"{node['Relation Name']}: {how}")
        place.close()
        costs.append(cost)
        assert found == {}
    small, big = costs
    with capsys.disabled():
        worst = max(big, key=lambda name: big[name] - small[name])
        print(
            f"\nPostgreSQL plans {len(queries)} statements over {entries:,} entries, {len(large)} large tables "
            f"({seconds:.0f} s to fill); costs most more than over 1,000: {worst} {small[worst]} → {big[worst]}"
        )
    dearer = {name: (small[name], big[name]) for name in big if big[name] > small[name] + MORE}
    assert dearer == {}
