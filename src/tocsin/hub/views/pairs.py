# SPDX-License-Identifier: Apache-2.0
"""How many values of a stream are confirmed by the same two parties alone, and that there is an end to it.

Receivers block what two named sources say. Two members that collude could confirm to each other whatever they like: a
million values in an afternoon, or single ones over weeks, which look like many honest ones to every reader, because no
reader knows who said what. Here it is known. So the word of two parties alone raises at most `MOST_BY_TWO` values of a
stream to a band of two at a time. The next stays at one named source until a third party names it; or, once an earlier
one has aged, was taken back or has found a third source, until somebody names it again.

Nobody is told but the operator: who hears that a value found no room hears who said it.
"""

import msgspec

from tocsin.clock import Instant
from tocsin.domain.level import MOST_BY_TWO
from tocsin.storage.store import Params, Transaction

_Two = tuple[str, str]


class FullPair(msgspec.Struct, frozen=True):
    """Two parties that have no room left in a stream."""

    stream: str
    one: str
    other: str
    """Their names."""
    held: int


class _Party(msgspec.Struct, frozen=True):
    party: str


class _Held(msgspec.Struct, frozen=True):
    held: int


class Room:
    """What room there is in one stream, during one transaction."""

    def __init__(self, tx: Transaction, number: int, since: Instant) -> None:
        """What was added before `since` counts no more."""
        self._tx = tx
        self._number = number
        self._since = since
        self._left: dict[_Two, int] = {}

    def take(self, value: str) -> bool:
        """Whether the two parties that vouch for a value may raise one more; if so, it is theirs from now on."""
        of_value: Params = {"stream": self._number, "value": value}
        rows = self._tx.all("parties_of_value", {**of_value, "since": self._since}, into=_Party)
        one, other = (row.party for row in rows)
        left = self._left.get((one, other))
        if left is None:
            asked: Params = {"stream": self._number, "one": one, "other": other}
            held = self._tx.one("held_by_two", asked, into=_Held)
            left = MOST_BY_TWO - (held.held if held else 0)
        if left <= 0:
            self._left[one, other] = 0
            return False
        self._left[one, other] = left - 1
        self._tx.run("rest_on_two", {**of_value, "one": one, "other": other})
        return True

    def give_back(self, value: str) -> None:
        """A value rests on two parties alone no more."""
        self._tx.run("rest_on_two_no_more", {"stream": self._number, "value": value})


def full_pairs(tx: Transaction) -> list[FullPair]:
    """Whoever has no room left, by their names; for the operator."""
    found = tx.all("full_pairs", {"most": MOST_BY_TWO}, into=FullPair)
    return [FullPair(row.stream, min(row.one, row.other), max(row.one, row.other), row.held) for row in found]
