# SPDX-License-Identifier: Apache-2.0
"""Two processes of one hub on one database: a hint wakes the other at once, and a lost one costs a round of looking."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from tests.alliance import Agent, until
from tests.store.cluster import Cluster
from tests.store.moves import append
from tests.store.on_postgres import OnPostgres

from tocsin.domain.observable import Kind, normalise
from tocsin.domain.party import Standing
from tocsin.hub.assembly import Hints, assemble
from tocsin.hub.reading import following
from tocsin.hub.verbs.standing import change_standing
from tocsin.storage import hints
from tocsin.storage.hints import hear
from tocsin.storage.postgres import open_postgres
from tocsin.storage.store import Store

pytestmark = pytest.mark.processes
EVIL = normalise(Kind.DOMAIN, "evil.example")
AGES = 60.0
"""Rounds so long that nothing is ever found by looking."""


@asynccontextmanager
async def second_process(
    alliance: OnPostgres, make_hints: Callable[[Store], Hints | None]
) -> AsyncIterator[None]:
    """Another process of the same hub; whoever connects meanwhile connects to it."""
    writer = alliance.open_store()
    other = assemble(
        alliance.exchange, alliance.config, writer, alliance.open_store(), None, make_hints(writer)
    )
    first = alliance.door.application
    async with other.application.router.lifespan_context(other.application):
        alliance.door.open(other.application)
        yield
        for agent in alliance.agents.values():
            await agent.unfollow()
        alliance.door.open(first)


async def heard_after_report(alliance: OnPostgres, here: Agent, there: Agent) -> float:
    """Seconds from a report at the first process to its proof at a reader of the second."""
    second, first = alliance.door.application, alliance.hub.application
    there.follow()
    await until(lambda: there.sizes() == alliance.sizes())
    await asyncio.sleep(0.3)  # it has looked around, and waits
    alliance.door.open(first)
    began = time.monotonic()
    await here.report(EVIL)
    await until(lambda: there.level("evil.example") == "watch", 20)
    alliance.door.open(second)
    return time.monotonic() - began


async def test_a_hint_wakes_the_other_process_at_once(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.empty()
    async with OnPostgres(tmp_path, cluster) as alliance:
        ayr, bute = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        async with second_process(alliance, lambda own: partial(hear, cluster.dsn, own)):
            await until(lambda: listening(cluster) == 1)
            monkeypatch.setattr(following, "_ROUND_SECONDS", AGES)
            await asyncio.sleep(0.2)  # the rounds that had begun are over
            assert await heard_after_report(alliance, ayr, bute) < AGES / 10
        assert bute.alarms() == []


async def test_a_lost_hint_costs_no_more_than_a_round(cluster: Cluster, tmp_path: Path) -> None:
    cluster.empty()
    async with OnPostgres(tmp_path, cluster) as alliance:
        ayr, bute = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        async with second_process(alliance, lambda own: None):
            assert await heard_after_report(alliance, ayr, bute) < 5
        assert bute.alarms() == []


async def test_a_suspension_by_a_command_cuts_at_once_where_hints_come(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.empty()
    async with OnPostgres(tmp_path, cluster) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        async with second_process(alliance, lambda own: partial(hear, cluster.dsn, own)):
            await until(lambda: listening(cluster) == 1)
            async with ayr.hub().stream("") as chunks:
                assert await anext(chunks)
                monkeypatch.setattr(following, "_ROUND_SECONDS", AGES)
                await asyncio.sleep(0.2)
                store = alliance.open_store()
                store.run(
                    "suspend",
                    lambda tx: change_standing(
                        tx, alliance.exchange, ayr.party, Standing.SUSPENDED, "request"
                    ),
                )
                store.close()
                async with asyncio.timeout(AGES / 10):
                    async for _ in chunks:
                        pass


def listening(cluster: Cluster) -> int:
    rows = cluster.look("SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN tocsin'")
    return int(str(rows[0][0]))


async def test_hints_come_again_when_the_connection_was_lost_and_never_of_one_s_own(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.empty()
    monkeypatch.setattr(hints, "_AGAIN_SECONDS", 0.1)
    own, other = open_postgres(cluster.dsn), open_postgres(cluster.dsn)
    woken: list[int] = []
    listener = asyncio.create_task(hear(cluster.dsn, own, lambda: woken.append(1)))
    await until(lambda: len(woken) == 1)
    own.run("append", lambda tx: append(tx, "all"))
    await asyncio.sleep(0.3)
    assert len(woken) == 1
    other.run("append", lambda tx: append(tx, "all"))
    await until(lambda: len(woken) == 2)
    with other.reading("only looks"):
        pass
    cluster.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN tocsin'",
    )
    await until(lambda: len(woken) == 3)
    assert "gives no hints now" in caplog.text
    other.run("append", lambda tx: append(tx, "all"))
    await until(lambda: len(woken) == 4)
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)
    own.close()
    other.close()
