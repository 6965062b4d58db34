# SPDX-License-Identifier: Apache-2.0
"""The outbox: kept until receipted, refused with the reason, sent again after whatever may pass, never twice."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from tests.alliance import Agent, Alliance, until
from tests.looking import bytes_of, look
from tests.unit.hub.asking import BAD, EVIL

from tocsin.agent.outbox import MessageState, Outbox, Settled, check_receipt, settled_state
from tocsin.clock import SECOND
from tocsin.errors import (
    BadSignature,
    ClockSkew,
    RemoteError,
    StorageError,
    TocsinError,
    TooMany,
    TooSlow,
    Unreachable,
)
from tocsin.wire.messages import SignedReceipt, decode, encode
from tocsin.wire.problem import to_problem

Answer = Callable[[httpx.Request], httpx.Response]


def answering(agent: Agent, answer: Answer) -> None:
    """Put somebody in the hub's place."""
    agent.http = httpx.AsyncClient(transport=httpx.MockTransport(answer))


def plain(status: int, data: bytes, headers: dict[str, str] | None = None) -> Answer:
    return lambda request: httpx.Response(status, headers=headers, stream=httpx.ByteStream(data))


def problem(error: TocsinError) -> Answer:
    return plain(error.status, encode(to_problem(error)))


def state(agent: Agent, message: str) -> tuple[str, int]:
    found = agent.house.outbox.state(message)
    assert found is not None
    return found.state, found.tries


def ended(agent: Agent, found: MessageState | None) -> Settled | None:
    with agent.house.store.reading("the hub's keys") as tx:
        return settled_state(tx, found, agent.membership)


