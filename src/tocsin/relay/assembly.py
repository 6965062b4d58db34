# SPDX-License-Identifier: Apache-2.0
"""How the parts of a relay are put together. Which database, clock and randomness they get `tocsin.relay.app` says."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.routing import Route

from tocsin.clock import Clock
from tocsin.halves.epochs import Operator
from tocsin.ids import Entropy
from tocsin.proof.note import VerifierKey
from tocsin.relay.admitting import Admitting
from tocsin.relay.believing import HubKey
from tocsin.relay.carrying import Carrying
from tocsin.relay.routes import routes
from tocsin.storage.store import Store
from tocsin.web.calling import SignedClient
from tocsin.web.epochs import Epochs


class Relay(msgspec.Struct, frozen=True):
    """What a relay is made of."""

    operator: Operator
    url: str
    """Where agents reach it."""
    hub_key: VerifierKey
    """The configured one."""
    store: Store
    ways: Mapping[str, SignedClient]
    """``slot`` to the partner, ``now`` to the hub."""
    clock: Clock
    entropy: Entropy


def assemble(relay: Relay, close: Callable[[], Awaitable[None]], more: Sequence[Route] = ()) -> Starlette:
    """All parts, wired; `close` is called when the application stops."""
    epochs = Epochs(relay.store, relay.operator, relay.clock, lambda number: b"")
    admitting = Admitting(epochs, relay.clock)
    carrying = Carrying(epochs, admitting, relay.ways, relay.clock, relay.entropy)
    hub_key = HubKey(relay.store, relay.hub_key, relay.clock)
    return routes(epochs, admitting, carrying, hub_key, relay.url, relay.clock, close, more)
