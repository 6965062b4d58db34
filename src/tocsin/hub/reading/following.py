# SPDX-License-Identifier: Apache-2.0
"""Serving the streams: catching a reader up from its cursor, then everything as it happens.

Entries go out together with the head that proves them, which is signed and, where a partner is declared, witnessed
first; a partner that lets them wait is waited for a moment only, and the head follows. A reader's cursor only ever
covers what a head has proved, so nothing unproven is skipped on reconnect. What arrives during one round goes out
together in the next: see docs/adr/0026.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial

import msgspec

from tocsin.domain.audience import DIRECTORY
from tocsin.domain.party import Party, Standing
from tocsin.domain.release import Viewer
from tocsin.errors import CursorExpired, TooMany, Unauthenticated
from tocsin.hub.epochs import positions, restarts
from tocsin.hub.readable import PAGE, heads_of, page, sight, streams_of, viewer_of, viewers
from tocsin.hub.reading.backlog import Backlog
from tocsin.hub.reading.fanout import Fanout, Subscriber
from tocsin.hub.serving import Heads, Serving
from tocsin.hub.streams import StreamHead
from tocsin.hub.views.rosters import ROSTERS
from tocsin.storage.store import Store, Transaction
from tocsin.web.pipe import Pipe
from tocsin.wire.ceremony import Restoring
from tocsin.wire.cursor import Cursor, decode_cursor, encode_cursor
from tocsin.wire.messages import Health, Welcome, encode
from tocsin.wire.sse import HEARTBEAT, event, position

log = logging.getLogger("tocsin.hub")

_ROUND_SECONDS = 0.4
"""Look at the store at least this often: another process of this hub may have written, or suspended somebody, who is
then cut within a second."""

_ROUNDS_WAITED = 5
"""Half rounds in which a stream's first head is waited for: a closed stream has none until a reader brings its end."""

_AT_ONCE = 64 * 1024
"""Bytes that are sent together to a reader who catches up: a dozen small events cost it one turn, not a dozen."""

Offer = Callable[[str, frozenset[str]], Restoring | None]


MAX_STREAMS = 8
"""Connections of one party: an agent has one, and another that its end was not yet heard of. The oldest gives way."""


class _Alike(msgspec.Struct, frozen=True):
    """What readers have in common who are told the same."""

    streams: frozenset[str]
    """Those of their streams that have a head."""
    sights: tuple[tuple[str, Hashable], ...]
    """Their streams with new entries, and what of them they may read."""


