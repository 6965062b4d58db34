# SPDX-License-Identifier: Apache-2.0
"""A cursor is opaque, small, authenticated, and has one spelling; anything else starts again without one."""

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import CursorExpired, Malformed
from tocsin.wire.cursor import MAX_STREAMS, MAX_TEXT, Cursor, _mac, _text, decode_cursor, encode_cursor

HUB, KEY = "hub.example", b"k" * 32
CURSORS = st.builds(
    Cursor,
    epoch=st.integers(0, 2**32 - 1),
    read=st.dictionaries(st.integers(0, 2**32 - 1), st.integers(0, 2**40), max_size=MAX_STREAMS).map(
        lambda read: tuple(sorted(read.items()))
    ),
    filter_digest=st.binary(min_size=4, max_size=4),
)
SOME = encode_cursor(Cursor(7, ((0, 300), (5, 128))), HUB, KEY)


@given(CURSORS, st.text(max_size=40), st.binary(min_size=32, max_size=32))
def test_a_cursor_reads_back_as_it_was_written(cursor: Cursor, hub: str, key: bytes) -> None:
    try:
        hub.encode()
    except UnicodeEncodeError:
        return
    assert decode_cursor(encode_cursor(cursor, hub, key), hub, key) == cursor


def test_the_largest_cursor_fits_into_its_bound() -> None:
    largest = Cursor(2**32 - 1, tuple((2**32 - 1 - number, 100_000_000) for number in range(MAX_STREAMS)))
    text = encode_cursor(largest, HUB, KEY)
    assert len(text) <= MAX_TEXT
    assert decode_cursor(text, HUB, KEY) == largest


def test_a_cursor_is_safe_in_a_header_and_in_a_url() -> None:
    assert set(SOME) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_more_streams_than_a_reader_follows_are_refused() -> None:
    with pytest.raises(Malformed, match="32 streams"):
        encode_cursor(Cursor(0, tuple((number, 0) for number in range(33))), HUB, KEY)


@pytest.mark.parametrize("position", range(len(SOME) * 8))
def test_no_bit_can_be_flipped(position: int) -> None:
    changed = bytearray(SOME.encode())
    changed[position // 8] ^= 1 << position % 8
    with pytest.raises(CursorExpired):
        decode_cursor(changed.decode("latin-1"), HUB, KEY)


@pytest.mark.parametrize("length", range(len(SOME)))
def test_a_truncated_cursor_has_expired(length: int) -> None:
    with pytest.raises(CursorExpired):
        decode_cursor(SOME[:length], HUB, KEY)


@pytest.mark.parametrize(
    ("hub", "key"),
    [("other.example", KEY), ("hub.exampl", KEY), ("", KEY), (HUB, b"x" * 32), (HUB, b"")],
)
def test_a_cursor_of_another_hub_or_key_has_expired(hub: str, key: bytes) -> None:
    with pytest.raises(CursorExpired, match="not a cursor of this hub"):
        decode_cursor(SOME, hub, key)


def test_a_later_version_has_expired() -> None:
    later = b"\x02" + base64.urlsafe_b64decode(SOME + "=" * (-len(SOME) % 4))[1:]
    with pytest.raises(CursorExpired):
        decode_cursor(base64.urlsafe_b64encode(later).decode().rstrip("="), HUB, KEY)


@pytest.mark.parametrize(
    "text", ["", "=", "A", "AAAA", SOME + "=", SOME + "A", SOME + "\n", " " + SOME, SOME[:9] + "!" + SOME[9:],
             SOME.replace("A", "Ａ"), "\ud800", "\x00", "A" * MAX_TEXT, "A" * 1_000_000]
)  # fmt: skip
def test_any_other_text_has_expired(text: str) -> None:
    with pytest.raises(CursorExpired):
        decode_cursor(text, HUB, KEY)


@given(st.text(max_size=600))
def test_no_text_makes_another_error(text: str) -> None:
    with pytest.raises(CursorExpired):
        decode_cursor(text, HUB, KEY)


@given(st.binary(max_size=400))
def test_no_bytes_make_another_error(data: bytes) -> None:
    with pytest.raises(CursorExpired):
        decode_cursor(base64.urlsafe_b64encode(data).decode().rstrip("="), HUB, KEY)


@given(st.binary(max_size=60))
def test_what_an_edge_authenticates_is_a_cursor_or_has_expired(rest: bytes) -> None:
    """An edge holds the key: a payload under a good code need not be one that the hub wrote."""
    payload = b"\x01" + rest
    text = _text(payload + _mac(payload, HUB, KEY))
    with suppress(CursorExpired):
        decode_cursor(text, HUB, KEY)
