# SPDX-License-Identifier: Apache-2.0
"""What a restored hub asks for, and how much of it is brought at once."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.alliance import Alliance, until
from tests.looking import change
from tests.unit.hub.test_restoring import in_step, is_whole, value

from tocsin.agent.verbs.erase import erase
from tocsin.hub.restoring import refill
from tocsin.hub.views.directory import state_party
from tocsin.wire.ceremony import MAX_UNKNOWN
from tocsin.wire.messages import decode
from tocsin.wire.parties import PartyEvent


async def test_whoever_the_backup_does_not_know_brings_the_directory_in_small_parts(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        alliance.back_up(tmp_path / "old.db")
        again = decode(alliance.entries("directory")[-1][3] or b"", PartyEvent)
        longer = replace(again, name=again.name + " of the South" * 12)
        for event in [longer, again] * 200:
            await alliance.hub.commits.run(
                lambda tx, event=event: state_party(tx, alliance.exchange, event), quiet=True
            )
        cove = await alliance.join("cove")
        await alliance.settled()
        await alliance.lose_hub()
        await alliance.restore_hub(tmp_path / "old.db")
        answer = await ayr.http.post("http://hub.example/v1/refills", content=b" " * (MAX_UNKNOWN + 1))
        assert answer.status_code == 413
        await until(lambda: is_whole(alliance) and in_step(alliance, cove))
        brought = [len(one.content) for one in alliance.wire.requests if one.url.path == "/v1/refills"]
        assert len(brought) > 3
        assert max(brought[1:]) <= MAX_UNKNOWN


async def test_bodies_behind_many_erased_ones_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refill, "MAX_WANTED", 2)
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        for fact in [await ayr.report(value("regretted")) for _ in range(2)]:
            erase(ayr.house, fact, "withdrawn", "Test")
        await ayr.deliver()
        await ayr.report(value("kept"))
        number = alliance.numbers()["members"]
        lost = [seq for seq, kind, _, _ in alliance.entries("members") if kind == "object"][-2:]
        gone = "DELETE FROM body WHERE stream = :stream AND seq IN (:first, :second)"
        change(alliance.database, gone, {"stream": number, "first": lost[0], "second": lost[1]})
        with alliance.hub.commits._store.reading("what lacks") as tx:
            assert refill.wanted(tx, number) == lost
