# SPDX-License-Identifier: Apache-2.0
"""Messages of the restart ceremony: what readers, senders and the partner tell a hub that comes back from a backup.

Their rules are those of `tocsin.wire.messages`. The order of events is in docs/reference/protocol.md §11.
"""

import msgspec

from tocsin.wire.messages import Entry, Head, Message, SignedReceipt, Size

MAX_UNKNOWN = 256 * 1024
"""Bytes of a refill whose sender the restoring hub does not know yet: a part of the directory, signed or not."""


class Lacking(msgspec.Struct, frozen=True):
    """How much of one stream a restored hub holds."""

    stream: str
    size: Size
    bodies: tuple[Size, ...] = ()
    """Entries below that size whose bodies it lacks, though nobody erased them."""
    closed: bool = False
    """No head is shown of it, and nothing added to it, before one of its readers has handed in the rest."""


class Restoring(Message, frozen=True, kw_only=True, tag="restoring"):
    """Only event of a stream connection while a hub restores itself: what it would have back."""

    hub: str
    epoch: Size
    """The one that begins when it is whole again."""
    party: str
    """Who asks, as far as it knows; empty: only the directory is of use from this party yet."""
    streams: tuple[Lacking, ...]
    """Of those that this party reads. One that is not listed is not known."""


class Refill(Message, frozen=True, kw_only=True, tag="refill"):
    """A reader gives back entries; they prove themselves under the head, whoever brings them."""

    head: Head
    """The newest that the reader holds and that needs no further witness; of any size."""
    entries: tuple[Entry, ...]
    """One after the other, from any place on. None at all, for the directory: that was everything."""
    path: tuple[bytes, ...]
    """That the tree up to the last of them is the beginning of the head's (RFC 9162 §2.1.4)."""


class Refilled(Message, frozen=True, kw_only=True, tag="refilled"):
    """How much of the stream the hub holds now."""

    stream: str
    size: Size


class Claim(Message, frozen=True, kw_only=True, tag="claim"):
    """A party shows a restored hub the receipts that it was given, so that it is known again as their owner."""

    receipts: tuple[SignedReceipt, ...]


class Claimed(Message, frozen=True, kw_only=True, tag="claimed"):
    """What became of a claim."""

    missing: tuple[str, ...]
    """Messages of which the hub holds nothing: send them again."""
    later: tuple[str, ...] = ()
    """Messages in streams that are not whole yet: claim them again."""


class RestartEvent(Message, frozen=True, kw_only=True, tag="restart"):
    """The hub was restored from a backup and goes on; whatever was witnessed before still stands."""

    epoch: Size
    """Dense from 1."""
    log: Size
    """Size of the head log that is continued: the last head that was witnessed."""
    since: Size
    """Receipts given later than this are to be claimed; hub's time."""


ABANDON_REASONS = frozenset({"departure", "disaster", "error"})
"""Why the end of a stream is given up: words and no text, as its readers read them."""


class AbandonedEvent(Message, frozen=True, kw_only=True, tag="abandoned"):
    """The end of a stream is given up: nobody holds it. The stream goes on under its next name in the map."""

    stream: str
    times: Size
    """How often this stream was given up, this time included."""


class LostEvent(Message, frozen=True, kw_only=True, tag="lost"):
    """What of this stream was given up, for its readers only."""

    kept: Size
    """Entries that it goes on from."""
    lost: Size
    """Entries after them that the partner saw."""
    reason: str
    """One of `ABANDON_REASONS`."""


class AskHeld(Message, frozen=True, kw_only=True, tag="ask-held"):
    """A restored hub asks its partner what it last co-signed."""

    asked: Size
    """Hub's clock, microseconds."""
    signature: bytes
    """By the hub, context ``ask-held``, over the eight bytes of `asked`, big-endian."""
    keys: tuple[bytes, ...] = ()
    """Every ``key`` entry in which the hub changed its own key: the partner may not have heard of the newest."""


class HeldHead(msgspec.Struct, frozen=True):
    """The head of one stream, under its blinded name."""

    key: bytes
    size: Size
    root: bytes


class Held(Message, frozen=True, kw_only=True, tag="held"):
    """Everything that a co-signed note stands for. It proves itself: the heads and the log give the note's root."""

    note: str
    before: bytes
    """Frontier of the log just before this head."""
    heads: tuple[HeldHead, ...]
    keys: tuple[bytes, ...] = ()
    """Every change of the hub's key, oldest first, for a partner that is restored; empty from the partner."""
