# SPDX-License-Identifier: Apache-2.0
"""What somebody changes of their own ways in: a new password, new recovery codes. Passkeys: `passkeys`.

Whoever asks has signed in a moment ago (`tocsin.agent.people.sessions.demand_recent`). A new password ends every other
session: whoever knew the old one is out.
"""

import msgspec

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.people import accounts, recovery_codes, sessions
from tocsin.agent.people.accounts import Account
from tocsin.agent.people.passwords import check_password, hashed
from tocsin.agent.people.sessions import Session
from tocsin.errors import Conflict
from tocsin.storage.store import Transaction


def change_password(house: House, session: Session, password: str) -> None:
    """Check it, hash it, which is slow, and keep it. Malformed says what is wrong with it."""
    check_password(password, session.person.name)
    keep_password(house, session, hashed(password, house.entropy))


def keep_password(house: House, session: Session, made: str) -> None:
    """Keep the hash of a password that was checked; Conflict where no password lets this person in."""

    def work(tx: Transaction) -> None:
        """The account, the other sessions, the line."""
        before = _with_password(tx, house, session)
        accounts.change(tx, house.vault.box, msgspec.structs.replace(before, password=made))
        sessions.end_others(tx, session)
        _written(tx, house, before, "changed the own password")

    house.store.run("change password", work)


def renew_recovery_codes(house: House, session: Session) -> tuple[str, ...]:
    """Ten new ones, shown once; those before let in no more."""
    codes = recovery_codes.new_codes(house.entropy)
    digests = tuple(map(recovery_codes.digest, codes))

    def work(tx: Transaction) -> None:
        """The account and the line."""
        before = _with_password(tx, house, session)
        accounts.change(tx, house.vault.box, msgspec.structs.replace(before, recovery=digests))
        _written(tx, house, before, "made new recovery codes")

    house.store.run("renew recovery codes", work)
    return codes


def _with_password(tx: Transaction, house: House, session: Session) -> Account:
    account = accounts.by_id(tx, house.vault.box, session.person.id)
    if not account.password:
        raise Conflict(
            f"No password lets {account.name} in.",
            next_step="Whoever administers people can reset the account.",
        )
    return account


def _written(tx: Transaction, house: House, who: Account, what: str) -> None:
    write(tx, house.vault.box, Decision(house.clock.now(), who.name, what, who.id))
