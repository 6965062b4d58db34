# SPDX-License-Identifier: Apache-2.0
"""Accounts of this party's people, each one sealed record: who it is, what for, and by what it lets somebody in.

An account is found by a keyed digest of its name's likeness, so that two that look alike cannot both be kept, and
nobody without the vault's key can ask whether a name is among them. None is ever deleted: a name in the journal is one
person's for good. Here they are kept and found; how somebody gets in is `tocsin.agent.people.signing_in`.
"""

from enum import StrEnum

import msgspec

from tocsin.agent.people.person import Person, Role, Seat, likeness
from tocsin.clock import Instant
from tocsin.errors import Conflict, Unknown, VaultLocked
from tocsin.ids import check_id
from tocsin.privacy.box import Box
from tocsin.storage.store import Transaction

MOST = 1_000
"""Accounts, those that were shut out included."""


class State(StrEnum):
    """Where an account is in its life."""

    INVITED = "invited"
    """A link waits for whoever it is for."""
    ACTIVE = "active"
    REVOKED = "revoked"


class Account(msgspec.Struct, frozen=True):
    """One person as the vault knows them. What lets in is a hash, or sealed with the rest."""

    id: str
    name: str
    roles: frozenset[Role]
    seat: Seat | None
    state: State
    since: Instant
    """When it came into this state."""
    password: str = ""
    """PHC string; empty: no password lets in."""
    seed: bytes = b""
    """Of one-time codes."""
    last_step: int = 0
    """Of the newest one-time code that was used."""
    recovery: tuple[bytes, ...] = ()
    """Digests of the recovery codes that are left."""
    issuer: str = ""
    """The identity provider that answers for this person, and alone lets in; empty: none."""
    subject: str = ""
    """What that provider calls this person."""


class _Row(msgspec.Struct, frozen=True):
    id: str
    box: bytes


def person_of(account: Account) -> Person:
    """The person whom verbs and pages see."""
    institution = account.seat.institution if account.seat else ""
    return Person(account.id, account.name, account.roles, institution)


def lets_in(account: Account, now: Instant) -> bool:
    """Whether it is active, and its seat, if it is one, not over."""
    return account.state is State.ACTIVE and (account.seat is None or now < account.seat.until)


def add(tx: Transaction, box: Box, account: Account) -> None:
    """Keep one more; Conflict when there are too many, or a name that looks like this one."""
    if len(every(tx, box)) >= MOST:
        raise Conflict(f"There are {MOST:,} accounts, and none is ever deleted.")
    if by_name(tx, box, account.name) is not None:
        raise Conflict(
            f"There is, or was, somebody whose name reads like {account.name}.",
            next_step="Add what tells the two apart: a middle name, a second initial, a number of staff.",
        )
    subject = _subject(box, account.issuer, account.subject) if account.issuer else None
    row = {"id": account.id, "name": _named(box, account.name), "subject": subject}
    tx.run("add_person", {**row, "box": _sealed(box, account)})


def change(tx: Transaction, box: Box, account: Account) -> None:
    """What is known of an account now; its name and its provider never change."""
    tx.run("change_person", {"id": account.id, "box": _sealed(box, account)})


def by_name(tx: Transaction, box: Box, name: str) -> Account | None:
    """The account of that name, however it is spelled."""
    return _opened(box, tx.one("person_by_name", {"name": _named(box, name)}, into=_Row))


def by_subject(tx: Transaction, box: Box, issuer: str, subject: str) -> Account | None:
    """The account for which that provider answers by that word."""
    return _opened(box, tx.one("person_by_subject", {"subject": _subject(box, issuer, subject)}, into=_Row))


def find(tx: Transaction, box: Box, person: str) -> Account | None:
    """One account, or None."""
    return _opened(box, tx.one("person", {"id": check_id(person, "per")}, into=_Row))


def by_id(tx: Transaction, box: Box, person: str) -> Account:
    """One account; Unknown when there is none."""
    found = find(tx, box, person)
    if found is None:
        raise Unknown("There is no such account.")
    return found


def every(tx: Transaction, box: Box) -> list[Account]:
    """Every account, by name."""
    found = [_opened_row(box, row) for row in tx.all("people", {}, into=_Row)]
    return sorted(found, key=lambda one: (one.name.casefold(), one.id))


def demand_another_admin(tx: Transaction, box: Box, but: str, now: Instant) -> None:
    """Conflict unless somebody else than `but` administers, too."""
    if not any(one.id != but and Role.ADMIN in one.roles and lets_in(one, now) for one in every(tx, box)):
        raise Conflict(
            "Nobody else administers people here.", next_step="Give somebody else the role admin first."
        )


def _named(box: Box, name: str) -> bytes:
    return box.digest(likeness(name).encode(errors="surrogatepass"), "person/name")


def _subject(box: Box, issuer: str, subject: str) -> bytes:
    return box.digest(msgspec.json.encode((issuer, subject)), "person/subject")


def _sealed(box: Box, account: Account) -> bytes:
    return box.seal(msgspec.json.encode(account), f"person/{account.id}")


def _opened(box: Box, row: _Row | None) -> Account | None:
    return _opened_row(box, row) if row else None


def _opened_row(box: Box, row: _Row) -> Account:
    try:
        return msgspec.json.decode(box.open(row.box, f"person/{row.id}"), type=Account)
    except msgspec.DecodeError as error:
        raise VaultLocked(f"The record was not written by this version: {error}.") from None
