# SPDX-License-Identifier: Apache-2.0
"""The stores of benchmarks: a file, or a database of PostgreSQL that was empty before and is empty again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tocsin.errors import Taken
from tocsin.storage.postgres import open_postgres
from tocsin.storage.sqlite import open_sqlite
from tocsin.storage.store import Store


def open_hub(folder: Path, store: str) -> Store:
    """A hub's store as its configuration names it: a ``postgresql://`` URL, or a file in its folder."""
    return open_postgres(store) if store.startswith("postgresql://") else open_sqlite(folder / store)


def settle(store: str) -> None:
    """Have PostgreSQL tidy up and count what was filled in, as its autovacuum does within a minute of such growth.

    Nobody fills a million entries in a minute but a benchmark, and what follows would be measured beside that work.
    """
    if store.startswith("postgresql://"):
        with psycopg.connect(store, autocommit=True) as admin:
            admin.execute("VACUUM (ANALYZE)")


@contextmanager
def emptied(url: str) -> Iterator[None]:
    """For a database without tables; whatever is made in it goes at the end. Taken for one that has any."""
    with psycopg.connect(url, autocommit=True) as admin:
        if _tables(admin):
            raise Taken(
                "The database holds tables, and a benchmark fills and empties its own only.",
                next_step="Make an empty database for it (createdb), and name that.",
            )
        try:
            yield
        finally:
            for table in _tables(admin):
                admin.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(table)))


def _tables(admin: psycopg.Connection[tuple[str]]) -> list[str]:
    rows = admin.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
    return [name for (name,) in rows]
