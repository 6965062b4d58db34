# SPDX-License-Identifier: Apache-2.0
"""Erased means gone: from answers at once, from the engine's files after a scrub."""

from pathlib import Path

import msgspec
import pytest
from tests.store.cluster import Cluster
from tests.store.conftest import Place
from tests.store.moves import append, page

from tocsin.errors import StorageError, StoreBusy
from tocsin.storage.sqlite import SqliteEngine, open_sqlite
from tocsin.storage.store import Store, Transaction

MARKER = b"planted-marker-" + b"0123456789abcdef" * 30


class Erased(msgspec.Struct, frozen=True):
    stream: int
    seq: int


class Touched(msgspec.Struct, frozen=True):
    stream: int
    value: str


class Version(msgspec.Struct, frozen=True):
    stream: int
    seq: int
    modified: int
    digest: bytes | None
    chain: str


def plant(tx: Transaction) -> None:
    """A fact in two streams between others, with what the views know of it."""
    for stream, fact in (("all", "a"), ("all", "bad"), ("all", "b"), ("members", "bad"), ("members", "c")):
        append(tx, stream, fact=fact, body=MARKER if fact == "bad" else b"other " * 80, owner="prt_1")
    place = {"stream": 0, "seq": 1}
    tx.run(
        "insert_object",
        {**place, "owner": "prt_1", "id": "i", "modified": 1, "digest": MARKER[:32], "chain": "c"},
    )
    tx.run("insert_source", {**place, "value": f"domain:{MARKER.decode()}", "party": "prt_1", "attended": 1})


def erase(tx: Transaction) -> list[Erased]:
    tx.run("erase_digests", {"fact": "bad", "owner": None})
    tx.all("erase_sources", {"fact": "bad", "owner": None}, into=Touched)
    return tx.all("erase_bodies", {"fact": "bad", "owner": None}, into=Erased)


def test_a_fact_is_erased_from_every_stream_and_nothing_else_is(store: Store) -> None:
    store.run("plant", plant)
    before = page(store, 0)
    erased = store.run("erase", erase)
    after = page(store, 0)
    assert sorted((one.stream, one.seq) for one in erased) == [(0, 1), (1, 0)]
    assert [row.body is None for row in after] == [False, True, False]
    assert after[1].salt_b is None
    assert [(row.seq, row.leaf, row.body_c) for row in after] == [
        (row.seq, row.leaf, row.body_c) for row in before
    ]


def test_what_the_views_knew_of_it_is_forgotten_but_its_chain_stays(store: Store) -> None:
    store.run("plant", plant)
    store.run("erase", erase)
    with store.reading("look") as tx:
        versions = tx.all("versions_of_object", {"owner": "prt_1", "id": "i"}, into=Version)
    assert versions == [Version(0, 1, 1, None, "c")]


def test_one_owner_takes_back_its_own_and_nobody_elses(store: Store) -> None:
    def scene(tx: Transaction) -> None:
        for seq, owner in enumerate(("prt_1", "prt_2", None)):
            append(tx, "all", fact="bad", body=MARKER, owner=owner)
            place = {"stream": 0, "seq": seq}
            if owner is not None:
                digest = {"digest": MARKER[:32], "chain": "c"}
                tx.run("insert_object", {**place, "owner": owner, "id": "i", "modified": 1, **digest})
                tx.run("insert_source", {**place, "value": "domain:a.example", "party": owner, "attended": 1})

    store.run("plant", scene)
    whose = {"fact": "bad", "owner": "prt_1"}
    with store.transaction("erase") as tx:
        assert tx.run("erase_digests", whose) == 1
        assert len(tx.all("erase_sources", whose, into=Touched)) == 1
        assert tx.all("erase_bodies", whose, into=Erased) == [Erased(0, 0)]
    with store.transaction("erase") as tx:
        everybody = {"fact": "bad", "owner": None}
        assert tx.run("erase_digests", everybody) == 1
        assert len(tx.all("erase_sources", everybody, into=Touched)) == 1
        assert sorted(one.seq for one in tx.all("erase_bodies", everybody, into=Erased)) == [1, 2]


