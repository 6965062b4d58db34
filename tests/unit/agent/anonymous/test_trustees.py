# SPDX-License-Identifier: Apache-2.0
"""Real agents ask for accountable tokens at the real hub, report, and hear that trustees were asked to open one."""

from tests.accountable import POLICE, TRUSTED, TRUSTEES
from tests.anonymous import AnonymousAlliance
from tests.unit.agent.anonymous.test_path import Path, let_go, on_path, state
from tests.unit.hub.asking import EVIL

from tocsin.agent.alarms import alarms
from tocsin.agent.anonymous.reports import State
from tocsin.halves.opening import answer, check_request, named
from tocsin.hub.anonymous import openings

BANKS = ("ayr", "bute")


async def test_a_bank_is_named_by_its_trustees_and_all_hear_that_they_were_asked(tmp_path):
    async with AnonymousAlliance(tmp_path, floor=2, **TRUSTED) as alliance:

        async def story(path: Path) -> None:
            ayr, bute = (path.banks[short] for short in BANKS)
            for slot in range(2):
                await path.through(slot)
            report = let_go(ayr, "mixed", EVIL, hold=False)
            await path.until_ended(ayr, report, since=2)
            assert state(ayr, report).state is State.TAKEN
            assert len({len(one.content) for one in path.envelopes()}) == 1

            store = alliance.open_store()
            hub, card = alliance.exchange, POLICE.card()
            data = store.run("ask", lambda tx: openings.ask(tx, hub, report, card, "Case 7"))
            store.close()
            asked = check_request(data)
            answers = [answer(asked, one, POLICE.trustee.fingerprint) for one in TRUSTEES[:2]]
            assert named(asked, answers, POLICE).party == ayr.party
            await alliance.settled()
            for bank in (ayr, bute):
                with bank.house.store.reading("alarms") as tx:
                    said = " ".join(one.sentence for one in alarms(tx))
                assert "2 of these 3 together can name the sender" in said
                assert (
                    "trustees are asked to open an anonymous report of epoch 1, the 1. in this alliance"
                    in said
                )
                assert report not in said

        await on_path(alliance, story, BANKS)
