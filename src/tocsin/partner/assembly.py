# SPDX-License-Identifier: Apache-2.0
"""How gateway and mix of a partner are put together. Which database, clock and randomness they get is the word of
`tocsin.partner.app`.
"""

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


def mixing(
    store: Store,
    operator: Operator,
    witnessing: Witnessing,
    secrets: NumberedSecrets,
    clock: Clock,
    entropy: Entropy,
) -> list[Route]:
    """The addresses of a partner that is part of the anonymous path."""
    gateways = Gateways(secrets, entropy)
    epochs = Epochs(store, operator, clock, gateways.config)
    mix = Mix(store, epochs, gateways, clock, entropy)
    return mixing_routes(mix, epochs, gateways, lambda: witnessing.hub_key, clock)
