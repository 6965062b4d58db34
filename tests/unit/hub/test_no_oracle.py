# SPDX-License-Identifier: Apache-2.0
"""An answer tells nothing of what the asker may not read.

Two alliances live through the same, byte for byte: the same seeds, the same clock, the same requests. In one of them
somebody else also says something that the asker may not read. Every answer to the asker must be equal, to the byte.
"""

import json
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import msgspec
import pytest
from tests.alliance import Agent, Alliance
from tests.looking import look
from tests.unit.hub.asking import EVIL, erase, post, sighted, signed

from tocsin.agent.verbs import erase as erasing
from tocsin.agent.verbs import sight as sighting
from tocsin.agent.verbs.acknowledge import PATH as ACKNOWLEDGEMENTS
from tocsin.agent.verbs.report import PATH as REPORTS
from tocsin.agent.verbs.warn import PATH as WARNINGS
from tocsin.clock import HOUR, Instant
from tocsin.domain.acknowledgement import Answer as Answered
from tocsin.domain.audience import History
from tocsin.domain.observable import Kind, normalise
from tocsin.domain.party import Role
from tocsin.domain.warning import Urgency, Warning
from tocsin.hub.receipts import VEILED
from tocsin.hub.verbs.roster import join_group
from tocsin.ids import new_id
from tocsin.proof.signing import Context
from tocsin.wire.answering import Acknowledge
from tocsin.wire.messages import (
    Entry,
    Erase,
    Receipt,
    Report,
    SignedReceipt,
    Told,
    Warn,
    decode,
    encode,
    encode_warning,
    peek,
)

OTHER = normalise(Kind.DOMAIN, "other.example")

Answer = tuple[int, dict[str, str], bytes]


class World:
    """One of the two; `york` and the police say what `ayr` may not read."""

    def __init__(self, alliance: Alliance) -> None:
        self.alliance = alliance
        self.ayr: Agent
        self.york: Agent
        self.police: Agent
        self.secret: Report
        """What york may have said; ayr knows its bytes and identifiers, and guesses."""
        self.warned: Warn
        self.chain = "chn_00000000000040008000000000000000"
        """Of the hidden warning, if there is one."""

    async def begin(self) -> None:
        join = self.alliance.join
        self.ayr, self.york = (
            await join("ayr", follow=False),
            await join("york", jurisdiction="US", follow=False),
        )
        self.police = await join("police", Role.AGENCY, follow=False)
        self.secret = self.york.report_message(EVIL, audiences=("jurisdiction:US",))
        self.warned = warning(self.police, (f"party:{self.york.party}",))
        for audience in ("members", "jurisdiction:US", f"party:{self.york.party}"):
            await self.york.report(
                OTHER, audiences=(audience,)
            )  # the streams are there: a new one draws a salt
        await self.alliance.settled()

    def meet(self) -> None:
        """From here on chance is the same in both, whatever was said before."""
        source = self.alliance.entropy.__self__
        assert isinstance(source, random.Random)
        source.seed(4711)

    async def ask(self, path: str, message: Told) -> Answer:
        body = encode(message)
        answer = await post(self.ayr, body, signed(self.ayr, body, path=path), path)
        return answer.status_code, dict(answer.headers), as_read(answer.content)


def as_read(content: bytes) -> bytes:
    """A receipt without its veiled places, and so without its signature: to its reader each is a random number."""
    if peek(content).kind != "signed-receipt":
        return content
    receipt = decode(decode(content, SignedReceipt).receipt, Receipt)
    outcomes = tuple(
        msgspec.structs.replace(one, seq=VEILED) if one.seq >= VEILED else one for one in receipt.outcomes
    )
    return encode(msgspec.structs.replace(receipt, outcomes=outcomes))


