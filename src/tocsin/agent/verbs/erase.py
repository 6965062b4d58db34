# SPDX-License-Identifier: Apache-2.0
"""Take back everything that this party said under one identifier; every reader is told to delete it."""

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.reported import took_back
from tocsin.ids import new_id
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Erase

PATH = "/v1/erasures"


def erase(house: House, fact: str, reason: str, by: str) -> str:
    """Queue the erasure of a report, sighting or warning of one's own; the message's identifier."""
    now = house.clock.now()
    message = Erase(id=new_id("msg", house.entropy), sent=now, fact=fact, reason=reason)

    def work(tx: Transaction) -> None:
        """The erasure with its line in the journal and the mark at what it takes back."""
        write(tx, house.vault.box, Decision(now, by, "took back", fact, reason))
        house.outbox.queue(tx, PATH, message)
        took_back(tx, fact, message.id)

    house.store.run("take back", work)
    return message.id
