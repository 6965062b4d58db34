# SPDX-License-Identifier: Apache-2.0
"""Composition root of the relay: a third legal person, with a machine and a key of its own."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette

from tocsin.clock import SystemClock
from tocsin.config.files import load, save
from tocsin.config.listen import LogFormat
from tocsin.config.relay import RelayConfig
from tocsin.errors import ConfigError, Taken
from tocsin.files import write_new
from tocsin.halves.asking import authority
from tocsin.halves.epochs import Operator
from tocsin.proof.encoding import to_base64
from tocsin.proof.note import VerifierKey
from tocsin.proof.signing import SigningKey
from tocsin.relay.assembly import Relay, assemble
from tocsin.relay.doctor import checks as doctor_checks
from tocsin.storage.sqlite import open_sqlite
from tocsin.storage.store import Store
from tocsin.web.calling import SignedClient, outbound
from tocsin.web.checkup import Checkup, examine
from tocsin.web.metrics import Metric, metrics_routes, process, read_key, transactions
from tocsin.web.serving import check_listen
from tocsin.web.serving import serve as serve_http

_SETTINGS = "relay.toml"
_KEYS = "relay.keys"
_STORE = "relay.db"
_SEED_BYTES = 32
_MAX_CONNECTIONS = 8_192
"""5,000 agents that send in half a slot."""
_PATIENCE_SECONDS = 10.0


class Made(msgspec.Struct, frozen=True):
    """A new relay."""

    key: str
    """Its Ed25519 public key, base64."""


def init(folder: Path, config: RelayConfig) -> Made:
    """Make a new relay for one hub: its key and its empty store."""
    if (folder / _SETTINGS).exists():
        raise Taken(f"{folder} holds a relay already.")
    VerifierKey.parse(config.hub_key)
    if not config.operator.strip():
        raise ConfigError("A relay is run by a legal person, by its name.")
    for url in (config.public_url, config.hub_url, config.partner_url):
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise ConfigError(f"{url!r} is not an http or https address.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_new(folder / _KEYS, os.urandom(_SEED_BYTES))
    save(folder / _SETTINGS, config)
    return Made(to_base64(_key(folder).public))


def settings(folder: Path) -> RelayConfig:
    """As they stand in its folder."""
    return load(folder / _SETTINGS, RelayConfig)


def doctor(folder: Path) -> Checkup:
    """Look at everything that can be wrong with a relay; it may be serving meanwhile."""
    config = settings(folder)

    @contextmanager
    def opened() -> Iterator[Store]:
        """The store, for a look at it."""
        store = open_sqlite(folder / _STORE, "relay")
        try:
            yield store
        finally:
            store.close()

    return examine(doctor_checks(folder, config, opened, SystemClock()))


def log_format(folder: Path) -> LogFormat:
    """How `serve` is to write its log."""
    return settings(folder).log


def serve(folder: Path, port: int | None, ready: Callable[[str], None]) -> None:
    """Carry envelopes until the process is told to stop."""
    listen = settings(folder).listen
    listen = listen if port is None else msgspec.structs.replace(listen, port=port)
    serve_http(application(folder), check_listen(listen), ready, connections=_MAX_CONNECTIONS)


def application(folder: Path) -> Starlette:
    """The relay as an ASGI application."""
    config, key, clock = settings(folder), _key(folder), SystemClock()
    hub_key = VerifierKey.parse(config.hub_key)
    hub, _, realm = hub_key.name.partition("/heads/")
    store = open_sqlite(folder / _STORE, "relay")
    http = outbound("", "", _PATIENCE_SECONDS)

    def way(url: str, place: str) -> SignedClient:
        """The way to one of the two, each request signed."""
        return SignedClient(http, url, "relay", key, clock, os.urandom, authority(place, hub))

    def measure() -> Iterator[Metric]:
        """What a monitor reads: nothing of a single request."""
        yield transactions({"relay": store.tally})
        yield from process()

    async def close() -> None:
        """Let go of connections and store."""
        await http.aclose()
        store.close()

    parts = Relay(
        operator=Operator("relay", config.operator, hub, realm, key),
        url=config.public_url,
        hub_key=hub_key,
        store=store,
        ways={"slot": way(config.partner_url, "partner"), "now": way(config.hub_url, "hub")},
        clock=clock,
        entropy=os.urandom,
    )
    return assemble(parts, close, metrics_routes(read_key(folder, config.metrics_key), measure))


def _key(folder: Path) -> SigningKey:
    return SigningKey.from_seed((folder / _KEYS).read_bytes())
