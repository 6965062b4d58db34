# SPDX-License-Identifier: Apache-2.0
"""Who is signed in: one row for each browser, known by the hash of a random number that the browser alone holds.

A session ends `idle` after it was last used, `longest` after it began, when its person is shut out or its seat is over,
and when somebody ends it. Each sign-in begins a new one under a new number, so that a number which was planted in a
browser is never anybody's. Roles are read anew at each request. What asks for more than an unlocked screen demands a
sign-in of at most `recent` ago.
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256

import msgspec

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.people import accounts
from tocsin.agent.people.person import Person
from tocsin.clock import HOUR, MINUTE, Instant
from tocsin.config.sign_in import SignIn
from tocsin.errors import NotSignedIn, SignInAgain, Unknown, VaultLocked
from tocsin.privacy.box import Box
from tocsin.storage.store import Transaction

TOKEN_BYTES = 32
MOST_OF_PERSON = 10
"""Sessions of one person; one more ends the oldest."""
MAX_BROWSER = 200
_SEEN_EVERY = MINUTE
"""How often the last use is written down."""
_HANDLE = 16


class Limits(msgspec.Struct, frozen=True):
    """How long a session lasts; microseconds."""

    idle: int
    longest: int
    recent: int


class Client(msgspec.Struct, frozen=True):
    """What is known of a browser before anybody is signed in."""

    address: str = ""
    browser: str = ""
    """What it calls itself; its own claim."""


class Opened(msgspec.Struct, frozen=True):
    """A session that has just begun."""

    token: str
    """For the browser's cookie alone; it is kept nowhere else."""
    person: Person


class Session(msgspec.Struct, frozen=True):
    """Somebody at a browser."""

    handle: str
    """By which it is ended; it lets nobody in."""
    person: Person
    began: Instant
    seen: Instant
    proved: Instant
    """When this person last signed in."""
    way: str
    client: Client


class _Row(msgspec.Struct, frozen=True):
    digest: bytes
    person: str
    began: int
    seen: int
    proved: int
    box: bytes


class _About(msgspec.Struct, frozen=True):
    person: str
    way: str
    client: Client


def limits_of(settings: SignIn) -> Limits:
    """As agent.toml has them."""
    return Limits(
        settings.idle_minutes * MINUTE, settings.longest_hours * HOUR, settings.recent_minutes * MINUTE
    )


def begin(
    tx: Transaction,
    house: House,
    account: accounts.Account,
    way: str,
    client: Client,
    proved: Instant | None = None,
) -> Opened:
    """A new session, in the transaction of the sign-in; `proved` where that was not at this moment."""
    now, token = house.clock.now(), urlsafe_b64encode(house.entropy(TOKEN_BYTES)).rstrip(b"=").decode()
    digest = _digest(token)
    about = _About(account.id, way, Client(client.address[:64], client.browser[:MAX_BROWSER]))
    box = house.vault.box.seal(msgspec.json.encode(about), _place(digest))
    times = {"began": now, "seen": now, "proved": now if proved is None else proved}
    tx.run("begin_session", {"digest": digest, "person": account.id, **times, "box": box})
    tx.run("drop_oldest_sessions", {"person": account.id, "most": MOST_OF_PERSON})
    return Opened(token, accounts.person_of(account))


def signed_in(house: House, token: str, *, is_use: bool = True) -> Session:
    """Who holds this token; NotSignedIn when nobody does, or not any more.

    `is_use`: false for what a page asks by itself, which keeps no session alive.
    """
    now = house.clock.now()
    with house.store.reading("who is signed in") as tx:
        row = tx.one("session", {"digest": _digest(token)}, into=_Row)
        found = _alive(tx, house, row, now) if row else None
    if row is None or found is None:
        raise NotSignedIn
    if is_use and not row.seen <= now < row.seen + _SEEN_EVERY:
        house.store.run(
            "session seen", lambda tx: tx.run("session_seen", {"digest": row.digest, "seen": now})
        )
    return found


