# SPDX-License-Identifier: Apache-2.0
"""What `tocsin.hub.reading.following` needs of the process that serves readers: a hub, or an edge of one."""

from collections.abc import Iterable
from typing import Protocol

from tocsin.clock import Clock
from tocsin.hub.heads.noting import Stand
from tocsin.hub.streams import StreamHead
from tocsin.wire.messages import Head


class Named(Protocol):
    """Whose streams they are, and how cursors are authenticated."""

    @property
    def id(self) -> str:
        """The hub's name."""

    @property
    def cursor_key(self) -> bytes:
        """32 bytes."""


class Serving(Protocol):
    """One process that serves readers."""

    @property
    def identity(self) -> Named:
        """Whose streams it serves."""

    @property
    def clock(self) -> Clock:
        """What time it is."""


class Heads(Protocol):
    """The signed heads, made (`tocsin.hub.heads.noting`) or relayed (`tocsin.hub.edge.heads`)."""

    @property
    def stand(self) -> Stand:
        """The newest signed head, with every stream in it."""

    @property
    def behind(self) -> bool:
        """Whether to look again at once."""

    async def note(self, heads: Iterable[StreamHead]) -> frozenset[str]:
        """Streams whose head is news, now that these entries were sent."""

    def look(self) -> None:
        """Take over what another process may have signed: a reader that comes from there has seen it."""

    def prove(self, stream: str) -> Head | None:
        """The newest head of one stream with its proof; None while it has none, or it is held back."""

    def has_head(self, stream: str) -> bool:
        """Whether a stream has a head, though `prove` may hold it back."""

    async def stop(self) -> None:
        """The process ends."""
