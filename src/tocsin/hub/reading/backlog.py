# SPDX-License-Identifier: Apache-2.0
"""Catching a reader up on any length of history: parts of a few thousand entries, each of which proves itself.

A part is entries and one message: the newest signed head, and a proof that its tree begins with the tree over what the
reader has then. The reader keeps it and goes on from there, whatever becomes of the connection. Meanwhile nothing
waits for it in a queue; when every stream lacks less than one part, it takes its place among those who follow.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping

from tocsin.domain.audience import DIRECTORY
from tocsin.domain.release import Viewer
from tocsin.hub.heads.proving import prove_beginning
from tocsin.hub.readable import page
from tocsin.hub.serving import Heads, Serving
from tocsin.hub.streams import StreamHead
from tocsin.storage.store import Store
from tocsin.wire.cursor import Cursor, encode_cursor
from tocsin.wire.messages import Head, Part, encode
from tocsin.wire.sse import event

PART = 4_000
"""Entries of one part; less is not worth one, more would be lost with a broken connection."""
PART_BYTES = 8 * 1024 * 1024
"""The same in bytes as sent: with one entry more, what a reader must hold that cannot prove it yet."""
_MOMENT_SECONDS = 0.05
"""How long to wait for a head that the partner is being asked to co-sign; it is not held back for longer than
`noting.PATIENCE_SECONDS`."""


class Backlog:
    """What readers are behind with. Used from the event loop only."""

    def __init__(self, hub: Serving, reader: Store, noting: Heads) -> None:
        self._hub = hub
        self._reader = reader
        self._noting = noting

    async def parts(
        self, viewer: Viewer, streams: Mapping[str, StreamHead], at: dict[int, int], epoch: int
    ) -> AsyncIterator[bytes]:
        """Part after part until no stream lacks as much as one; `at` is where the reader is, and moves on with it."""
        while (stream := self._urgent(streams, at)) is not None:
            head = self._noting.prove(stream.name)
            if head is None:
                await asyncio.sleep(_MOMENT_SECONDS)
                continue
            before, stop = at[stream.number], min(at[stream.number] + PART, head.size)
            async for chunk in self.stretch(viewer, stream, at, stop, head, epoch, to_the_end=True):
                yield chunk
            if at[stream.number] == before:
                return  # it may not read this stream any more, and is about to be cut

    async def stretch(
        self,
        viewer: Viewer,
        stream: StreamHead,
        at: dict[int, int],
        stop: int,
        head: Head | None,
        epoch: int,
        *,
        to_the_end: bool = False,
    ) -> AsyncIterator[bytes]:
        """A stream's entries up to `stop`; with a head, a part whenever so much came, and at its end if wanted.

        `at` moves on with each part.
        """
        seq = since = at.get(stream.number, 0)
        size = 0
        while seq < stop:
            chunk, count = self._page(viewer, stream, seq, stop)
            if not count:
                return
            seq, size = seq + count, size + len(chunk)
            yield chunk
            await asyncio.sleep(0)
            due = seq - since >= PART or size >= PART_BYTES or seq == stop
            if head is not None and due and (seq < head.size or (to_the_end and seq == head.size)):
                at[stream.number], since, size = seq, seq, 0
                yield event(encode(self._part(head, stream.number, at, epoch)))

    def _urgent(self, streams: Mapping[str, StreamHead], at: Mapping[int, int]) -> StreamHead | None:
        """Which stream the next part is of; None when none lacks as much as one.

        The directory comes first and is completed: by it the keys are known that sign the others' heads. Then whatever
        lacks least, so that a warning does not wait behind a million reports.
        """
        noted = self._noting.stand.streams
        behind = {
            name: noted[name].noted_size - at[stream.number]
            for name, stream in streams.items()
            if name in noted and noted[name].noted_size > at[stream.number]
        }
        if max(behind.values(), default=0) <= PART:
            return None
        return streams[
            DIRECTORY if DIRECTORY in behind else min(behind, key=lambda name: (behind[name], name))
        ]

    def _page(self, viewer: Viewer, stream: StreamHead, start: int, stop: int) -> tuple[bytes, int]:
        """The events of the next entries, and how many there are; at most one page."""
        with self._reader.reading("page of a stream") as tx:
            entries = page(tx, viewer, stream, start, self._hub.clock.now())
        events: list[bytes] = []
        size = 0
        for entry in entries:
            if entry.seq >= stop or size >= PART_BYTES:
                break
            events.append(event(encode(entry)))
            size += len(events[-1])
        return b"".join(events), len(events)

    def _part(self, head: Head, number: int, at: Mapping[int, int], epoch: int) -> Part:
        identity, size = self._hub.identity, at[number]
        with self._reader.reading("proof of a part") as tx:
            path = prove_beginning(tx, number, size, head.size)
        cursor = Cursor(epoch, tuple(sorted(at.items())))
        position = encode_cursor(cursor, identity.id, identity.cursor_key)
        return Part(head=head, size=size, path=path, position=position)
