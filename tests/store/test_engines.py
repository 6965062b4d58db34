# SPDX-License-Identifier: Apache-2.0
"""What each engine promises by itself: settings, refusals, and what survives a kill."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import apsw
import pytest
from tests.store.cluster import Cluster
from tests.store.conftest import Place
from tests.store.moves import append, page

from tocsin.errors import ConfigError, StorageError, StoreBusy, StoreUnfit
from tocsin.storage.postgres import open_postgres
from tocsin.storage.sqlite import open_sqlite, put_in_place, refuse_old
from tocsin.storage.store import Store, Transaction

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Place:
    return Place("file", str(tmp_path / "store.db"))


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.7.0"])
def test_a_sqlite_that_can_corrupt_the_file_is_refused(version: str) -> None:
    with pytest.raises(StoreUnfit, match=version):
        refuse_old(version)


def test_a_backup_that_is_none_is_named_and_nothing_is_put_in_place(tmp_path: Path) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_bytes(b"Subject: no backup\r\n\r\n")
    with pytest.raises(ConfigError, match="is no backup of a store"):
        put_in_place(mail, tmp_path / "agent.db")
    assert not (tmp_path / "agent.db").exists()


@pytest.mark.parametrize("version", ["3.51.3", "3.54.1", "4.0.0"])
def test_a_sqlite_without_that_bug_is_used(version: str) -> None:
    refuse_old(version)


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("temp_store", 2),
    ],
)
def test_the_file_is_durable_and_forgets(file: Place, pragma: str, value: object) -> None:
    file.open()
    assert file.look(f"PRAGMA {pragma}") == [(value,)]
    file.close()


def test_a_statement_is_compiled_once_whatever_it_is_asked_with() -> None:
    """SQLite asks the authorizer whenever it compiles; without the setting it does for most statements, each time."""
    store = open_sqlite(":memory:")
    connection = store._engine._connection  # type: ignore[attr-defined]
    asked: list[str] = []
    for name, query in store.queries.items():
        if not query.writes:
            connection.authorizer = None  # to set one expires what was compiled
            connection.authorizer = lambda *_, name=name: asked.append(name) or apsw.SQLITE_OK
            for value in (1, 2, 3):
                connection.execute(query.text, dict.fromkeys(query.parameters, value)).fetchall()
                if value == 1:
                    asked.clear()
    assert asked == []
    store.close()


def test_the_file_and_its_log_are_readable_by_their_owner_only(file: Place) -> None:
    store = file.open()
    store.run("append", lambda tx: append(tx, "all"))
    files = sorted(Path(file.target).parent.iterdir())
    assert [one.name for one in files] == ["store.db", "store.db-shm", "store.db-wal"]
    assert {one.stat().st_mode & 0o777 for one in files} == {0o600}
    file.close()


def test_a_file_that_is_no_database_is_refused_and_not_touched(file: Place) -> None:
    content = b"This is a letter to the bank. " * 200
    Path(file.target).write_bytes(content)
    with pytest.raises(StoreUnfit):
        open_sqlite(file.target)
    assert Path(file.target).read_bytes() == content


def test_a_damaged_file_is_refused_or_fails_but_never_answers_wrongly(file: Place) -> None:
    store = file.open()
    store.run("append", lambda tx: append(tx, "all", body=b"x" * 50_000))
    store.scrub()
    file.close()
    content = bytearray(Path(file.target).read_bytes())
    content[4096 * 3 :] = bytes(len(content) - 4096 * 3)
    Path(file.target).write_bytes(content)
    with pytest.raises(StoreUnfit):
        page(open_sqlite(file.target))


def test_a_path_that_cannot_be_a_file_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be opened"):
        open_sqlite(tmp_path)
    with pytest.raises(StorageError, match="cannot be opened"):
        open_sqlite(tmp_path / "missing" / "store.db")


def test_a_second_writer_waits_and_then_says_that_the_store_is_busy(
    file: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.storage.sqlite._WAIT_MILLISECONDS", 20)
    first, second = file.open(), file.open()
    with first.transaction("slow") as tx:
        append(tx, "all")
        with pytest.raises(StoreBusy, match="In 'quick'"):
            second.run("quick", lambda tx: append(tx, "all"))
    second.run("quick", lambda tx: append(tx, "all"))
    assert len(page(first)) == 2
    file.close()


def test_whoever_opens_a_new_file_waits_for_another_that_is_writing_its_first_page(file: Place) -> None:
    other = apsw.Connection(file.target)
    other.execute("BEGIN IMMEDIATE")
    opened: list[Store] = []
    opening = threading.Thread(target=lambda: opened.append(open_sqlite(file.target)))
    opening.start()
    opening.join(0.1)
    assert opening.is_alive()
    other.execute("COMMIT")
    opening.join()
    assert [page(store) for store in opened] == [[]]
    opened[0].close()
    other.close()


def test_whoever_waits_for_a_new_file_too_long_is_told_that_it_is_busy(
    file: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.storage.sqlite._WAIT_MILLISECONDS", 20)
    other = apsw.Connection(file.target)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="locked"):
        open_sqlite(file.target)
    other.close()


def test_two_stores_in_memory_know_nothing_of_each_other() -> None:
    first, second = open_sqlite(":memory:"), open_sqlite(":memory:")
    first.run("append", lambda tx: append(tx, "all"))
    assert page(second) == []
    first.close()
    second.close()


WRITER = """
import sys
from tests.store.conftest import Place
from tests.store.moves import append
store = Place(*sys.argv[1:]).open()
while True:
    seqs = store.run("append", lambda tx: [append(tx, "all"), append(tx, "all")])
    print(seqs[-1], flush=True)
