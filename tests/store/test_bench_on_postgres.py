# SPDX-License-Identifier: Apache-2.0
"""Benchmarks on PostgreSQL: a real server, and nothing of anybody's is touched."""

import pytest
from tests.store.cluster import Cluster

from tocsin.bench import append, catchup, depth, fanout, idle, intake, views
from tocsin.cli.bench import ON_POSTGRES as MEASURED
from tocsin.errors import Taken
from tocsin.hub.reading.backlog import PART

TABLES = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"


def test_appending_is_measured_beside_copy(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append, "_BATCHES", 2)
    cluster.empty()
    (row,) = append.run_postgres(1, cluster.url)
    assert 0 < row.value < row.beside.value, "COPY without hashing is faster"
    assert cluster.look(TABLES) == []


def test_views_are_measured(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_ENTRIES", 2_000)
    monkeypatch.setattr(views, "_MEASURED", 20)
    cluster.empty()
    applied, retracted = views.run_postgres(1, cluster.url)
    assert (applied.name, retracted.name) == (
        "apply one entry at 2,000, PostgreSQL",
        "retract one entry at 2,000, PostgreSQL",
    )
    assert applied.value > applied.beside.value, "the bare engine does less, and in the same process"
    assert cluster.look(TABLES) == []


@pytest.mark.processes
def test_intake_is_measured_at_a_hub_that_serves(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_REQUESTS", 64)
    cluster.empty()
    alone, at_once = intake.run_postgres(1, cluster.url)
    assert alone.value > alone.beside.value
    assert at_once.value > at_once.beside.value
    assert cluster.look(TABLES) == []


@pytest.mark.processes
def test_a_stream_is_measured_beside_copy_at_two_sizes(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("_FIRST", 10_000),
        ("_DEEP", 20_000),
        ("_WALK", 5_000),
        ("_MEASURED", 2),
        ("_POLLS", 5),
    ):
        monkeypatch.setattr(depth, name, value)
    cluster.empty()
    rows = list(depth.run_postgres(1, cluster.url))
    assert [row.name.removesuffix(", PostgreSQL") for row in rows] == [
        "append at 10,000 stored",
        "append at 20,000 stored",
        "hub at 20,000, resident",
        "restart at 20,000",
        "page of 1,000 at that depth",
        "walk of 5,000 entries",
        "poll that finds nothing",
    ]
    first, second, *_, page, walk, poll = rows
    assert first.value < first.beside.value, "COPY without hashing is faster"
    assert second.value < second.beside.value
    assert page.value > page.beside.value > 0
    assert walk.value > walk.beside.value > 0
    assert poll.value > 0
    assert cluster.look(TABLES) == []


@pytest.mark.processes
def test_a_catch_up_is_measured_from_a_hub_on_postgresql(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catchup, "_SHORT", PART + 500)
    cluster.empty()
    caught_up, started = catchup.run_postgres(1, cluster.url)
    assert caught_up.name == "cold agent at 4,500 entries, PostgreSQL"
    assert caught_up.value > caught_up.beside.value
    assert started.value > 0
    assert cluster.look(TABLES) == []


@pytest.mark.processes
def test_memory_at_rest_is_measured_with_the_driver_loaded(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle, "_SETTLED_SECONDS", 0.5)
    cluster.empty()
    hub, agent = idle.run_postgres(1, cluster.url)
    assert hub.value > hub.beside.value
    assert agent.value > agent.beside.value
    assert cluster.look(TABLES) == []


@pytest.mark.processes
def test_fan_out_is_measured_in_small(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("_READERS", 200), ("_AGENTS", 2), ("_SENDERS", 2), ("_WAVES", 5)):
        monkeypatch.setattr(fanout, name, value)
    cluster.empty()
    rows = list(fanout.run_postgres(1, cluster.url))
    lost = [row for row in rows if row.name.startswith("readers that miss")]
    assert [row.value for row in lost] == [0, 0]
    assert all(row.value > 0 for row in rows if row not in lost)
    assert cluster.look(TABLES) == []


def test_every_benchmark_that_has_a_store_is_measured_there() -> None:
    assert MEASURED == ("append", "catchup", "depth", "fanout", "idle", "intake", "views")


def test_a_database_that_holds_anything_is_refused_and_keeps_it(cluster: Cluster) -> None:
    cluster.empty()
    cluster.run("CREATE TABLE theirs (id BIGINT)")
    with pytest.raises(Taken):
        list(append.run_postgres(1, cluster.url))
    assert cluster.look(TABLES) == [("theirs",)]
