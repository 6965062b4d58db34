# SPDX-License-Identifier: Apache-2.0
"""The benchmark of appending on PostgreSQL: a real server, and nothing of anybody's is touched."""

import pytest
from tests.store.cluster import Cluster

from tocsin.bench import append
from tocsin.errors import Taken


def test_appending_is_measured_beside_copy_and_leaves_the_database_empty(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(append, "_BATCHES", 2)
    cluster.empty()
    (row,) = append.run_postgres(1, cluster.url)
    assert 0 < row.value < row.beside.value, "COPY without hashing is faster"
    assert cluster.look("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_a_database_that_holds_anything_is_refused_and_keeps_it(cluster: Cluster) -> None:
    cluster.empty()
    cluster.run("CREATE TABLE theirs (id BIGINT)")
    with pytest.raises(Taken):
        list(append.run_postgres(1, cluster.url))
    assert cluster.look("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'") == [("theirs",)]
