# SPDX-License-Identifier: Apache-2.0
"""Benchmarks on PostgreSQL: a real server, and nothing of anybody's is touched."""

import pytest
from tests.store.cluster import Cluster

from tocsin.bench import append, intake, views
from tocsin.errors import Taken

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


def test_a_database_that_holds_anything_is_refused_and_keeps_it(cluster: Cluster) -> None:
    cluster.empty()
    cluster.run("CREATE TABLE theirs (id BIGINT)")
    with pytest.raises(Taken):
        list(append.run_postgres(1, cluster.url))
    assert cluster.look(TABLES) == [("theirs",)]
