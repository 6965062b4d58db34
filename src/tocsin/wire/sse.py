# SPDX-License-Identifier: Apache-2.0
"""Server-sent events (WHATWG HTML §9.2): one event is one JSON message on one data line.

Only what Tocsin's own streams need: the data never holds a line break, because JSON escapes them.
"""

from collections.abc import Iterator

from tocsin.errors import Malformed

MEDIA_TYPE = "text/event-stream"
HEARTBEAT = b": \n\n"
MAX_EVENT = 8 * 1024 * 1024
"""Bytes of one event; a reader refuses more."""


def event(data: bytes) -> bytes:
    """One event without an id: it is encoded once and sent to everybody."""
    return b"data: " + data + b"\n\n"


def position(cursor: str) -> bytes:
    """An event that only moves the reader's Last-Event-ID: it closes each wave."""
    return b"id: " + cursor.encode() + b"\ndata: {}\n\n"


class EventParser:
    """Feeds on bytes as they come and gives (id or None, data) for each complete event."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        """Bytes in which no end of an event was found: slow senders cost one search, not one for each part."""

    def feed(self, data: bytes) -> Iterator[tuple[str | None, bytes]]:
        """The events that are complete now; Malformed when one grows beyond its bound."""
        self._buffer += data
        if self._buffer.find(b"\n\n", self._searched) >= 0:
            *blocks, rest = bytes(self._buffer).split(b"\n\n")
            self._buffer = bytearray(rest)
            for block in blocks:
                if len(block) > MAX_EVENT:
                    raise Malformed(f"An event has at most {MAX_EVENT} bytes.")
                if (found := _parse(block)) is not None:
                    yield found
        if len(self._buffer) > MAX_EVENT + 1:
            raise Malformed(f"An event has at most {MAX_EVENT} bytes.")
        self._searched = max(0, len(self._buffer) - 1)


def _parse(block: bytes) -> tuple[str | None, bytes] | None:
    """One block of lines; None for a comment."""
    if block.startswith(b"data: ") and b"\n" not in block:  # as `event` writes it, and almost all are
        return None, block[6:]
    identifier, data = None, None
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        if name == b"data":
            data = value.removeprefix(b" ")
        elif name == b"id":
            identifier = value.removeprefix(b" ").decode("ascii", "replace")
    return None if data is None else (identifier, data)
