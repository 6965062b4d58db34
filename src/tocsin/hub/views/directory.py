# SPDX-License-Identifier: Apache-2.0
"""Who belongs to the alliance and which keys count: entries of the directory stream, and the tables over them.

The hub writes nothing that its readers would not believe: `tocsin.follow.directory` is asked first.
"""

from collections.abc import Sequence

import msgspec

from tocsin.domain.audience import DIRECTORY
from tocsin.domain.party import Party, Role, Standing
from tocsin.errors import KeyReplaced, Unknown
from tocsin.follow.directory import Stated, check_party
from tocsin.hub.exchange import Exchange
from tocsin.hub.streams import HUB_ITSELF, Draft, Origin, StreamHead
from tocsin.ids import new_id
from tocsin.proof.note import VerifierKey
from tocsin.storage.store import Transaction
from tocsin.wire.ceremony import AbandonedEvent
from tocsin.wire.messages import decode, encode
from tocsin.wire.parties import AgreementEvent, KeyEvent, PartyEvent


class PartyRow(msgspec.Struct, frozen=True):
    """One party as the table has it."""

    id: str
    name: str
    role: str
    jurisdiction: str
    standing: str
    signing_key: bytes
    sealing_key: bytes
    recovery_key: bytes
    agreement: str
    joined: int

    def party(self) -> Party:
        """The party as the rules know it."""
        return Party(
            id=self.id,
            name=self.name,
            role=Role(self.role),
            jurisdiction=self.jurisdiction,
            standing=Standing(self.standing),
            signing_key=self.signing_key,
            sealing_key=self.sealing_key,
        )

    def stated(self) -> Stated:
        """What a change of it is held against."""
        return Stated(
            self.name,
            self.role,
            self.jurisdiction,
            self.standing,
            self.signing_key,
            self.sealing_key,
            self.recovery_key,
        )

    def event(self) -> PartyEvent:
        """The entry that states it as it is."""
        return PartyEvent(
            party=self.id,
            name=self.name,
            role=Role(self.role),
            jurisdiction=self.jurisdiction,
            standing=Standing(self.standing),
            signing_key=self.signing_key,
            sealing_key=self.sealing_key,
            recovery_key=self.recovery_key,
            agreement=self.agreement,
        )


class DeclaredRow(msgspec.Struct, frozen=True):
    """A key of hub or partner, or the agreement, from one entry of the directory on."""

    seq: int
    value: str
    body: bytes


def party_by_id(tx: Transaction, party: str) -> Party | None:
    """One party, or None."""
    row = tx.one("party_by_id", {"id": party}, into=PartyRow)
    return row.party() if row else None


def party_row(tx: Transaction, party: str) -> PartyRow:
    """One party with all of its keys; Unknown when there is none."""
    row = tx.one("party_by_id", {"id": party}, into=PartyRow)
    if row is None:
        raise Unknown(f"The directory has no party {party[:60]!r}.")
    return row


def party_by_recovery_key(tx: Transaction, key: bytes) -> PartyRow | None:
    """The party that can be recovered with this key, or None."""
    return tx.one("party_by_recovery_key", {"key": key}, into=PartyRow)


def all_parties(tx: Transaction) -> list[Party]:
    """Every party, in the order of their identifiers."""
    return [row.party() for row in tx.all("parties", {}, into=PartyRow)]


def accepted_agreements(tx: Transaction) -> dict[str, str]:
    """Which agreement each party has accepted, by its identifier."""
    return {row.id: row.agreement for row in tx.all("parties", {}, into=PartyRow)}


def state_party(tx: Transaction, hub: Exchange, event: PartyEvent, origin: Origin = HUB_ITSELF) -> None:
    """A party joined or changed: append it to the directory and bring the table up to date.

    KeySwapped or Conflict for a change that no reader would believe.
    """
    known = tx.one("party_by_id", {"id": event.party}, into=PartyRow)
    check_party(known.stated() if known else None, event, hub.identity.realm, hub.identity.id)
    hub.streams.append(tx, DIRECTORY, [Draft("party", event.party, encode(event))], origin)
    head = tx.one("stream_head", {"name": DIRECTORY}, into=StreamHead)
    assert head is not None, "it was written just now"
    restate_party(tx, event, head.added)


