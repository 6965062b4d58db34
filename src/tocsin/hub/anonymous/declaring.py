# SPDX-License-Identifier: Apache-2.0
"""A hub's operator declares relay and trustees; and the ways that a hub so declared has to relay and partner."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from tocsin.config.anonymous import AnonymousPath, TrusteeKeys
from tocsin.config.files import load, save
from tocsin.config.hub import HubConfig
from tocsin.errors import ConfigError
from tocsin.files import NumberedSecrets
from tocsin.hub.anonymous.operators import PATIENCE_SECONDS, MixOperator, Operator, Operators
from tocsin.hub.anonymous.path import Means
from tocsin.hub.exchange import Exchange
from tocsin.proof.encoding import from_base64, to_base64
from tocsin.proof.note import VerifierKey
from tocsin.proof.signing import check_public_key
from tocsin.web.calling import outbound
from tocsin.wire.epoch import ACCOUNTABLE
from tocsin.wire.trustees import Card, check_trustees

_PARTNER_FIRST = "Declare one first: tocsin hub partner."


def declare(settings: Path, change: Callable[[HubConfig], HubConfig]) -> AnonymousPath:
    """Change the settings in a file; what they now say of the path."""
    declared = change(load(settings, HubConfig))
    save(settings, declared)
    assert declared.anonymous is not None, "it was declared just now"
    return declared.anonymous


def declared_relay(config: HubConfig, operator: str, url: str, key: str) -> HubConfig:
    """The settings with this relay; what numbers of the path there are stay. `operator`: who runs the hub.

    ConfigError without a partner, which is the path's gateway and mix. That the three are different legal persons is
    looked at by all of them, in each epoch's document.
    """
    if config.partner is None:
        raise ConfigError("The anonymous path needs a partner.", next_step=_PARTNER_FIRST)
    check_public_key(from_base64(key))
    if not operator.strip():
        raise ConfigError("A hub on the anonymous path is run by a legal person, by its name.")
    numbers = config.anonymous or AnonymousPath(operator=operator, relay_url=url, relay_key=key)
    declared = msgspec.structs.replace(numbers, operator=operator, relay_url=url, relay_key=key)
    return msgspec.structs.replace(config, anonymous=declared)


def declared_trustees(config: HubConfig, needed: int, cards: Sequence[Card]) -> HubConfig:
    """The settings with these trustees, from the next epoch on; ConfigError without the anonymous path, Malformed for
    trustees that can be none.
    """
    if config.anonymous is None:
        raise ConfigError(
            "Trustees belong to the anonymous path.", next_step="Open it first: tocsin hub relay."
        )
    trustees = tuple(one.trustee for one in cards)
    check_trustees(trustees, needed, (config.anonymous.operator,))
    keys = tuple(
        TrusteeKeys(one.name, to_base64(one.sealing_key), to_base64(one.signing_key)) for one in trustees
    )
    path = msgspec.structs.replace(config.anonymous, token_class=ACCOUNTABLE, needed=needed, trustees=keys)
    return msgspec.structs.replace(config, anonymous=path)


def means(folder: Path, config: HubConfig, hub: Exchange) -> Means | None:
    """What the path needs, its private keys in that folder; None for a hub without one."""
    if config.anonymous is None:
        return None
    if config.partner is None:
        raise ConfigError("[anonymous] is there, and no partner.", next_step=_PARTNER_FIRST)
    http = outbound("", "", PATIENCE_SECONDS)
    operators = Operators(
        Operator(hub, http, config.anonymous.relay_url, "relay"),
        MixOperator(hub, http, config.partner.url, "partner"),
        http,
    )
    return Means(config.anonymous, VerifierKey.parse(config.partner.key), operators, NumberedSecrets(folder))
