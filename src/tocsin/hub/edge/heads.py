# SPDX-License-Identifier: Apache-2.0
"""The signed heads as an edge relays them: it signs none, and proves each of its streams under the hub's newest note.

An edge follows every stream, so it builds the map of heads by itself. Only when that map, appended to the log, gives
the root that the hub has signed does it show the note to a reader: a stream that the hub kept from this edge, or told
it otherwise, leaves no note that fits.
"""

from collections.abc import Callable, Iterable

from tocsin.errors import Withheld
from tocsin.follow.compare import see
from tocsin.follow.verify import Trust
from tocsin.halves.witness import SignedHead
from tocsin.hub.heads.noting import NotedHead, Stand
from tocsin.hub.streams import StreamHead
from tocsin.proof import headmap
from tocsin.proof.headmap import HeadMap
from tocsin.proof.merkle import Frontier
from tocsin.wire.edges import MapHead
from tocsin.wire.messages import Head


class RelayedHeads:
    """All heads of one edge. Used from the event loop only."""

    behind = False

    def __init__(self, rows: Iterable[NotedHead], trust: Callable[[], Trust]) -> None:
        """`rows` are the streams as they have proved themselves before; nothing is shown of them before `seal`."""
        self.stand = Stand(None, "", {}, "late")
        self._rows = {row.name: row for row in rows}
        self._trust = trust
        self._closed: tuple[headmap.StreamHead, ...] = ()
        self._newest: Head | None = None
        self._news: set[str] = set()
        self._owed: set[str] = set()
        """Streams whose readers may not hold the newest head as the partner co-signed it."""

    def close(self, heads: tuple[MapHead, ...]) -> None:
        """What stands in the signed map besides the streams."""
        self._closed = tuple(headmap.StreamHead(one.key, one.size, one.root) for one in heads)

    def proved(self, row: NotedHead, head: Head | None) -> None:
        """A stream has proved itself so far, under the note that the head names; None: the head counts more."""
        self._rows[row.name] = row
        self._newest = head or self._newest

    def seal(self) -> None:
        """Everything that the newest note covers is here: show it from now on. Withheld when it is not everything."""
        head, before = self._newest, self.stand
        if head is None:
            return
        seen = see(self._trust(), head.note)
        rows = {name: row for name, row in self._rows.items() if row.noted_size}
        heads = HeadMap([*map(_in_map, rows.values()), *self._closed])
        log_before = Frontier(seen.checkpoint.size - 1, head.log_path[::-1])
        log = log_before.append(heads.log_leaf())
        if log.root() != seen.checkpoint.root:
            raise Withheld(
                f"The hub's signed head covers other streams than the {len(rows)} that it shows to this edge."
            )
        signed = SignedHead(heads, log_before, log, head.note)
        witness = "witnessed" if seen.witnessed else "late"
        if self._trust().partner_key is None:
            witness = "unwitnessed"
        self.stand = Stand(signed, head.note, rows, witness)
        self._news |= {name for name, row in rows.items() if before.streams.get(name) != row}

    async def note(self, heads: Iterable[StreamHead]) -> frozenset[str]:
        """Streams whose head is news to readers."""
        news, self._news = self._news, set()
        if self.stand.witness == "late":
            self._owed |= news
        else:
            news, self._owed = news | self._owed, set()
        return frozenset(news)

    def look(self) -> None:
        """An edge is one process."""

    def prove(self, stream: str) -> Head | None:
        """The newest head of one stream with its proof; None while it has none."""
        row = self.stand.streams.get(stream)
        if row is None:
            return None
        if self.stand.witness == "late":
            self._owed.add(stream)
        return self.stand.proof(row)

    def has_head(self, stream: str) -> bool:
        """Whether a stream has a head: none is held back here."""
        return stream in self.stand.streams

    async def stop(self) -> None:
        """Nothing is under way."""


def _in_map(row: NotedHead) -> headmap.StreamHead:
    return headmap.StreamHead(row.key, row.noted_size, row.noted_root)
