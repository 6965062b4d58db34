# SPDX-License-Identifier: Apache-2.0
"""Reports of the anonymous classes: sealed in the vault, each until its class has carried it, and what came of it.

A report takes a token when it is first put into an envelope, and keeps it until it is settled: sent again, it carries
the same one under a new reply key, so that it counts once. Once it is settled nothing of body, token or keys is kept:
only when it went, what became of it, and the values that it named, so that nobody confirms them by name.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from tocsin.agent.anonymous.epochs import Epoch
from tocsin.agent.anonymous.tokens import Ticket, take
from tocsin.clock import Instant, midnight
from tocsin.domain.audience import EVERYONE, MEMBERS
from tocsin.domain.observable import defang
from tocsin.errors import Conflict, Malformed, Refused, Unknown
from tocsin.privacy.box import Box
from tocsin.privacy.tokens import Token
from tocsin.proof.signing import SigningKey
from tocsin.storage.store import Transaction
from tocsin.wire.envelope import REPLY_KEY_BYTES, Enclosed, enclose, pack
from tocsin.wire.messages import Report, encode
from tocsin.wire.slot import Fate

CLASSES = ("now", "mixed")
AUDIENCES = frozenset({str(EVERYONE), str(MEMBERS)})
"""Whom an anonymous report may be told to: what is told to fewer says something of who could tell it."""
TRIES = 3
"""How often one is sent: each time is one more slot whose senders it is known to be among."""


class State(StrEnum):
    """Where a report is."""

    WAITING = "waiting"
    SENT = "sent"
    """In an envelope that is on its way, or whose slot has not told yet."""
    TAKEN = "taken"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    """It was sent as often as it may be, and the hub said nothing of it."""
    WITHDRAWN = "withdrawn"
    """A person took it back before it went."""


SETTLED = frozenset({State.TAKEN, State.REFUSED, State.UNANSWERED, State.WITHDRAWN})
_UNTOLD = frozenset({State.REFUSED, State.WITHDRAWN})
"""Nothing of it was told to anybody."""


class Namers(msgspec.Struct, frozen=True):
    """Who can name the sender of an anonymous report: nobody of class ``open``."""

    needed: int = 0
    """So many of the trustees together; 0: none can."""
    trustees: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    """Of their keys, in the same order: another's keys under the same name are another who can."""


class Way(msgspec.Struct, frozen=True):
    """How a person lets a report go."""

    report_class: str
    hold: bool = True
    """False: also in the first slots after an outage, when whoever was hit comes back."""
    pseudonymous: bool = False
    """Also among fewer senders than the floor asks for."""
    namers: Namers | None = None
    """Who could name its sender when the person let it go; None until then."""


class Attempt(msgspec.Struct, frozen=True):
    """One envelope that it was put into."""

    epoch: int
    slot: int
    reply_key: bytes


class Anonymous(msgspec.Struct, frozen=True):
    """One report."""

    id: str
    queued: Instant
    way: Way
    audiences: tuple[str, ...]
    body: bytes
    """The encoded report; empty once it is settled."""
    case: str = ""
    evidence: str = ""
    """SHA-256 of the file that it rests on, in hexadecimal."""
    values: tuple[str, ...] = ()
    """What it names."""
    ticket: Ticket | None = None
    """The token that it took; None before, and once it is settled."""
    attempts: tuple[Attempt, ...] = ()
    """With their reply keys until it is settled; then only in which slots it was, the newest last."""
    state: State = State.WAITING
    fate: Fate | None = None
    among: int = 0
    """Senders of the slot in which it was taken, as the least of those who count them says; 0: not known."""

    def holds_token(self, epoch: int) -> bool:
        """Whether it has taken a token of that epoch."""
        return self.ticket is not None and bool(self.attempts) and self.attempts[-1].epoch == epoch

    def __repr__(self) -> str:
        return f"Anonymous({self.id}, {self.state})"  # no log shall hold the rest


class _Row(msgspec.Struct, frozen=True):
    id: str
    queued: int
    box: bytes


def hidden(report: Report, way: Way, now: Instant) -> Anonymous:
    """An approved report as it will wait; Malformed as in `plain`. Its case and values are its caller's to add."""
    told = plain(report, way.report_class)
    return Anonymous(report.id, now, way, told.audiences, encode(told))


def queue(tx: Transaction, box: Box, one: Anonymous) -> None:
    """Let it wait for its class, in the transaction of its approval."""
    assert one.state is State.WAITING, "it is new"
    keep(tx, box, one)


def withdraw(tx: Transaction, box: Box, report: str) -> Anonymous | None:
    """Take one back that has not gone; None when this report is not anonymous. Conflict once it was sent."""
    one = find(tx, box, report)
    if one is None:
        return None
    if one.attempts or one.state is not State.WAITING:
        raise Conflict(
            "It went anonymously, and nobody can take it back: the hub does not know whose it is, and would if this "
            "party asked.",
            next_step="Ask your alliance's desk to erase it, by another way and without saying whose it is.",
        )
    ended = stripped(one, State.WITHDRAWN, None, 0)
    keep(tx, box, ended)
    return ended