def test_the_bands_that_may_have_changed_are_named(store: Store) -> None:
    store.run("plant", plant)
    with store.transaction("erase") as tx:
        touched = tx.all("erase_sources", {"fact": "bad", "owner": None}, into=Touched)
    assert touched == [Touched(0, f"domain:{MARKER.decode()}")]


def test_the_entry_that_says_so_is_not_erased_with_it(store: Store) -> None:
    def scene(tx: Transaction) -> list[Erased]:
        append(tx, "all", fact="bad", kind="object")
        append(tx, "all", fact="bad", kind="erasure")
        return tx.all("erase_bodies", {"fact": "bad", "owner": None}, into=Erased)

    assert store.run("erase twice", scene) == [Erased(0, 0)]


def test_a_scrub_keeps_what_was_not_erased_and_waits_for_no_transaction(store: Store) -> None:
    store.run("plant", plant)
    before = page(store)
    store.scrub()
    assert page(store) == before
    with store.transaction("erase") as tx:
        erase(tx)
        with pytest.raises(StorageError, match="'erase' is open"):
            store.scrub()


def test_no_trace_is_left_in_the_database_and_its_log_after_a_scrub(tmp_path: Path) -> None:
    place = Place("file", str(tmp_path / "store.db"))
    store, reader = place.open(), place.open()
    store.run("plant", plant)
    assert traces(tmp_path) > 0
    store.run("erase", erase)
    store.scrub()
    assert traces(tmp_path) == 0
    assert len(page(reader)) == 3
    place.close()


def test_a_scrub_says_so_when_a_reader_holds_an_old_moment(tmp_path: Path, short_wait: None) -> None:
    place = Place("file", str(tmp_path / "store.db"))
    store, reader = place.open(), place.open()
    store.run("plant", plant)
    with reader.reading("slow walk") as tx:
        tx.all("page_of_stream", {"stream": 9, "after": -1, "limit": 1}, into=Erased)
        store.run("erase", erase)
        with pytest.raises(StoreBusy):
            store.scrub()
    store.scrub()
    assert traces(tmp_path) == 0
    place.close()


@pytest.fixture
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits ten seconds in a test."""
    monkeypatch.setattr("tocsin.storage.sqlite._WAIT_MILLISECONDS", 50)


@pytest.mark.processes
def test_no_trace_is_left_in_the_server_s_tables_after_a_scrub(server: Place, cluster: Cluster) -> None:
    """Its log (WAL) is another matter: it is recycled, and PostgresEngine.scrub says so."""
    tables = cluster.folder / "data" / "base"
    store = server.open()
    cluster.run("CHECKPOINT")
    assert traces(tables) == 0
    store.run("plant", plant)
    cluster.run("CHECKPOINT")
    assert traces(tables) > 0
    store.run("erase", erase)
    store.scrub()
    cluster.run("CHECKPOINT")
    assert traces(tables) == 0
    assert len(page(store)) == 3


def traces(folder: Path) -> int:
    """How many files below the folder hold the marker, or the digest that stood for it."""
    return sum(MARKER[:32] in file.read_bytes() for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize(
    "name", ["erase_bodies", "erase_digests", "erase_sources", "erase_answers", "bands_of_erased_warning"]
)
def test_an_erasure_looks_at_its_own_entries_alone(tmp_path: Path, name: str) -> None:
    """Not at a whole stream: that would take longer with every entry."""
    store = open_sqlite(tmp_path / "hub.db")
    query = store.queries[name]
    store.close()
    engine = SqliteEngine(str(tmp_path / "hub.db"))
    explained = msgspec.structs.replace(query, text=f"EXPLAIN QUERY PLAN {query.text}", writes=False)
    plan = [str(row[3]) for row in engine.fetch(explained, dict.fromkeys(query.parameters))[1]]
    engine.close()
    assert not any(step.startswith("SCAN") or step.endswith("(stream=?)") for step in plan), plan
