# SPDX-License-Identifier: Apache-2.0
"""Keys change hands: a party's by itself or by its offline recovery key, the hub's by the hub, the partner's by itself.

The operator has no way to give a party other keys: readers would not believe them, and neither does this hub.
"""

from collections.abc import Callable

import msgspec

from tocsin.domain.party import Standing
from tocsin.errors import KeySwapped, Refused, Unauthenticated
from tocsin.follow.directory import next_hub_key, next_partner_key
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.streams import HUB_ITSELF, Origin
from tocsin.hub.views.directory import (
    PartyRow,
    declared_keys,
    demand_own_key,
    party_by_recovery_key,
    party_row,
    state_key,
    state_party,
)
from tocsin.proof.note import VerifierKey
from tocsin.proof.signing import Context, SigningKey
from tocsin.proof.succession import endorse
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Outcome, decode
from tocsin.wire.parties import KeyChange, KeyEvent, Recover, Rotate, SignedChange


def accept(tx: Transaction, hub: Exchange, sender: Sender, rotate: Rotate) -> tuple[Outcome, ...]:
    """A party replaces its own keys; what it signs from the next request on is judged by the new one."""
    row = party_row(tx, sender.party.id)
    change = decode(rotate.change.change, KeyChange)
    if change.by != row.signing_key:
        raise Refused("A rotation is signed by the party's present signing key.")
    _change(tx, hub, row, rotate.change, sender.origin)
    return (Outcome(rotate.id, "accepted"),)


def recover(tx: Transaction, hub: Exchange, recover: Recover) -> PartyRow:
    """A party puts new keys in place with its recovery key; the old ones end here. The same request again is known.

    Unauthenticated when it is nobody's recovery key: whoever asks learns nothing else.
    """
    change = decode(recover.change.change, KeyChange)
    row = party_by_recovery_key(tx, change.by)
    if row is not None:
        if row.standing == Standing.LEFT:
            raise Refused(f"{row.name} has left the alliance: it joins again as a new party.")
        _change(tx, hub, row, recover.change, HUB_ITSELF)
        return party_row(tx, row.id)
    known = party_by_recovery_key(tx, change.recovery_key)
    if known is None or (known.signing_key, known.sealing_key) != (change.signing_key, change.sealing_key):
        raise Unauthenticated("This is no party's recovery key.")
    return known


def rotate_hub_key(tx: Transaction, hub: Exchange, before: SigningKey, after: SigningKey) -> VerifierKey:
    """The hub's next key, signed by both, counts from here on."""
    identity = hub.identity
    demand_own_key(tx, hub, identity.verifier(before.public))
    context = Context("hub-key", identity.realm, identity.id)
    old, new = (identity.verifier(key.public) for key in (before, after))
    event = KeyEvent(
        holder="hub",
        key=str(new),
        before=str(old),
        by_before=endorse(before, context, old, new),
        by_after=endorse(after, context, old, new),
    )
    _believed(lambda: next_hub_key(old, event, identity.realm, identity.id))
    state_key(tx, hub, event)
    return new


def declare_partner(tx: Transaction, hub: Exchange, key: VerifierKey, endorsement: bytes) -> None:
    """The partner is this one from here on; Refused without the endorsement of the partner before it."""
    declared = declared_keys(tx, "partner")
    before = VerifierKey.parse(declared[-1].key) if declared else None
    if before == key:
        return
    event = KeyEvent(
        holder="partner", key=str(key), before=str(before) if before else "", by_before=endorsement
    )
    _believed(lambda: next_partner_key(before, event, hub.identity.realm, hub.identity.id))
    state_key(tx, hub, event)


def _change(tx: Transaction, hub: Exchange, row: PartyRow, signed: SignedChange, origin: Origin) -> None:
    change = decode(signed.change, KeyChange)
    event = msgspec.structs.replace(
        row.event(),
        signing_key=change.signing_key,
        sealing_key=change.sealing_key,
        recovery_key=change.recovery_key,
        change=signed,
    )
    _believed(lambda: state_party(tx, hub, event, origin))


def _believed(work: Callable[[], object]) -> None:
    """Refused for what readers would not believe: nobody's history is wrong, the request is."""
    try:
        work()
    except KeySwapped as error:
        raise Refused(error.detail) from None
