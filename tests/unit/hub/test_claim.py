# SPDX-License-Identifier: Apache-2.0
"""Receipts that are shown to a hub must be its own, and the sender's."""

import msgspec
import pytest
from tests.alliance import Agent, Alliance
from tests.unit.hub.asking import EVIL, post, problem, signed

from tocsin.agent.verbs.report import PATH as REPORTS
from tocsin.wire.ceremony import Claim
from tocsin.wire.messages import SignedReceipt, decode, encode

PATH = "/v1/claims"


async def receipt(agent: Agent) -> SignedReceipt:
    body = encode(agent.report_message(EVIL))
    return decode((await post(agent, body, signed(agent, body), REPORTS)).content, SignedReceipt)


async def claimed(agent: Agent, shown: SignedReceipt):
    body = encode(Claim(receipts=(shown,)))
    return await post(agent, body, signed(agent, body, path=PATH), PATH)


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
