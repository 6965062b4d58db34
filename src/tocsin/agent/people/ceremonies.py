# SPDX-License-Identifier: Apache-2.0
"""What is begun at one moment and finished at a later one, by a browser that carries the half-time result, sealed.

Nothing is kept of what was begun, so that a flood of beginnings costs no memory. A ticket is bound to its kind, ends by
itself, and is used once: `use` in the transaction that believes what it brought.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import TypeVar

import msgspec

from tocsin.agent.house import House
from tocsin.clock import MINUTE, Instant
from tocsin.errors import SignInFailed, VaultLocked
from tocsin.storage.store import Transaction

LIFE = 10 * MINUTE
MAX_TICKET = 4_096
MOST_USED = 10_000
S = TypeVar("S", bound=msgspec.Struct)


class _Used(msgspec.Struct, frozen=True):
    until: int


class _Sealed(msgspec.Struct, frozen=True):
    until: Instant
    held: msgspec.Raw


def seal(house: House, kind: str, held: msgspec.Struct) -> str:
    """The ticket of what was begun."""
    until = Instant(house.clock.now() + LIFE)
    text = msgspec.json.encode(_Sealed(until, msgspec.Raw(msgspec.json.encode(held))))
    return urlsafe_b64encode(house.vault.box.seal(text, _place(kind))).rstrip(b"=").decode()


def opened(house: House, kind: str, ticket: str, into: type[S]) -> S:
    """What it holds; SignInFailed when it is none of ours, of another kind, or too old."""
    try:
        padded = ticket[:MAX_TICKET] + "=" * (-len(ticket[:MAX_TICKET]) % 4)
        sealed = msgspec.json.decode(
            house.vault.box.open(urlsafe_b64decode(padded), _place(kind)), type=_Sealed
        )
    except (ValueError, VaultLocked):
        raise SignInFailed("It was begun elsewhere.") from None
    if house.clock.now() >= sealed.until:
        raise SignInFailed("It took too long.")
    return msgspec.json.decode(sealed.held, type=into)


def use(tx: Transaction, house: House, ticket: str) -> None:
    """Use it in this transaction; SignInFailed when it was used before."""
    digest, now = sha256(ticket[:MAX_TICKET].encode(errors="replace")).digest(), house.clock.now()
    tx.run("drop_used_tickets", {"now": now, "most": MOST_USED})
    if tx.one("used_ticket", {"digest": digest}, into=_Used) is not None:
        raise SignInFailed("It was done already.")
    tx.run("use_ticket", {"digest": digest, "until": now + LIFE})


def _place(kind: str) -> str:
    return f"ticket/{kind}"