async def test_a_message_is_kept_until_it_is_receipted(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        message = agent.queue_report(EVIL)
        assert state(agent, message) == ("waiting", 0)
        (settled,) = await agent.deliver()
        assert settled.receipt is not None
        assert settled.receipt.message == message
        assert state(agent, message) == ("receipted", 1)
        found = agent.house.outbox.state(message)
        assert ended(agent, found) == settled
        assert await agent.deliver() == []


async def test_what_waits_is_not_readable_on_the_disk(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        agent.queue_report(EVIL)
        assert b"evil.example" not in bytes_of(agent.house.folder, "agent.db")


async def test_a_refused_message_stays_with_its_reason(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        message = agent.queue_report(EVIL, audiences=("group:nobody",))
        (settled,) = await agent.deliver()
        assert settled.receipt is None
        assert "nobody" in settled.problem or "group" in settled.problem
        assert state(agent, message) == ("refused", 1)
        assert ended(agent, agent.house.outbox.state(message)) == settled
        assert await agent.deliver() == []


MAY_PASS: list[tuple[str, Answer]] = [
    ("a cut wire", lambda request: (_ for _ in ()).throw(httpx.ConnectError("no route"))),
    ("a box that breaks the encoding", plain(200, b"\x00broken", {"Content-Encoding": "gzip"})),
    ("a page of a box on the way", plain(200, b"<html>Please log in to the network</html>")),
    ("an empty answer", plain(200, b"")),
    ("an answer without end", plain(200, b"x" * (2 * 1024 * 1024))),
    ("a proxy that wants a password", plain(407, b"<html>")),
    ("an address that is not there", plain(404, b"not found")),
    ("a gateway", plain(502, b"")),
    ("a full store", problem(StorageError("full"))),
    ("our own mistake", problem(TocsinError("x"))),
    ("a clock", problem(ClockSkew("it is later"))),
    ("too much at once", problem(TooMany("wait"))),
    ("too slow", problem(TooSlow("60 s"))),
    ("a receipt that nobody signed", plain(200, encode(SignedReceipt(receipt=b"{}", signature=bytes(64))))),
]


@pytest.mark.parametrize("answer", [answer for _, answer in MAY_PASS], ids=[name for name, _ in MAY_PASS])
async def test_whatever_may_pass_is_tried_again_and_never_taken_for_a_refusal(tmp_path, answer: Answer):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        message = agent.queue_report(EVIL)
        true = agent.http
        answering(agent, answer)
        with pytest.raises(TocsinError):
            await agent.deliver()
        assert state(agent, message) == ("waiting", 1)
        await agent.http.aclose()
        agent.http = true
        alliance.clock.advance(2 * SECOND)
        (settled,) = await agent.deliver()
        assert settled.receipt is not None


async def test_a_receipt_for_another_message_is_none(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent, other = await alliance.join("ayr", follow=False), await alliance.join("bute", follow=False)
        first = agent.queue_report(EVIL)
        await agent.deliver()
        answer = agent.house.outbox.state(first)
        assert answer is not None
        assert answer.answer is not None
        second = agent.queue_report(BAD)
        true = agent.http
        answering(agent, plain(200, answer.answer))
        with pytest.raises(BadSignature, match="another message"):
            await agent.deliver()
        assert state(agent, second) == ("waiting", 1)
        receipt = decode(answer.answer, SignedReceipt)
        reading = other.house.store.reading("the hub's keys")
        with pytest.raises(BadSignature, match="another message or another party"), reading as tx:
            check_receipt(tx, receipt, other.membership, first)
        await agent.http.aclose()
        agent.http = true


async def test_each_failure_doubles_the_wait_up_to_five_minutes(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        agent.queue_report(EVIL)
        alliance.wire.cut()
        waits = []
        for _ in range(14):
            with pytest.raises(Unreachable):
                await agent.deliver()
            ((due,),) = look(agent.database, "SELECT next_try FROM outbox")
            waits.append((int(str(due)) - alliance.clock.now()) / SECOND)
            alliance.clock.advance(int(str(due)) - alliance.clock.now() - 1)
            assert await agent.deliver() == []  # not a moment earlier
            alliance.clock.advance(1)
        for tries, wait in enumerate(waits):
            longest = min(2**tries, 300)
            assert longest / 2 <= wait < longest
        alliance.wire.mend()


async def test_one_that_cannot_be_sent_does_not_keep_the_others_for_ever(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        alliance.wire.cut()
        first = agent.queue_report(EVIL)
        with pytest.raises(Unreachable):
            await agent.deliver()
        alliance.wire.mend()
        second = agent.queue_report(BAD)
        (settled,) = await agent.deliver()
        assert settled.id == second
        assert state(agent, first)[0] == "waiting"
        alliance.clock.advance(SECOND)
        (settled,) = await agent.deliver()
        assert settled.id == first


async def test_two_senders_of_one_outbox_make_one_entry(tmp_path):
    """`tocsin agent report` sends while `tocsin agent serve` does."""
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        messages = [agent.queue_report(EVIL) for _ in range(20)]
        house = agent.house
        twin = Outbox(house.store, house.vault.box, agent.clock, agent.entropy)
        both = await asyncio.gather(agent.deliver(), twin.flush(agent.hub(), agent.membership))
        assert {one.id for settled in both for one in settled} == set(messages)
        assert alliance.sizes()["members"] == 2 * len(messages)
        assert {state(agent, message)[0] for message in messages} == {"receipted"}


async def test_an_answer_that_was_lost_is_asked_for_again(tmp_path):
    """The hub has it; the agent was killed, or the wire cut, before the receipt came."""
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        message = agent.queue_report(EVIL)
        true, lost = agent.http, []

        async def loses(request: httpx.Request) -> httpx.Response:
            lost.append(await alliance.wire.handle_async_request(request))
            raise httpx.ReadError("cut")

        agent.http = httpx.AsyncClient(transport=httpx.MockTransport(loses))
        with pytest.raises(RemoteError):
            await agent.deliver()
        await until(lambda: alliance.sizes().get("members") == 2)
        await lost[0].aclose()
        agent.http = true
        alliance.clock.advance(SECOND)
        (settled,) = await agent.deliver()
        assert settled.receipt is not None
        assert settled.id == message
        assert alliance.sizes()["members"] == 2


async def test_the_same_message_is_queued_once(tmp_path):
    async with Alliance(tmp_path) as alliance:
        agent = await alliance.join("ayr", follow=False)
        report = agent.report_message(EVIL)
        for _ in range(2):
            agent.house.store.run("queue", lambda tx: agent.house.outbox.queue(tx, "/v1/reports", report))
        assert look(agent.database, "SELECT count(*) FROM outbox") == [(1,)]
        assert len(await agent.deliver()) == 1
