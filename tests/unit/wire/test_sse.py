# SPDX-License-Identifier: Apache-2.0
"""A stream gives the same events however the network cuts it, and no sender makes a reader hold more than a bound."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.wire.examples import EXAMPLES

from tocsin.errors import Malformed
from tocsin.wire.messages import Message, encode
from tocsin.wire.sse import HEARTBEAT, MAX_EVENT, EventParser, event, position

Event = tuple[str | None, bytes]
LINES = st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"").replace(b"\r", b""))
SENT = st.one_of(
    LINES.map(lambda data: (event(data), (None, data))),
    st.text("abcXYZ019-_", min_size=1, max_size=20).map(lambda text: (position(text), (text, b"{}"))),
    st.just((HEARTBEAT, None)),
)
"""Bytes on the wire, and the event they stand for, or None."""


def parse(chunks: Iterable[bytes]) -> list[Event]:
    parser = EventParser()
    return [found for chunk in chunks for found in parser.feed(chunk)]


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


@given(st.lists(SENT, max_size=8), st.lists(st.integers(0, 10_000), max_size=20))
def test_any_split_gives_the_same_events(sent: list[tuple[bytes, Event | None]], cuts: list[int]) -> None:
    data = b"".join(part for part, _ in sent)
    assert parse(split(data, cuts)) == [found for _, found in sent if found is not None]


def test_a_byte_at_a_time_is_enough() -> None:
    data = HEARTBEAT + event(b'{"a":1}') + HEARTBEAT + position("abc")
    assert parse(data[at : at + 1] for at in range(len(data))) == [(None, b'{"a":1}'), ("abc", b"{}")]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=10))
def test_no_bytes_break_the_parser_and_splitting_changes_nothing(data: bytes, cuts: list[int]) -> None:
    assert parse(split(data, cuts)) == parse([data])


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda one: type(one).__name__)
def test_every_message_fits_into_one_event(message: Message) -> None:
    data = encode(message)
    assert parse([event(data)]) == [(None, data)]


def test_heartbeats_are_comments_and_no_events() -> None:
    assert parse([HEARTBEAT * 1_000]) == []


def test_an_event_that_is_not_complete_waits() -> None:
    parser = EventParser()
    assert list(parser.feed(b"data: 1\n")) == []
    assert list(parser.feed(b"\ndata: 2")) == [(None, b"1")]
    assert list(parser.feed(b"\n\n")) == [(None, b"2")]


@pytest.mark.parametrize(
    ("block", "found"),
    [
        (b"data:1\n\n", [(None, b"1")]),
        (b"data:  1\n\n", [(None, b" 1")]),
        (b"data\n\n", [(None, b"")]),
        (b"id: x\n\n", []),
        (b"event: note\nretry: 1\n: comment\ndata: 1\n\n", [(None, b"1")]),
        (b"id: \xff\ndata: 1\n\n", [("\ufffd", b"1")]),
        (b"\n\n", []),
        (b"data: a:b\n\n", [(None, b"a:b")]),
    ],
)
def test_fields_of_the_standard(block: bytes, found: list[Event]) -> None:
    assert parse([block]) == found


LARGEST = b"data: " + b"x" * (MAX_EVENT - 6)


@pytest.mark.parametrize("size", [1 << 16, 1 << 20, MAX_EVENT * 2])
def test_the_largest_event_is_read_in_parts_of_any_size(size: int) -> None:
    data = LARGEST + b"\n\n" + event(b"after")
    found = parse(data[at : at + size] for at in range(0, len(data), size))
    assert [len(part) for _, part in found] == [MAX_EVENT - 6, 5]


@pytest.mark.parametrize("size", [1 << 20, MAX_EVENT * 2])
@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"], ids=["endless", "half ended", "ended"])
def test_a_larger_event_is_refused_whether_or_not_it_ends(size: int, end: bytes) -> None:
    data = LARGEST + b"xx" + end
    with pytest.raises(Malformed, match="at most"):
        parse(data[at : at + size] for at in range(0, len(data), size))


def test_events_before_a_larger_one_are_still_given() -> None:
    events = EventParser().feed(event(b"1") + event(b"2") + LARGEST + b"xx\n\n")
    assert [next(events), next(events)] == [(None, b"1"), (None, b"2")]
    with pytest.raises(Malformed):
        next(events)
