# SPDX-License-Identifier: Apache-2.0
"""The anonymous path of a simulated alliance: its relay, and what hub and partner need to be part of it.

An epoch has 20 minutes of slots of four seconds, so that a story sees a few of them; its tokens rest for some seconds
only. Whoever is a bank or the desk sends.
"""

import asyncio
import random
from pathlib import Path

from tocsin.agent.anonymous import reports, tokens
from tocsin.agent.anonymous.epochs import present
from tocsin.agent.anonymous.reports import State
from tocsin.clock import ManualClock
from tocsin.config.anonymous import AnonymousPath
from tocsin.config.hub import HubConfig
from tocsin.files import NumberedSecrets
from tocsin.halves.asking import authority
from tocsin.halves.epochs import Operator as Signer
from tocsin.hub.anonymous.operators import MixOperator, Operator, Operators
from tocsin.hub.anonymous.path import Means
from tocsin.hub.exchange import Exchange
from tocsin.proof.encoding import to_base64
from tocsin.proof.note import VerifierKey
from tocsin.proof.signing import KEY_SIZE, SigningKey
from tocsin.relay.assembly import Relay, assemble
from tocsin.web.calling import SignedClient
from tocsin.world.machine import Process
from tocsin.world.network import Door, Wire
from tocsin.world.seats import HUB_HOST, PARTNER_HOST, RELAY_HOST, AgentMachine, Machine, client

RELAY_URL = f"https://{RELAY_HOST}"
SLOT_SECONDS = 4
_KEY = SigningKey.from_seed(random.Random("the relay's key").randbytes(KEY_SIZE))  # noqa: S311 a simulated relay

SETTINGS = AnonymousPath(
    operator="City Alliance",
    relay_url=RELAY_URL,
    relay_key=to_base64(_KEY.public),
    slot_seconds=SLOT_SECONDS,
    slots=300,
    issue_seconds=12,
    rest_seconds=4,
    rehearsal=True,
    quota=20,
    envelope_bytes=8_192,
    floor=3,
)


class RelayMachine(Machine):
    """The relay."""

    def __init__(
        self,
        hub_key: VerifierKey,
        wire: Wire,
        door: Door,
        loop: asyncio.AbstractEventLoop,
        clock: ManualClock,
        seed: str,
    ) -> None:
        super().__init__("relay", "relay", loop, clock, seed)
        self.wire = wire
        """To hub and partner."""
        self.door = door
        self.hub_key = hub_key
        """The one that it was made for."""

    async def serve(self, process: Process, stop: asyncio.Event) -> None:
        """Carry envelopes until it is stopped, or dies."""
        process.at_death(self.door.shut)
        hub, _, realm = self.hub_key.name.partition("/heads/")
        store, http = self.disk.open(process), client(self.wire)

        def way(host: str, place: str) -> SignedClient:
            """The way to one of the two, each request signed."""
            own = authority(place, hub)
            return SignedClient(http, f"http://{host}", "relay", _KEY, self.clock, self.entropy, own)

        parts = Relay(
            operator=Signer("relay", "Post Office", hub, realm, _KEY),
            url=RELAY_URL,
            hub_key=self.hub_key,
            store=store,
            ways={"slot": way(PARTNER_HOST, "partner"), "now": way(HUB_HOST, "hub")},
            clock=self.clock,
            entropy=self.entropy,
        )
        application = assemble(parts, http.aclose)
        async with application.router.lifespan_context(application):
            self.door.open(application)
            await stop.wait()
            self.door.shut()


def fate_of(agent: AgentMachine, report: str) -> tuple[State | None, bool]:
    """What a sender knows of its report, None for nothing at all; and whether it holds a token that counts now."""
    house = agent.house(Process("a look"))
    with house.store.reading("a look") as tx:
        one, epoch = reports.find(tx, house.vault.box, report), present(tx, house.clock.now())
        if one is None or epoch is None or epoch.closed:
            return one.state if one else None, False
        return one.state, one.holds_token(epoch.number) or tokens.held(tx, epoch.number) > 0


def means(hub: Exchange, config: HubConfig, wire: Wire, folder: Path) -> Means | None:
    """What a hub needs for the path that its settings declare; None for one without."""
    if config.anonymous is None or config.partner is None:
        return None
    http = client(wire)
    operators = Operators(
        Operator(hub, http, RELAY_URL, "relay"), MixOperator(hub, http, config.partner.url, "partner"), http
    )
    return Means(config.anonymous, VerifierKey.parse(config.partner.key), operators, NumberedSecrets(folder))