def demand_recent(house: House, session: Session) -> None:
    """SignInAgain unless this person signed in a moment ago."""
    now = house.clock.now()
    if not session.proved <= now < session.proved + limits_of(house.config.sign_in).recent:
        raise SignInAgain


def sign_out(house: House, token: str) -> None:
    """End the session of this token; nothing happens where there is none."""
    digest = _digest(token)

    def work(tx: Transaction) -> None:
        """Whose it was is written down, if anybody's."""
        row = tx.one("session", {"digest": digest}, into=_Row)
        if row is not None:
            tx.run("end_session", {"digest": digest})
            who = accounts.by_id(tx, house.vault.box, _opened(house.vault.box, row).person)
            write(tx, house.vault.box, Decision(house.clock.now(), who.name, "signed out", who.id))

    house.store.run("sign out", work)


def sessions(house: House, person: str = "") -> list[Session]:
    """Who is signed in where, the newest first; of one person, or of everybody."""
    now = house.clock.now()
    with house.store.reading("sessions") as tx:
        found = [_alive(tx, house, row, now) for row in _rows(tx, person)]
    return [one for one in found if one is not None]


def end(house: House, handle: str, by: str, person: str = "") -> None:
    """End one session; Unknown when there is none, or none of that person."""

    def work(tx: Transaction) -> None:
        """Look, end and write down."""
        row = next((row for row in _rows(tx, person) if _handle(row.digest) == handle), None)
        if row is None:
            raise Unknown("There is no such session.", next_step="It may have ended: look at the list again.")
        tx.run("end_session", {"digest": row.digest})
        write(tx, house.vault.box, Decision(house.clock.now(), by, "ended a session", row.person))

    house.store.run("end session", work)


def end_own(tx: Transaction, handle: str, person: str) -> bool:
    """End a person's session in the transaction of the one that takes its place; whether there was one."""
    row = next((row for row in _rows(tx, person) if _handle(row.digest) == handle), None)
    return row is not None and tx.run("end_session", {"digest": row.digest}) == 1


def end_others(tx: Transaction, session: Session) -> None:
    """End every session of its person but this one, in the transaction of what asks for it."""
    for row in _rows(tx, session.person.id):
        if _handle(row.digest) != session.handle:
            tx.run("end_session", {"digest": row.digest})


def end_all(tx: Transaction, person: str) -> int:
    """End every session of a person, in the transaction that shuts them out; how many there were."""
    return tx.run("end_sessions", {"person": person})


def tidy(tx: Transaction, now: Instant, limits: Limits) -> None:
    """Drop what has ended by itself."""
    tx.run("drop_ended_sessions", {"began": now - limits.longest, "seen": now - limits.idle})


def _rows(tx: Transaction, person: str) -> Sequence[_Row]:
    rows = tx.all("sessions", {}, into=_Row)
    return [row for row in rows if not person or row.person == person]


def _alive(tx: Transaction, house: House, row: _Row, now: Instant) -> Session | None:
    """The session of a row, if it has not ended."""
    limits = limits_of(house.config.sign_in)
    if not (now < row.began + limits.longest and now < row.seen + limits.idle):
        return None
    about = _opened(house.vault.box, row)
    account = accounts.by_id(tx, house.vault.box, about.person)
    if not accounts.lets_in(account, now):
        return None
    return Session(
        _handle(row.digest),
        accounts.person_of(account),
        Instant(row.began),
        Instant(row.seen),
        Instant(row.proved),
        about.way,
        about.client,
    )


def _digest(token: str) -> bytes:
    return sha256(token[:256].encode(errors="replace")).digest()


def _handle(digest: bytes) -> str:
    return sha256(b"handle" + digest).hexdigest()[:_HANDLE]


def _place(digest: bytes) -> str:
    return f"session/{digest.hex()}"


def _opened(box: Box, row: _Row) -> _About:
    try:
        return msgspec.json.decode(box.open(row.box, _place(row.digest)), type=_About)
    except msgspec.DecodeError as error:
        raise VaultLocked(f"The record was not written by this version: {error}.") from None
