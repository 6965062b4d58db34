# SPDX-License-Identifier: Apache-2.0
"""Which values' evidence has changed since somebody last asked: one erased value must not cost a look at all of them.

Whoever keeps entries notes what they touch (`tocsin.agent.history.views`), in memory and in the same moment. A reader
asks with the streams as they stand in the moment of his reading, and hears *everything* instead whenever the notes may
lack something: at the first time, when another process has kept entries too (a bundle that was taken in), when a head
covers what stood without a witness until then, after a restart of the hub, and when more was touched than is worth
telling one by one. A note too many, as of a transaction that was undone, costs a look and changes nothing.
"""

from collections.abc import Mapping

import msgspec

from tocsin.storage.store import Params, Transaction

MOST = 10_000
"""Values that are noted one by one; a first catch-up touches a million."""

Reach = tuple[int, int]
"""How many entries of a stream are proved, and how many of them need no further witness."""

_NONE: Reach = (0, 0)


class _Value(msgspec.Struct, frozen=True):
    value: str


class Changes:
    """The notes of one process, for one reader."""

    def __init__(self) -> None:
        self._values: set[str] | None = None
        self._streams: dict[str, Reach] = {}

    def note(self, value: str) -> None:
        """Evidence for a value came, or was taken back."""
        if self._values is not None:
            self._values.add(value)
            if len(self._values) > MOST:
                self._values = None

    def note_everything(self) -> None:
        """Views were made anew."""
        self._values = None

    def moved(self, stream: str, before: Reach, now: Reach) -> None:
        """A stream was continued; whatever of it touches values is noted besides."""
        size, firm = before
        is_settled = firm < size and now[1] > firm
        if is_settled or before != self._streams.get(stream, _NONE):
            self.note_everything()
        self._streams[stream] = now

    def take(self, streams: Mapping[str, Reach]) -> frozenset[str] | None:
        """What was touched since the last time; None: it may be any value."""
        touched = self._values if self._streams == streams else None
        self._values, self._streams = set(), dict(streams)
        return None if touched is None else frozenset(touched)


def lift(tx: Transaction, place: Params, changes: Changes) -> None:
    """Take back what an entry, by its `stream` and `seq`, says of values."""
    for row in tx.all("values_of_entry", place, into=_Value):
        changes.note(row.value)
    for query in ("erase_postings", "erase_band"):
        tx.run(query, place)
