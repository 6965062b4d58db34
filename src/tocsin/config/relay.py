# SPDX-License-Identifier: Apache-2.0
"""relay.toml"""

import msgspec

from tocsin.config.listen import Listen, LogFormat, Port


class RelayListen(Listen, frozen=True, forbid_unknown_fields=True):
    """Where a relay listens: as any process, on a port of its own."""

    port: Port = 8713
    """Port; 0 takes a free one and prints it."""


class RelayConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """relay.toml"""

    operator: str
    """Legal name of whoever runs this relay: neither the hub's operator nor the partner's."""
    hub_key: str
    """The hub's verifier key, as `tocsin hub init` prints it."""
    public_url: str
    """The URL under which agents reach the relay; it stands in every epoch document."""
    hub_url: str
    """Where the hub is reached, for class ``now``."""
    partner_url: str
    """Where the partner is reached, for class ``mixed``."""
    listen: RelayListen = RelayListen()
    """Where `tocsin relay serve` listens."""
    log: LogFormat = "text"
    """How the log is written: lines for a person, or ``json`` for a collector, one document a line."""
    metrics_key: str = ""
    """Path of a file with the key for `/metrics`, mode 0600; without it nothing is at that address."""