class Following:
    """All reading of one hub process. Used from the event loop only."""

    def __init__(
        self, hub: Serving, reader: Store, noting: Heads, heartbeat_seconds: float, offer: Offer
    ) -> None:
        """`offer` says what a reader may hand in, after a restore that left streams closed."""
        self._hub = hub
        self._reader = reader
        self._noting = noting
        self._heartbeat_seconds = heartbeat_seconds
        self._fanout = Fanout()
        self._backlog = Backlog(hub, reader, noting)
        self._viewers: dict[Subscriber, Viewer] = {}
        """Who is behind each open connection, as it stood when it was opened or last looked at."""
        self._of_party: dict[str, list[Subscriber]] = {}
        self._looked: dict[str, StreamHead] = {}
        """Each stream as it stood when it was last looked at."""
        self._sent: dict[str, StreamHead] = {}
        """Each stream as far as its entries were sent."""
        with reader.reading("restarts") as tx:
            self._restarts = restarts(tx)
        self._offer = offer
        self.after_round: Callable[[], None] = lambda: None
        """Called when entries or heads may have become known; whoever serves edges sets it."""
        self._wake = asyncio.Event()
        self._news: frozenset[str] = frozenset()
        """Streams whose newest head was not sent yet."""
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to send; what was left unsigned by a crash is signed first."""
        heads = self._look()
        self._sent = {head.name: head for head in heads}
        await self._noting.note(heads)
        work = (self._send(), self._beat())
        self._tasks = [asyncio.create_task(each) for each in work]

    def end_connections(self) -> None:
        """Let every reader go: it comes back with its cursor."""
        self._fanout.close()

    async def stop(self) -> None:
        """End every connection and all tasks."""
        self.end_connections()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._noting.stop()

    def committed(self) -> None:
        """Something became durable: look."""
        self._wake.set()

    def health(self) -> Health:
        """Ready, and how the newest head is signed."""
        return Health(ready=bool(self._tasks), witness=self._noting.stand.witness)

    @property
    def connections(self) -> int:
        """Readers that are connected to this process."""
        return len(self._fanout)

    def follow(self, party: Party, cursor_text: str | None, pipe: Pipe | None = None) -> AsyncIterator[bytes]:
        """The bytes of one connection, from the cursor on, for ever; with a pipe, to where that takes the rest.

        CursorExpired for a cursor of another history, TooMany when connections of the party do not end as they should.
        """
        if len(self._of_party.get(party.id, ())) >= 2 * MAX_STREAMS:
            raise TooMany(f"{MAX_STREAMS} connections of one party are served at once.")
        return self._connection(party, self._positions(cursor_text), pipe)

    async def _connection(
        self, party: Party, start: Mapping[int, int], pipe: Pipe | None
    ) -> AsyncIterator[bytes]:
        viewer = self._viewer(party.id)
        if viewer.party != party or party.standing is not Standing.ACTIVE:
            return  # it changed since it was admitted: nobody would cut it any more
        subscriber = self._fanout.join()
        self._viewers[subscriber] = viewer
        self._give_way(party.id, subscriber)
        leave = partial(self._leave, party.id, subscriber)
        said = b""
        try:
            async for chunk in self._everything(subscriber, viewer, start):
                if subscriber not in self._viewers:
                    return
                said += chunk
                if len(said) >= _AT_ONCE:
                    yield said
                    said = b""
            if said:
                yield said
            async for chunk in subscriber.chunks(pipe, leave):
                yield chunk
        finally:
            if not subscriber.piped:
                leave()

    def _leave(self, party: str, subscriber: Subscriber) -> None:
        """Forget a connection that ended."""
        self._viewers.pop(subscriber, None)
        self._fanout.leave(subscriber)
        held = self._of_party[party]
        held.remove(subscriber)
        if not held:
            del self._of_party[party]

    async def _everything(
        self, subscriber: Subscriber, viewer: Viewer, start: Mapping[int, int]
    ) -> AsyncIterator[bytes]:
        """Everything that there is for one reader; then it is among those who are told what happens."""
        self._noting.look()  # another process may have shown it more: an older head would look like a lie
        names = streams_of(viewer, self._hub.clock.now())
        streams = tuple(sorted(names))
        yield event(encode(Welcome(hub=self._hub.identity.id, streams=streams, epoch=self._epoch)))
        if offer := self._offer(viewer.party.id, names):
            yield event(encode(offer))
        heads = {head.name: head for head in await self._with_heads(names)}
        at = {head.number: start.get(head.number, 0) for head in heads.values()}
        async for chunk in self._backlog.parts(viewer, heads, at, self._epoch):
            yield chunk
        # Joining, and seeing what stands, are one moment: what happens from then on waits in the queue, so that no
        # head and no cursor is sent ahead of the entries that it covers. At worst an entry is sent twice.
        self._fanout.listen(subscriber, names)
        async for chunk in self._rest(subscriber, viewer, at):
            yield chunk

    async def _with_heads(self, names: frozenset[str]) -> list[StreamHead]:
        """Streams as they stand. One without a head gets it in the next round, which is waited for, but not for ever:
        whoever holds entries of it, as after an abandonment, would take a closing event without that head for a lie.
        """
        for _ in range(_ROUNDS_WAITED):
            heads = self._heads(names)
            if all(not head.size or self._noting.has_head(head.name) for head in heads):
                break
            await asyncio.sleep(_ROUND_SECONDS / 2)
        return heads

    async def _rest(self, subscriber: Subscriber, viewer: Viewer, at: dict[int, int]) -> AsyncIterator[bytes]:
        """What is left when no stream lacks as much as a part: each stream with its head, as they stand now."""
        heads = self._heads(subscriber.streams)
        proofs = {head.name: self._noting.prove(head.name) for head in heads}
        # A head that is held back is to come, and a closing event with it.
        all_shown = all(proofs[head.name] or not self._noting.has_head(head.name) for head in heads)
        closing = self._closing(subscriber.streams) if all_shown else b""
        for head in heads:
            proved = proofs[head.name]
            async for chunk in self._backlog.stretch(viewer, head, at, head.size, proved, self._epoch):
                yield chunk
            if proved:
                at[head.number] = proved.size
                yield event(encode(proved))
        if closing:
            yield closing

    def _give_way(self, party: str, newest: Subscriber) -> None:
        """End the oldest connections of a party that has too many."""
        held = self._of_party.setdefault(party, [])
        held.append(newest)
        for oldest in held[:-MAX_STREAMS]:
            self._viewers.pop(oldest, None)
            oldest.close()

    def _viewer(self, party: str) -> Viewer:
        with self._reader.reading("who reads") as tx:
            found = viewer_of(tx, party)
        if found is None:
            raise Unauthenticated("The directory knows no such party.")
        return found

    @property
    def _epoch(self) -> int:
        return len(self._restarts)

    def _positions(self, cursor_text: str | None) -> Mapping[int, int]:
        if not cursor_text:
            return {}
        cursor = decode_cursor(cursor_text, self._hub.identity.id, self._hub.identity.cursor_key)
        if cursor.epoch > self._epoch:
            raise CursorExpired("It is of a later history than this hub's.")
        return positions(cursor, self._restarts)

    def _closing(self, names: frozenset[str]) -> bytes:
        """The event that moves a reader's cursor, in these streams, to what the newest signed head covers."""
        identity, streams = self._hub.identity, self._noting.stand.streams
        rows = [streams[name] for name in names if name in streams]
        read = sorted((row.number, row.noted_size) for row in rows)
        return position(encode_cursor(Cursor(self._epoch, tuple(read)), identity.id, identity.cursor_key))

    def _heads(self, names: frozenset[str]) -> list[StreamHead]:
        """These streams as far as they must be caught up with: whoever listens is sent what came after the last look.

        Only what another process has signed since is asked of the store. A crowd that comes back asks this of every
        stream of every reader, and each question would keep all of them waiting.
        """
        found = {name: head for name in names if (head := self._looked.get(name))}
        if ahead := self._ahead(names, found):
            with self._reader.reading("stream heads") as tx:
                found |= {head.name: head for head in heads_of(tx, ahead)}
        return sorted(found.values(), key=lambda head: head.number)

    def _ahead(self, names: Iterable[str], heads: Mapping[str, StreamHead]) -> list[str]:
        """Which of these streams have a signed head that counts more than is known here: another process signed it."""
        signed = self._noting.stand.streams
        seen = {name: heads[name].size if name in heads else 0 for name in names if name in signed}
        return [name for name, size in seen.items() if signed[name].noted_size > size]

    async def _beat(self) -> None:
        """A line to everybody now and then, so that proxies keep idle streams open."""
        while True:
            await asyncio.sleep(self._heartbeat_seconds)
            self._fanout.send_all(HEARTBEAT)

    async def _send(self) -> None:
        """Round after round: what is new is signed, and goes out with the heads that prove it."""
        while True:
            await _wait(self._wake)
            try:
                looked = self._look()
                self._news |= await self._noting.note(looked)
                if self._noting.behind:
                    self._wake.set()
                self._publish(looked)
            except Exception:  # one failed round must not end the service: the next one starts from the store
                log.exception("what is new could not be sent")
            self.after_round()

    def _look(self) -> list[StreamHead]:
        """Every stream as it stands, once whoever may no longer read as it does is cut."""
        with self._reader.reading("look") as tx:
            heads = tx.all("stream_heads", {}, into=StreamHead)
            self._cut_changed(tx, heads)
        self._looked = {head.name: head for head in heads}
        return heads

    def _publish(self, looked: list[StreamHead]) -> None:
        """Send entries and heads that are new, made once for all who read alike.

        Streams are as they were `looked` at, thousands of them; but time has passed, and no head and no cursor may be
        ahead of the entries that it covers. So what another process has signed since is looked at again, and so is
        what says who may read.
        """
        standing = {head.name: head for head in looked}
        with self._reader.reading("wave") as tx:
            again = heads_of(tx, {DIRECTORY, ROSTERS, *self._ahead(self._noting.stand.streams, standing)})
            self._cut_changed(tx, again)
            standing |= {head.name: head for head in again}
            fresh = {name: head for name, head in standing.items() if head.size > self._sent_size(head)}
            heads = {
                name: event(encode(head))
                for name in sorted(self._news, key=_directory_first)
                if self._fanout.readers(name) and (head := self._noting.prove(name))
            }
            pages: dict[Hashable, list[bytes]] = {}
            for alike, readers in self._alike(fresh, {**fresh, **heads}).items():
                chunks: list[bytes] = []
                for name, seen in alike.sights:
                    if (name, seen) not in pages:
                        pages[name, seen] = self._pages(tx, self._viewers[readers[0]], fresh[name])
                    chunks += pages[name, seen]
                if proofs := [head for name, head in heads.items() if name in alike.streams]:
                    chunks += [*proofs, self._closing(alike.streams)]
                for piece in _pieces(chunks):
                    self._fanout.send(readers, piece)
        self._sent |= fresh
        self._news = frozenset()

    def _alike(self, fresh: Collection[str], told: Collection[str]) -> dict[_Alike, list[Subscriber]]:
        """Whoever is told something in one of the streams `told`, with all who are told the same."""
        found: dict[_Alike, list[Subscriber]] = {}
        known = frozenset(self._noting.stand.streams)
        for subscriber in dict.fromkeys(one for name in told for one in self._fanout.readers(name)):
            if viewer := self._viewers.get(subscriber):
                sights = tuple((name, sight(viewer, name)) for name in fresh if name in subscriber.streams)
                found.setdefault(_Alike(known & subscriber.streams, sights), []).append(subscriber)
        return found

    def _pages(self, tx: Transaction, viewer: Viewer, head: StreamHead) -> list[bytes]:
        """The events of what is new in one stream, as that viewer may read them."""
        now, pages = self._hub.clock.now(), []
        for start in range(self._sent_size(head), head.size, PAGE):
            entries = page(tx, viewer, head, start, now)
            pages.append(b"".join(event(encode(entry)) for entry in entries if entry.seq < head.size))
        return pages

    def _cut_changed(self, tx: Transaction, heads: Iterable[StreamHead]) -> None:
        """End the connections of parties whose standing or groups changed; they come back to what they may read now."""
        if not any(head.size > self._sent_size(head) for head in heads if head.name in (DIRECTORY, ROSTERS)):
            return
        standing = viewers(tx)
        for subscriber, viewer in list(self._viewers.items()):
            if standing.get(viewer.party.id) != viewer:
                del self._viewers[subscriber]
                subscriber.close()

    def cut(self, party: str) -> None:
        """End the connections of one party: something about it is on its way."""
        for subscriber, viewer in list(self._viewers.items()):
            if viewer.party.id == party:
                del self._viewers[subscriber]
                subscriber.close()

    def is_behind(self, cursor_text: str | None) -> bool:
        """Whether the reader with this cursor has seen more than the newest head here covers."""
        known = {row.number: row.noted_size for row in self._noting.stand.streams.values()}
        return any(read > known.get(number, 0) for number, read in self._positions(cursor_text).items())

    def _sent_size(self, head: StreamHead) -> int:
        sent = self._sent.get(head.name)
        return sent.size if sent else 0


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, what is small sent together."""
    held = b""
    for chunk in chunks:
        held += chunk
        if len(held) >= _AT_ONCE:
            yield held
            held = b""
    if held:
        yield held


def _directory_first(name: str) -> tuple[bool, str]:
    """Keys and standing come before what they decide about."""
    return name != DIRECTORY, name


async def _wait(wake: asyncio.Event) -> None:
    """Until woken, or until it is time to look anyway."""
    with suppress(TimeoutError):
        # not wait_for: before Python 3.12 it can lose a cancellation
        async with asyncio.timeout(_ROUND_SECONDS):
            await wake.wait()
    wake.clear()
