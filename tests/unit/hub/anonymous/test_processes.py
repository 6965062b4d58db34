# SPDX-License-Identifier: Apache-2.0
"""Two processes of one hub on one database: an epoch has one document and one set of keys, a slot is taken in once."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from tests.alliance import until
from tests.anonymous import TICK_SECONDS, AnonymousAlliance, Sender
from tests.unit.hub.asking import EVIL

from tocsin.files import NumberedSecrets
from tocsin.hub.anonymous.slots import Collected
from tocsin.hub.assembly import Hub, assemble
from tocsin.hub.views.anonymous import epochs
from tocsin.wire.envelope import find_result


@asynccontextmanager
async def another(alliance: AnonymousAlliance, *, folder: str = "hub.epochs", serve: bool = True):
    """One more process of its hub, from that folder of keys."""
    means = msgspec.structs.replace(alliance.means(), secrets=NumberedSecrets(alliance.folder / folder))
    stores = (alliance.open_store(), alliance.open_store())
    hub: Hub = assemble(alliance.exchange, alliance.config, *stores, alliance.witness, anonymous=means)
    async with AsyncExitStack() as stack:
        if serve:
            lifespan = hub.application.router.lifespan_context(hub.application)
            await stack.enter_async_context(lifespan)
        yield hub
        if not serve:
            assert hub.anonymous is not None
            await hub.anonymous.close()
            hub.commits.close()
            for store in stores:
                store.close()


def objects(alliance: AnonymousAlliance) -> int:
    return sum(kind == "object" for _, kind, _, _ in alliance.entries("members"))


async def test_two_that_begin_at_once_make_one_epoch_and_take_a_slot_in_once(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance, another(alliance):
        bank = await alliance.join("one")
        await alliance.first_epoch()
        sender = Sender(alliance, bank)
        await sender.ask()
        await alliance.into_epoch()
        reports = [sender.report(EVIL), sender.cover()]
        for sent in reports:
            await sender.send(sent)
            await alliance.next_slot()
        await sender.send(sender.cover())
        assert len(alliance.events()) == 1
        assert objects(alliance) == 2
        found = [
            find_result(reports[0].reply_key, (one,)) for record in sender.records for one in record.results
        ]
        assert sum(one is not None for one in found) == 1
        assert sender.fate(reports[0]).status == "accepted"
        assert all(record.delivered for record in sender.records)


async def test_one_that_comes_second_leaves_the_slot_as_it_is(tmp_path):
    async with AnonymousAlliance(tmp_path) as alliance, another(alliance, serve=False) as late:
        bank = await alliance.join("one")
        await alliance.first_epoch()
        sender = Sender(alliance, bank)
        await sender.ask()
        await alliance.into_epoch()
        sent = sender.report(EVIL)
        await sender.send(sent)
        await alliance.next_slot()
        await sender.send(sender.cover())
        slots = late.anonymous._slots
        with slots._reader.reading("epochs") as tx:
            live = late.anonymous._live.at(epochs(tx), alliance.clock.now())
        await slots._collect(live, 0, Collected(0, -1))
        assert alliance.collected() == (1, 0)
        assert not slots._results
        assert objects(alliance) == 2


async def test_one_without_the_keys_does_nothing_and_says_where_they_are(tmp_path, caplog):
    async with AnonymousAlliance(tmp_path) as alliance:
        await alliance.join("one")
        await alliance.first_epoch()
        async with another(alliance, folder="elsewhere"):
            await until(lambda: "not in this folder" in caplog.text)
            await asyncio.sleep(3 * TICK_SECONDS)
        assert caplog.text.count("not in this folder") == 1
        assert "serve all of a hub from one" in caplog.text
        assert not (tmp_path / "elsewhere").exists()
