# SPDX-License-Identifier: Apache-2.0
"""What a room works with: the agent's own house, and what is costly to make, kept until something of it changes."""

import time
from collections.abc import Callable, Mapping

import msgspec

from tocsin.agent.console.board import Board
from tocsin.agent.house import House
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.shields.levels import Levels
from tocsin.agent.shields.protection import Change, Protection
from tocsin.agent.shields.switching import State, states
from tocsin.agent.work import classifier, guarded_by, levels, protection
from tocsin.clock import Instant

_REST = 5
"""Of the time that a dry run took: with a million values it takes seconds, and every room waits for it."""


class _DryRun(msgspec.Struct, frozen=True):
    changes: list[Change]
    protection: object
    """The very one that was asked."""
    states: Mapping[str, State]
    until: float
    """Made anew after this, by a clock that only goes forward."""


class Desk:
    """One connection to the store, and the classifier, levels and shields over it. Used by one thread."""

    def __init__(self, house: House, told: Callable[[], None]) -> None:
        """`told` is called when something was queued for the hub: it need not wait for its turn."""
        self.house = house
        self.told = told
        self.board = Board(house)
        self._known: tuple[object, ...] | None = None
        self._classifier: Classifier | None = None
        self._levels: Levels | None = None
        self._protection: Protection | None = None
        self._dry_run: _DryRun | None = None

    @property
    def now(self) -> Instant:
        """The present moment."""
        return self.house.clock.now()

    @property
    def classifier(self) -> Classifier:
        """Whose a value is, by everything that is known at this moment."""
        self._look()
        assert self._classifier is not None
        return self._classifier

    @property
    def levels(self) -> Levels:
        """What may be done with a value."""
        self._look()
        assert self._levels is not None
        return self._levels

    @property
    def protection(self) -> Protection:
        """The files of the shields."""
        self._look()
        assert self._protection is not None
        return self._protection

    def dry_run(self) -> list[Change]:
        """What the next look of the shields would change; kept a while, unless one was switched or a guard changed."""
        before, asked, switched = self._dry_run, self.protection, states(self.house.store)
        began = time.monotonic()
        if before and before.protection is asked and before.states == switched and began < before.until:
            return before.changes
        changes = asked.apply(self.now, dry_run=True)
        ended = time.monotonic()
        self._dry_run = _DryRun(changes, asked, switched, ended + _REST * (ended - began))
        return changes

    def _look(self) -> None:
        """Make them anew when an asset, a member, a warning list or a person's word has changed."""
        known = guarded_by(self.house)
        if known != self._known:
            self._known = known
            self._classifier, self._levels = classifier(self.house), levels(self.house)
            self._protection = protection(self.house)
