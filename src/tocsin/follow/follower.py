# SPDX-License-Identifier: Apache-2.0
"""Following a hub: connect, verify, keep, and start again from where the last proof left off.

`Follower` knows neither HTTP nor a database. It is given a way to open the stream and a place to keep what was
proved; agents, edges and federated hubs give it theirs. Reconnects wait a random time that grows (full jitter), so
that five thousand agents do not come back in one moment.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from tocsin.clock import HOUR, MINUTE, Clock, Instant
from tocsin.domain.audience import DIRECTORY
from tocsin.errors import (
    CursorExpired,
    Forked,
    Malformed,
    ProofError,
    RemoteError,
    Rewritten,
    TakenBack,
    TocsinError,
    Withheld,
)
from tocsin.follow.proving import prove_next
from tocsin.follow.shown import Known, Shown
from tocsin.follow.verify import Proved, StreamState, Trust, VerifiedEntry
from tocsin.follow.waiting import Waiting
from tocsin.ids import Entropy
from tocsin.wire.ceremony import RestartEvent, Restoring
from tocsin.wire.messages import Entry, Head, OneOf, Part, Welcome, decode
from tocsin.wire.sse import EventParser

_LONGEST_WAIT_SECONDS = 30.0
_FIRST_WAIT_SECONDS = 0.5
_LONG = 6
"""Failures after which the longest wait is reached; an accusation waits so long at once."""
_CURSOR = re.compile(r"[A-Za-z0-9_-]{1,512}")
"""What can be a cursor: anything else could not be sent back."""
_NO_CURSOR = "The hub gave a reading position that is no cursor."
_FRESH = HOUR
"""A connection is opened anew after once to twice this time: then the hub must show the newest head of every stream, so
that none can be frozen for one reader while it moves for others."""
_PATIENCE = 3 * HOUR
"""So long a hub may answer, in all, without showing that this is all there is; then people hear of it."""
_LONGEST_SILENCE = 10 * MINUTE
"""What a silence counts for at most: the machine may have slept."""

_FIGURES = re.compile(r"\d+")
"""What of an accusation may change while it stays the same one."""

_MESSAGES = OneOf(Entry, Head, Part, Welcome, Restoring)
"""What a hub says on a stream, as far as this version knows."""

Connect = Callable[[str], AbstractAsyncContextManager[AsyncIterator[bytes]]]
"""Opens the stream from a cursor (empty: from the beginning)."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits so many seconds; a test's does not."""


class Keeper(Known, Protocol):
    """Where a follower keeps what was proved."""

    def trust(self) -> Trust:
        """Whose signatures to demand, as the directory stands now."""

    def cursor(self) -> str:
        """Where to go on, or empty."""

    def save_cursor(self, cursor: str) -> None:
        """Remember where to go on."""

    def restoring(self, offer: Restoring) -> None:
        """The hub comes back from a backup and would have back what it lost; until then nothing new comes."""

    def epoch(self) -> int:
        """How often the hub's history was continued from a backup, as far as the directory has said so."""

    def firm_state(self, stream: str) -> StreamState:
        """How far a stream has proved itself under heads that need no further witness."""

    def go_on(self, proved: Proved, restarts: Sequence[RestartEvent], now: Instant) -> bool:
        """Keep the directory of a hub that was restored. What no firm head covered is let go: it comes again.

        True when something was let go, so that reading must go back to get it.
        """

    def keep(
        self, stream: str, state: StreamState, entries: Sequence[VerifiedEntry], witness: str, now: Instant
    ) -> None:
        """Keep verified entries with the head that proved them, all or nothing; `state` says how far it counts on."""

    def accuse(self, error: ProofError, head: Head) -> None:
        """The hub has signed what contradicts what it signed before: keep this head as evidence, believe no more."""

    def alarm(self, error: TocsinError) -> None:
        """The hub's history does not add up, or it cannot be reached: people must hear of it, in its own words."""


