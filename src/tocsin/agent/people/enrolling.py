# SPDX-License-Identifier: Apache-2.0
"""Somebody uses a one-time link: chooses a password, ties a telephone to the account, takes recovery codes along.

The telephone's seed is made when the link is opened and comes back sealed with the form, so that nothing is kept of
whoever only looks. Only a code that the telephone shows proves that it has the seed; the account is whole, and the link
spent, in one transaction.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.people import accounts, links, recovery_codes, sessions, totp
from tocsin.agent.people.accounts import Account, State
from tocsin.agent.people.passwords import check_password, hashed
from tocsin.agent.people.person import Role, Seat, check_name
from tocsin.clock import Instant
from tocsin.errors import Forbidden, Malformed, VaultLocked
from tocsin.ids import new_id
from tocsin.storage.store import Transaction

FIRST_ROLES = frozenset({Role.ADMIN, Role.ANALYST, Role.APPROVER})
"""Of whoever sets an agent up, who may be alone; they can give roles away later."""
ISSUER = "Tocsin"
_MAX_TICKET = 1_024


class Offer(msgspec.Struct, frozen=True):
    """What a link's page shows."""

    kind: links.Kind
    name: str
    """Empty for the first administrator, who chooses it."""
    roles: frozenset[Role]
    seat: Seat | None
    until: Instant
    seed: str
    """For a telephone into which it is typed."""
    address: str
    """For a telephone that reads a picture of it: ``otpauth://…``."""
    ticket: str
    """Comes back with the form; opaque, and worthless without the link."""


class Chosen(msgspec.Struct, frozen=True):
    """What somebody filled in."""

    name: str
    """Read from the first administrator only."""
    password: str
    code: str
    """That the telephone shows."""


class Proved(msgspec.Struct, frozen=True):
    """A form that fits its link: the telephone has the seed."""

    name: str
    seed: bytes
    step: int
    """Of the code that it showed, which counts no more."""


class Enrolled(msgspec.Struct, frozen=True):
    """Somebody who is in."""

    opened: sessions.Opened
    recovery: tuple[str, ...]
    """Shown once."""


def open_link(house: House, code: str) -> Offer:
    """What the link is for, with a new seed; LinkSpent when it is good no more. Looking spends nothing."""
    with house.store.reading("open link") as tx:
        link = links.look(tx, house, code)
        account = accounts.by_id(tx, house.vault.box, link.person) if link.person else None
    seed = house.entropy(totp.SEED_BYTES)
    name = account.name if account else ""
    return Offer(
        kind=link.kind,
        name=name,
        roles=account.roles if account else FIRST_ROLES,
        seat=account.seat if account else None,
        until=link.until,
        seed=totp.spelled(seed),
        address=totp.address(seed, ISSUER, name or "administrator"),
        ticket=urlsafe_b64encode(house.vault.box.seal(seed, _place(code))).decode(),
    )


def redeem(house: House, code: str, ticket: str, chosen: Chosen, client: sessions.Client) -> Enrolled:
    """All of it: `prove`, the slow hash, `finish`."""
    proved = prove(house, code, ticket, chosen)
    return finish(house, code, proved, hashed(chosen.password, house.entropy), client)


def prove(house: House, code: str, ticket: str, chosen: Chosen) -> Proved:
    """What the form says, if it can be: LinkSpent when somebody was faster, Malformed says what to fill in otherwise,
    Forbidden where passwords let nobody in.
    """
    if not house.config.sign_in.passwords:
        raise Forbidden(
            "Passwords let nobody in here: sign_in.passwords is false.",
            next_step="Use a passkey with this link.",
        )
    seed = _seed(house, ticket, code)
    with house.store.reading("redeem link") as tx:
        name = name_for(tx, house, links.look(tx, house, code), chosen.name)
    check_password(chosen.password, name)
    step = totp.matching(seed, chosen.code, house.clock.now(), after=0)
    if step is None:
        raise Malformed(
            "The telephone's code does not fit.",
            next_step="Type the six digits that it shows now; check its clock.",
        )
    return Proved(name, seed, step)


def finish(house: House, code: str, proved: Proved, password: str, client: sessions.Client) -> Enrolled:
    """Make the account whole with the hash of its password, and sign its person in; LinkSpent as before."""
    recovery = recovery_codes.new_codes(house.entropy)
    digests = tuple(map(recovery_codes.digest, recovery))

    def work(tx: Transaction) -> sessions.Opened:
        """The link is looked at again: two may hold it."""
        account = taken_up(tx, house, code, proved.name)
        whole = msgspec.structs.replace(
            account, password=password, seed=proved.seed, last_step=proved.step, recovery=digests
        )
        accounts.change(tx, house.vault.box, whole)
        return sessions.begin(tx, house, whole, "link", client)

    return Enrolled(house.store.run("redeem link", work), recovery)


def taken_up(tx: Transaction, house: House, code: str, name: str) -> Account:
    """Spend the link in this transaction: the account that it makes active, with no way in yet."""
    now, link = house.clock.now(), links.look(tx, house, code)
    links.spend(tx, code)
    if link.person:
        before = accounts.by_id(tx, house.vault.box, link.person)
        account = msgspec.structs.replace(before, state=State.ACTIVE, since=now)
        accounts.change(tx, house.vault.box, account)
    else:
        account = Account(
            new_id("per", house.entropy), check_name(name), FIRST_ROLES, None, State.ACTIVE, now
        )
        accounts.add(tx, house.vault.box, account)
    what = f"took up a link: {link.kind}"
    write(
        tx, house.vault.box, Decision(now, account.name, what, account.id, ", ".join(sorted(account.roles)))
    )
    return account


def name_for(tx: Transaction, house: House, link: links.Link, chosen: str) -> str:
    """Whose account it will be: the invited person's, or as the first administrator chose."""
    if not link.person:
        return check_name(chosen)
    return accounts.by_id(tx, house.vault.box, link.person).name


def _seed(house: House, ticket: str, code: str) -> bytes:
    """The seed that was shown with this link; Malformed for a ticket that is not of its page."""
    try:
        return house.vault.box.open(urlsafe_b64decode(ticket[:_MAX_TICKET]), _place(code))
    except (ValueError, VaultLocked):
        raise Malformed(
            "The form is not the one that this link showed.", next_step="Open the link again."
        ) from None


def _place(code: str) -> str:
    return f"seed for link/{code[:256]}"
