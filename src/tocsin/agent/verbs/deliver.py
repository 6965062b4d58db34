# SPDX-License-Identifier: Apache-2.0
"""Send what was just queued and wait for its receipt, for a command that a person is looking at."""

import httpx

from tocsin.agent.house import House
from tocsin.agent.outbox import Settled, settled_state
from tocsin.agent.signed import COMMAND_SECONDS, SignedHub, http_client
from tocsin.errors import Unreachable


async def deliver(house: House, message_ids: list[str]) -> list[Settled]:
    """Send until these messages are settled; Unreachable when the hub is not there: they wait in the outbox."""
    async with http_client(house.config, COMMAND_SECONDS) as http:
        return await deliver_by(http, house, message_ids)


async def deliver_by(http: httpx.AsyncClient, house: House, message_ids: list[str]) -> list[Settled]:
    """The same over connections that are there already, for many messages one after the other."""
    membership = house.vault.membership()
    hub = SignedHub(http, house.config.hub_url, membership, house.clock, house.entropy)
    while any((state := house.outbox.state(one)) and state.state == "waiting" for one in message_ids):
        if not await house.outbox.flush(hub, membership):
            break
    states = [house.outbox.state(one) for one in message_ids]
    with house.store.reading("the hub's keys") as tx:
        settled = [settled_state(tx, state, membership) for state in states]
    missing = [one for one, state in zip(message_ids, settled, strict=True) if state is None]
    if missing:
        waits = "1 message waits" if len(missing) == 1 else f"{len(missing)} messages wait"
        raise Unreachable(f"{waits} in the outbox.")
    return [one for one in settled if one is not None]
