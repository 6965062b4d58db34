# SPDX-License-Identifier: Apache-2.0
"""The hub is away for a week: what was approved is kept, protection expires by itself, people hear of it once."""

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path

from tests.alliance import Agent, Alliance, until
from tests.looking import look
from tests.unit.agent.shields.blocks import BOX, all_on

from tocsin.agent.history.replica import Replica
from tocsin.agent.shields.formats import named
from tocsin.agent.shields.protection import Protection
from tocsin.clock import DAY, HOUR, MINUTE
from tocsin.config.shields import Decay
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import Unreachable

OLD = normalise(Kind.DOMAIN, "old.example")
NEW = normalise(Kind.DOMAIN, "new.example")
DECAY = Decay(name_days=4.8)
LIFE_DAYS = 3
"""What follows from it."""


async def test_a_week_without_the_hub(tmp_path: Path) -> None:
    async with Alliance(tmp_path, witnessed=False) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        bute = await alliance.join("bute", follow=False)
        for agent in (ayr, bute):
            agent.replica = partial(  # type: ignore[method-assign]
                Replica, agent.house.store, agent.membership, DECAY, alliance.clock
            )
            agent.follow()
        await ayr.report(OLD)
        await bute.report(OLD)
        await until(lambda: ayr.level("old.example") == "block")
        protection = Protection(
            ayr.levels(), tuple(named(ayr.house.config, ayr.house.folder)), ayr.house.folder, all_on, BOX
        )
        blocked = ayr.house.folder / "block.csv"
        protection.apply(alliance.clock.now(), dry_run=False)
        assert "old.example" in blocked.read_text()

        alliance.wire.cut()
        queued = ayr.queue_report(NEW)
        away = alliance.clock.now()
        last_seen = 0
        for hour in range(7 * 24):
            alliance.clock.advance(HOUR)
            with suppress(Unreachable):
                assert await ayr.deliver() == []
            protection.apply(alliance.clock.now(), dry_run=False)
            if "old.example" in blocked.read_text():
                last_seen = hour + 1
        assert [one.id for one in ayr.house.outbox.waiting()] == [queued], "it waits, once"
        assert last_seen == hours_until_expiry(ayr, away)
        assert LIFE_DAYS * 24 - 1 <= last_seen <= LIFE_DAYS * 24
        await until(lambda: bool(ayr.alarms() and bute.alarms()))
        await asyncio.sleep(0.2)  # twenty tries more
        assert len(ayr.alarms()) == len(bute.alarms()) == 1, "told once, whatever is tried meanwhile"
        assert "cannot be reached" in ayr.alarms()[0]

        alliance.wire.mend()
        await until(lambda: ayr.sizes() == alliance.sizes())
        alliance.clock.advance(10 * MINUTE)  # an outbox waits five at most between two tries
        (settled,) = await ayr.deliver()
        assert settled.receipt is not None
        await until(lambda: bute.level("new.example") == "watch")
        assert len(ayr.alarms()) == 1, "its end is no second alarm"
        assert alliance.clock.now() - away >= 7 * DAY


def hours_until_expiry(agent: Agent, away: int) -> int:
    """Whole hours after the loss until the last posting of the old value ends, as the store has it."""
    ((expires,),) = look(agent.database, "SELECT max(expires) FROM posting WHERE value LIKE '%old.example'")
    return (int(str(expires)) - away - 1) // HOUR


async def test_a_report_of_the_week_before_is_taken_once(tmp_path: Path) -> None:
    """The hub took it and its answer was lost; seven days later the same message gives the same receipt."""
    async with Alliance(tmp_path, witnessed=False) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        message = ayr.report_message(NEW)
        first = await ayr.tell("/v1/reports", message)
        alliance.clock.advance(7 * DAY)
        size = alliance.sizes()["members"]
        assert await ayr.tell("/v1/reports", message) == first
        assert alliance.sizes()["members"] == size
