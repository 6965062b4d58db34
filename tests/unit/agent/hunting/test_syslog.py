# SPDX-License-Identifier: Apache-2.0
"""Syslog comes in by both framings, however TCP cuts it; what is none ends its connection and no other."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.acceptance.proxies import private_authority

from tocsin.agent.hunting import syslog as module
from tocsin.agent.hunting.syslog import MAX_MESSAGE, Framing, Listener
from tocsin.config.agent import SyslogListen
from tocsin.errors import ConfigError, Malformed

MESSAGES = st.lists(
    st.tuples(st.booleans(), st.text(st.characters(codec="ascii", exclude_characters="\n\r\0"), max_size=40)),
    max_size=12,
)


@given(messages=MESSAGES, cuts=st.lists(st.integers(1, 9), max_size=60))
def test_every_message_comes_whole_however_it_is_cut(
    messages: list[tuple[bool, str]], cuts: list[int]
) -> None:
    texts = [f"<34>1 {text}".encode() for _, text in messages]
    data = b"".join(
        b"%d %b" % (len(text), text) if counted else text + b"\n"
        for (counted, _), text in zip(messages, texts, strict=True)
    )
    framing, found = Framing(), []
    for cut in cuts:
        found += framing.feed(data[:cut])
        data = data[cut:]
    found += framing.feed(data)
    assert found == texts


@pytest.mark.parametrize(
    "data",
    [b"99999999 x", b"12345678", b"1x <34>", b"<34>" + b"x" * (MAX_MESSAGE + 1), b"%d " % (MAX_MESSAGE + 1)],
    ids=["too large a count", "a count without an end", "no count", "a line without an end", "one too many"],
)
def test_what_can_never_be_a_message_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(Malformed):
        Framing().feed(data)


@given(st.lists(st.binary(max_size=80), max_size=8))
def test_no_bytes_are_a_surprise(pieces: list[bytes]) -> None:
    framing = Framing()
    try:
        for piece in pieces:
            assert all(b"\n" not in line for line in framing.feed(piece))
    except Malformed:
        return


async def listening(hand: Callable[[list[bytes]], Awaitable[None]], **tls: str) -> Listener:
    listener = Listener(SyslogListen(port=0, **tls), hand)
    await listener.start()
    return listener


async def test_lines_come_from_several_senders_and_a_bad_one_ends_only_itself() -> None:
    came: asyncio.Queue[bytes] = asyncio.Queue()

    async def hand(lines: list[bytes]) -> None:
        for line in lines:
            await came.put(line)

    listener = await listening(hand)
    good, bad = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(2)]
    bad[1].write(b"99999999 x")
    assert await asyncio.wait_for(bad[0].read(), 10) == b""
    good[1].write(b"<34>1 one\n9 <34>1 two")
    assert [await asyncio.wait_for(came.get(), 10) for _ in range(2)] == [b"<34>1 one", b"<34>1 two"]
    assert listener.broken == 1
    for _, writer in (good, bad):
        writer.close()
    await listener.close()


async def test_a_sender_is_held_back_while_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    room, handed = asyncio.Event(), 0

    async def hand(lines: list[bytes]) -> None:
        nonlocal handed
        handed += sum(map(len, lines))
        await room.wait()

    monkeypatch.setattr(module, "_PIECE", 2**14)
    listener = await listening(hand)
    _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    line = b"<34>1 " + b"x" * 1_000 + b"\n"
    writer.write(line * 50_000)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await writer.drain()
    assert handed <= 2**14
    room.set()
    writer.close()
    await listener.close()


async def test_off_loopback_it_starts_only_with_tls_or_a_proxy() -> None:
    with pytest.raises(ConfigError):
        await Listener(SyslogListen(host="0.0.0.0", port=0), lambda lines: asyncio.sleep(0)).start()


async def test_over_tls_lines_come_and_in_the_clear_none_does(tmp_path: Path) -> None:
    authority, certificate, key = private_authority(tmp_path / "tls")
    came: asyncio.Queue[list[bytes]] = asyncio.Queue()
    listener = await listening(came.put, tls_certificate=str(certificate), tls_key=str(key))
    clear, plain = await asyncio.open_connection("127.0.0.1", listener.port)
    plain.write(b"<34>1 in the clear\n")
    context = ssl.create_default_context(cafile=str(authority))
    _, writer = await asyncio.open_connection("localhost", listener.port, ssl=context)
    writer.write(b"9 <34>1 one<34>1 two\n")
    assert [await asyncio.wait_for(came.get(), 10)] == [[b"<34>1 one", b"<34>1 two"]]
    with suppress(ConnectionError):  # an alert and an end, or a reset: by what TCP has done meanwhile
        assert b"in the clear" not in await asyncio.wait_for(clear.read(), 10)
    assert came.empty()
    for one in (plain, writer):
        one.close()
    await listener.close()


async def test_a_certificate_that_cannot_be_used_is_said_at_the_start(tmp_path: Path) -> None:
    _, certificate, _ = private_authority(tmp_path / "tls")
    with pytest.raises(ConfigError, match=r"hub\.pem"):
        await listening(
            lambda lines: asyncio.sleep(0), tls_certificate=str(certificate), tls_key=str(certificate)
        )
