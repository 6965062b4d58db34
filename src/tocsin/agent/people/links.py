# SPDX-License-Identifier: Apache-2.0
"""One-time links, by which somebody comes in who has no way in yet: the first administrator, an invited one, a reset.

A code is 256 random bits; its hash is kept, sealed with whom it is for, so that a row which somebody wrote into the
file lets nobody in. It expires, is spent in the transaction that uses it, and a newer one for the same person takes
its place. The first administrator's is good only while nobody administers.
"""

from base64 import urlsafe_b64encode
from enum import StrEnum
from hashlib import sha256

import msgspec

from tocsin.agent.house import House
from tocsin.agent.people import accounts
from tocsin.agent.people.person import Role
from tocsin.clock import DAY, HOUR, Instant
from tocsin.errors import LinkSpent, VaultLocked
from tocsin.storage.store import Transaction

_CODE_BYTES = 32


class Kind(StrEnum):
    """What a link is for."""

    FIRST = "first"
    """Whoever set the agent up becomes its first administrator."""
    INVITATION = "invitation"
    RESET = "reset"
    """Somebody lost every way in."""


LIFE = {Kind.FIRST: HOUR, Kind.INVITATION: 3 * DAY, Kind.RESET: DAY}
"""How long each is good, in microseconds."""


class Link(msgspec.Struct, frozen=True):
    """What a code stands for."""

    kind: Kind
    person: str
    """``per_…``; empty for the first administrator, who has no account yet."""
    until: Instant


class Issued(msgspec.Struct, frozen=True):
    """A new link; its code is shown once."""

    code: str
    until: Instant


class _Row(msgspec.Struct, frozen=True):
    box: bytes


def path(code: str) -> str:
    """Where the console takes it."""
    return f"/first/{code}"


def first_link(house: House) -> Issued | None:
    """A link for the first administrator, in place of any earlier one; None when somebody administers already."""

    def work(tx: Transaction) -> Issued | None:
        """Look and issue in one moment."""
        return None if _administered(tx, house) else issue(tx, house, Kind.FIRST, "")

    return house.store.run("first link", work)


def issue(tx: Transaction, house: House, kind: Kind, person: str) -> Issued:
    """A new link; the one before for the same person is good no more."""
    until = Instant(house.clock.now() + LIFE[kind])
    code = urlsafe_b64encode(house.entropy(_CODE_BYTES)).rstrip(b"=").decode()
    digest = _digest(code)
    tx.run("drop_links_of", {"person": person})
    box = house.vault.box.seal(msgspec.json.encode(Link(kind, person, until)), _place(digest))
    tx.run("keep_link", {"digest": digest, "person": person, "until": until, "box": box})
    return Issued(code, until)


def look(tx: Transaction, house: House, code: str) -> Link:
    """What a code stands for now; LinkSpent for one that is used, expired, replaced, or was never issued."""
    digest, now = _digest(code), house.clock.now()
    row = tx.one("link", {"digest": digest}, into=_Row)
    if row is None:
        raise LinkSpent
    try:
        link = msgspec.json.decode(house.vault.box.open(row.box, _place(digest)), type=Link)
    except msgspec.DecodeError as error:
        raise VaultLocked(f"The record was not written by this version: {error}.") from None
    if now >= link.until or (link.kind is Kind.FIRST and _administered(tx, house)):
        raise LinkSpent
    return link


def spend(tx: Transaction, code: str) -> None:
    """It was used, in this transaction."""
    tx.run("drop_link", {"digest": _digest(code)})


def tidy(tx: Transaction, now: Instant) -> None:
    """Drop what has expired."""
    tx.run("drop_expired_links", {"now": now})


def _administered(tx: Transaction, house: House) -> bool:
    now = house.clock.now()
    return any(
        Role.ADMIN in one.roles and accounts.lets_in(one, now) for one in accounts.every(tx, house.vault.box)
    )


def _digest(code: str) -> bytes:
    return sha256(code[:256].encode(errors="replace")).digest()


def _place(digest: bytes) -> str:
    return f"link/{digest.hex()}"
