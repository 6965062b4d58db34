# SPDX-License-Identifier: Apache-2.0
"""Take back everything that this party said under one identifier; every reader is told to delete it."""

from tocsin.agent.anonymous import reports
from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.reported import took_back
from tocsin.errors import Conflict
from tocsin.ids import new_id
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Erase

PATH = "/v1/erasures"


def withdraw(house: House, fact: str, by: str) -> bool:
    """Take back an anonymous report that has not gone; whether it is one. Conflict once it went: nobody may know."""
    now, box = house.clock.now(), house.vault.box

    def work(tx: Transaction) -> bool:
        """One that waits does not go; a named one is not here. Whether it was one."""
        taken = reports.withdraw(tx, box, fact)
        if taken is not None:
            write(tx, box, Decision(now, by, "took back before it went", fact))
        return taken is not None

    return house.store.run("take back", work)


def erase(house: House, fact: str, reason: str, by: str) -> str:
    """Queue the erasure of a report, sighting or warning of one's own; the message's identifier.

    Conflict for a report that went anonymously: the hub would learn whose it is. `withdraw` is for those that wait.
    """
    now = house.clock.now()
    message = Erase(id=new_id("msg", house.entropy), sent=now, fact=fact, reason=reason)

    def work(tx: Transaction) -> None:
        """The erasure with its line in the journal and the mark at what it takes back."""
        if reports.find(tx, house.vault.box, fact) is not None:
            raise Conflict("An anonymous report is not taken back in this party's name.")
        write(tx, house.vault.box, Decision(now, by, "took back", fact, reason))
        house.outbox.queue(tx, PATH, message)
        took_back(tx, fact, message.id)

    house.store.run("take back", work)
    return message.id