class Again(Exception):
    """No error: the connection is opened anew at once. A way to the hub raises it when an answer ended as it should."""


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
        self._waiting = Waiting()
        self._shown = Shown(keeper)
        self._unsure = 0
        """Microseconds for which the hub has answered since it last showed everything."""
        self._restarted = False
        """The hub says that it was restored, and its directory has not been shown to say so yet."""
        self._epoch = 0
        """How often the hub says that it was."""
        self._failures = 0
        """Connections that ended since something was last proved."""

    async def run(self, kept: Callable[[], None]) -> None:
        """Follow for ever; `kept` is called whenever something new was proved and kept.

        A hub whose history does not add up is not believed further: the connection ends, people are alarmed, and the
        next one starts from the last head that was good. People hear once of each outage and of each accusation.
        """
        reached, accused = True, ""
        while True:
            try:
                async with self._connect(self._keeper.cursor()) as chunks:
                    self._waiting = Waiting()
                    self._shown = Shown(self._keeper)
                    async for kept_any in self._read(chunks):
                        reached = True  # whatever it says, and though nothing be new
                        if kept_any:
                            self._failures = 0
                            kept()
            except Again:
                continue
            except CursorExpired:
                self._keeper.save_cursor("")
            except RemoteError as error:
                if reached:
                    self._keeper.alarm(error)
                reached = False
            except TocsinError as error:
                if (sentence := _FIGURES.sub("", str(error))) != accused:
                    self._keeper.alarm(error)
                accused, self._failures = sentence, max(self._failures, _LONG)
            self._failures += 1
            await self._sleep(self._wait())

    def _wait(self) -> float:
        """Full jitter: a random moment within a span that doubles with each failure."""
        span = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * float(1 << min(self._failures, _LONG)))
        return span * int.from_bytes(self._entropy(4)) / 2**32

    async def _read(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bool]:
        """Handle events as they come; True for each head that proved something new."""
        parser = EventParser()
        spread = int.from_bytes(self._entropy(4))
        last = self._clock.now()
        old = last + _FRESH + _FRESH * spread // 2**32
        async for chunk in chunks:
            now = self._clock.now()
            self._answered(now - last)
            last = now
            if now > old and self._shown.whole:
                raise Again
            for cursor, data in parser.feed(chunk):
                if cursor is None:
                    yield self._handle(data)
                elif _CURSOR.fullmatch(cursor):
                    self._demand_whole()
                    self._keeper.save_cursor(cursor)
                else:
                    raise Malformed(_NO_CURSOR)

    def _handle(self, data: bytes) -> bool:
        match _MESSAGES.decode(data):
            case Entry() as entry:
                self._shown.expect(entry.stream, "An entry")
                self._waiting.add(entry, len(data))
            case Head() as head:
                return self._prove(head)
            case Part() as part:
                return self._keep_part(part)
            case Welcome() as welcome:
                self._shown.announce(welcome.streams)
                self._epoch = welcome.epoch
                self._restarted = welcome.epoch > self._keeper.epoch()
            case Restoring() as offer:
                self._shown.close(offer)
                self._keeper.restoring(offer)
            case _:
                pass  # a newer hub may send kinds that this version does not know: never acted on
        return False

    def _answered(self, elapsed: int) -> None:
        """The hub answers: count for how long it has done so without showing everything, over all connections."""
        if self._shown.whole:
            return
        self._unsure += min(elapsed, _LONGEST_SILENCE)
        if self._unsure > _PATIENCE:
            self._unsure = 0
            self._keeper.alarm(
                Withheld(
                    f"For {_PATIENCE // HOUR} hours it has answered without showing everything: it is being restored, "
                    "or sends more than this line carries, or keeps something from you. Ask its operator."
                )
            )

    def _demand_whole(self) -> None:
        """A restored hub shows its directory first; until that is believed nothing else is asked of it."""
        if not self._restarted:
            self._shown.demand()
            self._unsure = 0

    def _keep_part(self, part: Part) -> bool:
        """Keep the beginning of a stream as far as it is proved, and where to go on.

        Nothing is called news before the head is proved: half of a history is no reason to write protection files.
        """
        stream, news = part.head.stream, False
        self._shown.expect(stream, "A part")
        if not _CURSOR.fullmatch(part.position):
            raise Malformed(_NO_CURSOR)
        if part.size == part.head.size:
            news = self._prove(part.head)
        elif part.size > self._proved_so_far(stream).frontier.size:
            self._prove(part.head, part)
        if part.size <= self._proved_so_far(stream).frontier.size:
            self._waiting.let_go(stream, part.size)
            self._keeper.save_cursor(part.position)
            self._failures = 0
        return news

    def _proved_so_far(self, stream: str) -> StreamState:
        """From where on entries of a stream are still to be proved."""
        return self._keeper.firm_state(stream) if self._restarted else self._keeper.state(stream)

    def _prove(self, head: Head, part: Part | None = None) -> bool:
        self._shown.expect(head.stream, "A head")
        if self._restarted:
            return self._go_on(head, part)
        try:
            proved = self._proved(self._keeper.state(head.stream), head, part)
            self._keeper.keep(head.stream, proved.state, proved.entries, proved.witness, self._clock.now())
        except (TakenBack, Forked) as error:
            self._keeper.accuse(error, head)
            raise
        except Withheld:  # it may be the cursor that is wrong: look from the beginning
            self._keeper.save_cursor("")
            raise
        self._account(head.stream, proved, part)
        return bool(proved.entries) or head.stream == DIRECTORY

    def _account(self, stream: str, proved: Proved, part: Part | None) -> None:
        """Something was kept: it was shown, and waits no longer."""
        if part is None:
            self._shown.head(stream, proved.log)
        else:
            self._shown.part(proved.log)
        self._waiting.let_go(stream, proved.state.frontier.size)

    def _proved(self, state: StreamState, head: Head, part: Part | None) -> Proved:
        return prove_next(self._keeper.trust(), state, self._waiting.of(head.stream), head, part)

    def _go_on(self, head: Head, part: Part | None) -> bool:
        """A hub that was restored is believed again when a witnessed head of its directory says so, and not before.

        It must continue everything that was witnessed; what was not, was never certain.
        """
        if head.stream != DIRECTORY:
            return False
        firm = self._keeper.firm_state(DIRECTORY)
        try:
            proved = self._proved(firm, head, part)
        except Withheld:
            if not self._keeper.cursor():
                raise
            self._keeper.save_cursor("")
            raise Again from None
        except (TakenBack, Forked) as error:
            self._keeper.accuse(error, head)
            raise
        if proved.witness == "late":
            return False
        known = self._keeper.epoch()
        restarts = [event for event in _restarts(proved.entries) if event.epoch > known]
        if restarts:
            return self._believe_again(proved, restarts, part)
        if part is None:
            raise Rewritten("The hub says that it was restored, and its signed directory does not say so.")
        if firm.frontier.size < self._keeper.state(DIRECTORY).frontier.size:
            return False  # the part that says so decides what of it is let go
        self._keeper.keep(DIRECTORY, proved.state, proved.entries, proved.witness, self._clock.now())
        self._account(DIRECTORY, proved, part)
        return True

    def _believe_again(self, proved: Proved, restarts: Sequence[RestartEvent], part: Part | None) -> bool:
        again = self._keeper.go_on(proved, restarts, self._clock.now())
        self._restarted = part is not None and self._epoch > self._keeper.epoch()
        if again:
            self._keeper.save_cursor("")
            raise Again
        self._account(DIRECTORY, proved, part)
        return True


def _restarts(entries: Sequence[VerifiedEntry]) -> list[RestartEvent]:
    return [
        decode(entry.body, RestartEvent)
        for entry in entries
        if entry.header.entry == "restart" and entry.body
    ]
