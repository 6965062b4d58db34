# SPDX-License-Identifier: Apache-2.0
"""The warnings that stand, as a board shows them: the most urgent first, with what is known of each in this house."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from tocsin.agent.history.directory import PartyRow
from tocsin.agent.house import House, log_of
from tocsin.agent.hunting import ledger
from tocsin.agent.inbox import own_answer
from tocsin.clock import Instant
from tocsin.domain.observable import Observable
from tocsin.domain.warning import Urgency, Warning
from tocsin.errors import Unknown
from tocsin.storage.store import Transaction
from tocsin.web.pages.pulse import mark_of
from tocsin.wire.messages import decode_warning

_BY_URGENCY = (Urgency.URGENT, Urgency.ELEVATED, Urgency.ROUTINE)


class Standing(msgspec.Struct, frozen=True):
    """One warning as it stands."""

    author: str
    """Its name."""
    warning: Warning
    stream: str
    seq: int
    added: Instant
    chain: str
    withdrawn: bool
    answered: str
    """What this party has answered; empty before."""
    found: tuple[Observable, ...]
    """Of its values, those that were found in own logs."""
    own: bool
    """Whether this party wrote it."""


class _Place(msgspec.Struct, frozen=True):
    stream: str
    seq: int
    id: str
    withdrawn: int
    added: int


class _Row(msgspec.Struct, frozen=True):
    id: str
    author: str
    chain: str
    version: int
    body: bytes


class _Known(msgspec.Struct, frozen=True):
    """A version as it was read once: it never changes."""

    author: str
    chain: str
    version: int
    warning: Warning


class Board:
    """The board of one agent; a version of a warning is read from the store once."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: dict[tuple[str, int], _Known] = {}
        self._here: frozenset[Observable] = frozenset()
        self._looked = ""

    def standing(
        self, now: Instant, most: int, asked: Callable[[Warning], bool] = lambda warning: True
    ) -> tuple[list[Standing], int]:
        """The first `most` that stand of those that are `asked` for, what was withdrawn last; and how many more."""
        with self._house.store.reading("board") as tx:
            self._look(tx)
            places = self._places(tx, now)
            ordered = sorted((place for place in places if asked(self._of(place).warning)), key=self._order)
            return self._shown(tx, ordered[:most]), max(len(ordered) - most, 0)

    def one(self, warning_id: str, now: Instant) -> Standing:
        """One of them; Unknown when none of that name stands."""
        with self._house.store.reading("board") as tx:
            self._look(tx)
            places = [place for place in self._places(tx, now) if place.id == warning_id]
            if not places:
                raise Unknown(
                    f"No warning {warning_id[:60]!r} stands here: it never came, was erased, or has expired."
                )
            return self._shown(tx, places)[0]

    def _look(self, tx: Transaction) -> None:
        """What was found in own logs, read again when anything changed."""
        mark = mark_of(log_of(self._house))
        if mark != self._looked or not mark:
            found = ledger.found_here(tx, self._house.vault.box)
            self._here, self._looked = frozenset(one.found.observable for one in found), mark

    def _places(self, tx: Transaction, now: Instant) -> list[_Place]:
        places = tx.all("standing_warnings", {"now": now}, into=_Place)
        stands = {(place.stream, place.seq) for place in places}
        self._known = {key: known for key, known in self._known.items() if key in stands}
        for key in stands - self._known.keys():
            row = tx.one("warning_at", {"stream": key[0], "seq": key[1]}, into=_Row)
            assert row is not None, "read in the same moment"
            self._known[key] = _Known(row.author, row.chain, row.version, decode_warning(row.body))
        return places

    def _shown(self, tx: Transaction, places: Iterable[_Place]) -> list[Standing]:
        names = {row.id: row.name for row in tx.all("parties", {}, into=PartyRow)}
        party = self._house.vault.membership_in(tx).party
        return [self._standing(tx, place, names, party) for place in places]

    def _standing(self, tx: Transaction, place: _Place, names: Mapping[str, str], party: str) -> Standing:
        known = self._of(place)
        return Standing(
            author=names.get(known.author, known.author),
            warning=known.warning,
            stream=place.stream,
            seq=place.seq,
            added=Instant(place.added),
            chain=known.chain,
            withdrawn=bool(place.withdrawn),
            answered=own_answer(tx, known.chain, known.version),
            found=tuple(one for one in known.warning.look_for if one in self._here),
            own=known.author == party,
        )

    def _of(self, place: _Place) -> _Known:
        return self._known[place.stream, place.seq]

    def _order(self, place: _Place) -> tuple[bool, bool, int, int]:
        """What stands before what was withdrawn; what was found here first; the most urgent, then the newest."""
        warning = self._of(place).warning
        here = any(one in self._here for one in warning.look_for)
        return bool(place.withdrawn), not here, _BY_URGENCY.index(warning.urgency), -place.added
