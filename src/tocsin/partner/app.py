# SPDX-License-Identifier: Apache-2.0
"""Composition root of the partner: another legal person than the hub, with a machine and a key of its own."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec
from starlette.applications import Starlette

from tocsin.clock import SystemClock
from tocsin.config.files import load, save
from tocsin.config.listen import LogFormat
from tocsin.config.partner import PartnerConfig, PartnerListen
from tocsin.errors import ConfigError, Taken
from tocsin.files import NumberedSecrets, write_new
from tocsin.halves.epochs import Operator
from tocsin.partner.assembly import mixing
from tocsin.partner.doctor import checks as doctor_checks
from tocsin.partner.routes import routes
from tocsin.partner.witnessing import Witnessing, take_back
from tocsin.proof.encoding import to_base64
from tocsin.proof.note import KeyKind, VerifierKey
from tocsin.proof.signing import Context, SigningKey
from tocsin.proof.succession import endorse as endorse_key
from tocsin.storage.sqlite import open_sqlite, put_in_place
from tocsin.storage.store import Store
from tocsin.web.checkup import Checkup, examine
from tocsin.web.metrics import Metric, counter, metrics_routes, process, read_key, transactions
from tocsin.web.serving import check_listen
from tocsin.web.serving import serve as serve_http
from tocsin.wire.ceremony import Held
from tocsin.wire.messages import decode

_SETTINGS = "partner.toml"
_KEYS = "partner.keys"
_STORE = "partner.db"
_EPOCH_KEYS = "partner.epochs"
_SEED_BYTES = 32
_MAX_CONNECTIONS = 512
"""One hub and one relay ask, and readers compare a note."""


class Made(msgspec.Struct, frozen=True):
    """A new partner."""

    key: str


class Backup(msgspec.Struct, frozen=True):
    """A copy of the memory."""

    file: str
    bytes: int


class Restored(msgspec.Struct, frozen=True):
    """What the partner knows again."""

    heads: int
    """Size of the log that it last co-signed."""
    streams: int


def init(folder: Path, hub_key: str, port: int, operator: str = "") -> Made:
    """Make a new partner for one hub: its key and its empty memory.

    With the legal name of its operator it is also gateway and mix of the anonymous path.
    """
    if (folder / _SETTINGS).exists():
        raise Taken(f"{folder} holds a partner already.")
    VerifierKey.parse(hub_key)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_new(folder / _KEYS, os.urandom(_SEED_BYTES))
    save(
        folder / _SETTINGS, PartnerConfig(hub_key=hub_key, listen=PartnerListen(port=port), operator=operator)
    )
    return Made(str(_verifier(_key(folder))))


def doctor(folder: Path) -> Checkup:
    """Look at everything that can be wrong with a partner; it may be serving meanwhile."""
    config = load(folder / _SETTINGS, PartnerConfig)

    @contextmanager
    def opened() -> Iterator[tuple[Store, Witnessing]]:
        """The partner's store and memory for one check, closed afterwards."""
        hub_key, key = VerifierKey.parse(config.hub_key), _key(folder)
        store = open_sqlite(folder / _STORE, "partner")
        try:
            yield store, Witnessing(store, hub_key, _verifier(key).name, key, SystemClock())
        finally:
            store.close()

    return examine(doctor_checks(folder, config, opened, SystemClock()))


def backup(folder: Path, file: Path) -> Backup:
    """Copy the memory into a new file, while the partner goes on witnessing. Its key is not in it."""
    load(folder / _SETTINGS, PartnerConfig)
    store = open_sqlite(folder / _STORE, "partner")
    try:
        store.copy(file)
    finally:
        store.close()
    return Backup(str(file), file.stat().st_size)


def restore(folder: Path, file: Path, shown: Path) -> Restored:
    """Put a backup in place together with what this partner last co-signed, as the hub or a reader shows it.

    A partner that forgot its last cosignature could be brought to sign a second history. Its own signature on what is
    shown proves that it was given; who shows an old one is found out by readers that compare notes.
    """
    hub_key = VerifierKey.parse(load(folder / _SETTINGS, PartnerConfig).hub_key)
    key = _verifier(_key(folder))
    try:
        held = decode(shown.read_bytes(), Held)
    except OSError as error:
        raise ConfigError(f"{shown}: {error.strerror}.") from None
    put_in_place(file, folder / _STORE)
    try:
        store = open_sqlite(folder / _STORE, "partner")
        try:
            size = store.run("take back", lambda tx: take_back(tx, held, hub_key, key, SystemClock().now()))
        finally:
            store.close()
    except BaseException:
        (folder / _STORE).unlink(missing_ok=True)
        raise
    return Restored(size, len(held.heads))


class Endorsed(msgspec.Struct, frozen=True):
    """Another partner may take over."""

    endorsement: str
    """Base64."""


def endorse(folder: Path, key: str) -> Endorsed:
    """Sign that the partner with this verifier key takes over; agents believe no other one."""
    config, own = load(folder / _SETTINGS, PartnerConfig), _key(folder)
    before, after = _verifier(own), VerifierKey.parse(key)
    if after.kind is not KeyKind.COSIGNATURE or after == before:
        raise ConfigError("This is not the verifier key of another partner: tocsin partner init prints it.")
    hub, _, realm = VerifierKey.parse(config.hub_key).name.partition("/heads/")
    signature = endorse_key(own, Context("partner-key", realm, hub), before, after)
    return Endorsed(to_base64(signature))


def log_format(folder: Path) -> LogFormat:
    """How `serve` is to write its log."""
    return load(folder / _SETTINGS, PartnerConfig).log


def serve(folder: Path, port: int | None, ready: Callable[[str], None]) -> None:
    """Witness until the process is told to stop."""
    config = load(folder / _SETTINGS, PartnerConfig)
    listen = config.listen if port is None else msgspec.structs.replace(config.listen, port=port)
    serve_http(application(folder), check_listen(listen), ready, connections=_MAX_CONNECTIONS)


def application(folder: Path) -> Starlette:
    """The partner as an ASGI application."""
    config = load(folder / _SETTINGS, PartnerConfig)
    key = _key(folder)
    store = open_sqlite(folder / _STORE, "partner")
    hub_key = VerifierKey.parse(config.hub_key)
    clock = SystemClock()
    witnessing = Witnessing(store, hub_key, _verifier(key).name, key, clock)

    def measure() -> Iterator[Metric]:
        """What the partner counts."""
        yield counter("tocsin_heads_total", "Heads co-signed.", witnessing.size)
        yield transactions({"partner": store.tally})
        yield from process()

    more = metrics_routes(read_key(folder, config.metrics_key), measure)
    beside = None
    if config.operator:
        hub, _, realm = hub_key.name.partition("/heads/")
        operator = Operator("partner", config.operator, hub, realm, key)
        secrets = NumberedSecrets(folder / _EPOCH_KEYS)
        mixes = mixing(store, operator, witnessing, secrets, clock, os.urandom)
        more, beside = [*more, *mixes.routes], mixes.forgetting
    return routes(witnessing, _verifier(key).name, clock, store.close, more, beside)


def _key(folder: Path) -> SigningKey:
    return SigningKey.from_seed((folder / _KEYS).read_bytes())


def _verifier(key: SigningKey) -> VerifierKey:
    """The partner's name is the hash of its key."""
    name = f"partner_{sha256(b'tocsin/partner/v1' + key.public).digest()[:16].hex()}"
    return VerifierKey(name, KeyKind.COSIGNATURE, key.public)
