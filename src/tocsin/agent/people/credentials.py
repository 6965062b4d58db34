# SPDX-License-Identifier: Apache-2.0
"""The public keys of people's passkeys, kept sealed; found by a keyed digest of what the authenticator calls them."""

import msgspec

from tocsin.agent.house import House
from tocsin.clock import Instant
from tocsin.errors import Conflict, VaultLocked
from tocsin.storage.store import Transaction

MOST_OF_PERSON = 10


class Credential(msgspec.Struct, frozen=True):
    """One passkey."""

    person: str
    """``per_…``"""
    identifier: bytes
    data: bytes
    """Its identifier and public key, as the authenticator gave them (WebAuthn §6.5.1)."""
    counter: int
    label: str
    since: Instant
    used: Instant = Instant(0)


class Found(msgspec.Struct, frozen=True):
    """A passkey with where it is kept."""

    digest: bytes
    credential: Credential


class _Row(msgspec.Struct, frozen=True):
    digest: bytes
    box: bytes


def keep(tx: Transaction, house: House, credential: Credential) -> None:
    """Keep one more; Conflict when its person has enough, or it is kept already."""
    if len(of(tx, house, credential.person)) >= MOST_OF_PERSON:
        raise Conflict(f"A person has {MOST_OF_PERSON} passkeys at most.", next_step="Take one away first.")
    if find(tx, house, credential.identifier) is not None:
        raise Conflict("That passkey is kept already.")
    digest = _digest(house, credential.identifier)
    box = _sealed(house, digest, credential)
    tx.run("keep_passkey", {"digest": digest, "person": credential.person, "box": box})


def change(tx: Transaction, house: House, digest: bytes, credential: Credential) -> None:
    """What is known of one now."""
    tx.run("change_passkey", {"digest": digest, "box": _sealed(house, digest, credential)})


def find(tx: Transaction, house: House, identifier: bytes) -> Found | None:
    """The passkey of that identifier."""
    row = tx.one("passkey", {"digest": _digest(house, identifier)}, into=_Row)
    return _opened(house, row) if row else None


def of(tx: Transaction, house: House, person: str) -> list[Found]:
    """Those of a person, the oldest first."""
    found = [_opened(house, row) for row in tx.all("passkeys", {"person": person}, into=_Row)]
    return sorted(found, key=lambda one: (one.credential.since, one.digest))


def _digest(house: House, identifier: bytes) -> bytes:
    return house.vault.box.digest(identifier, "passkey")


def _sealed(house: House, digest: bytes, credential: Credential) -> bytes:
    return house.vault.box.seal(msgspec.json.encode(credential), f"passkey/{digest.hex()}")


def _opened(house: House, row: _Row) -> Found:
    try:
        text = house.vault.box.open(row.box, f"passkey/{row.digest.hex()}")
        return Found(row.digest, msgspec.json.decode(text, type=Credential))
    except msgspec.DecodeError as error:
        raise VaultLocked(f"The record was not written by this version: {error}.") from None
