# SPDX-License-Identifier: Apache-2.0
"""Who belongs to the alliance and which keys count: entries of the directory stream, and the table over them."""

import msgspec

from tocsin.domain.audience import DIRECTORY
from tocsin.domain.party import Party, Role, Standing
from tocsin.hub.exchange import Exchange
from tocsin.hub.streams import HUB_ITSELF, Draft
from tocsin.ids import new_id
from tocsin.storage.store import Transaction
from tocsin.wire.messages import KeyEvent, PartyEvent, encode


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


def party_by_id(tx: Transaction, party: str) -> Party | None:
    """One party, or None."""
    row = tx.one("party_by_id", {"id": party}, into=PartyRow)
    return row.party() if row else None


def all_parties(tx: Transaction) -> list[Party]:
    """Every party, in the order of their identifiers."""
    return [row.party() for row in tx.all("parties", {}, into=PartyRow)]


def state_party(tx: Transaction, hub: Exchange, event: PartyEvent) -> None:
    """A party joined or changed: append it to the directory and bring the table up to date."""
    hub.streams.append(tx, DIRECTORY, [Draft("party", event.party, encode(event))], HUB_ITSELF)
    restate_party(tx, event, hub.clock.now())


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
            "joined": joined,
        },
    )


def state_key(tx: Transaction, hub: Exchange, holder: str, key: str) -> None:
    """A verifier key of the hub or its partner counts from here on."""
    body = encode(KeyEvent(holder=holder, key=key))
    hub.streams.append(tx, DIRECTORY, [Draft("key", new_id("fct", hub.entropy), body)], HUB_ITSELF)
