# SPDX-License-Identifier: Apache-2.0
"""Following a hub: connect, verify, keep, and start again from where the last signed head left off.

`Follower` knows neither HTTP nor a database. It is given a way to open the stream and a place to keep what was
proved; agents, edges and federated hubs give it theirs. Reconnects wait a random time that grows (full jitter), so
that five thousand agents do not come back in one moment.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from tocsin.clock import Clock, Instant
from tocsin.domain.audience import DIRECTORY
from tocsin.errors import CursorExpired, Malformed, ProofError, RemoteError, TocsinError
from tocsin.follow.verify import StreamState, Trust, VerifiedEntry, prove
from tocsin.ids import Entropy
from tocsin.wire.messages import Entry, Head, Welcome, decode, peek
from tocsin.wire.sse import EventParser

MAX_PENDING = 200_000
"""Entries that may wait for a head; a hub that sends more without proving any is refused."""
_LONGEST_WAIT_SECONDS = 30.0
_FIRST_WAIT_SECONDS = 0.5

Connect = Callable[[str], AbstractAsyncContextManager[AsyncIterator[bytes]]]
"""Opens the stream from a cursor (empty: from the beginning)."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits so many seconds; a test's does not."""


class Keeper(Protocol):
    """Where a follower keeps what was proved."""

    def trust(self) -> Trust:
        """Whose signatures to demand, as the directory stands now."""

    def cursor(self) -> str:
        """Where to go on, or empty."""

    def save_cursor(self, cursor: str) -> None:
        """Remember where to go on."""

    def state(self, stream: str) -> StreamState:
        """How far a stream has proved itself."""

    def keep(
        self, stream: str, state: StreamState, entries: Sequence[VerifiedEntry], witness: str, now: Instant
    ) -> None:
        """Keep verified entries with the head that proved them, all or nothing."""

    def alarm(self, error: TocsinError) -> None:
        """The hub's history does not add up, or it cannot be reached: people must hear of it, in its own words."""


class Follower:
    """One reader of one hub."""

    def __init__(
        self, connect: Connect, keeper: Keeper, clock: Clock, entropy: Entropy, sleep: Sleep
    ) -> None:
        self._sleep = sleep
        self._connect = connect
        self._keeper = keeper
        self._clock = clock
        self._entropy = entropy
        self._pending: dict[str, dict[int, Entry]] = {}
        self._followed: frozenset[str] = frozenset()

    async def run(self, kept: Callable[[], None]) -> None:
        """Follow for ever; `kept` is called whenever something new was proved and kept.

        A hub whose history does not add up is not believed further: the connection ends, people are alarmed, and the
        next one starts from the last head that was good.
        """
        failures = 0
        while True:
            try:
                async with self._connect(self._keeper.cursor()) as chunks:
                    self._pending = {}
                    async for kept_any in self._read(chunks):
                        failures = 0
                        if kept_any:
                            kept()
                failures += 1
            except CursorExpired:
                self._keeper.save_cursor("")
                failures += 1
            except TocsinError as error:
                if not isinstance(error, RemoteError) or failures == 0:
                    self._keeper.alarm(error)
                failures += 1
            await self._sleep(self._wait(failures))

    def _wait(self, failures: int) -> float:
        """Full jitter: a random moment within a span that doubles with each failure."""
        span = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * float(1 << min(failures, 10)))
        return span * int.from_bytes(self._entropy(4)) / 2**32

    async def _read(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bool]:
        """Handle events as they come; True for each head that proved something new."""
        parser = EventParser()
        async for chunk in chunks:
            for cursor, data in parser.feed(chunk):
                if cursor is not None:
                    self._keeper.save_cursor(cursor)
                else:
                    yield self._handle(data)

    def _handle(self, data: bytes) -> bool:
        match peek(data).kind:
            case "entry":
                self._wait_for_head(decode(data, Entry))
            case "head":
                return self._prove(decode(data, Head))
            case "welcome":
                self._followed = frozenset(decode(data, Welcome).streams)
            case _:
                pass  # a newer hub may send kinds that this version does not know: never acted on
        return False

    def _wait_for_head(self, entry: Entry) -> None:
        if entry.stream not in self._followed:
            raise ProofError(
                f"An entry of {entry.stream[:80]!r} came, a stream that the hub had not announced."
            )
        waiting = self._pending.setdefault(entry.stream, {})
        waiting[entry.seq] = entry
        if sum(map(len, self._pending.values())) > MAX_PENDING:
            raise Malformed(f"More than {MAX_PENDING} entries came without a signed head that covers them.")

    def _prove(self, head: Head) -> bool:
        if head.stream not in self._followed:
            raise ProofError(f"A head of {head.stream[:80]!r} came, a stream that the hub had not announced.")
        state = self._keeper.state(head.stream)
        waiting = self._pending.get(head.stream, {})
        proved = prove(self._keeper.trust(), state, waiting, head)
        self._keeper.keep(head.stream, proved.state, proved.entries, proved.witness, self._clock.now())
        self._pending[head.stream] = {
            seq: entry for seq, entry in waiting.items() if seq >= proved.state.frontier.size
        }
        return bool(proved.entries) or head.stream == DIRECTORY
