# SPDX-License-Identifier: Apache-2.0
"""Bent messages of a real member at every address of the hub: each is answered, and none with a 500.

The member signs what it sends, so that everything behind the door is reached: the verbs, the store, the receipt.
"""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
from tests.alliance import URL, Agent, Alliance
from tests.fuzz.mutations import mutated
from tests.unit.hub.asking import EVIL, sighted, signed
from tests.unit.wire.examples import EXAMPLES

from tocsin.domain.party import Role
from tocsin.hub.routes import OPERATIONS
from tocsin.wire.messages import Erase, Message, encode
from tocsin.wire.problem import Problem

POSTED = [one.path for one in OPERATIONS if one.method == "POST"]
NOT_BUILT = 501
"""Not broken: the anonymous classes are refused by name."""
_ODD_QUERIES = (
    "",
    "old=-1&new=2",
    "old=a&new=",
    "old=1&new=99999999999999999999",
    "%00",
    "old=1&old=2",
    "x" * 3_000,
)


async def refused_badly(folder: Path, cases: int, seed: int) -> AsyncIterator[str]:
    """A sentence for each answer that is none: a status of 500 or above, or an error that explains nothing."""
    dice = random.Random(seed)
    async with Alliance(folder) as alliance:
        bank, police = (
            await alliance.join("ayr", follow=False),
            await alliance.join("police", Role.AGENCY, follow=False),
        )
        for number in range(cases):
            agent, path = dice.choice([bank, bank, police]), POSTED[number % len(POSTED)]
            samples = _samples(agent)
            body = mutated(dice, dice.choice(samples), samples)
            answer = await agent.http.post(URL + path, content=body, headers=signed(agent, body, path=path))
            if sentence := _bad(answer):
                yield f"{path}: {sentence} {body[:400]!r}"
            if number % 10 == 0 and (sentence := await _asked(dice, agent)):
                yield sentence


def _samples(agent: Agent) -> list[bytes]:
    """What this party could honestly say now, and a message of every other kind."""
    erasing = Erase(id=agent.message_id(), sent=0, fact=agent.message_id(), reason="mistake")
    own: list[Message] = [agent.report_message(EVIL), sighted(agent), erasing]
    return [encode(one) for one in (*own, *own, *own, *EXAMPLES)]


async def _asked(dice: random.Random, agent: Agent) -> str:
    """A question with an odd query, and headers that were bent after signing."""
    path, query = "/v1/consistency", dice.choice(_ODD_QUERIES)
    headers = signed(agent, b"", path=path, method="GET")
    bent = {name: mutated(dice, value.encode(), [b"x"]).decode("latin-1") for name, value in headers.items()}
    printable = {
        name: "".join(c for c in value if 32 <= ord(c) < 127)[:8_000] for name, value in bent.items()
    }
    answer = await agent.http.get(f"{URL}{path}?{query}", headers=printable)
    sentence = _bad(answer)
    return f"{path}?{query[:40]}: {sentence} {printable!r}"[:600] if sentence else ""


def _bad(answer: httpx.Response) -> str:
    """What is wrong with an answer; empty when nothing is."""
    if answer.status_code >= 500 and answer.status_code != NOT_BUILT:
        return f"status {answer.status_code}: {answer.text[:200]}"
    if answer.status_code >= 400:
        try:
            msgspec.json.decode(answer.content, type=Problem)
        except msgspec.DecodeError:
            return f"status {answer.status_code} without an explanation: {answer.text[:200]}"
    return ""