"""


def test_what_was_acknowledged_survives_a_kill_and_nothing_is_half_there(shared: Place) -> None:
    """A kill, not a power cut: the machine's own cache survives here."""
    command = [sys.executable, "-c", WRITER, shared.kind, shared.target]
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
            assert writer.stdout is not None
            acknowledged = [int(writer.stdout.readline()) for _ in range(20)]
            writer.send_signal(signal.SIGKILL)
            acknowledged += [int(line) for line in writer.stdout.read().split()]
        rows = page(shared.open())
        assert [row.seq for row in rows] == list(range(len(rows)))
        assert len(rows) > acknowledged[-1]
        assert len(rows) % 2 == 0


@pytest.mark.processes
def test_a_server_that_dropped_the_connection_is_asked_again(server: Place, cluster: Cluster) -> None:
    store = server.open()
    drop = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    cluster.run(drop)
    store.run("append", lambda tx: append(tx, "all"))

    def be_cut_off(tx: Transaction) -> None:
        cluster.run(drop)
        append(tx, "all")

    with pytest.raises(StorageError):
        store.run("be cut off", be_cut_off)
    store.run("append", lambda tx: append(tx, "all"))
    assert [row.seq for row in page(store)] == [0, 1]


@pytest.mark.processes
def test_a_commit_is_on_disk_whatever_the_server_s_default(server: Place) -> None:
    server.open()
    assert server.look("SHOW synchronous_commit") == [("on",)]


def test_an_error_never_quotes_the_connection_string(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        open_postgres(f"host={tmp_path} password=hunter2 dbname=x")
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value.__cause__)
    with pytest.raises(StorageError) as caught:
        open_postgres("postgres://user:hunter2@[bad")
    assert "hunter2" not in str(caught.value)


@pytest.mark.processes
def test_a_database_in_another_encoding_is_refused(cluster: Cluster) -> None:
    cluster.run("DROP DATABASE IF EXISTS latin", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(StoreUnfit, match="UTF8"):
        open_postgres(cluster.dsn.replace("dbname=postgres", "dbname=latin"))


def test_a_second_store_in_one_process_leaves_the_first_its_locks(tmp_path: Path) -> None:
    """Whoever closes a file loses every lock that its process holds there; so no store opens one just to look."""
    if not Path("/proc/locks").exists():
        pytest.skip("Only Linux shows which locks a process holds.")
    path = tmp_path / "store.db"
    stores = [open_sqlite(path)]
    before = held(path)
    assert before
    for _ in range(3):
        stores.append(open_sqlite(path))
        assert held(path) == before
    for store in stores:
        store.close()


def held(path: Path) -> list[str]:
    """The locks of this process on a file, as the kernel has them."""
    inode, pid = str(path.stat().st_ino), str(os.getpid())
    lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return [" ".join(words[6:]) for words in lines if words[4] == pid and words[5].endswith(f":{inode}")]
