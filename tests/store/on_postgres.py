# SPDX-License-Identifier: Apache-2.0
"""The tests' alliance, with a hub that keeps its streams on PostgreSQL."""

from pathlib import Path

from tests.alliance import Alliance
from tests.store.cluster import Cluster

from tocsin.storage.postgres import open_postgres
from tocsin.storage.store import Params, Store, Value


class OnPostgres(Alliance):
    """The hub's store is a database; everybody else's is a file, as ever."""

    def __init__(self, folder: Path, cluster: Cluster, standbys: int = 0) -> None:
        self.cluster = cluster
        self.standbys = standbys
        super().__init__(folder, witnessed=False)

    def open_store(self) -> Store:
        return open_postgres(self.cluster.dsn, standbys=self.standbys)

    def look(self, text: str, params: Params | None = None) -> list[tuple[Value, ...]]:
        assert params is None
        return self.cluster.look(text)
