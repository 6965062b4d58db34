# SPDX-License-Identifier: Apache-2.0
"""The disk itself: it keeps what was synced, it may forget what was not, and it finds a store that syncs too little."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import apsw
import pytest
from tests.crash.disk import Disk, PowerGone

ROUNDS = 30


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk("test-disk", 20261121)
    yield made
    made.unregister()


def opened(path: Path, disk: Disk, synchronous: str) -> apsw.Connection:
    connection = apsw.Connection(str(path), vfs=disk.name)
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.pragma("journal_mode", "wal")
    return connection


def leave(connection: apsw.Connection) -> None:
    """Close what can write no more."""
    with suppress(PowerGone):
        connection.close()


def lost_and_broken(path: Path, disk: Disk, synchronous: str) -> tuple[int, int]:
    """After cuts behind commits: rows that were committed and are gone, and files that are damaged."""
    committed, lost, broken = 0, 0, 0
    for number in range(ROUNDS):
        connection = opened(path, disk, synchronous)
        connection.execute("CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b BLOB)")
        if number % 3 == 2:
            connection.pragma("wal_checkpoint", "TRUNCATE")
        for _ in range(3):
            committed += 1
            connection.execute("INSERT INTO t VALUES (?, randomblob(9000))", (committed,))
        disk.cut()
        with pytest.raises(apsw.Error):
            connection.execute("INSERT INTO t VALUES (0, x'')")
        leave(connection)
        disk.power_up()
        try:
            found = opened(path, disk, "FULL")
            assert found.pragma("integrity_check") == "ok"
            there = found.execute("SELECT 1 FROM sqlite_schema WHERE name = 't'").fetchall()
            rows = [int(a) for (a,) in found.execute("SELECT a FROM t")] if there else []
            lost += len(set(range(1, committed + 1)) - set(rows))
            found.close()
        except (apsw.Error, AssertionError):
            broken += 1
        committed = 0
        for file in path.parent.glob("t.db*"):
            file.unlink()
        disk.power_up()
    return lost, broken


def test_a_store_that_syncs_every_commit_loses_nothing(tmp_path: Path, disk: Disk) -> None:
    assert lost_and_broken(tmp_path / "t.db", disk, "FULL") == (0, 0)
    assert disk.cuts == ROUNDS


def test_a_store_that_never_syncs_is_found_out(tmp_path: Path, disk: Disk) -> None:
    lost, _ = lost_and_broken(tmp_path / "t.db", disk, "OFF")
    assert lost > ROUNDS // 3


def test_a_store_that_syncs_only_at_checkpoints_is_found_out(tmp_path: Path, disk: Disk) -> None:
    """NORMAL in WAL mode keeps the file whole, and forgets the last commits."""
    lost, broken = lost_and_broken(tmp_path / "t.db", disk, "NORMAL")
    assert lost > ROUNDS // 3
    assert broken == 0


def test_nothing_answers_while_the_power_is_gone(tmp_path: Path, disk: Disk) -> None:
    connection = opened(tmp_path / "t.db", disk, "FULL")
    disk.cut()
    with pytest.raises(PowerGone):
        connection.execute("CREATE TABLE t (a)")
    leave(connection)
