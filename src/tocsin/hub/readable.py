# SPDX-License-Identifier: Apache-2.0
"""What a party may read now, from the store: the SQL half of `tocsin.domain.release`.

Which streams it follows is asked of `follows` itself. Which bodies it reads is one statement, `readable_page`, because
nobody asks a function for each of a million entries; `tests/store/test_readable.py` holds it equal to `decide`. What
the hub has, whoever may read it, is `stored`: for edges, which ask the same again, and for those who look after a hub.
"""

from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache
from itertools import groupby

import msgspec

from tocsin.clock import Instant
from tocsin.domain.audience import DIRECTORY, Membership, audiences_of
from tocsin.domain.party import Party
from tocsin.domain.release import PURPOSES, Purpose, Viewer, bits, follows
from tocsin.hub.streams import StreamHead
from tocsin.hub.views.directory import all_parties, party_by_id
from tocsin.storage.store import Params, Transaction
from tocsin.wire.messages import Entry

PAGE = 500
"""Entries that are read at once when a reader catches up."""


class MembershipRow(msgspec.Struct, frozen=True):
    """One party's time in one group, as the table has it."""

    name: str
    party: str
    since: int
    until: int | None
    reads_from: int

    def membership(self) -> Membership:
        """The membership as the rules know it."""
        until = None if self.until is None else Instant(self.until)
        return Membership(self.name, Instant(self.since), until, Instant(self.reads_from))


class StoredEntry(msgspec.Struct, frozen=True):
    """One entry as the table has it; `body` and `salt_b` are None once it was erased."""

    seq: int
    header: bytes
    salt_h: bytes
    origin_c: bytes
    body_c: bytes
    leaf: bytes
    fact: str
    kind: str
    added: int
    not_before: int | None
    salt_b: bytes | None
    body: bytes | None


class _PageRow(msgspec.Struct, frozen=True):
    seq: int
    header: bytes
    salt_h: bytes
    origin_c: bytes
    body_c: bytes
    salt_b: bytes | None
    body: bytes | None


def viewer_of(tx: Transaction, party: str) -> Viewer | None:
    """The party as the directory and the rosters have it; None when there is no such party."""
    found = party_by_id(tx, party)
    rows = tx.all("memberships_of_party", {"party": party}, into=MembershipRow)
    return Viewer(found, frozenset(row.membership() for row in rows)) if found else None


def viewers(tx: Transaction) -> Mapping[str, Viewer]:
    """Every party in the same way, by its identifier."""
    rows = tx.all("memberships", {}, into=MembershipRow)
    times = {
        party: frozenset(row.membership() for row in of_party)
        for party, of_party in groupby(rows, key=lambda row: row.party)
    }
    return {party.id: Viewer(party, times.get(party.id, frozenset())) for party in all_parties(tx)}


def streams_of(viewer: Viewer, now: Instant) -> frozenset[str]:
    """The names of the streams that it may follow, those that do not exist yet too."""
    return _streams_of(viewer.party, viewer.groups(now))


@lru_cache(maxsize=8_192)
def _streams_of(party: Party, groups: frozenset[str]) -> frozenset[str]:
    """Remembered, because every connection asks and nothing else of the moment counts: one set for all of a party's."""
    viewer = Viewer(party, frozenset(Membership(name, since=Instant(0)) for name in groups))
    names = (DIRECTORY, *map(str, audiences_of(party, groups)))
    return frozenset(name for name in names if follows(name, viewer, Instant(0)).allowed)


def heads_of(tx: Transaction, names: Iterable[str]) -> list[StreamHead]:
    """Those of these streams that there are, by number. Asked one by one: a hub has thousands, and a reader few."""
    found = (tx.one("stream_head", {"name": name}, into=StreamHead) for name in names)
    return sorted((head for head in found if head), key=lambda head: head.number)


def sight(viewer: Viewer, stream: str) -> Hashable:
    """Followers of a stream with equal sights read the same bodies of it: its entries are encoded once for all."""
    times = frozenset(one for one in viewer.memberships if stream == f"group:{one.group}")
    return viewer.party.role, times


def page(
    tx: Transaction,
    viewer: Viewer,
    head: StreamHead,
    start: int,
    now: Instant,
    purposes: frozenset[Purpose] | None = None,
) -> list[Entry]:
    """Up to `PAGE` entries of a stream from `start` on, as they are delivered to that viewer.

    Empty when it may not follow the stream; without a body where it may not read. Without `purposes` it reads for
    everything that its role may read for.
    """
    allowed = PURPOSES[viewer.party.role]
    asked: Params = {
        "party": viewer.party.id,
        "stream": head.number,
        "after": start - 1,
        "limit": PAGE,
        "now": now,
        "purposes": bits(allowed if purposes is None else allowed & purposes),
    }
    return [delivered(head.name, row) for row in tx.all("readable_page", asked, into=_PageRow)]


def stored(tx: Transaction, stream: int, start: int, limit: int) -> list[StoredEntry]:
    """Up to so many entries of the stream of that number from `start` on, whole: for nobody who reads."""
    return tx.all("page_of_stream", {"stream": stream, "after": start - 1, "limit": limit}, into=StoredEntry)


def delivered(stream: str, row: StoredEntry | _PageRow) -> Entry:
    """The entry as it is sent."""
    return Entry(
        stream=stream,
        seq=row.seq,
        header=row.header,
        salt_h=row.salt_h,
        origin_c=row.origin_c,
        body_c=row.body_c,
        body=row.body,
        salt_b=row.salt_b,
    )
