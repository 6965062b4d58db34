# SPDX-License-Identifier: Apache-2.0
"""The warnings that this agency or desk writes itself, from the first draft on: sealed, one record for each version.

Here stand the names of its officers; what is signed says only how many they were. Which step may follow which is
`tocsin.domain.warning_life`; who takes them is `tocsin.agent.verbs.warn`.
"""

from hashlib import sha256

import msgspec

from tocsin.clock import DAY, Instant
from tocsin.domain.observable import Observable
from tocsin.domain.warning import Urgency, Warning
from tocsin.domain.warning_life import State, present, same_person
from tocsin.errors import Unknown, VaultLocked
from tocsin.privacy.box import Box
from tocsin.storage.store import Transaction


class Content(msgspec.Struct, frozen=True):
    """What an officer writes."""

    title: str
    look_for: tuple[Observable, ...]
    measures: str
    urgency: Urgency
    days: int
    """Until it expires, counted from when this version is issued."""
    grading: str = ""
    """Such as ``admiralty:B2``; empty says nothing."""


class OwnWarning(msgspec.Struct, frozen=True):
    """One version of an own warning as it stands."""

    id: str
    version: int
    state: State
    content: Content
    audiences: tuple[str, ...]
    author: str
    """The officer who wrote this version."""
    changed: Instant
    approver: str = ""
    """The officer who approved it; empty before."""
    issued: Instant = Instant(0)
    """0 before."""
    message: str = ""
    """The message that carries it to the hub; empty before it was issued."""
    withdrawn: str = ""
    """Why, once it was."""

    def officers(self) -> int:
        """How many different people stand behind it."""
        return 1 if not self.approver or same_person(self.author, self.approver) else 2

    def seen(self) -> str:
        """Another mark for every other words, values or readers: a page bears it to whoever approves or issues it."""
        return sha256(msgspec.msgpack.encode((self.version, self.content, self.audiences))).hexdigest()

    def expires(self) -> Instant:
        """When it ends; meaningful once it was issued."""
        return Instant(self.issued + self.content.days * DAY)

    def now(self, now: Instant) -> State:
        """Its state at that moment: an issued one expires by itself."""
        return present(self.state, self.expires(), now)

    def signed_form(self, party: str, issued: Instant) -> Warning:
        """What this party signs for it."""
        return Warning(
            id=self.id,
            author=party,
            title=self.content.title,
            look_for=self.content.look_for,
            measures=self.content.measures,
            urgency=self.content.urgency,
            issued=issued,
            expires=Instant(issued + self.content.days * DAY),
            grading=self.content.grading,
            version=self.version,
            officers=self.officers(),
        )


class _Row(msgspec.Struct, frozen=True):
    id: str
    version: int
    box: bytes


def keep(tx: Transaction, box: Box, warning: OwnWarning) -> OwnWarning:
    """Store a version, or its next state; returns it."""
    sealed = box.seal(msgspec.json.encode(warning), _place(warning.id, warning.version))
    tx.run("keep_own_warning", {"id": warning.id, "version": warning.version, "box": sealed})
    return warning


def versions(tx: Transaction, box: Box, warning_id: str) -> list[OwnWarning]:
    """Every version of one own warning, oldest first; Unknown when there is none."""
    rows = tx.all("own_warning", {"id": warning_id}, into=_Row)
    if not rows:
        raise Unknown(f"This party has written no warning {warning_id[:60]!r}.")
    return [_open(box, row) for row in rows]


def newest(tx: Transaction, box: Box) -> list[OwnWarning]:
    """The newest version of each own warning, the last changed first."""
    found = {row.id: row for row in tx.all("own_warnings", {}, into=_Row)}
    return sorted((_open(box, row) for row in found.values()), key=lambda one: (-one.changed, one.id))


def _open(box: Box, row: _Row) -> OwnWarning:
    try:
        return msgspec.json.decode(box.open(row.box, _place(row.id, row.version)), type=OwnWarning)
    except msgspec.DecodeError as error:
        raise VaultLocked(f"The record was not written by this version: {error}.") from None


def _place(warning_id: str, version: int) -> str:
    return f"own-warning/{warning_id}/{version}"
