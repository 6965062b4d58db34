# SPDX-License-Identifier: Apache-2.0
"""How gateway and mix of a partner are put together. Which database, clock and randomness they get is the word of
`tocsin.partner.app`.
"""

import asyncio

import msgspec
from starlette.routing import Route

from tocsin.clock import Clock
from tocsin.files import NumberedSecrets
from tocsin.halves.epochs import Operator
from tocsin.ids import Entropy
from tocsin.partner.gateways import Gateways
from tocsin.partner.mix import Mix
from tocsin.partner.mixing import mixing_routes
from tocsin.partner.witnessing import Witnessing
from tocsin.storage.store import Store
from tocsin.web.epochs import Epochs

_LOOK_SECONDS = 60.0
"""How often it is looked for what is to be forgotten, while nobody asks for anything."""


class Mixing(msgspec.Struct, frozen=True):
    """A partner's part of the anonymous path."""

    routes: list[Route]
    mix: Mix

    async def forgetting(self) -> None:
        """Let keys and blobs go by time, for ever."""
        while True:
            self.mix.forget()
            await asyncio.sleep(_LOOK_SECONDS)


def mixing(
    store: Store,
    operator: Operator,
    witnessing: Witnessing,
    secrets: NumberedSecrets,
    clock: Clock,
    entropy: Entropy,
) -> Mixing:
    """What a partner has more that is part of the anonymous path."""
    gateways = Gateways(secrets, entropy)
    epochs = Epochs(store, operator, clock, gateways.config)
    mix = Mix(store, epochs, gateways, clock, entropy)
    return Mixing(mixing_routes(mix, epochs, gateways, lambda: witnessing.hub_key, clock), mix)
