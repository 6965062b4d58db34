# SPDX-License-Identifier: Apache-2.0
"""Messages between a hub and its edges: processes without write rights that serve readers with what the hub signed.

What an edge follows is the stream that every reader follows (`tocsin.wire.messages`), of every audience at once; here
is only what comes before it.
"""

import msgspec

from tocsin.wire.messages import Message, Size

PARTLY = "0"
"""The position that closes a part; every other is the size of the log up to which everything was sent."""


class AdmitEdge(Message, frozen=True, kw_only=True, tag="admit-edge"):
    """A new edge redeems its one-time code."""

    code: str
    signing_key: bytes
    """Ed25519 public key, 32 bytes; signs every request of the edge."""


class Epoch(msgspec.Struct, frozen=True):
    """A restart of the hub: as far as cursors of earlier epochs are good."""

    epoch: Size
    sizes: dict[int, Size]
    """Entries of each stream, by number, that the backup held."""


class EdgeAdmitted(Message, frozen=True, kw_only=True, tag="edge-admitted"):
    """What a new edge learns: who it is, whose signatures to demand, and how to read and give cursors."""

    edge: str
    name: str
    realm: str
    hub_key: str
    """As in `enrolled`."""
    partner_key: str | None
    """As in `enrolled`."""
    cursor_key: bytes
    """Under which cursors are authenticated: those of hub and edges are the same."""
    epochs: tuple[Epoch, ...]
    """Every restart of the hub. After another one the edge is made anew."""


class Replicate(Message, frozen=True, kw_only=True, tag="replicate"):
    """An edge asks for everything from where it is; answered with a stream of `chart`, `welcome`, `entry`, `head`."""

    sizes: tuple[Size, ...] = ()
    """How many entries of each stream have proved themselves here, in the order of the streams' numbers."""


class MapHead(msgspec.Struct, frozen=True):
    """A head under a blinded name: of a stream that is not shown to anybody yet."""

    key: bytes
    size: Size
    root: bytes


class Chart(Message, frozen=True, kw_only=True, tag="chart"):
    """What an edge could not tell from the streams; comes first, and again when it changes."""

    streams: tuple[str, ...]
    """Every stream; its place here is its number in cursors."""
    closed: tuple[MapHead, ...] = ()
    """What the signed map holds besides: streams that a restored hub has not got back from their readers."""
