# SPDX-License-Identifier: Apache-2.0
"""Codes by which somebody who was told says that they have it: once, without a link, and only at this bank's console.

A message with a link teaches people to follow links in the night, and an attacker can write the same one. A code is of
no use to anybody who holds it but cannot reach the console. It is random, kept as a keyed digest, told to one person,
and gone as soon as it was used or what it acknowledges is closed.
"""

from collections.abc import Iterable

import msgspec

from tocsin.agent.waking.calls import acknowledge
from tocsin.clock import Instant
from tocsin.errors import Unknown
from tocsin.ids import Entropy
from tocsin.privacy.box import Box
from tocsin.storage.store import Transaction

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""None that is mistaken for another when it is read aloud."""
SIZE = 8
"""Letters: 39 bits."""
_CONTEXT = "call-code"


class _Row(msgspec.Struct, frozen=True):
    number: int
    box: bytes


def new_code(entropy: Entropy) -> str:
    """A fresh code as it is told: ``4F7K-2M9Q``."""
    number = int.from_bytes(entropy(16))
    letters = "".join(LETTERS[number // 30**place % 30] for place in range(SIZE))
    return f"{letters[:4]}-{letters[4:]}"


def keep(tx: Transaction, box: Box, code: str, numbers: Iterable[int], person: str) -> None:
    """From now on it acknowledges these calls, in the name of whoever was given it."""
    digest = box.digest(code.encode(), _CONTEXT)
    for number in numbers:
        sealed = box.seal(person.encode(), f"{_CONTEXT}/{number}")
        tx.run("keep_code", {"code": digest, "call": number, "box": sealed})


def forget(tx: Transaction, box: Box, code: str) -> None:
    """It was told to nobody after all."""
    tx.run("forget_code", {"code": box.digest(code.encode(), _CONTEXT)})


def acknowledge_by_code(tx: Transaction, box: Box, said: str, now: Instant) -> tuple[str, tuple[str, ...]]:
    """Who was given it, and the references of what it acknowledged; Unknown for a code that is worth nothing."""
    letters = "".join(letter for letter in said.upper() if letter.isalnum())
    code = f"{letters[:4]}-{letters[4:]}"
    rows = tx.all("calls_of_code", {"code": box.digest(code.encode(), _CONTEXT)}, into=_Row)
    if not rows:
        raise Unknown(
            "That code acknowledges nothing: it was used, what it was for is closed, or it was misheard.",
            next_step="See what is open: tocsin agent calls DIR list",
        )
    person = box.open(rows[0].box, f"{_CONTEXT}/{rows[0].number}").decode()
    return person, acknowledge(tx, box, [row.number for row in rows], person, "by code", now)


def is_code(said: str) -> bool:
    """Whether somebody gives a code, and no reference."""
    return sum(letter.isalnum() for letter in said) == SIZE