def warning(agent: Agent, audiences: tuple[str, ...]) -> Warn:
    now, member = agent.clock.now(), agent.membership
    said = encode_warning(
        Warning(
            id=new_id("wrn", agent.entropy),
            author=agent.party,
            title="Password theft by telephone",
            look_for=(EVIL,),
            measures="",
            urgency=Urgency.URGENT,
            issued=now,
            expires=Instant(now + 100 * HOUR),
            officers=2,
        )
    )
    signature = agent.key.sign(Context("warning", member.realm, member.hub), said)
    identifier = str(json.loads(said)["id"])
    return Warn(id=identifier, sent=now, audiences=audiences, warning=said, signature=signature)


# --- what may be hidden -------------------------------------------------------------------------------------------


async def reported(world: World) -> None:
    await world.york.tell(REPORTS, world.secret)


async def reported_to_one(world: World) -> None:
    audience = (f"party:{world.police.party}",)
    await world.york.tell(REPORTS, msgspec.structs.replace(world.secret, audiences=audience))


async def held_back(world: World) -> None:
    later = world.alliance.clock.now() + HOUR
    await world.york.tell(REPORTS, msgspec.structs.replace(world.secret, audiences=(), not_before=later))


async def taken_back(world: World) -> None:
    await reported(world)
    await erase(world.york, world.secret.id)


async def seen(world: World) -> None:
    await world.york.tell(sighting.PATH, sighted(world.york, EVIL, "jurisdiction:US"))


async def warned(world: World) -> None:
    await world.police.tell(WARNINGS, world.warned)


async def said_in_a_group(world: World) -> None:
    hub = world.alliance.exchange
    await world.alliance.hub.commits.run(
        lambda tx: join_group(tx, hub, "sepa", world.york.party, History.FROM_JOIN)
    )
    await world.york.tell(REPORTS, msgspec.structs.replace(world.secret, audiences=("group:sepa",)))


HIDDEN = (reported, reported_to_one, held_back, taken_back, seen, warned, said_in_a_group)


# --- what may be asked --------------------------------------------------------------------------------------------


def own(world: World, *audiences: str) -> Report:
    return world.ayr.report_message(EVIL, audiences=audiences)


async def reports(world: World) -> Answer:
    return await world.ask(REPORTS, own(world))


async def reports_to_strangers(world: World) -> Answer:
    return await world.ask(REPORTS, own(world, "jurisdiction:US", f"party:{world.york.party}", "members"))


async def reports_to_a_group(world: World) -> Answer:
    return await world.ask(REPORTS, own(world, "group:sepa"))


async def repeats_the_secret(world: World) -> Answer:
    return await world.ask(REPORTS, msgspec.structs.replace(world.secret, audiences=()))


async def repeats_it_to_the_same_readers(world: World) -> Answer:
    return await world.ask(REPORTS, world.secret)


async def contradicts_the_secret(world: World) -> Answer:
    grouping, *rest = world.secret.objects
    changed = msgspec.Raw(bytes(rest[0]).replace(b"evil.example", b"eval.example"))
    return await world.ask(
        REPORTS, msgspec.structs.replace(world.secret, audiences=(), objects=(grouping, changed, *rest[1:]))
    )


async def sights(world: World) -> Answer:
    return await world.ask(sighting.PATH, sighted(world.ayr, EVIL))


async def sights_elsewhere(world: World) -> Answer:
    return await world.ask(sighting.PATH, sighted(world.ayr, EVIL, "jurisdiction:US"))


async def erases_the_secret(world: World) -> Answer:
    message = Erase(id=world.ayr.message_id(), sent=0, fact=world.secret.id, reason="mistake")
    return await world.ask(erasing.PATH, message)


async def erases_a_warning(world: World) -> Answer:
    message = Erase(id=world.ayr.message_id(), sent=0, fact=world.warned.id, reason="mistake")
    return await world.ask(erasing.PATH, message)


