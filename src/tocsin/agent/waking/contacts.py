# SPDX-License-Identifier: Apache-2.0
"""Whom this party calls in the night: the alliance's desk, the partner, the police, each member that agreed to it.

The directory that everybody reads has no numbers: whose telephone rings is told by its owner to whom it chooses. They
are kept here, sealed; every change is a line in the journal, without the number. A page of them for the day on which
no machine works is `tocsin agent contacts DIR page`. Nothing of them is ever logged or sent.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.clock import Instant, to_text
from tocsin.errors import Conflict, Malformed, Unknown, VaultLocked
from tocsin.ids import Entropy, new_id
from tocsin.storage.store import Transaction

MOST = 2_000
MAX_TEXT = 200
WIDTH = 78
"""Letters in a line of the page: it fits a sheet of A4."""


class Kind(StrEnum):
    """What somebody is to this party; in the order in which they are shown."""

    ALLIANCE = "alliance"
    PARTNER = "partner"
    POLICE = "police"
    REGULATOR = "regulator"
    MEMBER = "member"
    PROVIDER = "provider"


class Contact(msgspec.Struct, frozen=True):
    """Somebody who can be called."""

    id: str
    kind: Kind
    organisation: str
    """For a member its name in the directory."""
    who: str
    """A duty desk, or a person who agreed to it."""
    phones: tuple[str, ...]
    mails: tuple[str, ...]
    hours: str
    """When somebody answers, such as ``24x7``."""
    agreed: str
    """How this party knows it, and since when: a signed form, a call back."""
    kept: Instant
    """When it was last changed here."""


class _Row(msgspec.Struct, frozen=True):
    id: str
    box: bytes


def new_contact(
    entropy: Entropy,
    now: Instant,
    kind: Kind,
    organisation: str,
    who: str,
    phones: Sequence[str],
    mails: Sequence[str],
    hours: str,
    agreed: str,
) -> Contact:
    """A contact as it will be kept; Malformed when a line is empty, too long, or does not fit on one."""
    made = Contact(
        new_id("con", entropy), kind, organisation, who, tuple(phones), tuple(mails), hours, agreed, now
    )
    if not phones and not mails:
        raise Malformed("A contact has at least one telephone number or mail address.")
    for text in (organisation, who, hours, agreed, *phones, *mails):
        if not text.strip() or len(text) > MAX_TEXT or not text.isprintable():
            raise Malformed(f"A contact's lines have 1 to {MAX_TEXT} printable letters each.")
    return made


def keep(house: House, contact: Contact, by: str) -> None:
    """Keep one more; Conflict when there are too many."""

    def work(tx: Transaction) -> None:
        """Against how many there are at this moment."""
        if len(tx.all("contacts", {}, into=_Row)) >= MOST:
            raise Conflict(f"{MOST:,} contacts are kept.", next_step="Remove those that answer no more.")
        box = house.vault.box.seal(msgspec.json.encode(contact), _place(contact.id))
        tx.run("keep_contact", {"id": contact.id, "box": box})
        what = Decision(contact.kept, by, f"kept a contact: {contact.kind}", contact.id, contact.agreed)
        write(tx, house.vault.box, what)

    house.store.run("keep contact", work)


def remove(house: House, contact: str, by: str) -> None:
    """Forget one; Unknown when there is none."""

    def work(tx: Transaction) -> None:
        """Drop it and write that down."""
        if not tx.run("drop_contact", {"id": contact}):
            raise Unknown(f"There is no contact {contact[:60]!r}.")
        write(tx, house.vault.box, Decision(house.clock.now(), by, "removed a contact", contact))

    house.store.run("remove contact", work)


def contacts(house: House) -> list[Contact]:
    """Everybody, by kind and name."""
    with house.store.reading("contacts") as tx:
        found = [_opened(house, row) for row in tx.all("contacts", {}, into=_Row)]
    order = list(Kind)
    return sorted(found, key=lambda one: (order.index(one.kind), one.organisation.casefold(), one.id))


def page(found: Sequence[Contact], missing: Sequence[str], now: Instant) -> str:
    """The page for the day on which no machine works; `missing` are the members of whom nobody is known."""
    lines = ["WHOM TO CALL", f"as of {to_text(now)[:16].replace('T', ' ')} UTC", ""]
    lines += ["Call these numbers only: never one from a message, a mail or a voice.", ""]
    for one in found:
        lines += [f"{one.kind.upper()}  {one.organisation}", f"    {one.who}, {one.hours}"]
        lines += [f"    tel   {phone}" for phone in one.phones] + [f"    mail  {mail}" for mail in one.mails]
        lines += [f"    known from: {one.agreed}", ""]
    if missing:
        lines += ["NO NUMBER IS KNOWN OF", *(f"    {name}" for name in missing), ""]
    return "\n".join(folded for line in lines for folded in _folded(line))


def _folded(line: str) -> list[str]:
    """A line in pieces of the page's width; no letter is lost."""
    return [line[at : at + WIDTH] for at in range(0, len(line), WIDTH)] or [""]


def _opened(house: House, row: _Row) -> Contact:
    try:
        return msgspec.json.decode(house.vault.box.open(row.box, _place(row.id)), type=Contact)
    except msgspec.DecodeError as error:
        raise VaultLocked(f"The record was not written by this version: {error}.") from None


def _place(contact: str) -> str:
    return f"contact/{contact}"
