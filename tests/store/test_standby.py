# SPDX-License-Identifier: Apache-2.0
"""A commit counts when its standbys have it: a real primary with a real standby that stops, stalls and comes back."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import pytest
from tests.alliance import until
from tests.store.cluster import Cluster, find_binaries, private_cluster, standby_of
from tests.store.moves import append, page
from tests.store.on_postgres import OnPostgres

from tocsin.clock import MINUTE
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import ConfigError, RemoteError, StorageError, StoreUnfit
from tocsin.hub import app
from tocsin.hub.heads.noting import Noting
from tocsin.storage.postgres import open_postgres, standbys_awaited
from tocsin.storage.store import Store

pytestmark = pytest.mark.processes
EVIL = normalise(Kind.DOMAIN, "evil.example")


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Cluster, Cluster]]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's server is not installed here: standbys were not tried.")
    with private_cluster(binaries) as primary, standby_of(primary, binaries, "one") as standby:
        yield primary, standby


@pytest.fixture
def servers(pair: tuple[Cluster, Cluster]) -> tuple[Cluster, Cluster]:
    """A primary that waits for one standby, which follows."""
    primary, _ = pair
    primary.empty()
    demand(primary, "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (one, two)'")
    eventually(lambda: follows(primary))
    return pair


def demand(primary: Cluster, policy: LiteralString) -> None:
    primary.run(policy, "SELECT pg_reload_conf()")


def follows(primary: Cluster) -> bool:
    return primary.look("SELECT sync_state FROM pg_stat_replication") == [("quorum",)]


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def stopped(standby: Cluster) -> Iterator[None]:
    standby.end(signal.SIGINT)
    try:
        yield
    finally:
        standby.start()


@contextmanager
def standing_still(standby: Cluster) -> Iterator[None]:
    """It follows and says nothing, as behind a cut line: all its processes stand."""
    children = Path(f"/proc/{standby.process.pid}/task/{standby.process.pid}/children").read_text().split()
    pids = [standby.process.pid, *map(int, children)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def write(store: Store) -> int:
    return store.run("append", lambda tx: append(tx, "all"))


@pytest.mark.parametrize(
    ("names", "awaited"),
    [
        ("", 0), ("  ", 0), ("*", 1), ("one", 1), ("one, two", 1), ("ANY 2 (a, b, c)", 2), ("any 1 (*)", 1),
        ("FIRST 3 (a,b,c)", 3), ("2 (a, b)", 2), ('"first"', 1), ("first", 1), (" ANY  2(a,b) ", 2),
    ],
)  # fmt: skip
def test_how_many_standbys_a_server_waits_for(names: str, awaited: int) -> None:
    assert standbys_awaited(names) == awaited


def test_a_server_that_waits_for_too_few_is_refused(servers: tuple[Cluster, Cluster]) -> None:
    primary, _ = servers
    with pytest.raises(StoreUnfit, match="on 2 standbys, and the server waits for 1"):
        open_postgres(primary.dsn, standbys=2)
    demand(primary, "ALTER SYSTEM RESET synchronous_standby_names")
    eventually(lambda: not follows(primary))
    with pytest.raises(StoreUnfit, match="waits for 0"):
        open_postgres(primary.dsn, standbys=1)


def test_what_was_committed_is_on_the_standby(servers: tuple[Cluster, Cluster]) -> None:
    primary, standby = servers
    store = open_postgres(primary.dsn, standbys=1)
    for _ in range(20):
        write(store)
        ((before,),) = primary.look("SELECT pg_current_wal_flush_lsn()")
        assert standby.look("SELECT pg_last_wal_receive_lsn()") >= [(before,)]
    eventually(lambda: standby.look("SELECT count(*) FROM entry") == [(20,)])
    store.close()


def test_nothing_is_written_while_the_standby_is_away(servers: tuple[Cluster, Cluster]) -> None:
    primary, standby = servers
    store = open_postgres(primary.dsn, standbys=1)
    write(store)
    with stopped(standby):
        eventually(lambda: not follows(primary))
        with pytest.raises(StorageError, match="0 of 1 standbys follow") as caught:
            write(store)
        assert caught.value.next_step.startswith("Start the standbys")
        assert len(page(store)) == 1, "reading goes on"
    eventually(lambda: follows(primary))
    assert write(store) == 1
    store.close()


def broken_off(store: Store, primary: Cluster, breaks: LiteralString) -> StorageError:
    """What a writer hears whose commit waits for a standby when somebody does this."""
    heard: list[StorageError] = []

    def attempt() -> None:
        try:
            write(store)
        except StorageError as error:
            heard.append(error)

    writer = threading.Thread(target=attempt)
    writer.start()
    eventually(lambda: primary.look("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == [(1,)])
    time.sleep(0.2)
    assert writer.is_alive(), "a commit returns only once the standby has it"
    primary.run(breaks)
    if "SYSTEM" in breaks:
        primary.run("SELECT pg_reload_conf()")
    writer.join(10)
    return heard[0]


@pytest.mark.parametrize(
    "breaks",
    [
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
        "ALTER SYSTEM RESET synchronous_standby_names",
    ],
    ids=["cancelled", "terminated", "policy taken back"],
)
def test_a_commit_that_was_let_go_does_not_count(
    servers: tuple[Cluster, Cluster], breaks: LiteralString
) -> None:
    """The server has then committed it alone, and calls that a success."""
    primary, standby = servers
    store = open_postgres(primary.dsn, standbys=1)
    write(store)
    with standing_still(standby):
        broken_off(store, primary, breaks)
        assert len(page(store)) == 2, "it is there, and nobody was told so"
        demand(primary, "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (one)'")
        late = threading.Thread(target=lambda: write(store))
        late.start()
        late.join(0.5)
        assert late.is_alive(), "nothing goes on before the standby has what can be seen"
    late.join(20)
    assert [row.seq for row in page(store)] == [0, 1, 2]
    store.close()


async def test_no_receipt_and_no_head_while_the_standby_is_away(
    servers: tuple[Cluster, Cluster], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    primary, standby = servers
    async with OnPostgres(tmp_path, primary, standbys=1) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await alliance.settled()
        signed = alliance.hub.noting.stand.note
        with stopped(standby):
            await until(lambda: not follows(primary))
            ayr.queue_report(EVIL)
            with pytest.raises(RemoteError, match="its own log says why"):
                await ayr.deliver()
            assert "0 of 1 standbys follow" in caplog.text
            assert alliance.hub.noting.stand.note == signed
            assert bute.level("evil.example") == ""
        await until(lambda: follows(primary))
        alliance.clock.advance(MINUTE)
        (settled,) = await ayr.deliver()
        assert settled.receipt is not None
        await until(lambda: bute.level("evil.example") == "watch")


async def test_a_head_is_not_signed_over_what_only_the_primary_has(
    servers: tuple[Cluster, Cluster], tmp_path: Path
) -> None:
    """The entry is durable, and the standby is lost before the head is signed."""
    primary, standby = servers
    async with OnPostgres(tmp_path, primary, standbys=1) as alliance:
        ayr = await alliance.join("ayr")
        await alliance.settled()
        held: list[object] = []
        note = Noting.note
        try:

            async def held_back(self, heads):
                held.append(heads)
                return frozenset()

            Noting.note = held_back  # type: ignore[method-assign,assignment]
            await ayr.report(EVIL)
            await until(lambda: bool(held))
        finally:
            Noting.note = note  # type: ignore[method-assign]
        signed = alliance.hub.noting.stand.note
        with stopped(standby):
            await until(lambda: not follows(primary))
            with pytest.raises(StorageError, match="standbys follow"):
                await alliance.hub.noting.note(
                    [head for head in alliance.hub.following._look() if head.name == "members"]
                )
            assert alliance.hub.noting.stand.note == signed
        await until(lambda: follows(primary))
        await until(lambda: ayr.level("evil.example") == "watch")


def test_standbys_of_a_file_are_a_wrong_setting(tmp_path: Path) -> None:
    app.init(tmp_path / "hub", "City Alliance", "http://127.0.0.1:1", 0, "hub.db")
    settings = tmp_path / "hub" / "hub.toml"
    settings.write_text(settings.read_text().replace("standbys = 0", "standbys = 1"))
    with pytest.raises(ConfigError, match="no standbys"):
        app.status(tmp_path / "hub")
