# SPDX-License-Identifier: Apache-2.0
"""What one connection has shown, held against what it must show: nothing may stand still for one reader alone.

1. The hub announces every stream that this party may read by its role and country.
2. Before the first position of a connection the head of every stream that this reader knows was shown, with all its
   entries, as it stands in one newest log: the newest under which anything was proved here, a part too.
3. That log is no shorter than the one that others are known to have been shown.

A stream that a restored hub says to be closed is waited for. A stream of which nothing was ever proved cannot
be missed: the map of heads proves what stands in it, not what does not.
"""

from collections.abc import Iterable
from typing import Protocol

from tocsin.errors import ProofError, Withheld
from tocsin.follow.verify import StreamState
from tocsin.wire.ceremony import Restoring


class Known(Protocol):
    """What this reader knows by itself."""

    def demanded(self) -> frozenset[str]:
        """The streams that this reader may follow whatever the hub says; it may follow more."""

    def known_log(self) -> int:
        """Heads that the hub's log is known to have from elsewhere, long enough for the hub to have shown them here."""

    def state(self, stream: str) -> StreamState:
        """How far a stream has proved itself."""


class Shown:
    """One connection's account. A ProofError says what is missing."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._announced: frozenset[str] = frozenset()
        self._heads: dict[str, int] = {}
        """Each stream whose head was shown, with the size of the log in which it stood."""
        self._newest = 0
        """Heads in the longest log that was shown."""
        self._closed: frozenset[str] = frozenset()
        self.whole = False
        """Everything that there was when the connection began has been shown."""

    def announce(self, streams: Iterable[str]) -> None:
        """(1) The hub says what it will show."""
        self._announced = frozenset(streams)
        for stream in sorted(self._known.demanded() - self._announced):
            raise Withheld(f"The hub does not announce {stream}, which your party may read.")

    def expect(self, stream: str, what: str) -> None:
        """Something of a stream came: it must have been announced."""
        if stream not in self._announced:
            raise ProofError(f"{what} of {stream[:80]!r} came, a stream that the hub had not announced.")

    def close(self, offer: Restoring) -> None:
        """A restored hub says which streams wait for one of their readers."""
        self._closed = frozenset(one.stream for one in offer.streams if one.closed)

    def head(self, stream: str, log: int) -> None:
        """The head of a stream was proved, in a log of that size."""
        self._heads[stream] = log
        self.part(log)

    def part(self, log: int) -> None:
        """A part of a stream was proved, under a head in a log of that size: the rest is still to be shown."""
        self._newest = max(self._newest, log)

    def demand(self) -> None:
        """(2) (3) Withheld unless everything was shown that there is."""
        if self.whole:
            return
        newest, elsewhere = self._newest, self._known.known_log()
        if newest < elsewhere:
            raise Withheld(
                f"The hub's log has {elsewhere} heads for others, and here it shows none after {newest}: "
                "what was added since may be kept from you."
            )
        for stream in sorted(self._announced - self._closed):
            size = self._known.state(stream).frontier.size
            if size and self._heads.get(stream, 0) < newest:
                raise Withheld(
                    f"The hub shows no head of {stream} as it stands in its newest log, {newest}: "
                    f"what was added after the {size} entries that were proved may be kept from you."
                )
        self.whole = True
