# SPDX-License-Identifier: Apache-2.0
"""What was not whole when a restored hub opened is taken later, from whichever of its readers comes.

Nothing is added to a stream that is shorter than the partner saw it, because nobody could prove it: who would is told
`restoring`, and its outbox keeps the message. The stream's head stands in every map as the partner last saw it. A
reader that connects is told what lacks, entries or bodies, beside the streams that are open, and hands it in; then the
stream goes on. What it hands in proves itself, as during the ceremony (`tocsin.hub.restoring.refill`).
"""

from tocsin.errors import Unknown
from tocsin.follow.verify import Trust
from tocsin.hub.commits import Commits
from tocsin.hub.epochs import restarts
from tocsin.hub.exchange import Exchange
from tocsin.hub.heads.noting import Partner
from tocsin.hub.restoring.again import see_again
from tocsin.hub.restoring.refill import accept, check_head, wanted
from tocsin.hub.restoring.steps import note_wanted, reopen, wanting
from tocsin.hub.streams import StreamHead, closed_streams
from tocsin.hub.views.directory import former_keys
from tocsin.storage.store import Store, Transaction
from tocsin.wire.ceremony import Lacking, Refill, Refilled, Restoring


class Reopening:
    """What one hub process takes after it opened. Used from the event loop only."""

    def __init__(self, hub: Exchange, commits: Commits, reader: Store, partner: Partner | None) -> None:
        self._hub = hub
        self._commits = commits
        self._reader = reader
        self._partner_key = partner.key if partner else None

    def offer(self, party: str, names: frozenset[str]) -> Restoring | None:
        """What a reader of these streams may hand in; None when nothing lacks of them."""
        with self._reader.reading("what lacks") as tx:
            closed, numbers = {row.key for row in closed_streams(tx)}, set(wanting(tx))
            if not closed and not numbers:
                return None
            mine = [head for head in tx.all("stream_heads", {}, into=StreamHead) if head.name in names]
            bodies = {head.number: wanted(tx, head.number) for head in mine if head.number in numbers}
            epoch = len(restarts(tx))
        if not any(bodies.values()) and not any(head.key in closed for head in mine):
            return None
        streams = tuple(
            Lacking(head.name, head.size, tuple(bodies.get(head.number, ())), head.key in closed)
            for head in mine
        )
        return Restoring(hub=self._hub.identity.id, epoch=epoch, party=party, streams=streams)

    async def take(self, refill: Refill) -> Refilled:
        """Add to a stream that lacks something; an open and whole one only says how long it is.

        Unknown for a stream that there is not.
        """
        return await self._commits.run(lambda tx: self._take(tx, refill))

    def _take(self, tx: Transaction, refill: Refill) -> Refilled:
        identity, name = self._hub.identity, refill.head.stream
        former = tuple(former_keys(tx, identity.key))
        trust = Trust(identity.id, identity.realm, identity.key, self._partner_key, former_keys=former)
        check_head(tx, trust, refill.head)
        stream = tx.one("stream_head", {"name": name}, into=StreamHead)
        if stream is None:
            raise Unknown("There is no such stream.")
        lacks = wanted(tx, stream.number) if stream.number in wanting(tx) else []
        if not lacks and stream.key not in {row.key for row in closed_streams(tx)}:
            return Refilled(stream=name, size=stream.size)
        size = accept(tx, trust, refill)
        reopen(tx, name)
        if size != stream.size or wanted(tx, stream.number) != lacks:
            note_wanted(tx)
            see_again(tx, self._hub)
        return Refilled(stream=name, size=size)
