# SPDX-License-Identifier: Apache-2.0
"""One suite over three stores: `:memory:`, a file, PostgreSQL.

A test that asks for `place` runs on all three; one that asks for `shared` needs several connections to one store and
runs on the last two.
"""

import os
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest
from tests.store.cluster import Cluster, find_binaries, private_cluster

from tocsin.storage import postgres, sqlite
from tocsin.storage.postgres import PostgresEngine
from tocsin.storage.queries import Dialect, Query
from tocsin.storage.sqlite import SqliteEngine
from tocsin.storage.steps import SQL, open_store
from tocsin.storage.store import Engine, Store, Value

ON_POSTGRES = pytest.param("postgres", marks=pytest.mark.processes)


class Place:
    """Where one store is; every `open` is one more connection to it."""

    def __init__(self, kind: str, target: str) -> None:
        self.kind = kind
        self.target = target
        self.engines: list[Engine] = []
        self._stores: list[Store] = []

    @property
    def dialect(self) -> Dialect:
        return postgres.DIALECT if self.kind == "postgres" else sqlite.DIALECT

    def engine(self) -> Engine:
        made = PostgresEngine(self.target) if self.kind == "postgres" else SqliteEngine(self.target)
        self.engines.append(made)
        return made

    def open(self, folder: Traversable = SQL / "hub") -> Store:
        store = open_store(self.engine(), self.dialect, folder)
        self._stores.append(store)
        return store

    def look(self, text: str) -> list[tuple[Value, ...]]:
        """What a statement that is nobody's query gives, on a connection of its own where there can be one."""
        engine = self.engines[0] if self.kind == "memory" else self.engine()
        return engine.fetch(Query("look", text, frozenset(), writes=False), {})[1]

    def close(self) -> None:
        for store in self._stores:
            store.close()
        for engine in self.engines:
            engine.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    binaries = find_binaries()
    if binaries is None and os.environ.get("CI") == "true":
        pytest.fail("CI must test PostgreSQL too: install its server.")
    if binaries is None:
        pytest.skip("PostgreSQL's server is not installed here: its half of the store suite did not run.")
    with private_cluster(binaries) as running:
        yield running


def make(kind: str, request: pytest.FixtureRequest, folder: Path) -> Place:
    """A new store of that kind; whoever makes it closes it."""
    if kind == "postgres":
        running: Cluster = request.getfixturevalue("cluster")
        return Place(kind, running.empty())
    return Place(kind, ":memory:" if kind == "memory" else str(folder / "store.db"))


@pytest.fixture(params=["memory", "file", ON_POSTGRES])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    made = make(request.param, request, tmp_path)
    yield made
    made.close()


@pytest.fixture(params=["file", ON_POSTGRES])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    made = make(request.param, request, tmp_path)
    yield made
    made.close()


@pytest.fixture
def server(cluster: Cluster) -> Iterator[Place]:
    """PostgreSQL alone, for what is its own."""
    made = Place("postgres", cluster.empty())
    yield made
    made.close()


@pytest.fixture
def every_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Place]]:
    """All three at once, for comparing them."""
    made = [make(kind, request, tmp_path) for kind in ("memory", "file", "postgres")]
    yield made
    for one in made:
        one.close()


@pytest.fixture
def store(place: Place) -> Store:
    """A new hub store."""
    return place.open()
