# SPDX-License-Identifier: Apache-2.0
"""Whether an edge may serve now, and whom: it speaks only for a hub that it hears.

1. It serves once it was whole after its start: before, it cannot know who was suspended.
2. When nothing came from the hub for so long as its settings allow, it lets every reader go and takes none: a
   suspension could not reach it. What was added later cannot have reached it either.
3. When the hub refuses it, or what the hub shows does not prove itself, likewise and at once.
4. An entry about a party narrows what that party is shown as soon as it arrives, before any head proves it: whoever
   it names is cut off, and waits until it is proved. To show less is safe, whoever wrote it.
"""

from collections.abc import Callable

from tocsin.clock import SECOND, Clock, Instant
from tocsin.domain.audience import DIRECTORY
from tocsin.errors import TocsinError, Unreachable
from tocsin.hub.views.rosters import ROSTERS
from tocsin.wire.events import MembershipEvent
from tocsin.wire.messages import Entry, Header, decode
from tocsin.wire.parties import PartyEvent


class Hearing:
    """What one edge heard from its hub, and when. Used from the event loop only."""

    def __init__(self, clock: Clock, hub_url: str, silence_seconds: int) -> None:
        self._clock = clock
        self._hub_url = hub_url
        self._silence = silence_seconds * SECOND
        self._heard = Instant(0)
        self._whole = False
        self._why = "It was started a moment ago and does not hold everything yet."
        self._narrowing: dict[tuple[str, int], str] = {}
        """Whom an entry that is not proved yet is about."""
        self.cut: Callable[[str], None] = lambda party: None
        """Ends the connections of a party; whoever serves readers sets it."""

    @property
    def serves(self) -> bool:
        """Whether readers may be served now."""
        return self._whole and self._clock.now() - self._heard <= self._silence

    @property
    def waiting(self) -> frozenset[str]:
        """Parties about whom something came that is not proved yet."""
        return frozenset(self._narrowing.values())

    def demand(self, party: str = "") -> None:
        """Unreachable, with where to read instead, unless readers, and this party, may be served now."""
        if not self.serves:
            silent = f"It has heard nothing from its hub for {self._silence // SECOND} seconds."
            raise self.elsewhere(silent if self._whole else self._why)
        if party in self.waiting:
            raise self.elsewhere("What the directory says of you has just changed.")

    def elsewhere(self, why: str) -> Unreachable:
        """The refusal of a reader, with the address of the hub."""
        return Unreachable(f"This edge serves nobody now. {why} Read from the hub itself: {self._hub_url}")

    def heard(self) -> None:
        """Something came from the hub."""
        self._heard = self._clock.now()

    def whole(self) -> None:
        """Everything that the hub's newest note covers is here."""
        self._whole = True

    def refused(self, error: TocsinError) -> None:
        """The hub does not serve this edge, or contradicts itself."""
        self._whole, self._why = False, str(error)

    def came(self, entry: Entry) -> None:
        """An entry arrived; if it is about a party, that party waits from now on."""
        if entry.body is None or entry.stream not in (DIRECTORY, ROSTERS):
            return
        match entry.stream, decode(entry.header, Header).entry:
            case "directory", "party":
                party = decode(entry.body, PartyEvent).party
            case _, "membership":
                party = decode(entry.body, MembershipEvent).party
            case _:
                return
        self._narrowing[entry.stream, entry.seq] = party
        self.cut(party)

    def proved(self, stream: str, size: int) -> None:
        """The tables hold what these entries of a stream say: nobody waits for them any more."""
        self._narrowing = {
            place: party for place, party in self._narrowing.items() if place[0] != stream or place[1] >= size
        }
