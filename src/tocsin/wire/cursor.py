# SPDX-License-Identifier: Apache-2.0
"""The one cursor codec: SSE ``Last-Event-ID``, feeds, and later TAXII ``next`` and federation.

A cursor says how far a reader is in each of its streams. It is opaque, authenticated, and at most 512 characters::

    base64url( version:1 ‖ epoch:4 ‖ count:1 ‖ count × (stream number ‖ entries read) ‖ filter digest:4 ‖ MAC:16 )

Numbers are LEB128 varints: 32 streams of 100 million entries each still fit. The MAC key is the hub's, which its edges
have too, and covers the hub's name, so a cursor of another hub or another history is `CursorExpired`, never page one
by mistake.
"""

import base64
import hmac

import msgspec

from tocsin.errors import CursorExpired, Malformed

MAX_STREAMS = 32
MAX_TEXT = 512
_VERSION = 1
_MAC = 16
_NO_FILTER = bytes(4)


class Cursor(msgspec.Struct, frozen=True):
    """For each stream number the count of entries already read, that is, the next seq to read."""

    epoch: int
    """Changes when the hub's log was restarted from a backup."""
    read: tuple[tuple[int, int], ...]
    """(stream number, entries read), sorted by number."""
    filter_digest: bytes = _NO_FILTER


def encode_cursor(cursor: Cursor, hub: str, key: bytes) -> str:
    """The opaque text; `key` is the hub's cursor key, 32 bytes."""
    assert len(cursor.filter_digest) == len(_NO_FILTER)
    if len(cursor.read) > MAX_STREAMS:
        raise Malformed(f"A reader follows at most {MAX_STREAMS} streams.")
    parts = [bytes([_VERSION]), cursor.epoch.to_bytes(4), bytes([len(cursor.read)])]
    for number, seq in cursor.read:
        parts += [_varint(number), _varint(seq)]
    payload = b"".join([*parts, cursor.filter_digest])
    return _text(payload + _mac(payload, hub, key))


def decode_cursor(text: str, hub: str, key: bytes) -> Cursor:
    """Read a cursor of this hub; CursorExpired for anything else."""
    if len(text) > MAX_TEXT:
        raise CursorExpired(f"A cursor has at most {MAX_TEXT} characters.")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise CursorExpired("It is not a cursor of this hub.") from None
    if _text(data) != text:
        raise CursorExpired("It is not a cursor in its one spelling.")
    payload, mac = data[:-_MAC], data[-_MAC:]
    if len(payload) < 10 or payload[0] != _VERSION or not hmac.compare_digest(mac, _mac(payload, hub, key)):
        raise CursorExpired("It is not a cursor of this hub.")
    read, at = [], 6
    try:
        for _ in range(payload[5]):
            number, at = _read_varint(payload, at)
            seq, at = _read_varint(payload, at)
            read.append((number, seq))
    except IndexError:  # edges hold the key too: what it authenticates need not be ours
        raise CursorExpired("It is not a cursor of this hub.") from None
    return Cursor(epoch=int.from_bytes(payload[1:5]), read=tuple(read), filter_digest=payload[at : at + 4])


def _text(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _mac(payload: bytes, hub: str, key: bytes) -> bytes:
    return hmac.digest(key, b"tocsin/cursor/v1" + hub.encode() + b"\0" + payload, "sha256")[:_MAC]


def _varint(number: int) -> bytes:
    """LEB128: seven bits a byte, least significant first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at that place and the place after it; IndexError where it has no end."""
    number = shift = 0
    while data[at] & 0x80:
        number |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return number | data[at] << shift, at + 1
