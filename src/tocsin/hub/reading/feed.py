# SPDX-License-Identifier: Apache-2.0
"""What edges are sent: every stream, as readers get it, and in an order in which nothing overtakes who may read it.

1. One look at the store, twice a second and after each wave, shows every stream and every edge as of one moment.
2. Of what is new, the directory goes first, then the rosters, then the rest: no entry reaches an edge before the
   suspension that came before it.
3. The heads that prove it follow once they are signed, all of one note, and then a position: the edge is whole up to
   there.

Bodies go whatever they may be read for, as the edge asks who reads; origins never do, nor what is under embargo, which
is in no stream yet. An edge is told by the silence that its hub is gone, so something comes every second.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

import msgspec

from tocsin.domain.audience import DIRECTORY
from tocsin.errors import TooMany, Unauthenticated
from tocsin.hub.door import Door, RequestHead
from tocsin.hub.epochs import restarts
from tocsin.hub.exchange import Exchange
from tocsin.hub.heads.noting import Noting, Stand
from tocsin.hub.heads.proving import prove_beginning
from tocsin.hub.readable import PAGE, delivered, stored
from tocsin.hub.reading.backlog import PART
from tocsin.hub.streams import ClosedHead, StreamHead, closed_streams
from tocsin.hub.verbs.edges import EdgeRow, edge_by_id, edge_rows
from tocsin.hub.views.rosters import ROSTERS
from tocsin.proof.httpsig import SignatureClaim
from tocsin.storage.store import Store
from tocsin.wire.edges import PARTLY, Chart, MapHead, Replicate
from tocsin.wire.messages import Head, Part, Welcome, encode
from tocsin.wire.sse import HEARTBEAT, event, position

log = logging.getLogger("tocsin.hub")

HEARTBEAT_SECONDS = 1.0
_CONNECTIONS = 2
"""Of one edge: another may be open whose end was not heard of yet."""


class Look(msgspec.Struct, frozen=True):
    """The store at one moment."""

    heads: tuple[StreamHead, ...]
    """By number."""
    closed: tuple[ClosedHead, ...]
    epoch: int
    edges: frozenset[EdgeRow]


class Feed:
    """All edges of one hub process. Used from the event loop only."""

    def __init__(self, hub: Exchange, reader: Store, noting: Noting, door: Door) -> None:
        self._hub = hub
        self._reader = reader
        self._noting = noting
        self._door = door
        self._look = Look((), (), 0, frozenset())
        self._turn = asyncio.Event()
        """Set when there is something to look at, and then replaced: each connection waits for the next one."""
        self._open: list[str] = []

    def authenticate(self, request: RequestHead, claim: SignatureClaim) -> EdgeRow:
        """The edge that signed the request; Unauthenticated for one that was never admitted, or was revoked."""
        with self._reader.reading("which edge asks") as tx:
            row = edge_by_id(tx, claim.keyid)
        if row is None or row.signing_key is None:
            raise Unauthenticated(
                "This hub has no such edge: it was revoked, or the hub was restored from a backup.",
                next_step="Make a new edge: tocsin hub edge at the hub, then tocsin hub follow.",
            )
        self._door.check(claim, row.signing_key, request)
        return row

    def moved(self) -> None:
        """A round of the hub is over: every edge looks for what it was not sent yet."""
        if not self._open:
            return
        try:
            self._look_again()
        except Exception:  # as a round of `Following`: the next one starts from the store
            log.exception("edges could not be served")

    def follow(self, edge: EdgeRow, ask: Replicate) -> AsyncIterator[bytes]:
        """The bytes of one connection, for ever; TooMany when connections of that edge do not end as they should."""
        if self._open.count(edge.id) >= _CONNECTIONS:
            raise TooMany(f"{_CONNECTIONS} connections of one edge are served at once.")
        return self._connection(edge, dict(enumerate(ask.sizes)))

    def close(self) -> None:
        """End every connection: the process stops."""
        self._look = Look((), (), 0, frozenset())
        self._turn.set()

    async def _connection(self, edge: EdgeRow, sent: dict[int, int]) -> AsyncIterator[bytes]:
        self._open.append(edge.id)
        try:
            self._look_again()
            chart, shown = b"", _Shown()
            while edge in self._look.edges:
                look, turn, silent = self._look, self._turn, True
                if chart != (chart := encode(_chart(look))):
                    yield event(chart) + event(encode(self._welcome(look)))
                for head in sorted(look.heads, key=_who_reads_first):
                    async for chunk in self._entries(head, sent):
                        silent = False
                        yield chunk
                    if head.name == DIRECTORY and not shown.place and (proof := self._directory(sent)):
                        yield event(encode(proof))
                if proofs := shown.heads(self._noting, sent):
                    silent = False
                    for proof in proofs:
                        yield event(encode(proof))
                    yield position(shown.place)
                if silent:
                    yield HEARTBEAT
                with suppress(TimeoutError):
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await turn.wait()
        finally:
            self._open.remove(edge.id)

    async def _entries(self, head: StreamHead, sent: dict[int, int]) -> AsyncIterator[bytes]:
        """What of a stream was not sent yet."""
        since = sent.get(head.number, 0)
        for seq in range(since, head.size, PAGE):
            with self._reader.reading("page for an edge") as tx:
                rows = stored(tx, head.number, seq, min(PAGE, head.size - seq))
            yield b"".join(event(encode(delivered(head.name, row))) for row in rows)
            sent[head.number] = min(seq + PAGE, head.size)
            if sent[head.number] - since >= PART and (part := self._part(head, sent[head.number])):
                since = sent[head.number]
                yield event(encode(part))
            await asyncio.sleep(0)

    def _directory(self, sent: Mapping[int, int]) -> Head | None:
        """The directory's head as soon as it is covered: without it parts of other streams prove nothing."""
        row = self._noting.stand.streams.get(DIRECTORY)
        covered = row is not None and row.noted_size <= sent.get(row.number, 0)
        return self._noting.stand.proof(row) if row is not None and covered else None

    def _part(self, head: StreamHead, size: int) -> Part | None:
        """That what was sent of a stream is its beginning; None when its signed head counts no more than that."""
        stand = self._noting.stand
        row = stand.streams.get(head.name)
        if row is None or row.noted_size <= size or (proof := stand.proof(row)) is None:
            return None
        with self._reader.reading("proof of a part") as tx:
            path = prove_beginning(tx, head.number, size, row.noted_size)
        return Part(head=proof, size=size, path=path, position=PARTLY)

    def _look_again(self) -> None:
        with self._reader.reading("what edges follow") as tx:
            heads = tx.all("stream_heads", {}, into=StreamHead)
            closed, epoch = tuple(closed_streams(tx)), len(restarts(tx))
            self._look = Look(tuple(heads), closed, epoch, frozenset(edge_rows(tx)))
        self._turn.set()
        self._turn = asyncio.Event()

    def _welcome(self, look: Look) -> Welcome:
        streams = tuple(head.name for head in look.heads)
        return Welcome(hub=self._hub.identity.id, streams=streams, epoch=look.epoch)


