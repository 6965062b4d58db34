# SPDX-License-Identifier: Apache-2.0
"""From where this agent reads: an edge, if its settings name one, and the hub itself whenever that edge fails.

Edge and hub give the same signed heads and the same cursors, so an agent goes on at the one where it stopped at the
other. An edge can withhold and it can show what is old; it can sign nothing. So what it shows is refused as ever, but
only a contradiction that the hub must have signed is held against the hub.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tocsin.agent.signed import SignedHub
from tocsin.agent.vault import Membership
from tocsin.errors import Distrusted, ProofError, TocsinError


class Reading:
    """The way to the streams, for a `Follower`."""

    def __init__(self, hub: SignedHub, edge: SignedHub | None, edge_url: str) -> None:
        self._hub = hub
        self._edge = edge
        self._edge_url = edge_url
        self.through_edge = False
        """Whether the present connection is one to the edge."""
        self._failed = False
        self.opened: Callable[[SignedHub, str], AbstractAsyncContextManager[AsyncIterator[bytes]]] = (
            lambda place, cursor: place.stream(cursor)
        )
        """How the stream is opened at one of the places; whoever knows the way there sets it."""

    @property
    def places(self) -> tuple[SignedHub, ...]:
        """Where it may be read."""
        return (self._hub,) if self._edge is None else (self._hub, self._edge)

    def renew(self, membership: Membership) -> None:
        """Sign as this membership from now on."""
        for place in (self._hub, self._edge):
            if place is not None:
                place.renew(membership)

    @asynccontextmanager
    async def connect(self, cursor: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the stream from a position. After a failure at the edge the hub is next, and after that the edge."""
        edge = None if self._failed else self._edge
        self._failed, self.through_edge = False, edge is not None
        try:
            async with self.opened(edge or self._hub, cursor) as chunks:
                yield chunks
        except TocsinError as error:
            self._failed = edge is not None
            if edge is None or isinstance(error, Distrusted) or not isinstance(error, ProofError):
                raise
            raise type(error)(
                f"{error.detail} This was read through the edge {self._edge_url}, which may be at fault: the hub "
                "itself is asked next."
            ) from None
