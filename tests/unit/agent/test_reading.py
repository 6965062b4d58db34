# SPDX-License-Identifier: Apache-2.0
"""An edge that lies is found out at once, and neither believed nor mistaken for the hub."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.alliance import Alliance, until
from tests.edges import EDGE_URL, NearEdge
from tests.looking import look

from tocsin.agent.signed import SignedHub
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import TakenBack
from tocsin.wire.messages import Entry, Head, decode, encode, peek
from tocsin.wire.sse import EventParser, event, position

ZEROTH, FIRST, SECOND, THIRD = (
    normalise(Kind.DOMAIN, f"{name}.phish.example") for name in ("zero", "one", "two", "three")
)

MEMBERS_HEAD = "SELECT head FROM head WHERE stream = 'members'"


class Lying(SignedHub):
    """An edge that tells of the alliance what it likes."""

    @asynccontextmanager
    async def stream(self, cursor: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with super().stream(cursor) as chunks:
            yield self._told(chunks)

    async def _told(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        parser = EventParser()
        async for chunk in chunks:
            for identifier, data in parser.feed(chunk):
                told = data
                if peek(data).kind == "entry":
                    told = self.entry(decode(data, Entry), data)
                elif peek(data).kind == "head":
                    told = self.head(decode(data, Head), data)
                if told:
                    yield position(identifier) if identifier else event(told)

    def entry(self, entry: Entry, data: bytes) -> bytes:
        return data

    def head(self, head: Head, data: bytes) -> bytes:
        return data


class Drops(Lying):
    def entry(self, entry: Entry, data: bytes) -> bytes:
        return b"" if entry.stream == "members" else data


class Changes(Lying):
    def entry(self, entry: Entry, data: bytes) -> bytes:
        if entry.stream != "members" or entry.body is None:
            return data
        return encode(msgspec.structs.replace(entry, body=entry.body.replace(b"two", b"six")))


class Forgets(Lying):
    """Shows a head of the members' stream that is shorter than what it showed before."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.shown: dict[int, bytes] = {}

    def head(self, head: Head, data: bytes) -> bytes:
        if head.stream != "members":
            return data
        self.shown[head.size] = data
        return data if len(self.shown) < 3 else self.shown[min(self.shown)]


@pytest.mark.parametrize("lie", [Drops, Changes, Forgets])
async def test_a_lie_of_an_edge_is_an_alarm_and_no_accusation_of_the_hub(
    tmp_path: Path, lie: type[Lying]
) -> None:
    async with Alliance(tmp_path) as alliance, NearEdge(alliance) as near:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute", follow=False)
        await near.ready(bute)
        reading = near.serve(bute, lie)
        for value in (FIRST, ZEROTH) if lie is Forgets else ():
            await ayr.report(value)
            await until(lambda value=value: value.value in bute.known())
        await ayr.report(SECOND)
        await until(lambda: SECOND.value in bute.known())
        assert not reading.through_edge
        assert "six.phish.example" not in bute.known()
        alarms = [
            one for one in bute.alarms() if f"read through the edge {EDGE_URL}, which may be at fault" in one
        ]
        assert len(alarms) == 1
        assert look(bute.database, "SELECT count(*) FROM mark WHERE name = 'distrust'") == [(0,)]
        await ayr.report(THIRD)
        await until(lambda: THIRD.value in bute.known())


@pytest.mark.parametrize(("through_edge", "accused"), [(True, 0), (False, 1)])
async def test_an_old_head_is_held_against_the_hub_only_where_the_hub_itself_showed_it(
    tmp_path: Path, *, through_edge: bool, accused: int
) -> None:
    async with Alliance(tmp_path, witnessed=False) as alliance:
        ayr, bute = await alliance.join("ayr"), await alliance.join("bute")
        await ayr.report(FIRST)
        await until(lambda: FIRST.value in bute.known())
        (old,) = (bytes(head) for (head,) in look(bute.database, MEMBERS_HEAD))
        await ayr.report(SECOND)
        await until(lambda: SECOND.value in bute.known())
        (newest,) = (bytes(head) for (head,) in look(bute.database, MEMBERS_HEAD))
        await bute.unfollow()
        replica = bute.replica()
        replica.through_edge = lambda: through_edge
        replica.accuse(TakenBack("It is shorter."), decode(old, Head))
        doubts = "SELECT count(*) FROM mark WHERE name = 'distrust'"
        assert look(bute.database, doubts) == [(accused,)]
        replica.accuse(TakenBack("No old head says that."), decode(newest, Head))
        assert look(bute.database, doubts) == [(1,)]