def restate_party(tx: Transaction, event: PartyEvent, joined: int) -> None:
    """Bring the table up to date with what the directory says of a party; `joined` counts the first time."""
    tx.run(
        "put_party",
        {
            "id": event.party,
            "name": event.name,
            "role": event.role,
            "jurisdiction": event.jurisdiction,
            "standing": event.standing,
            "signing_key": event.signing_key,
            "sealing_key": event.sealing_key,
            "recovery_key": event.recovery_key,
            "agreement": event.agreement,
            "joined": joined,
        },
    )


def state_key(tx: Transaction, hub: Exchange, event: KeyEvent) -> None:
    """A verifier key of the hub or its partner counts from here on."""
    _declare(tx, hub, Draft("key", new_id("fct", hub.entropy), encode(event)))


def state_agreement(tx: Transaction, hub: Exchange, digest: str) -> None:
    """The members' agreement is this one from here on."""
    body = encode(AgreementEvent(digest=digest))
    _declare(tx, hub, Draft("agreement", new_id("fct", hub.entropy), body))


def agreement(tx: Transaction) -> str:
    """SHA-256 of the agreement that counts now; empty when the alliance has none."""
    row = tx.one("declared_last", {"holder": "agreement"}, into=DeclaredRow)
    return row.value if row else ""


def declared_keys(tx: Transaction, holder: str) -> list[KeyEvent]:
    """Every key of the hub or its partner, oldest first, each with what proves it."""
    return [decode(row.body, KeyEvent) for row in _declared(tx, holder)]


def former_keys(tx: Transaction, own: VerifierKey) -> list[VerifierKey]:
    """The other keys that this hub has had, the newest first."""
    declared = [VerifierKey.parse(event.key) for event in declared_keys(tx, "hub")]
    return [key for key in reversed(declared) if key != own and key.name == own.name]


def key_changes(tx: Transaction) -> tuple[bytes, ...]:
    """Every change of the hub's own key, as the directory has it: what convinces a partner of the newest."""
    return tuple(row.body for row in _declared(tx, "hub")[1:])


def demand_own_key(tx: Transaction, hub: Exchange, own: VerifierKey) -> None:
    """KeyReplaced when the directory names another key of this hub than the one that this process signs with."""
    row = tx.one("declared_last", {"holder": "hub"}, into=DeclaredRow)
    if row is not None and VerifierKey.parse(row.value) != own:
        raise KeyReplaced(
            f"The key of {hub.identity.id} is another one since entry {row.seq} of the directory."
        )


def _declared(tx: Transaction, holder: str) -> Sequence[DeclaredRow]:
    return tx.all("declared", {"holder": holder}, into=DeclaredRow)


def restate_declared(tx: Transaction, seq: int, kind: str, body: bytes) -> None:
    """Bring the table up to date with what an entry of the directory declares."""
    if kind == "key":
        event = decode(body, KeyEvent)
        holder, value = event.holder, event.key
    elif kind == "abandoned":
        holder, value = "abandoned", decode(body, AbandonedEvent).stream
    else:
        holder, value = "agreement", decode(body, AgreementEvent).digest
    tx.run("declare", {"holder": holder, "seq": seq, "value": value, "body": body})


def declare_abandoned(tx: Transaction, hub: Exchange, event: AbandonedEvent) -> None:
    """The end of a stream is given up from here on."""
    _declare(tx, hub, Draft("abandoned", new_id("fct", hub.entropy), encode(event)))


def _declare(tx: Transaction, hub: Exchange, draft: Draft) -> None:
    (place,) = hub.streams.append(tx, DIRECTORY, [draft], HUB_ITSELF)
    restate_declared(tx, place.seq, draft.kind, draft.body)
