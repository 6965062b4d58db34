# SPDX-License-Identifier: Apache-2.0
"""Giving up what nobody holds any more: a closed stream goes on from the last entry that is held.

1. The stream waits for one of its readers since a restore, and the operator says that none will come with the rest.
2. An `abandoned` entry of the directory says so to everybody. From then on the stream stands in the map under its next
   name (`tocsin.follow.names`), which begins with what is held. Its head under the old name stays in every map.
3. A `lost` entry of the stream tells its readers, and only them, how much is lost.

The partner needs no part in it: it sees a new stream, and the old one never shorter. A reader that holds what is given
up as lost finds another tree than its own, believes no more, and names it. Senders show their receipts, are told what
is missing, and send it again. See docs/adr/0019.
"""

import msgspec

from tocsin.errors import Malformed, StateError
from tocsin.hub.exchange import Exchange
from tocsin.hub.restoring.steps import begun
from tocsin.hub.streams import HUB_ITSELF, ClosedHead, Draft, StreamHead, abandonments, blind_anew
from tocsin.hub.views.directory import declare_abandoned
from tocsin.ids import new_id
from tocsin.storage.store import Transaction
from tocsin.wire.ceremony import ABANDON_REASONS, AbandonedEvent, LostEvent
from tocsin.wire.messages import encode


class Abandoned(msgspec.Struct, frozen=True):
    """A stream that goes on without its end."""

    stream: str
    kept: int
    """Entries that it goes on from."""
    lost: int
    """Entries after them, as the partner saw them, that are given up."""


def abandon(tx: Transaction, hub: Exchange, name: str, reason: str) -> Abandoned:
    """Give up the end of a closed stream. StateError for one that is not closed, and for a hub that restores itself."""
    if reason not in ABANDON_REASONS:
        raise Malformed(f"{reason[:20]!r} is not a reason: {', '.join(sorted(ABANDON_REASONS))}.")
    # (1)
    if begun(tx) is not None:
        raise StateError("This hub is being restored: serve it until it has opened.")
    head = tx.one("stream_head", {"name": name}, into=StreamHead)
    closed = tx.one("closed_stream", {"key": head.key}, into=ClosedHead) if head else None
    if head is None or closed is None:
        raise StateError(f"{name[:80]!r} is no closed stream: tocsin hub status names those.")
    # (2)
    declare_abandoned(tx, hub, AbandonedEvent(stream=name, times=abandonments(tx, name) + 1))
    blind_anew(tx, name)
    # (3)
    given_up = Abandoned(name, head.size, closed.size - head.size)
    event = LostEvent(kept=given_up.kept, lost=given_up.lost, reason=reason)
    hub.streams.append(tx, name, [Draft("lost", new_id("fct", hub.entropy), encode(event))], HUB_ITSELF)
    return given_up