class _Shown:
    """Which heads one edge was shown."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}
        self._note = ""
        self.place = ""
        """The position that closes what was shown last: the size of the log."""

    def heads(self, noting: Noting, sent: Mapping[int, int]) -> list[Head]:
        """What is news of the newest note, all of it, once every entry that it covers was sent; else nothing."""
        stand = noting.stand
        if stand.note == self._note or stand.signed is None or noting.holds_back or not _covered(stand, sent):
            return []
        moved = [name for name, row in stand.streams.items() if row.noted_size != self._sizes.get(name)]
        # The partner may only have co-signed the note that was shown: then one head carries it.
        names = sorted(moved or [DIRECTORY], key=_directory_first)
        self._sizes |= {name: stand.streams[name].noted_size for name in moved}
        self._note, self.place = stand.note, str(stand.signed.log.size)
        return [proof for name in names if (proof := stand.proof(stand.streams[name]))]


def _covered(stand: Stand, sent: Mapping[int, int]) -> bool:
    return all(row.noted_size <= sent.get(row.number, 0) for row in stand.streams.values())


def _chart(look: Look) -> Chart:
    return Chart(
        streams=tuple(head.name for head in look.heads),
        closed=tuple(MapHead(row.key, row.size, row.root) for row in look.closed),
    )


def _who_reads_first(head: StreamHead) -> tuple[bool, bool, int]:
    """Directory, rosters, everything else."""
    return head.name != DIRECTORY, head.name != ROSTERS, head.number


def _directory_first(name: str) -> tuple[bool, str]:
    return name != DIRECTORY, name
