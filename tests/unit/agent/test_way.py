# SPDX-License-Identifier: Apache-2.0
"""A line that holds answers back until they end still carries the stream, in whole answers, by the same rules."""

import asyncio
from pathlib import Path

import httpx
import pytest
from tests.alliance import Agent, Alliance, until

from tocsin.agent import way
from tocsin.agent.history.refilling import Refilling
from tocsin.agent.way import Way
from tocsin.clock import HOUR
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import Unreachable
from tocsin.follow.follower import Follower
from tocsin.world.network import Wire

EVIL = normalise(Kind.DOMAIN, "evil.example")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way, "FIRST_SECONDS", 0.3)
    monkeypatch.setattr(way, "WAIT_SECONDS", 1)


class Middlebox(httpx.AsyncBaseTransport):
    """Gives an answer once it has all of it; or only its first bytes until then."""

    def __init__(self, wire: Wire, lets_through: int = 0) -> None:
        self.wire = wire
        self.buffers = True
        self.lets_through = lets_through
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.raw_path.decode())
        answer = await self.wire.handle_async_request(request)
        endless = request.url.path == "/v1/stream" and not request.url.query
        if not self.buffers or (endless and self.lets_through):
            return httpx.Response(
                answer.status_code, headers=answer.headers, stream=_Stuck(answer, self.lets_through)
            )
        try:
            body = await answer.aread()
        except BaseException:
            await answer.aclose()
            raise
        return httpx.Response(answer.status_code, headers=answer.headers, stream=_Whole(body))


class _Whole(httpx.AsyncByteStream):
    """A body that came at once."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __aiter__(self):
        yield self.body


class _Stuck(httpx.AsyncByteStream):
    """So many chunks, then nothing until httpx gives up; without a number all of them."""

    def __init__(self, answer: httpx.Response, chunks: int) -> None:
        self.answer = answer
        self.chunks = chunks

    async def __aiter__(self):
        assert isinstance(self.answer.stream, httpx.AsyncByteStream)
        count = 0
        async for chunk in self.answer.stream:
            yield chunk
            count += 1
            if count == self.chunks:
                await asyncio.sleep(0.2)
                raise httpx.ReadTimeout("")

    async def aclose(self) -> None:
        await self.answer.aclose()


def behind(agent: Agent, box: Middlebox) -> None:
    """The agent follows through that box, as `agent serve` does."""
    agent.http = httpx.AsyncClient(transport=box)
    replica, hub = agent.replica(), agent.hub()
    refilling = Refilling(agent.house.store, hub)
    replica.refill = refilling.offer
    line = Way(hub, agent.clock, lambda seconds: asyncio.sleep(0.01))
    follower = Follower(
        line.connect, replica, agent.clock, agent.entropy, lambda seconds: asyncio.sleep(0.01)
    )
    agent.following = asyncio.create_task(follower.run(lambda: None))
    agent.refilling = asyncio.create_task(refilling.run())


async def test_behind_a_box_that_keeps_answers_the_stream_comes_in_whole_ones(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute", follow=False)
        await ayr.report(EVIL)
        box = Middlebox(alliance.wire)
        behind(bute, box)
        await until(lambda: bute.level("evil.example") == "watch")
        assert "/v1/stream" in box.asked
        await ayr.report(normalise(Kind.DOMAIN, "worse.example"))
        await until(lambda: bute.level("worse.example") == "watch")
        await alliance.settled()
        assert bute.alarms() == [], "nobody is told of an outage, for there was none"
        asked = box.asked.count("/v1/stream")
        await until(lambda: box.asked[-5:] == ["/v1/stream?wait=1"] * 5)
        assert box.asked.count("/v1/stream") == asked == 1, "not tried again within the hour"


async def test_a_box_that_lets_only_the_first_bytes_through_is_found_by_its_silence(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute", follow=False)
        box = Middlebox(alliance.wire, lets_through=1)
        behind(bute, box)
        await until(lambda: "/v1/stream?wait=1" in box.asked)
        await ayr.report(EVIL)
        await until(lambda: bute.level("evil.example") == "watch")
        assert bute.alarms() == []


async def test_after_an_hour_the_stream_is_tried_again(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute", follow=False)
        box = Middlebox(alliance.wire)
        behind(bute, box)
        await until(lambda: box.asked.count("/v1/stream?wait=1") > 1)
        box.buffers = False
        alliance.clock.advance(HOUR)
        await until(lambda: box.asked[-1] == "/v1/stream")
        await ayr.report(EVIL)
        await until(lambda: bute.level("evil.example") == "watch")
        assert box.asked[-1] == "/v1/stream"


async def test_a_hub_that_is_away_is_not_taken_for_a_box(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute", follow=False)
        alliance.wire.cut()
        box = Middlebox(alliance.wire)
        behind(bute, box)
        await until(lambda: len(bute.alarms()) == 1)
        assert set(box.asked) == {"/v1/stream"}
        alliance.wire.mend()
        box.buffers = False
        await until(lambda: bute.sizes() == alliance.sizes())
        assert ayr


async def test_a_withheld_head_is_found_in_whole_answers_too(tmp_path: Path) -> None:
    """The hub leaves a head out of every answer: what is read is believed by the same rules."""
    async with Alliance(tmp_path) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute", follow=False)
        await ayr.report(EVIL)

        class Dishonest(Middlebox):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                answer = await super().handle_async_request(request)
                if request.url.path != "/v1/stream" or not hides:
                    return answer
                events = (await answer.aread()).split(b"\n\n")
                kept = [
                    one for one in events if b'"kind":"head"' not in one or b'"stream":"members"' not in one
                ]
                return httpx.Response(200, stream=_Whole(b"\n\n".join(kept)))

        hides: list[int] = []
        box = Dishonest(alliance.wire)
        behind(bute, box)
        await until(lambda: bute.level("evil.example") == "watch")
        hides.append(1)
        await ayr.report(normalise(Kind.DOMAIN, "worse.example"))
        await until(lambda: bool(bute.alarms()))
        assert "shows no head of members" in bute.alarms()[0]
        assert bute.level("worse.example") == ""


class _Lost(httpx.AsyncBaseTransport, httpx.AsyncByteStream):
    """Gives the head of an answer, and the hub dies before its first byte."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=self)

    async def __aiter__(self):
        raise httpx.RemoteProtocolError("peer closed connection")
        yield b""


async def test_a_hub_that_dies_before_its_first_byte_cannot_be_reached(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        ayr = await alliance.join("ayr", follow=False)
        ayr.http = httpx.AsyncClient(transport=_Lost())
        line = Way(ayr.hub(), ayr.clock, asyncio.sleep)
        with pytest.raises(Unreachable, match="peer closed connection"):
            async with line.connect(""):
                pass
