# SPDX-License-Identifier: Apache-2.0
"""This party replaces its own signing and sealing keys; nobody can break it off half-way and lock it out.

1. The next keys, and the message that both signing keys have signed, are in the vault.
2. The hub has the message. Where its answer is lost, the same message is sent again, under the old key and the new:
   one of them is the party's.
3. The vault takes the next keys for the party's, in one transaction. Old sealing keys stay: what was sealed to them
   can still be opened.
"""

import httpx
import msgspec

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.outbox import check_receipt
from tocsin.agent.signed import SignedHub
from tocsin.agent.vault import Membership, NextKeys
from tocsin.agent.verbs.join import sealing_public
from tocsin.errors import Conflict, InputError, Unauthenticated
from tocsin.follow.directory import sign_change
from tocsin.ids import new_id
from tocsin.proof.signing import KEY_SIZE, SigningKey
from tocsin.storage.store import Transaction
from tocsin.wire.messages import SignedReceipt, decode, encode
from tocsin.wire.parties import KeyChange, Rotate

PATH = "/v1/rotations"


class Rotated(msgspec.Struct, frozen=True):
    """The party's keys are other ones now."""

    party: str
    signing_key: str
    """The new public key, in hex: for whoever compares keys by telephone."""


async def rotate(house: House, http: httpx.AsyncClient, by: str) -> Rotated:
    """Replace the keys; Conflict while messages wait that the old key has signed inside."""
    if house.vault.next_keys() is None:
        if waiting := len(house.outbox.waiting()):
            waits = "1 message waits" if waiting == 1 else f"{waiting} messages wait"
            raise Conflict(
                f"{waits} for the hub, signed with the present key.",
                next_step="Let tocsin agent serve send what tocsin agent outbox shows, then rotate.",
            )
        house.store.run("prepare next keys", lambda tx: _prepare(tx, house, by))
    return await complete(house, http)


async def complete(house: House, http: httpx.AsyncClient) -> Rotated:
    """Carry through a rotation that has begun; raises what stands in the way, and changes nothing then."""
    membership, keys = house.vault.membership(), house.vault.next_keys()
    if keys is None:
        raise Conflict("No rotation has begun.")
    renewed = msgspec.structs.replace(
        membership,
        signing_seed=keys.signing_seed,
        sealing_seed=keys.sealing_seed,
        old_sealing_seeds=(*membership.old_sealing_seeds, membership.sealing_seed),
    )
    try:
        answer = await _ask(house, http, (membership, renewed), keys.message)
    except InputError:
        house.store.run("give next keys up", house.vault.forget_next_keys)
        raise
    with house.store.reading("the hub's keys") as tx:
        check_receipt(tx, answer, membership, decode(keys.message, Rotate).id)
    house.store.run("take next keys", lambda tx: house.vault.take_next_keys(tx, renewed))
    return Rotated(membership.party, SigningKey.from_seed(keys.signing_seed).public.hex())


def _prepare(tx: Transaction, house: House, by: str) -> None:
    membership = house.vault.membership_in(tx)
    signing, sealing = house.entropy(KEY_SIZE), house.entropy(KEY_SIZE)
    before, after = SigningKey.from_seed(membership.signing_seed), SigningKey.from_seed(signing)
    change = KeyChange(
        by=before.public,
        signing_key=after.public,
        sealing_key=sealing_public(sealing),
        recovery_key=membership.recovery_key,
    )
    now = house.clock.now()
    message = Rotate(
        id=new_id("msg", house.entropy),
        sent=now,
        change=sign_change(change, before, after, membership.realm, membership.hub),
    )
    house.vault.keep_next_keys(tx, NextKeys(signing, sealing, encode(message)))
    decision = Decision(now, by, "rotates this party's keys", membership.party, after.public.hex())
    write(tx, house.vault.box, decision)


async def _ask(
    house: House, http: httpx.AsyncClient, memberships: tuple[Membership, Membership], message: bytes
) -> SignedReceipt:
    """The hub's receipt, under whichever of the two keys is the party's now."""
    old, new = (SignedHub(http, house.config.hub_url, one, house.clock, house.entropy) for one in memberships)
    try:
        return decode(await old.post(PATH, message), SignedReceipt)
    except Unauthenticated:
        return decode(await new.post(PATH, message), SignedReceipt)
