# SPDX-License-Identifier: Apache-2.0
"""What a hub's operator does with trustees: asks them to open a report, or rehearses it, and states what they opened.

Each request is an entry of the directory before its file exists: everybody reads how many reports trustees were asked
to open, and later which trustees did. Which report, for whom and why stands in the file, and only its readers know.
Trustees who do without the hub leave no such trace: nothing can make them.
"""

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from tocsin.domain.audience import DIRECTORY
from tocsin.errors import Conflict, StateError, Unknown
from tocsin.halves.opening import Asked, check_answer, check_request, rehearsal
from tocsin.hub.exchange import Exchange
from tocsin.hub.streams import HUB_ITSELF, Draft
from tocsin.hub.views.anonymous import epochs
from tocsin.ids import new_id
from tocsin.storage.store import Transaction
from tocsin.wire.epoch import ACCOUNTABLE
from tocsin.wire.messages import Message, decode, encode
from tocsin.wire.opening import (
    Approval,
    KeptEscrow,
    OpenedShare,
    OpeningApproved,
    OpeningAsked,
    OpeningRequest,
)
from tocsin.wire.trustees import Card

_ASKED, _APPROVED = "opening", "opening-approved"


class _Kept(msgspec.Struct, frozen=True):
    kept: bytes


class _Evidence(msgspec.Struct, frozen=True):
    evidence: bytes


class _Body(msgspec.Struct, frozen=True):
    body: bytes


class Audit(msgspec.Struct, frozen=True):
    """How far members of an epoch came with their accountable tokens."""

    epoch: int
    state: int
    """0: asked, and never opened what was chosen; 1: given; 2: caught."""
    members: int


def rehearse(tx: Transaction, hub: Exchange, requester: Card) -> bytes:
    """A request over an escrow that names nobody, for the trustees of the newest document: nothing is stated of it."""
    rows = [row for row in epochs(tx) if row.read.token_class == ACCOUNTABLE]
    if not rows:
        raise StateError("No epoch has trustees yet.", next_step="Declare them first: tocsin hub trustees.")
    return encode(rehearsal(rows[-1].document, requester, hub.clock.now(), hub.entropy))


def ask(tx: Transaction, hub: Exchange, report: str, requester: Card, purpose: str) -> bytes:
    """A request to open a report, once the directory says that there is one; Unknown when nothing of it is kept.

    Conflict where two senders used its identifier: it does not say which of them is meant.
    """
    found = tx.all("escrows_of", {"fact": report}, into=_Kept)
    if not found:
        raise Unknown(f"No accountable report {report[:60]!r} is kept here: it may be class open, or erased.")
    if len(found) > 1:
        raise Conflict(f"Two senders used the identifier {report[:60]!r}.")
    kept = decode(found[0].kept, KeptEscrow)
    data = encode(OpeningRequest(made=hub.clock.now(), requester=requester, purpose=purpose, kept=kept))
    asked = check_request(data)
    number = len(_asked(tx)) + 1
    event = OpeningAsked(
        number=number, request=asked.digest, epoch=asked.document.number, needed=asked.terms.needed
    )
    _state(tx, hub, _ASKED, event)
    return data


def approve(
    tx: Transaction, hub: Exchange, request: bytes, answers: Sequence[OpenedShare]
) -> tuple[str, ...]:
    """State which trustees opened their shares for a request; their names. Unknown for a request that was not stated,
    Malformed or BadSignature for an answer that is none to it.
    """
    asked = check_request(request)
    if asked.digest not in {one.request for one in _asked(tx)}:
        raise Unknown("The directory knows nothing of this request.")
    names = tuple(check_answer(asked, one).name for one in answers)
    _state(tx, hub, _APPROVED, _approved(asked, answers))
    return names


def audits(tx: Transaction) -> tuple[Audit, ...]:
    """Of every epoch of class ``accountable`` that is kept."""
    return tuple(tx.all("audits", {"open": b""}, into=Audit))


def evidence(tx: Transaction) -> tuple[bytes, ...]:
    """Messages ``false-tokens`` against members that were caught, the oldest first."""
    return tuple(row.evidence for row in tx.all("false_tokens", {}, into=_Evidence))


def _asked(tx: Transaction) -> list[OpeningAsked]:
    """Every request that the directory knows of, the first first."""
    rows = tx.all("openings", {"stream": DIRECTORY, "kind": _ASKED}, into=_Body)
    return [decode(row.body, OpeningAsked) for row in rows]


def _approved(asked: Asked, answers: Sequence[OpenedShare]) -> OpeningApproved:
    ordered = sorted(answers, key=lambda one: one.number)
    approvals = tuple(Approval(one.number, sha256(one.sealed).digest(), one.signature) for one in ordered)
    return OpeningApproved(request=asked.digest, epoch=asked.document.number, approvals=approvals)


def _state(tx: Transaction, hub: Exchange, kind: str, event: Message) -> None:
    draft = Draft(kind, new_id("fct", hub.entropy), encode(event))
    hub.streams.append(tx, DIRECTORY, [draft], HUB_ITSELF)
