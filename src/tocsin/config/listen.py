# SPDX-License-Identifier: Apache-2.0
"""Where a process listens, and the kinds of numbers that settings are made of."""

from typing import Annotated, Literal

import msgspec

Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]


Count = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]


Seconds = Annotated[int, msgspec.Meta(ge=1, le=3_600)]


LogFormat = Literal["text", "json"]


ShortWait = Annotated[float, msgspec.Meta(gt=0, le=60)]


class Listen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a process listens. Off loopback it starts only with TLS or a declared proxy."""

    host: str = "127.0.0.1"
    """Address to bind."""
    port: Port = 8710
    """Port; 0 takes a free one and prints it."""
    behind_tls_proxy: bool = False
    """Declare that a reverse proxy on this machine ends TLS; without it, off loopback, nothing starts."""
    tls_certificate: str = ""
    """Path of a PEM certificate chain."""
    tls_key: str = ""
    """Path of its PEM private key."""