def plain(report: Report, report_class: str) -> Report:
    """The report with nothing in it that would tell one sender from another; Malformed when that is not possible."""
    if not report.audiences or not AUDIENCES.issuperset(report.audiences):
        raise Malformed(
            "An anonymous report is told to members, or to all: fewer readers say something of who told them.",
            next_step="Leave --audience out, or report as class named.",
        )
    if report.not_before or report.purposes:
        raise Malformed(
            "An anonymous report has no embargo and no purposes: few senders use them.",
            next_step="Leave --not-before out, or report as class named.",
        )
    audiences = tuple(sorted(set(report.audiences)))
    return msgspec.structs.replace(
        report, report_class=report_class, audiences=audiences, sent=0, unattended=False
    )


def keep(tx: Transaction, box: Box, one: Anonymous) -> None:
    """Keep it as it is now. Its identifier is in the public ledger: it is in no row here, and neither is its hour."""
    row = _row(box, one.id)
    sealed = box.seal(msgspec.json.encode(one), _place(row))
    tx.run("keep_anonymous_report", {"id": row, "queued": midnight(one.queued), "box": sealed})


def every(tx: Transaction, box: Box) -> list[Anonymous]:
    """All of them, in the order in which they were approved."""
    found = [_open(box, row) for row in tx.all("anonymous_reports", {}, into=_Row)]
    return sorted(found, key=lambda one: (one.queued, one.id))


def find(tx: Transaction, box: Box, report: str) -> Anonymous | None:
    """One of them; None when this report is not anonymous."""
    row = tx.one("anonymous_report", {"id": _row(box, report)}, into=_Row)
    return _open(box, row) if row else None


def demand(tx: Transaction, box: Box, report: str) -> Anonymous:
    """The same; Unknown when there is none."""
    found = find(tx, box, report)
    if found is None:
        raise Unknown(f"There is no anonymous report {report[:60]!r}.")
    return found


def open_ones(tx: Transaction, box: Box, report_class: str) -> Iterator[Anonymous]:
    """Those of a class that are not settled, the oldest first."""
    yield from (
        one for one in every(tx, box) if one.state not in SETTLED and one.way.report_class == report_class
    )


def require_unlinked(tx: Transaction, box: Box, values: Iterable[str]) -> None:
    """Refused when an anonymous report of this party names one of these, which are about to be told by its name.

    Who says by name that it saw what few have seen, soon after it was told anonymously, is known by it.
    """
    wanted = frozenset(values)
    for one in every(tx, box):
        if one.state in _UNTOLD or not (both := sorted(wanted.intersection(one.values))):
            continue
        raise Refused(
            f"{defang(both[0].partition(':')[2])} was reported anonymously by this party ({one.id}): told by its name "
            "as well, it says whose that report was.",
            next_step="Leave it to others to confirm it; or add --by-name, if the hub may know.",
        )


def board(
    tx: Transaction, box: Box, one: Anonymous, epoch: Epoch, slot: int, reply_key: bytes
) -> Enclosed | None:
    """Put a report into an envelope of a slot; None when there is no token for it.

    Its token is the one that it took in this epoch, or an unused one, which is used up by this.
    """
    ticket = one.ticket if one.holds_token(epoch.number) else take(tx, box, epoch.number)
    if ticket is None:
        return None
    attempts = (*one.attempts, Attempt(epoch.number, slot, reply_key))[-TRIES:]
    keep(tx, box, msgspec.structs.replace(one, ticket=ticket, attempts=attempts, state=State.SENT))
    return enclose(
        one.body,
        Token.parse(ticket.token),
        ticket.random,
        SigningKey.from_seed(ticket.one_time_seed),
        reply_key,
        signs=epoch.context("anonymous-report"),
        document=epoch.document,
        escrow=ticket.escrow,
    )


def stripped(one: Anonymous, state: State, fate: Fate | None, among: int) -> Anonymous:
    """A report that is settled: what could prove who sent it is gone."""
    bare = tuple(msgspec.structs.replace(attempt, reply_key=b"") for attempt in one.attempts)
    return msgspec.structs.replace(
        one, body=b"", ticket=None, attempts=bare, state=state, fate=fate, among=among
    )


def require_room(body: bytes, envelope_bytes: int) -> None:
    """TooLarge unless an envelope of this size, less the escrow that it carries, has room for an encoded report."""
    token = Token(bytes(32), bytes(32), bytes(32), bytes(256))
    pack(Enclosed(token, bytes(32), bytes(32), bytes(64), bytes(REPLY_KEY_BYTES), body), envelope_bytes)


def forget(tx: Transaction, before: Instant) -> None:
    """Let go of those of earlier days."""
    tx.run("forget_anonymous_reports", {"before": midnight(before)})


def _open(box: Box, row: _Row) -> Anonymous:
    return msgspec.json.decode(box.open(row.box, _place(row.id)), type=Anonymous)


def _row(box: Box, report: str) -> str:
    """How a row is found by whoever has the vault's key, and by nobody else."""
    return box.digest(report.encode(), "anonymous report").hex()


def _place(row: str) -> str:
    return f"anonymous/{row}"
