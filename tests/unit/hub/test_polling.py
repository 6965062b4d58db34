# SPDX-License-Identifier: Apache-2.0
"""A stream as an answer that ends: with what is new, or after its wait, and never in the middle of an event."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tocsin.errors import Malformed
from tocsin.hub.reading.polling import wait_of, whole_answer
from tocsin.wire.sse import HEARTBEAT, event, position

ENTRY = event(b'{"kind":"entry","body":"\\nid: forged\\n"}')


@pytest.mark.parametrize(("text", "seconds"), [("", 0), ("1", 1), ("25", 25), ("30", 30)])
def test_how_long_an_answer_may_wait(text: str, seconds: int) -> None:
    assert wait_of(text) == seconds


@pytest.mark.parametrize("text", ["0", "-1", "31", "1.5", "²", "x", "100", " 1", "1e9"])
def test_any_other_wait_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="1 to 30"):
        wait_of(text)


async def stream(*chunks: bytes, closed: list[int]) -> AsyncIterator[bytes]:
    try:
        for chunk in chunks:
            yield chunk
        await asyncio.Event().wait()
    finally:
        closed.append(1)


async def answered(*chunks: bytes, cursor: str | None = None, seconds: float = 0.05) -> list[bytes]:
    closed: list[int] = []
    got = [chunk async for chunk in whole_answer(stream(*chunks, closed=closed), cursor, seconds)]
    assert closed == [1], "its place is free again"
    return got


async def test_it_ends_with_a_position_that_is_new() -> None:
    assert await answered(ENTRY, position("b"), ENTRY, cursor="a") == [ENTRY, position("b")]
    assert await answered(ENTRY + position("b"), ENTRY) == [ENTRY + position("b")]


async def test_it_waits_behind_a_position_that_the_reader_has() -> None:
    assert await answered(position("a"), HEARTBEAT, ENTRY, position("b"), ENTRY, cursor="a") == [
        position("a"), HEARTBEAT, ENTRY, position("b"),
    ]  # fmt: skip


async def test_the_same_position_again_is_news_about_a_head() -> None:
    assert await answered(position("a"), position("a"), ENTRY, cursor="a") == [position("a"), position("a")]


async def test_it_ends_after_its_wait_with_what_there_was() -> None:
    assert await answered(position("a"), HEARTBEAT, cursor="a") == [position("a"), HEARTBEAT]
    assert await answered(ENTRY, cursor="a") == [ENTRY]
