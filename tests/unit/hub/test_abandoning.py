# SPDX-License-Identifier: Apache-2.0
"""What nobody holds any more is given up in the open: the stream goes on, and whoever still holds it says so."""

from pathlib import Path

import pytest
from tests.alliance import Agent, Alliance, until
from tests.edges import NearEdge
from tests.looking import look
from tests.unit.hub.test_restoring import accusations, facts, in_step, is_whole, value

from tocsin.clock import DAY
from tocsin.domain.audience import DIRECTORY
from tocsin.errors import HubRestoring, Malformed, StateError
from tocsin.hub.restoring.abandoning import Abandoned, abandon
from tocsin.storage.sqlite import open_sqlite

LOST = "The hub has lost"


def give_up(alliance: Alliance, stream: str, reason: str = "disaster") -> Abandoned:
    """What `tocsin hub abandon` does while the hub serves."""
    store = open_sqlite(alliance.database)
    try:
        return store.run("abandon", lambda tx: abandon(tx, alliance.exchange, stream, reason))
    finally:
        store.close()


async def lost(alliance: Alliance, *readers: Agent) -> None:
    """The hub comes back from its backup, and these readers do not come."""
    await alliance.settled()
    for reader in readers:
        await reader.unfollow()
    await alliance.lose_hub()
    await alliance.restore_hub(alliance.folder / "old.db")
    there = [agent for agent in alliance.agents.values() if agent.following]
    await until(lambda: is_whole(alliance) and in_step(alliance, *there))


def is_witnessed(alliance: Alliance) -> bool:
    """Whether the partner knows how long every stream is, also one that nobody follows."""
    return alliance.look("SELECT 1 FROM stream WHERE witnessed_size < size") == []


