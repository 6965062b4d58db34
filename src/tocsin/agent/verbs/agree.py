# SPDX-License-Identifier: Apache-2.0
"""This party accepts the members' agreement that counts now; everybody sees in the directory that it did."""

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.ids import new_id
from tocsin.storage.store import Transaction
from tocsin.wire.parties import Accept

PATH = "/v1/agreements"


def agree(house: House, digest: str, by: str) -> str:
    """Queue the acceptance of the agreement with that SHA-256; the identifier of its message."""
    now = house.clock.now()
    message = Accept(id=new_id("msg", house.entropy), sent=now, agreement=digest.lower())

    def work(tx: Transaction) -> None:
        """The acceptance with its line in the journal."""
        write(tx, house.vault.box, Decision(now, by, "accepts the members' agreement", digest.lower()))
        house.outbox.queue(tx, PATH, message)

    house.store.run("accept agreement", work)
    return message.id
