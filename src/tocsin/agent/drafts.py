# SPDX-License-Identifier: Apache-2.0
"""The disclosures that wait for people, sealed: exactly what would leave, to whom, who agreed so far, and the file.

What becomes of one is `tocsin.agent.verbs.decide`; once it is decided nothing of it is kept here: what was approved
stands in its case, what was refused in the journal.
"""

from hashlib import sha256

import msgspec

from tocsin.agent.anonymous.reports import Namers
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.redact import Draft
from tocsin.clock import Instant
from tocsin.domain.likeness import Grain
from tocsin.errors import Conflict, Unknown, VaultLocked
from tocsin.privacy.box import Box
from tocsin.storage.store import Transaction

MOST = 1_000
"""Drafts that wait at a time: a gateway that floods its own bank must not fill its disk."""


class Terms(msgspec.Struct, frozen=True):
    """How a disclosure would be told: a part of what people agree to."""

    audiences: tuple[str, ...]
    report_class: str = "named"
    not_before: Instant = Instant(0)
    """An embargo; 0: none."""
    grain: Grain = Grain.DAY
    """How exactly the day is told."""
    case: str = ""
    """Which case it is kept in; empty: a new one."""
    hold: bool = True
    """False: class ``mixed`` also in the first slots after an outage."""
    pseudonymous: bool = False
    """Class ``mixed`` also among fewer senders than the floor."""
    by_name: bool = False
    """Class ``named`` also for what this party has named anonymously."""
    namers: Namers | None = None
    """Who could name its sender, of an anonymous class, when people were shown these terms; None: nobody was."""


class Waiting(msgspec.Struct, frozen=True):
    """One disclosure that waits."""

    id: str
    since: Instant
    drafter: str
    """Who or what brought the file."""
    name: str
    """Of the file."""
    digest: str
    """SHA-256 of the file, in hexadecimal."""
    reading: Reading
    draft: Draft
    terms: Terms
    reasons: tuple[str, ...] = ()
    """Why no standing rule lets it go."""
    agreed: tuple[str, ...] = ()
    """The people who have agreed to exactly this."""

    def seen(self) -> str:
        """Another mark for everything else that would leave, or under other terms; whoever agreed makes no difference.

        A page bears it, so that nobody agrees to what took the place of what they saw.
        """
        return sha256(msgspec.msgpack.encode((self.draft.disclosure, self.terms))).hexdigest()


class _Row(msgspec.Struct, frozen=True):
    id: str
    box: bytes


class _File(msgspec.Struct, frozen=True):
    file: bytes


class _Count(msgspec.Struct, frozen=True):
    held: int


def add(tx: Transaction, box: Box, waiting: Waiting, data: bytes) -> None:
    """Begin to wait; of one file for the same audiences only the newest does. Conflict when too many wait."""
    for row in tx.all("drafts_of_file", {"digest": waiting.digest}, into=_Row):
        if _open(box, row).terms.audiences == waiting.terms.audiences:
            drop(tx, row.id)
    count = tx.one("count_drafts", {}, into=_Count)
    if count and count.held >= MOST:
        raise Conflict(
            f"{MOST:,} drafts wait already.", next_step="Decide on them: tocsin agent drafts DIR list."
        )
    tx.run(
        "add_draft",
        {
            "id": waiting.id,
            "since": waiting.since,
            "digest": waiting.digest,
            "box": _sealed(box, waiting),
            "file": box.seal(data, f"{_place(waiting.id)}/file"),
        },
    )


def change(tx: Transaction, box: Box, waiting: Waiting) -> None:
    """Somebody agreed to it."""
    tx.run("change_draft", {"id": waiting.id, "box": _sealed(box, waiting)})


def every(tx: Transaction, box: Box) -> list[Waiting]:
    """All that wait, the oldest first."""
    return [_open(box, row) for row in tx.all("drafts", {}, into=_Row)]


def find(tx: Transaction, box: Box, draft_id: str) -> Waiting:
    """One of them; Unknown when it does not wait, or no more."""
    row = tx.one("draft_by_id", {"id": draft_id}, into=_Row)
    if row is None:
        raise Unknown(f"No draft {draft_id[:60]!r} waits here: it was decided on, or never was.")
    return _open(box, row)


def file_of(tx: Transaction, box: Box, draft_id: str) -> bytes:
    """The file that it rests on, byte for byte; Unknown as for `find`."""
    row = tx.one("draft_file", {"id": draft_id}, into=_File)
    if row is None:
        raise Unknown(f"No draft {draft_id[:60]!r} waits here: it was decided on, or never was.")
    return box.open(row.file, f"{_place(draft_id)}/file")


def drop(tx: Transaction, draft_id: str) -> None:
    """It waits no more."""
    tx.run("drop_draft", {"id": draft_id})


def _sealed(box: Box, waiting: Waiting) -> bytes:
    return box.seal(msgspec.msgpack.encode(waiting), _place(waiting.id))


def _open(box: Box, row: _Row) -> Waiting:
    try:
        return msgspec.msgpack.decode(box.open(row.box, _place(row.id)), type=Waiting)
    except msgspec.DecodeError as error:
        raise VaultLocked(f"The record was not written by this version: {error}.") from None


def _place(draft_id: str) -> str:
    return f"draft/{draft_id}"