async def delivered(alliance: Alliance, agent: Agent) -> None:
    """What the agent claims and what it is asked to send again, too."""
    for _ in range(3):
        alliance.clock.advance(DAY // 24)
        await agent.deliver()


async def test_a_stream_whose_end_nobody_holds_goes_on_from_what_is_held(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, dee = await alliance.join("ayr"), await alliance.join("dee")
        stream = f"party:{dee.party}"
        kept = await ayr.report(value("kept"), audiences=(stream,))
        await alliance.settled()
        alliance.back_up(tmp_path / "old.db")
        await dee.unfollow()  # it has what the backup has, and never saw the rest
        gone = await ayr.report(value("gone"), audiences=(stream,))
        await lost(alliance)
        waiting = ayr.queue_report(value("waiting"), audiences=(stream,))
        with pytest.raises(HubRestoring):
            await ayr.deliver()
        assert give_up(alliance, stream) == Abandoned(stream, 2, 2)
        await delivered(alliance, ayr)
        dee.follow()
        await until(lambda: in_step(alliance, ayr, dee))
        assert set(facts(alliance, stream)) == {kept, gone, waiting}, "its sender is asked for what it sent"
        assert {"kept.phish-ayr.example", "gone.phish-ayr.example"} <= dee.known().keys()
        assert [line for line in dee.alarms() if line.startswith(LOST)], "people hear of it"
        assert accusations(ayr) == []
        assert [line for line in accusations(dee) if not line.startswith(LOST)] == []


async def test_a_reader_that_comes_before_the_next_head_accuses_nobody(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, dee = await alliance.join("ayr"), await alliance.join("dee")
        stream = f"party:{dee.party}"
        await ayr.report(value("kept"), audiences=(stream,))
        await until(lambda: in_step(alliance, dee))
        alliance.back_up(tmp_path / "old.db")
        await dee.unfollow()
        await ayr.report(value("gone"), audiences=(stream,))
        await lost(alliance)
        give_up(alliance, stream)
        dee.follow()  # its stream has entries, and until the next round no head
        await until(lambda: in_step(alliance, dee))
        assert [line for line in accusations(dee) if not line.startswith(LOST)] == []


async def test_a_reader_that_holds_what_is_given_up_believes_no_more_and_says_so(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, dee = await alliance.join("ayr"), await alliance.join("dee")
        stream = f"party:{dee.party}"
        alliance.back_up(tmp_path / "old.db")
        await ayr.report(value("told"), audiences=(stream,))
        await lost(alliance, dee)
        give_up(alliance, stream)
        dee.follow()
        await until(lambda: any("has given up the end" in line for line in dee.alarms()))
        assert any(stream in line and "this agent holds 2 entries" in line for line in dee.alarms())
        assert accusations(ayr) == []


async def test_it_is_given_up_again_after_another_loss_and_a_backup_of_before_learns_of_it(
    tmp_path: Path,
) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, dee = await alliance.join("ayr"), await alliance.join("dee")
        stream = f"party:{dee.party}"
        alliance.back_up(tmp_path / "old.db")
        await dee.unfollow()
        first = await ayr.report(value("first"), audiences=(stream,))
        await lost(alliance)
        assert give_up(alliance, stream) == Abandoned(stream, 0, 2)
        await delivered(alliance, ayr)
        dee.follow()
        await until(lambda: in_step(alliance, ayr, dee))
        # The same backup once more: it knows neither of the loss nor of what was given up.
        await alliance.lose_hub()
        await alliance.restore_hub(tmp_path / "old.db")
        await until(lambda: is_whole(alliance, 2) and in_step(alliance, ayr, dee))
        assert set(facts(alliance, stream)) == {first}
        # What comes after it is lost as well.
        await delivered(alliance, ayr)
        alliance.back_up(tmp_path / "later.db")
        await dee.unfollow()
        second = ayr.queue_report(value("second"), audiences=(stream,))
        await delivered(alliance, ayr)
        await until(lambda: in_step(alliance, ayr) and is_witnessed(alliance))
        await alliance.lose_hub()
        await alliance.restore_hub(tmp_path / "later.db")
        await until(lambda: is_whole(alliance, 3) and in_step(alliance, ayr))
        assert give_up(alliance, stream).lost == 2
        await delivered(alliance, ayr)
        dee.follow()
        await until(lambda: in_step(alliance, ayr, dee))
        assert set(facts(alliance, stream)) == {first, second}
        assert len([line for line in dee.alarms() if line.startswith(LOST)]) == 2
        assert [line for line in accusations(dee) if not line.startswith(LOST)] == []


async def test_only_what_is_closed_is_given_up(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr")
        await ayr.report(value("told"))
        await alliance.settled()
        sizes = alliance.sizes()
        for stream in (DIRECTORY, "members", "party:nobody", ""):
            with pytest.raises(StateError, match="is no closed stream"):
                give_up(alliance, stream)
        with pytest.raises(Malformed, match="is not a reason"):
            give_up(alliance, "members", "because")
        assert alliance.sizes() == sizes
        assert look(alliance.database, "SELECT count(*) FROM declared WHERE holder = 'abandoned'") == [(0,)]


async def test_an_edge_follows_a_stream_under_its_next_name_and_starts_again_with_it(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, dee = await alliance.join("ayr"), await alliance.join("dee")
        stream = f"party:{dee.party}"
        alliance.back_up(tmp_path / "old.db")
        await dee.unfollow()
        await ayr.report(value("gone"), audiences=(stream,))
        await lost(alliance)
        async with NearEdge(alliance) as near:
            await near.ready(dee)
            give_up(alliance, stream)
            near.serve(dee)
            await until(lambda: [line for line in dee.alarms() if line.startswith(LOST)] != [])
            await near.stop()
            await near.start()
            await near.ready(dee)
            ayr.queue_report(value("later"), audiences=(stream,))
            await delivered(alliance, ayr)
            await until(lambda: "later.phish-ayr.example" in dee.known())
            assert [line for line in accusations(dee) if not line.startswith(LOST)] == []
            await dee.unfollow()
