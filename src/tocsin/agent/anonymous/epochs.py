# SPDX-License-Identifier: Apache-2.0
"""Which epoch documents are believed, and which epoch a moment lies in.

A document is believed once, and for good, when the directory shows it with the words of the relay that it names and of
the partner that witnesses this history; when it is for this hub and realm; and when its number is the next one. A
second document for a number is never believed, whoever signed it: somebody was to be shown another one than the rest.
Every parameter of the path comes from here: one that came from anywhere else could be this party's alone.
"""

from functools import lru_cache

import msgspec

from tocsin.agent.alarms import INFORMATION
from tocsin.clock import SECOND, Instant
from tocsin.domain.party import Role
from tocsin.errors import Conflict, Forked, KeySwapped
from tocsin.halves.epochs import check_signed
from tocsin.proof.signing import Context
from tocsin.storage.store import Transaction
from tocsin.wire.epoch import EpochDocument, EpochEvent, read_document

SENDERS = frozenset({Role.BANK, Role.DESK})
"""Whose envelopes the relay admits."""
_REACHED = ("https://", "http://127.0.0.1:", "http://[::1]:", "http://localhost:")
"""How the address of a relay begins: in the clear everybody on the way sees which member sends."""
_NEWEST = 3
"""Documents among which the present one is: the next one stands in the directory before its epoch begins."""


class Epoch(msgspec.Struct, frozen=True):
    """One epoch that is believed."""

    document: bytes
    """The very bytes that relay and partner signed."""
    terms: EpochDocument
    closed: bool = False
    """Whether the hub has said that it takes no token of it any more."""

    @property
    def number(self) -> int:
        """Its number."""
        return self.terms.number

    @property
    def slot_time(self) -> int:
        """How long a slot lasts, microseconds."""
        return self.terms.slot_seconds * SECOND

    def at(self, slot: int) -> Instant:
        """When a slot begins, which is when the one before it ends."""
        return self.terms.slot_begins(slot)

    def context(self, what: str) -> Context:
        """What a signature in this epoch is for."""
        return Context(what, self.terms.realm, self.terms.hub)


class _Row(msgspec.Struct, frozen=True):
    number: int
    document: bytes
    closed: int


def believe(tx: Transaction, realm: str, hub: str, partner_key: bytes | None, event: EpochEvent) -> str:
    """Believe a document that the directory shows; what people should know of it, or empty.

    Forked for a second document of one number; KeySwapped, BadSignature or Conflict for what else is not believed.
    `partner_key`: the key by which this history is witnessed; None when it is by nobody.
    """
    terms = check_signed(event.document, event.by_relay, event.by_partner)
    same = by_number(tx, terms.number)
    if same is not None:
        if same.document == event.document:
            return ""
        raise Forked(f"Two documents are signed for epoch {terms.number} of the anonymous path.")
    if terms.partner_key != partner_key:
        raise KeySwapped(
            "Not the partner that witnesses this history has signed this epoch of the anonymous path."
        )
    last = newest(tx)
    before = last.number if last else 0
    if terms.number != before + 1:
        raise Conflict(f"Epoch {terms.number} of the anonymous path does not follow epoch {before}.")
    if (terms.realm, terms.hub) != (realm, hub):
        raise Conflict(f"Epoch {terms.number} is another hub's or realm's.")
    if last and terms.begins < last.terms.ends and not last.closed:
        raise Conflict(f"Epoch {terms.number} begins before the last one ends.")
    if not terms.relay_url.startswith(_REACHED):
        raise Conflict(
            f"Epoch {terms.number}: a relay is reached by https, or by http on this machine alone."
        )
    tx.run("keep_epoch", {"number": terms.number, "document": event.document})
    return _news(last.terms if last else None, terms)


def close(tx: Transaction, number: int) -> str:
    """The hub takes no token of an epoch any more; what people should know of it."""
    if not tx.run("close_epoch", {"number": number}):
        raise Conflict(f"Epoch {number} of the anonymous path is not known.")
    return (
        f"{INFORMATION}the hub was restored, and takes no anonymous report in epoch {number} any more: what waits is "
        "sent in the next one."
    )


def newest(tx: Transaction) -> Epoch | None:
    """The last document that is believed."""
    return next(iter(_known(tx)), None)


def present(tx: Transaction, now: Instant) -> Epoch | None:
    """The epoch that a moment lies in, the later of two, as one that is closed may last; None when none is known."""
    return next((one for one in _known(tx) if one.terms.holds(now)), None)


def issuing(tx: Transaction, now: Instant) -> Epoch | None:
    """The epoch whose tokens are given out at a moment; None when none is known."""
    known = (one for one in _known(tx) if one.terms.issue_from <= now < one.terms.issue_until)
    return next((one for one in known if not one.closed), None)


def upcoming(tx: Transaction, now: Instant) -> tuple[Epoch, int] | None:
    """The next slot to begin, with its epoch; None when none begins within the length of a slot."""
    for one in _known(tx):
        slot = one.terms.slot_at(now) + 1
        if 0 <= slot < one.terms.slots:
            return one, slot
    return None


def by_number(tx: Transaction, number: int) -> Epoch | None:
    """One epoch; None when it is not known."""
    row = tx.one("epoch_by_number", {"number": number}, into=_Row)
    return _read(row) if row else None


def _known(tx: Transaction) -> list[Epoch]:
    return [_read(row) for row in tx.all("epochs", {"limit": _NEWEST}, into=_Row)]


def _read(row: _Row) -> Epoch:
    return Epoch(row.document, _terms(row.document), closed=bool(row.closed))


@lru_cache(_NEWEST)
def _terms(document: bytes) -> EpochDocument:
    """Its keys are checked once: it is looked at in every slot, and by every page."""
    return read_document(document)


def _news(before: EpochDocument | None, terms: EpochDocument) -> str:
    """Who carries the path is people's business: they choose whom not to trust with all of it.

    A rehearsal after epochs that were none is no note but an alarm: nobody rehearses on a path that is in use.
    """
    if before and terms.rehearsal and not before.rehearsal:
        return (
            f"Epoch {terms.number} of the anonymous path is called a rehearsal, and the one before was none: its "
            "tokens rest for less than a day. Report nothing in it, and ask the desk."
        )
    now, told = terms.operators, list[str]()
    if not before or (before.operators, before.relay_key) != (now, terms.relay_key):
        told.append(
            f"{now.relay[:80]} is the relay of the anonymous path and {now.partner[:80]} its partner. It hides nobody "
            f"from these two and {now.hub[:80]} together."
        )
    if (before.needed, before.trustees) != (terms.needed, terms.trustees) if before else terms.trustees:
        names = ", ".join(one.name[:80] for one in terms.trustees)
        who = f"{terms.needed} of these {len(terms.trustees)} together" if names else "no trustees"
        told.append(f"{who} can name the sender of an anonymous report{': ' if names else ''}{names}.")
        earlier = {one.name: one for one in before.trustees} if before else {}
        if anew := [one.name[:80] for one in terms.trustees if earlier.get(one.name, one) != one]:
            told.append(
                f"behind {', '.join(anew)} stand other keys than before: compare each fingerprint (tocsin agent "
                "anonymous) with its owner."
            )
    return f"{INFORMATION}from epoch {terms.number} on, {' And '.join(told)}" if told else ""
