# SPDX-License-Identifier: Apache-2.0
"""How a store is built, and which stores are refused."""

import re
import threading
from pathlib import Path

import msgspec
import pytest
from tests.store.conftest import Place

from tocsin.errors import StorageError, StoreUnfit
from tocsin.storage.steps import SQL, read_steps
from tocsin.storage.store import Store

FIRST = """
-- Operational. A thing.
CREATE TABLE thing (
  id   BIGINT NOT NULL PRIMARY KEY, -- its number
  name TEXT   NOT NULL              -- its name
) STRICT;
"""
QUERIES = "-- name: things\n-- All of them.\nSELECT * FROM thing;\n"
SECOND = (
    "ALTER TABLE thing ADD COLUMN note BYTES; -- what is said of it\nCREATE INDEX thing_name ON thing (name);"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A kind of store with one table."""
    made = tmp_path / "toy"
    (made / "migrations").mkdir(parents=True)
    (made / "schema.sql").write_text(FIRST)
    (made / "queries.sql").write_text(QUERIES)
    return made


@pytest.fixture
def kept(shared: Place) -> Place:
    """A store that is still there when it is opened again."""
    return shared


def migrate(folder: Path, text: str = SECOND, name: str = "002_pre_notes.sql") -> None:
    (folder / "migrations" / name).write_text(text)


def columns(place: Place) -> list[tuple[object, ...]]:
    """Table, column, whether it may be NULL: from the engine's own catalogue."""
    if place.kind == "postgres":
        return sorted(
            place.look(
                "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES'"
                " FROM information_schema.columns WHERE table_schema = 'public'"
                " AND table_name IN (SELECT tablename FROM pg_tables WHERE schemaname = 'public')"
            )
        )
    rows = place.look(
        'SELECT tables.name, columns.name, lower(columns.type), NOT columns."notnull"'
        " FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns"
        " WHERE tables.type = 'table'"
    )
    spelling = {"integer": "bigint", "blob": "bytea"}
    return sorted(
        (table, name, spelling.get(str(kind), kind), bool(null)) for table, name, kind, null in rows
    )


def indexes(place: Place) -> list[object]:
    """The named indexes, without those that a key makes by itself."""
    if place.kind == "postgres":
        rows = place.look(
            "SELECT indexname::text FROM pg_indexes WHERE schemaname = 'public' AND indexname !~ '_(pkey|key)$'"
        )
    else:
        rows = place.look("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    return sorted(str(name) for (name,) in rows)


@pytest.mark.processes
@pytest.mark.parametrize("kind", [folder.name for folder in SQL.iterdir() if folder.is_dir()])
def test_every_schema_is_the_same_on_every_engine(every_place: list[Place], kind: str) -> None:
    for place in every_place:
        place.open(SQL / kind)
    assert columns(every_place[0]) == columns(every_place[1]) == columns(every_place[2])
    assert indexes(every_place[0]) == indexes(every_place[1]) == indexes(every_place[2])


def test_every_query_of_the_hub_is_understood(place: Place) -> None:
    store = place.open()
    for query in store.queries.values():
        if query.name != "create_step_table":
            nothing = dict.fromkeys(query.parameters)
            explained = msgspec.structs.replace(query, text=f"EXPLAIN {query.text}")
            assert place.engines[0].fetch(explained, nothing)[1], query.name


def test_a_store_that_is_there_is_opened_and_not_built_again(kept: Place) -> None:
    kept.open().run("keep", lambda tx: tx.run("set_meta", {"key": "a", "value": b""}))
    before = columns(kept)
    kept.open()
    assert columns(kept) == before
    assert kept.look("SELECT key FROM meta") == [("a",)]


def test_an_old_store_takes_the_new_steps_and_keeps_its_rows(kept: Place, folder: Path) -> None:
    kept.open(folder)
    kept.engines[0].command("INSERT INTO thing (id, name) VALUES (1, 'old')")
    migrate(folder)
    kept.open(folder)
    assert kept.look("SELECT id, name, note FROM thing") == [(1, "old", None)]
    assert kept.look("SELECT number, name FROM step ORDER BY number") == [
        (1, "toy/schema.sql"),
        (2, "toy/002_pre_notes.sql"),
    ]


def test_a_new_store_is_built_by_the_same_steps_as_an_old_one(
    kept: Place, folder: Path, tmp_path: Path
) -> None:
    kept.open(folder)
    migrate(folder)
    kept.open(folder)
    fresh = Place("memory", ":memory:")
    fresh.open(folder)
    assert columns(fresh) == columns(kept)
    assert indexes(fresh) == indexes(kept) == ["thing_name"]
    fresh.close()


def test_a_step_that_fails_leaves_nothing_behind(kept: Place, folder: Path) -> None:
    kept.open(folder)
    before = columns(kept)
    migrate(folder, SECOND + "SELECT no_such_column FROM thing;")
    with pytest.raises(StorageError):
        kept.open(folder)
    assert columns(kept) == before


def test_a_better_comment_is_not_another_step(kept: Place, folder: Path) -> None:
    kept.open(folder)
    (folder / "schema.sql").write_text(FIRST.replace("-- its name", "-- what people call it\n"))
    kept.open(folder)


def test_a_store_that_took_another_step_is_refused(kept: Place, folder: Path) -> None:
    kept.open(folder)
    (folder / "schema.sql").write_text(FIRST.replace("name TEXT", "label TEXT"))
    with pytest.raises(StoreUnfit, match=r"toy/schema\.sql"):
        kept.open(folder)


def test_a_store_of_a_later_version_is_refused(kept: Place, folder: Path) -> None:
    migrate(folder)
    kept.open(folder)
    (folder / "migrations" / "002_pre_notes.sql").unlink()
    with pytest.raises(StoreUnfit, match="later version"):
        kept.open(folder)


def test_a_store_of_another_kind_is_refused(kept: Place, folder: Path) -> None:
    kept.open(folder)
    with pytest.raises(StoreUnfit, match=r"toy/schema\.sql"):
        kept.open()


def test_a_database_of_another_program_is_refused_and_not_touched(kept: Place, folder: Path) -> None:
    kept.engine().command("CREATE TABLE invoice (number BIGINT)")
    before = columns(kept)
    with pytest.raises(StoreUnfit, match="another program"):
        kept.open(folder)
    assert columns(kept) == before


@pytest.mark.parametrize(
    "name", ["003_pre_gap.sql", "002_notes.sql", "2_pre_notes.sql", "002_pre_notes.sql~"]
)
def test_a_migration_out_of_order_is_refused(folder: Path, name: str) -> None:
    migrate(folder, name=name)
    with pytest.raises(StoreUnfit, match=re.escape(name)):
        read_steps(folder, Place("memory", ":memory:").dialect)


def test_two_that_build_at_once_build_it_once(kept: Place) -> None:
    start = threading.Barrier(3)
    built: list[Store] = []

    def build() -> None:
        start.wait()
        built.append(kept.open())

    threads = [threading.Thread(target=build) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 3
    assert kept.look("SELECT count(*) FROM step") == [(1,)]
