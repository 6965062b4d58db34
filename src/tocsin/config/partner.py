# SPDX-License-Identifier: Apache-2.0
"""partner.toml"""

import msgspec

from tocsin.config.listen import Listen, LogFormat, Port


class PartnerListen(Listen, frozen=True, forbid_unknown_fields=True):
    """Where a partner listens: as any process, on a port of its own."""

    port: Port = 8711
    """Port; 0 takes a free one and prints it."""


class PartnerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """partner.toml"""

    hub_key: str
    """The hub's verifier key, as `tocsin hub init` prints it: the one history this partner witnesses."""
    listen: PartnerListen = PartnerListen()
    """Where `tocsin partner serve` listens."""
    log: LogFormat = "text"
    """How the log is written: lines for a person, or ``json`` for a collector, one document a line."""
    operator: str = ""
    """Legal name of whoever runs this partner; with it the partner is also gateway and mix of class ``mixed``."""
    metrics_key: str = ""
    """Path of a file with the key for `/metrics`, mode 0600; without it nothing is at that address."""
