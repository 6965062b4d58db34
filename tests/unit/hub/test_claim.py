# SPDX-License-Identifier: Apache-2.0
"""Receipts shown to a hub must be its own and the sender's, and make the sender's entries its own, nobody else's."""

import msgspec
import pytest
from tests.alliance import Agent, Alliance, until
from tests.looking import look
from tests.unit.hub.asking import EVIL, post, problem, signed
from tests.unit.hub.test_restoring import in_step, is_whole

from tocsin.agent.verbs.report import PATH as REPORTS
from tocsin.clock import DAY
from tocsin.hub import embargo
from tocsin.wire.ceremony import Claim, Claimed
from tocsin.wire.messages import Outcome, Receipt, Report, SignedReceipt, decode, encode

PATH = "/v1/claims"


async def receipt(agent: Agent, message: Report | None = None) -> SignedReceipt:
    body = encode(message or agent.report_message(EVIL))
    return decode((await post(agent, body, signed(agent, body), REPORTS)).content, SignedReceipt)


async def claimed(agent: Agent, *shown: SignedReceipt):
    body = encode(Claim(receipts=shown))
    return await post(agent, body, signed(agent, body, path=PATH), PATH)


async def restored(alliance: Alliance, *agents: Agent) -> None:
    """The hub is lost, and comes back from the backup of before; nobody has shown a receipt yet."""
    await alliance.settled()
    await alliance.lose_hub()
    await alliance.restore_hub(alliance.folder / "old.db")
    await until(lambda: is_whole(alliance) and in_step(alliance, *agents))


def owners(alliance: Alliance, fact: str) -> list[object]:
    rows = look(
        alliance.database,
        "SELECT owner FROM origin JOIN entry USING (stream, seq) WHERE entry.fact = :fact ORDER BY stream, seq",
        {"fact": fact},
    )
    return [owner for (owner,) in rows]


@pytest.mark.parametrize("bent", ["signature", "receipt"])
async def test_a_receipt_that_the_hub_did_not_give_is_the_senders_fault(tmp_path, bent):
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        good = await receipt(ayr)
        assert (await claimed(ayr, good)).status_code == 200
        data = bytearray(getattr(good, bent))
        data[-2] ^= 1
        answer = await claimed(ayr, msgspec.structs.replace(good, **{bent: bytes(data)}))
        assert (answer.status_code, problem(answer)) == (422, "refused")


async def test_nobody_claims_what_another_was_given(tmp_path):
    async with Alliance(tmp_path) as alliance:
        ayr, bute = [await alliance.join(short, follow=False) for short in ("ayr", "bute")]
        answer = await claimed(bute, await receipt(ayr))
        assert (answer.status_code, problem(answer)) == (400, "malformed")


async def test_a_message_that_was_held_under_anothers_identifier_claims_nothing_of_the_other(tmp_path):
    """Its receipt names no place, and everybody who reads the report knows its identifier."""
    async with Alliance(tmp_path) as alliance:
        ayr, bute = [await alliance.join(short) for short in ("ayr", "bute")]
        alliance.back_up(tmp_path / "old.db")
        told = ayr.report_message(EVIL)
        of_ayr = await receipt(ayr, told)
        copied = msgspec.structs.replace(told, not_before=alliance.clock.now() + DAY)
        of_bute = await receipt(bute, copied)
        assert {one.status for one in receipts(of_bute)} == {"held"}
        await restored(alliance, ayr, bute)
        assert decode((await claimed(bute, of_bute)).content, Claimed).missing == (told.id,)
        assert owners(alliance, told.id) == [None, None]
        assert decode((await claimed(ayr, of_ayr)).content, Claimed).missing == ()
        assert owners(alliance, told.id) == [ayr.party] * 2


async def test_two_that_used_one_identifier_claim_each_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(embargo, "_TICK_SECONDS", 0.01)
    async with Alliance(tmp_path) as alliance:
        ayr, bute = [await alliance.join(short) for short in ("ayr", "bute")]
        alliance.back_up(tmp_path / "old.db")
        told = msgspec.structs.replace(ayr.report_message(EVIL), not_before=alliance.clock.now() + DAY)
        given = [await receipt(agent, told) for agent in (ayr, bute)]
        alliance.clock.advance(DAY)
        await until(lambda: len(owners(alliance, told.id)) == 4)
        before = owners(alliance, told.id)
        await restored(alliance, ayr, bute)
        for agent, its in zip((ayr, bute), given, strict=True):
            assert decode((await claimed(agent, its)).content, Claimed).missing == ()
        assert owners(alliance, told.id) == before
        assert set(before) == {ayr.party, bute.party}


async def test_a_repeated_report_is_known_to_its_sender_and_new_from_anybody_else(tmp_path):
    """Else whoever has got hold of a report's bytes could ask whether it stands where it may not read."""
    async with Alliance(tmp_path) as alliance:
        ayr, bute = [await alliance.join(short) for short in ("ayr", "bute")]
        alliance.back_up(tmp_path / "old.db")
        told = ayr.report_message(EVIL)
        await ayr.tell(REPORTS, told)
        await restored(alliance, ayr, bute)
        assert {one.status for one in await bute.tell(REPORTS, told)} == {"accepted"}
        assert {one.status for one in await ayr.tell(REPORTS, told)} == {"known"}


def receipts(signed_one: SignedReceipt) -> tuple[Outcome, ...]:
    return decode(signed_one.receipt, Receipt).outcomes