async def answers_a_warning(world: World) -> Answer:
    """It has got hold of the chain, which readers of the warning see."""
    message = Acknowledge(
        id=world.ayr.message_id(), sent=0, chain=world.chain, version=1, answer=Answered.ACTED
    )
    return await world.ask(ACKNOWLEDGEMENTS, message)


async def warns_in_its_name(world: World) -> Answer:
    return await world.ask(WARNINGS, world.warned)


async def asks_how_it_is(world: World) -> Answer:
    answer = await world.ayr.http.get("http://hub.example/v1/health")
    return answer.status_code, dict(answer.headers), answer.content


ASKED = (
    reports,
    reports_to_strangers,
    reports_to_a_group,
    repeats_the_secret,
    repeats_it_to_the_same_readers,
    contradicts_the_secret,
    sights,
    sights_elsewhere,
    erases_the_secret,
    erases_a_warning,
    answers_a_warning,
    warns_in_its_name,
    asks_how_it_is,
)


async def worlds(stack: AsyncExitStack, folder, hide: Callable[[World], Awaitable[None]]) -> list[World]:
    found = []
    for name in ("with", "without"):
        (folder / name).mkdir()
        alliance = await stack.enter_async_context(Alliance(folder / name, witnessed=False))
        world = World(alliance)
        await world.begin()
        if name == "with":
            before = sum(alliance.sizes().values())
            await hide(world)
            held = look(alliance.database, "SELECT count(*) FROM held")
            assert sum(alliance.sizes().values()) > before or held != [(0,)], "something is hidden there"
        world.alliance.clock.advance(1_000_000)
        world.meet()
        found.append(world)
    for (chain,) in look(found[0].alliance.database, "SELECT chain FROM warning"):
        found[0].chain = found[1].chain = str(chain)
    return found


@pytest.mark.parametrize("hide", HIDDEN)
async def test_no_answer_tells_what_the_asker_may_not_read(tmp_path, hide):
    async with AsyncExitStack() as stack:
        pair = await worlds(stack, tmp_path, hide)
        for ask in (*ASKED, *ASKED):  # the second time everything stands already
            one, other = [await ask(world) for world in pair]
            assert one == other, ask.__name__
            for world in pair:
                world.meet()


@pytest.mark.parametrize("hide", HIDDEN)
async def test_no_stream_tells_it_either(tmp_path, hide):
    """The welcome and every entry; heads are of the whole alliance, see THREAT_MODEL."""
    async with AsyncExitStack() as stack:
        pair = await worlds(stack, tmp_path, hide)
        for ask in (reports, sights, reports_to_strangers):
            for world in pair:
                await ask(world)
        one, other = [await followed(world) for world in pair]
        assert one == other
        assert len(one) > 5


async def followed(world: World) -> list[bytes]:
    """Every event but heads and positions, as the bytes that came."""
    events: list[bytes] = []
    async with world.ayr.hub().stream("") as chunks:
        buffer = b""
        async for chunk in chunks:
            buffer += chunk
            *whole, buffer = buffer.split(b"\n\n")
            events += whole
            if any(b"id:" in one for one in whole):
                break
    return [one for one in events if b'"kind":"head"' not in one and not one.startswith(b"id:")]


async def test_two_worlds_with_nothing_hidden_differ_in_nothing_and_a_readable_report_is_noticed(tmp_path):
    """The comparison can fail: what ayr may read changes its answers."""

    async def openly(world: World) -> None:
        await world.york.tell(REPORTS, msgspec.structs.replace(world.secret, audiences=("members",)))

    async with AsyncExitStack() as stack:
        pair = await worlds(stack, tmp_path, openly)
        one, other = [await reports(world) for world in pair]
        assert one != other
        told = [entry for event in await followed(pair[0]) if (entry := entry_of(event))]
        assert {one.stream for one in told} == {"directory", "members"}


def entry_of(event: bytes) -> Entry | None:
    return decode(event.partition(b"data: ")[2], Entry) if b'"kind":"entry"' in event else None
