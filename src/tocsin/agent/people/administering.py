# SPDX-License-Identifier: Apache-2.0
"""Letting people in and shutting them out. Each step is a line in the journal, in the transaction of the step.

Here `by` is believed, as everywhere below the console: who may ask is `tocsin.agent.people.rights`. The last one who
administers can neither be shut out nor lose that role, or nobody could let anybody in again.
"""

import msgspec

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.people import accounts, credentials, links, sessions
from tocsin.agent.people.accounts import Account, State
from tocsin.agent.people.person import Role, Seat, check_name, check_roles
from tocsin.clock import Instant
from tocsin.errors import Conflict
from tocsin.ids import new_id
from tocsin.storage.store import Transaction


class Invited(msgspec.Struct, frozen=True):
    """Somebody who may come in, and the link to give to them, which is shown once."""

    account: Account
    link: links.Issued


class Listed(msgspec.Struct, frozen=True):
    """One account as a list shows it: nothing in it lets anybody in."""

    id: str
    name: str
    roles: tuple[Role, ...]
    seat: Seat | None
    state: State
    since: Instant
    is_over: bool
    """A seat whose time has come."""
    ways: tuple[str, ...]
    """By what this person gets in."""
    recovery_left: int
    sessions: int


def people(house: House) -> list[Listed]:
    """Everybody who has or had an account, by name."""
    now, open_sessions = house.clock.now(), sessions.sessions(house)
    with house.store.reading("people") as tx:
        found = accounts.every(tx, house.vault.box)
        keys = {one.id: len(credentials.of(tx, house, one.id)) for one in found}
    return [
        Listed(
            one.id,
            one.name,
            tuple(sorted(one.roles)),
            one.seat,
            one.state,
            one.since,
            one.seat is not None and now >= one.seat.until,
            _ways(one, keys[one.id]),
            len(one.recovery),
            sum(session.person.id == one.id for session in open_sessions),
        )
        for one in found
    ]


def invite(house: House, name: str, roles: frozenset[Role], seat: Seat | None, by: str) -> Invited:
    """Make an account and a link for it. Malformed for a name or roles that cannot be; Conflict for a name too like."""
    now = house.clock.now()
    checked = check_roles(roles, seat, now)
    account = Account(new_id("per", house.entropy), check_name(name), checked, seat, State.INVITED, now)

    def work(tx: Transaction) -> Invited:
        """The account, its link and the line."""
        accounts.add(tx, house.vault.box, account)
        _written(tx, house, by, f"invited {account.name}", account, _what_for(account))
        return Invited(account, links.issue(tx, house, links.Kind.INVITATION, account.id))

    return house.store.run("invite person", work)


def revoke(house: House, person: str, by: str) -> Account:
    """Shut somebody out, at once and everywhere."""
    now = house.clock.now()

    def work(tx: Transaction) -> Account:
        """Nothing of them lets in any more."""
        before = accounts.by_id(tx, house.vault.box, person)
        if before.state is State.REVOKED:
            raise Conflict(f"{before.name} was shut out before.")
        _keeps_an_admin(tx, house, before, now)
        after = _emptied(tx, house, before, State.REVOKED)
        _written(tx, house, by, f"shut {after.name} out", after)
        return after

    return house.store.run("revoke person", work)


def reset(house: House, person: str, by: str) -> Invited:
    """Take every way in from somebody and give them a link for new ones, with the roles that they had."""

    def work(tx: Transaction) -> Invited:
        """As if newly invited, under the same name."""
        before = accounts.by_id(tx, house.vault.box, person)
        if before.issuer:
            raise Conflict(
                f"{before.issuer} answers for {before.name}, and nothing here lets them in.",
                next_step="Let that provider reset it; what its groups say counts at the next sign-in.",
            )
        after = _emptied(tx, house, before, State.INVITED)
        _written(tx, house, by, f"reset the ways in of {after.name}", after, _what_for(after))
        return Invited(after, links.issue(tx, house, links.Kind.RESET, after.id))

    return house.store.run("reset person", work)


def change_roles(house: House, person: str, roles: frozenset[Role], seat: Seat | None, by: str) -> Account:
    """Let somebody do other things, or for another time, from their next request on."""
    now = house.clock.now()
    checked = check_roles(roles, seat, now)

    def work(tx: Transaction) -> Account:
        """What they were for is in the journal."""
        before = accounts.by_id(tx, house.vault.box, person)
        if before.issuer:
            raise Conflict(
                f"{before.issuer} says what {before.name} is here for.", next_step="Change the groups there."
            )
        if Role.ADMIN not in checked:
            _keeps_an_admin(tx, house, before, now)
        after = msgspec.structs.replace(before, roles=checked, seat=seat)
        accounts.change(tx, house.vault.box, after)
        why = f"{_what_for(before)}; now {_what_for(after)}"
        _written(tx, house, by, f"changed what {after.name} may do", after, why)
        return after

    return house.store.run("change roles", work)


def restored(tx: Transaction, now: Instant) -> None:
    """The store is a backup's: who was signed in or invited then is not now."""
    tx.run("drop_ended_sessions", {"began": now, "seen": now})
    tx.run("drop_expired_links", {"now": now + max(links.LIFE.values())})


def _keeps_an_admin(tx: Transaction, house: House, leaving: Account, now: Instant) -> None:
    if Role.ADMIN in leaving.roles and accounts.lets_in(leaving, now):
        accounts.demand_another_admin(tx, house.vault.box, leaving.id, now)


def _emptied(tx: Transaction, house: House, account: Account, state: State) -> Account:
    """The account without any way in, its sessions and links gone."""
    after = msgspec.structs.replace(
        account, state=state, since=house.clock.now(), password="", seed=b"", last_step=0, recovery=()
    )
    accounts.change(tx, house.vault.box, after)
    sessions.end_all(tx, account.id)
    tx.run("drop_links_of", {"person": account.id})
    tx.run("drop_passkeys_of", {"person": account.id})
    return after


def _ways(account: Account, passkeys: int) -> tuple[str, ...]:
    """Nobody but somebody active has any left."""
    by_passkey = f"{passkeys} passkey{'s' if passkeys > 1 else ''}" if passkeys else ""
    return tuple(filter(None, (account.issuer, "password" if account.password else "", by_passkey)))


def _what_for(account: Account) -> str:
    seat = f", of {account.seat.institution}" if account.seat else ""
    return f"{', '.join(sorted(account.roles))}{seat}"


def _written(tx: Transaction, house: House, by: str, what: str, about: Account, why: str = "") -> None:
    write(tx, house.vault.box, Decision(house.clock.now(), by, what, about.id, why))
