# SPDX-License-Identifier: Apache-2.0
"""hub.toml, and edge.toml of an edge of that hub."""

from typing import Annotated

import msgspec

from tocsin.config.anonymous import AnonymousPath
from tocsin.config.listen import Listen, LogFormat, Port, Seconds, ShortWait


class PartnerLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The partner that witnesses this hub's history."""

    url: str
    """Where it serves."""
    key: str
    """Its verifier key, as `tocsin partner init` prints it."""


class HubConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """hub.toml"""

    alliance: str
    """The alliance's public name; author of what its members disclose."""
    public_url: str
    """The URL under which agents reach the hub; request signatures are checked against its host."""
    listen: Listen = Listen()
    """Where `tocsin hub serve` listens."""
    store: str = "hub.db"
    """SQLite file in the hub's folder, or a postgresql:// address."""
    standbys: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    """PostgreSQL only: so many standbys must have each commit on disk before it is answered or signed."""
    partner: PartnerLink | None = None
    """Absent: heads are unwitnessed by declared policy, and shown so."""
    anonymous: AnonymousPath | None = None
    """Absent: anonymous classes are refused. It needs a partner and a relay, run by two other legal persons."""
    heartbeat_seconds: Seconds = 15
    """A line on every idle stream this often, so that proxies keep it open."""
    witness_seconds: ShortWait = 5.0
    """How long the partner has for one answer; after half a second the head goes out without it meanwhile."""
    retention_days: Annotated[int, msgspec.Meta(ge=30, le=3660)] = 1095
    """Reports and sightings are erased this long after they came; warnings end by their own expiry."""
    restore_seconds: Seconds = 900
    """How long a restored hub waits for what only its readers can know, once it has all that the partner saw."""
    log: LogFormat = "text"
    """How the log is written: lines for a person, or ``json`` for a collector, one document a line."""
    metrics_key: str = ""
    """Path of a file with the key for `/metrics`, mode 0600; without it nothing is at that address."""


class EdgeListen(Listen, frozen=True, forbid_unknown_fields=True):
    """Where an edge listens: as any process, on a port of its own."""

    port: Port = 8712
    """Port; 0 takes a free one and prints it."""


class EdgeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """edge.toml"""

    public_url: str
    """The URL under which agents reach this edge; request signatures are checked against its host."""
    listen: EdgeListen = EdgeListen()
    """Where `tocsin hub serve --follow` listens."""
    heartbeat_seconds: Seconds = 15
    """A line on every idle stream this often, so that proxies keep it open."""
    silence_seconds: Annotated[int, msgspec.Meta(ge=3, le=600)] = 30
    """After so long without a word from the hub the edge lets every reader go: a suspension could not reach it."""
    proxy: str = ""
    """HTTP proxy for the way to the hub, with credentials if it wants them."""
    authority_file: str = ""
    """PEM file of a private certificate authority."""
