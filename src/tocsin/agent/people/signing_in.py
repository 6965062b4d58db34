# SPDX-License-Identifier: Apache-2.0
"""Signing in by a password and a one-time code, or a recovery code, in three steps of which the second is slow:

1. `knock` counts the try before anything is looked at, so that tries side by side count too, and finds the account.
2. `passwords.is_right` on what `knock` found, once, whatever it found: a thread's work.
3. `enter` holds the code against the account as it is now, spends it, and begins a session.

Whoever does not get in hears one sentence, at the price of one evaluation of Argon2id and of the same statements, where
nobody has that name, where the password or the code is wrong or was used, where the account waits, is shut out, or was
never whole. An address that waits is told so at once and costs nothing: that tells of its own tries only.
"""

import msgspec

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.people import accounts, backoff, links, passwords, recovery_codes, sessions, totp
from tocsin.agent.people.accounts import Account
from tocsin.agent.people.sessions import Client, Opened
from tocsin.clock import Instant
from tocsin.errors import SignInFailed, TooMany
from tocsin.storage.store import Transaction

MAX_GIVEN = 256
"""Letters of a name or a code that are looked at."""
_NO_SEED = bytes(totp.SEED_BYTES)
_NO_CODES = (bytes(32),) * recovery_codes.COUNT
_NOBODY = "per_" + "0" * 32
"""Asked for where there is no account, so that something is asked for."""


class Attempt(msgspec.Struct, frozen=True):
    """What somebody typed, and from where."""

    name: str
    password: str
    code: str
    """Six digits of a telephone, or one recovery code."""
    client: Client = Client()


class Knock(msgspec.Struct, frozen=True):
    """What one try is about."""

    person: str
    """``per_…``, of nobody where the name is nobody's."""
    kept: str
    """What the password is held against."""
    is_open: bool
    """Whether it counts: not while the account waits."""
    failures: backoff.Failures
    """Those of the account, with this one."""
    key: bytes
    address: bytes


def sign_in(house: House, attempt: Attempt) -> Opened:
    """All three steps; SignInFailed, or TooMany from an address that has to wait."""
    knocked = knock(house, attempt)
    return enter(house, knocked, attempt, is_right=passwords.is_right(attempt.password, knocked.kept))


def knock(house: House, attempt: Attempt) -> Knock:
    """Count the try and find the account; TooMany while its address has to wait."""
    box, now = house.vault.box, house.clock.now()

    def work(tx: Transaction) -> Knock:
        """The same statements whatever is found."""
        address = backoff.address_key(box, attempt.client.address)
        count_address(tx, address, now)
        account = accounts.by_name(tx, box, attempt.name[:MAX_GIVEN])
        key = backoff.account_key(box, account.id if account else None, attempt.name[:MAX_GIVEN])
        before = backoff.of(tx, backoff.ACCOUNT, key)
        is_open = backoff.is_open(backoff.ACCOUNT, before, now)
        after = backoff.counted(backoff.ACCOUNT, before, now) if is_open else before
        backoff.keep(tx, backoff.ACCOUNT, key, after)
        kept = account.password if account else ""
        return Knock(
            account.id if account else _NOBODY, kept or passwords.DECOY, is_open, after, key, address
        )

    return house.store.run("knock", work)


def enter(house: House, knocked: Knock, attempt: Attempt, *, is_right: bool) -> Opened:
    """Spend the code and begin a session, or SignInFailed. `is_right`: what step 2 said of the password."""
    now = house.clock.now()

    def work(tx: Transaction) -> Opened | None:
        """None is a refusal, which is written down and must not undo that."""
        account = accounts.find(tx, house.vault.box, knocked.person)
        after, way = _spent(account, attempt.code[:MAX_GIVEN], now)
        allowed = knocked.is_open and is_right and house.config.sign_in.passwords
        if after is None or after.password != knocked.kept or not allowed or not accounts.lets_in(after, now):
            _refused(tx, house, knocked, account)
            return None
        accounts.change(tx, house.vault.box, after)
        backoff.forget(tx, backoff.ACCOUNT, knocked.key)
        return admit(tx, house, after, way, attempt.client, knocked.address)

    opened = house.store.run("enter", work)
    if opened is None:
        raise SignInFailed
    return opened


def admit(
    tx: Transaction,
    house: House,
    account: Account,
    way: str,
    client: Client,
    address: bytes,
    proved: Instant | None = None,
) -> Opened:
    """Begin a session for somebody who has proved themselves in this transaction, or at `proved`; write it down."""
    now = house.clock.now()
    uncount_address(tx, address)
    write(tx, house.vault.box, Decision(now, account.name, f"signed in by {way}", account.id))
    sessions.tidy(tx, now, sessions.limits_of(house.config.sign_in))
    links.tidy(tx, now)
    return sessions.begin(tx, house, account, way, client, proved)


def count_address(tx: Transaction, address: bytes, now: Instant) -> None:
    """One more try from an address; TooMany while it has to wait."""
    before = backoff.of(tx, backoff.ADDRESS, address)
    if not backoff.is_open(backoff.ADDRESS, before, now):
        raise TooMany(
            "Too many tries to sign in came from this address.",
            next_step="Wait a quarter of an hour, then try again.",
        )
    backoff.keep(tx, backoff.ADDRESS, address, backoff.counted(backoff.ADDRESS, before, now))
    backoff.tidy(tx, now)


def uncount_address(tx: Transaction, address: bytes) -> None:
    """It was no failure."""
    counted = backoff.of(tx, backoff.ADDRESS, address)
    fewer = msgspec.structs.replace(counted, failures=max(0, counted.failures - 1))
    backoff.keep(tx, backoff.ADDRESS, address, fewer)


def _spent(account: Account | None, code: str, now: Instant) -> tuple[Account | None, str]:
    """The account once the code is used, None where it lets nobody in; and which kind it was."""
    seed = account.seed if account else b""
    step = totp.matching(seed or _NO_SEED, code, now, account.last_step if account else 0)
    left = recovery_codes.without((account.recovery if account else ()) or _NO_CODES, code)
    if account is not None and seed and step is not None:
        return msgspec.structs.replace(account, last_step=step), "password and one-time code"
    if account is not None and left is not None:
        return msgspec.structs.replace(account, recovery=left), "password and recovery code"
    return None, ""


def _refused(tx: Transaction, house: House, knocked: Knock, account: Account | None) -> None:
    """Write it down once, when the waiting begins: what was typed may be a password, and is kept nowhere."""
    if knocked.is_open and knocked.failures.failures == backoff.ACCOUNT.free:
        about = account.id if account else "a name that is nobody's"
        what = f"refused {backoff.ACCOUNT.free} sign-ins in a row"
        write(tx, house.vault.box, Decision(house.clock.now(), "agent", what, about))
