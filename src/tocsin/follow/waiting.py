# SPDX-License-Identifier: Apache-2.0
"""Entries that came and wait for a signed head, or a part, to prove them: bounded in number and in bytes."""

from collections.abc import Mapping

from tocsin.errors import Malformed
from tocsin.wire.messages import Entry

MAX_PENDING = 200_000
"""Entries that may wait for a proof; a hub that sends more without proving any is refused. A hub that catches a reader
up sends a part after each few thousand; a wave of bulk imports may be longer."""
MAX_PENDING_BYTES = 256 * 1024 * 1024
"""The same in bytes as they came."""


class Waiting:
    """What waits on one connection."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[int, Entry]] = {}
        self._bytes: dict[str, int] = {}
        """Of each stream since none of it waited."""
        self._count = self._size = 0
        """Of all streams: looked at for each entry, so they are kept and not summed up."""

    def add(self, entry: Entry, size: int) -> None:
        """One more, which came as so many bytes; Malformed when it is one too many."""
        of_stream = self._entries.setdefault(entry.stream, {})
        self._count += entry.seq not in of_stream
        self._size += size
        of_stream[entry.seq] = entry
        self._bytes[entry.stream] = self._bytes.get(entry.stream, 0) + size
        if self._count > MAX_PENDING:
            raise Malformed(f"More than {MAX_PENDING} entries came without a signed head that covers them.")
        if self._size > MAX_PENDING_BYTES:
            raise Malformed(
                f"More than {MAX_PENDING_BYTES} bytes came without a signed head that covers them."
            )

    def of(self, stream: str) -> Mapping[int, Entry]:
        """Those of one stream, by their places."""
        return self._entries.get(stream, {})

    def let_go(self, stream: str, size: int) -> None:
        """The first so many entries of a stream wait no longer."""
        waiting = self._entries.pop(stream, {})
        left = {seq: entry for seq, entry in waiting.items() if seq >= size}
        self._count -= len(waiting) - len(left)
        if left:
            self._entries[stream] = left
        else:
            self._size -= self._bytes.pop(stream, 0)
