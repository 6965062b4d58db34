# SPDX-License-Identifier: Apache-2.0
"""What a monitor is told of a hub: sums only. How many parties, never which; how much in all groups, never in one."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from tocsin.clock import SECOND, Clock
from tocsin.hub.commits import Commits
from tocsin.hub.heads.proposing import LogRow
from tocsin.hub.reading.following import Following
from tocsin.hub.streams import StreamHead, closed_streams
from tocsin.hub.views.directory import all_parties
from tocsin.storage.store import Store, Transaction
from tocsin.web.metrics import Metric, by, counter, gauge, process, transactions

_WITNESS = ("witnessed", "unwitnessed", "late")


class Meter(msgspec.Struct, frozen=True):
    """Everything that is measured of one hub process."""

    writer: Store
    reader: Store
    commits: Commits
    following: Following
    clock: Clock

    def measure(self) -> Iterator[Metric]:
        """The numbers as they stand now."""
        waves = self.writer.tally["accept wave", "committed"]
        yield counter("tocsin_waves_total", "Group commits of this process.", waves)
        yield gauge("tocsin_commits_waiting", "Requests that wait for the writer.", self.commits.waiting)
        yield gauge("tocsin_connections", "Readers that follow this process.", self.following.connections)
        with self.reader.reading("measure") as tx:
            yield from _streams(tx)
            yield from _witness(tx, self.following.health().witness, self.clock)
        yield transactions({"writer": self.writer.tally, "reader": self.reader.tally})
        yield from process()


def _streams(tx: Transaction) -> Iterator[Metric]:
    sizes: Counter[str] = Counter()
    for head in tx.all("stream_heads", {}, into=StreamHead):
        sizes[head.name.partition(":")[0]] += head.size
    sentence = "Entries by kind of audience; its rate is the load."
    yield Metric("tocsin_entries_total", "counter", sentence, by("audience", sizes))
    standing = Counter(str(party.standing) for party in all_parties(tx))
    yield Metric("tocsin_parties", "gauge", "Parties by standing.", by("standing", standing))
    yield gauge(
        "tocsin_streams_closed", "Streams that wait for a reader after a restore.", len(closed_streams(tx))
    )


def _witness(tx: Transaction, witness: str, clock: Clock) -> Iterator[Metric]:
    """How the newest head is signed, and for how long the partner has owed its name."""
    newest = tx.one("newest_log", {}, into=LogRow)
    cosigned = tx.one("newest_cosigned_log", {"above": 0}, into=LogRow)
    owed = tx.one("log_of_size", {"size": cosigned.size + 1 if cosigned else 1}, into=LogRow)
    late = (clock.now() - owed.added) / SECOND if owed and witness == "late" else 0.0
    yield counter("tocsin_heads_total", "Heads signed.", newest.size if newest else 0)
    states = by("state", {one: float(one == witness) for one in _WITNESS})
    yield Metric("tocsin_witness", "gauge", "How the newest head is signed.", states)
    yield gauge(
        "tocsin_witness_late_seconds", "Since when the partner owes a signature; 0: it does not.", late
    )
