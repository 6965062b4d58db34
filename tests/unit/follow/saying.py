# SPDX-License-Identifier: Apache-2.0
"""What a hub says to one reader, as tests bend it: an honest hub's words, changed, and read by a real follower."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest
from tests.alliance import Agent

from tocsin.follow.follower import Follower
from tocsin.wire.messages import Entry, Head, Message, Part, Welcome, decode, encode, peek
from tocsin.wire.sse import EventParser, event, position

Said = list[Message | bytes | Callable[[], bytes]]
"""What a connection says: messages, bytes that are none, and what is only known when it is said."""


class Enough(Exception):
    """The follower wants to wait: the connection is over."""


async def honest(agent: Agent) -> Said:
    """What the hub says to this agent now, up to its position."""
    said: Said = []
    parser = EventParser()
    kinds: dict[str, type[Message]] = {"entry": Entry, "head": Head, "part": Part, "welcome": Welcome}
    async with agent.hub().stream(agent.replica().cursor()) as chunks:
        async for chunk in chunks:
            for cursor, data in parser.feed(chunk):
                if cursor is not None:
                    return [*said, position(cursor)]
                said.append(decode(data, kinds[peek(data).kind]))
    raise AssertionError("the hub ended the connection")


async def told(agent: Agent, said: Said) -> None:
    """Let the agent's follower read one connection that says this."""

    @asynccontextmanager
    async def connect(cursor: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async def chunks() -> AsyncIterator[bytes]:
            for one in said:
                data = (
                    one
                    if isinstance(one, bytes)
                    else event(encode(one))
                    if isinstance(one, Message)
                    else one()
                )
                for start in range(0, len(data), 50_000):
                    yield data[start : start + 50_000]

        yield chunks()

    async def stop(seconds: float) -> None:
        raise Enough

    follower = Follower(connect, agent.replica(), agent.clock, agent.entropy, stop)
    with pytest.raises(Enough):
        await follower.run(lambda: None)


def entry_of(said: Said, stream: str, seq: int) -> Entry:
    (found,) = [one for one in said if isinstance(one, Entry) and (one.stream, one.seq) == (stream, seq)]
    return found


def head_of(said: Said, stream: str) -> Head:
    (found,) = [one for one in said if isinstance(one, Head) and one.stream == stream]
    return found


def parts_of(said: Said, stream: str) -> list[Part]:
    return [one for one in said if isinstance(one, Part) and one.head.stream == stream]


def put(said: Said, old: Message, *new: Message | bytes) -> Said:
    """The same with one thing said otherwise."""
    at = next(place for place, one in enumerate(said) if one is old)
    return [*said[:at], *new, *said[at + 1 :]]


def changed(said: Said, stream: str, seq: int, **fields: object) -> Said:
    old = entry_of(said, stream, seq)
    return put(said, old, msgspec.structs.replace(old, **fields))


def changed_head(said: Said, stream: str, **fields: object) -> Said:
    old = head_of(said, stream)
    return put(said, old, msgspec.structs.replace(old, **fields))


async def told_again_and_again(agent: Agent, rounds: Sequence[Said]) -> None:
    """One follower, which reads a connection after the other."""
    told_so_far = 0

    @asynccontextmanager
    async def connect(cursor: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async def chunks() -> AsyncIterator[bytes]:
            for one in rounds[told_so_far]:
                yield (
                    one
                    if isinstance(one, bytes)
                    else event(encode(one))
                    if isinstance(one, Message)
                    else one()
                )

        yield chunks()

    async def again(seconds: float) -> None:
        nonlocal told_so_far
        told_so_far += 1
        if told_so_far == len(rounds):
            raise Enough

    with pytest.raises(Enough):
        await Follower(connect, agent.replica(), agent.clock, agent.entropy, again).run(lambda: None)
