# SPDX-License-Identifier: Apache-2.0
"""A party whose machine was lost or stolen puts new keys in place with its recovery key, which ends by it.

1. The next keys are in the vault and the next recovery key is on its sheet, before anybody hears of them.
2. The hub has the message, which the recovery key has signed; sent again, it brings the same answer.
3. The vault takes the membership. The old keys are revoked: what they sign from that entry of the directory on is
   refused by everybody.
"""

from pathlib import Path

import httpx
import msgspec

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.recovery import Sheet, recovery_path, write_sheet
from tocsin.agent.vault import NextKeys
from tocsin.agent.verbs.join import ask_membership, membership_of, sealing_public
from tocsin.errors import AccessError, InputError, Taken
from tocsin.follow.directory import sign_change
from tocsin.proof.signing import KEY_SIZE, SigningKey
from tocsin.storage.store import Transaction
from tocsin.wire.messages import decode, encode
from tocsin.wire.parties import KeyChange, Recover

PATH = "/v1/recoveries"
REALM = "live"


class Recovered(msgspec.Struct, frozen=True):
    """The party has new keys."""

    party: str
    name: str
    signing_key: str
    """The new public key, in hex."""
    recovery: str
    """Path of the next recovery sheet; the one that was used is worth nothing any more."""


async def recover(house: House, http: httpx.AsyncClient, sheet: Sheet, seed: bytes, by: str) -> Recovered:
    """Put new keys in place; Unauthenticated when it is no party's recovery key."""
    keys = house.vault.next_keys()
    if keys is None or not keys.sheet:
        keys = _prepare(house, sheet, seed)
    change = decode(decode(keys.message, Recover).change.change, KeyChange)
    try:
        answer = await ask_membership(house, http, PATH, keys.message, sheet.hub)
    except (AccessError, InputError):
        house.store.run("give next keys up", house.vault.forget_next_keys)
        Path(keys.sheet).unlink(missing_ok=True)  # it is nobody's key
        raise
    membership = membership_of(answer, sheet.hub, keys.signing_seed, keys.sealing_seed, change.recovery_key)
    old = house.vault.membership() if house.vault.joined() else None
    if old is not None:
        old_seals = (*old.old_sealing_seeds, old.sealing_seed)
        membership = msgspec.structs.replace(membership, old_sealing_seeds=old_seals)

    def take(tx: Transaction) -> None:
        """The new keys with their line in the journal."""
        house.vault.take_next_keys(tx, membership)
        what = "recovers this party with its recovery key"
        write(tx, house.vault.box, Decision(house.clock.now(), by, what, answer.party))

    house.store.run("take next keys", take)
    return Recovered(answer.party, answer.name, change.signing_key.hex(), keys.sheet)


def _prepare(house: House, sheet: Sheet, seed: bytes) -> NextKeys:
    signing, sealing, next_recovery = (house.entropy(KEY_SIZE) for _ in range(3))
    before, after = SigningKey.from_seed(seed), SigningKey.from_seed(signing)
    change = KeyChange(
        by=before.public,
        signing_key=after.public,
        sealing_key=sealing_public(sealing),
        recovery_key=SigningKey.from_seed(next_recovery).public,
    )
    path = _next_sheet(house.folder)
    write_sheet(path, sheet.hub, sheet.url, next_recovery)
    message = Recover(change=sign_change(change, before, after, REALM, sheet.hub))
    keys = NextKeys(signing, sealing, encode(message), str(path))
    house.store.run("prepare next keys", lambda tx: house.vault.keep_next_keys(tx, keys))
    return keys


def _next_sheet(folder: Path) -> Path:
    """Where the next sheet goes: the used one may still lie in its place."""
    place = recovery_path(folder)
    found = next((path for path in (place, place.with_name(f"{place.name}.new")) if not path.exists()), None)
    if found is None:
        raise Taken(f"{place} and {place.name}.new exist already: put the sheets away first.")
    return found
