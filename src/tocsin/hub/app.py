# SPDX-License-Identifier: Apache-2.0
"""Composition root of the hub: the only file here that names a database, the real clock and the real randomness."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import file_digest
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette

from tocsin.clock import SystemClock
from tocsin.config.anonymous import AnonymousPath
from tocsin.config.files import load, save
from tocsin.config.hub import HubConfig, PartnerLink
from tocsin.config.listen import Listen, LogFormat
from tocsin.domain.audience import History
from tocsin.domain.party import Role, Standing
from tocsin.errors import ConfigError, StoreBusy, Taken, Unknown
from tocsin.hub.anonymous.declaring import declare, declared_relay, declared_trustees, means
from tocsin.hub.anonymous.path import Means
from tocsin.hub.assembly import Hints, assemble, assemble_restoring, exchange
from tocsin.hub.doctor import checks as doctor_checks
from tocsin.hub.done import (
    Agreed,
    Backup,
    Code,
    Erased,
    Made,
    Member,
    Restored,
    Roster,
    Rotated,
    Shown,
    Stands,
)
from tocsin.hub.exchange import Exchange
from tocsin.hub.heads.noting import Partner
from tocsin.hub.heads.witness_client import HttpPartner
from tocsin.hub.keyfile import make_keys, read_keys, stage_next, staged
from tocsin.hub.keyfile import put_in_place as put_keys_in_place
from tocsin.hub.restart import Restart
from tocsin.hub.restoring.abandoning import Abandoned
from tocsin.hub.restoring.abandoning import abandon as abandon_end
from tocsin.hub.restoring.steps import begin, begun, lacking, what_partner_holds
from tocsin.hub.status import Status
from tocsin.hub.status import status as hub_status
from tocsin.hub.streams import StreamHead
from tocsin.hub.verbs.edges import EdgeCode, Edges, edges_after, invite_edge
from tocsin.hub.verbs.enrol import CODE_DAYS, invite
from tocsin.hub.verbs.erase import erase_fact
from tocsin.hub.verbs.keys import declare_partner as state_partner
from tocsin.hub.verbs.keys import rotate_hub_key
from tocsin.hub.verbs.roster import join_group, leave_group, roster
from tocsin.hub.verbs.standing import announce_agreement, change_standing, find_party
from tocsin.hub.views.directory import agreement, all_parties, declared_keys, state_agreement, state_key
from tocsin.proof.note import VerifierKey
from tocsin.storage.sqlite import open_sqlite, put_in_place
from tocsin.storage.store import Store, Transaction
from tocsin.web.checkup import Checkup, examine
from tocsin.web.metrics import read_key
from tocsin.web.serving import check_listen
from tocsin.web.serving import serve as serve_http
from tocsin.wire.messages import encode
from tocsin.wire.parties import KeyEvent
from tocsin.wire.registrable import look_up
from tocsin.wire.trustees import Card

_SETTINGS = "hub.toml"
_KEYS = "hub.keys"
_EPOCH_KEYS = "hub.epochs"
_MAX_CONNECTIONS = 8_192
"""5,000 agents that follow, and their requests."""


def init(
    folder: Path, alliance: str, url: str, port: int, store: str, agreement_file: Path | None = None
) -> Made:
    """Make a new hub: its keys, its store, and the directory's first entries: its agreement, if any, and its key."""
    if (folder / _SETTINGS).exists():
        raise Taken(f"{folder} holds a hub already.")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise ConfigError(f"{url!r} is not an http or https address.")
    digest = _digest_of(agreement_file) if agreement_file else ""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_keys(folder / _KEYS, os.urandom)
    config = HubConfig(alliance=alliance, public_url=url, listen=Listen(port=port), store=store)
    try:
        with for_command(folder, config) as (hub, opened):
            opened.run("found the hub", lambda tx: _found(tx, hub, digest))
    except BaseException:
        (folder / _KEYS).unlink()  # nothing was founded: a second try must find a clean place
        raise
    save(folder / _SETTINGS, config)
    return Made(hub.identity.id, str(hub.identity.key))


def declare_partner(folder: Path, url: str, key: str, endorsement: bytes = b"") -> PartnerLink:
    """Declare the partner: from its next start the hub has every head witnessed. The directory says so to everybody.

    Its address may change later. Refused when another partner is there that has not endorsed this one: `tocsin partner
    endorse`. No agent would believe it.
    """
    parsed, link = VerifierKey.parse(key), PartnerLink(url=url, key=key)
    with for_command(folder) as (hub, opened):
        if parsed.public == hub.identity.signing_key.public:
            raise ConfigError("A hub cannot witness itself: the partner is another legal person.")
        config = load(folder / _SETTINGS, HubConfig)
        opened.run("declare partner", lambda tx: state_partner(tx, hub, parsed, endorsement))
        save(folder / _SETTINGS, msgspec.structs.replace(config, partner=link))
    return link


def declare_relay(folder: Path, operator: str, url: str, key: str) -> AnonymousPath:
    """Declare the relay, and so open the anonymous path from the hub's next start. Its numbers are in hub.toml."""
    return declare(folder / _SETTINGS, lambda config: declared_relay(config, operator, url, key))


def declare_trustees(folder: Path, needed: int, cards: Sequence[Card]) -> AnonymousPath:
    """Name the trustees of accountable tokens, from the first document after the hub's next start on."""
    return declare(folder / _SETTINGS, lambda config: declared_trustees(config, needed, cards))


def rotate_key(folder: Path) -> Rotated:
    """Give the hub its next signing key; processes that serve refuse everything until they are started again."""
    with for_command(folder) as (hub, opened):
        after = stage_next(folder / _KEYS, os.urandom)
        before = hub.identity.signing_key
        key = opened.run("rotate the hub's key", lambda tx: rotate_hub_key(tx, hub, before, after))
        put_keys_in_place(folder / _KEYS)
    return Rotated(str(key))


def stand(folder: Path, party: str, wanted: Standing, reason: str) -> Stands:
    """Suspend, reinstate or expel a party; the hub may be serving meanwhile, and cuts it off within a second."""
    with for_command(folder) as (hub, opened):
        found = opened.run("change standing", lambda tx: change_standing(tx, hub, party, wanted, reason))
    return Stands(found.id, found.name, found.standing)


def party_named(folder: Path, text: str) -> Stands:
    """A party as it stands, by legal name or identifier; Unknown when there is none or several."""
    with for_command(folder) as (_, opened), opened.reading("party") as tx:
        found = find_party(tx, text)
    return Stands(found.id, found.name, found.standing)


def agree(folder: Path, file: Path) -> Agreed:
    """Announce the members' agreement, new or changed; each party then accepts it, or is seen not to have."""
    digest = _digest_of(file)
    with for_command(folder) as (hub, opened):
        opened.run("announce agreement", lambda tx: announce_agreement(tx, hub, digest))
    return Agreed(digest)


def enrol(folder: Path, name: str, role: Role, jurisdiction: str, *, namesake: bool = False) -> Code:
    """A one-time code for a new party; the hub may be serving meanwhile."""
    with for_command(folder) as (hub, opened):
        code = opened.run("invite", lambda tx: invite(tx, hub, name, role, jurisdiction, namesake=namesake))
        with opened.reading("agreement") as tx:
            digest = agreement(tx)
    return Code(code, CODE_DAYS, digest)


def erase(folder: Path, fact: str, reason: str) -> Erased:
    """Erase everything about a fact by the operator's hand; the hub may be serving meanwhile."""
    with for_command(folder) as (hub, opened):
        outcomes = opened.run("erase fact", lambda tx: erase_fact(tx, hub, fact, reason))
        with suppress(StoreBusy):  # the hub that serves scrubs again within a minute
            opened.scrub()
    return Erased(outcomes)


def abandon(folder: Path, stream: str, reason: str) -> Abandoned:
    """Give up the end of a closed stream that nobody holds any more; the hub may be serving meanwhile."""
    with for_command(folder) as (hub, opened):
        return opened.run("abandon", lambda tx: abandon_end(tx, hub, stream, reason))


def group(folder: Path, name: str, add: str | None, remove: str | None, history: History) -> Roster:
    """Change the roster of a group, if asked to, and show it; the hub may be serving meanwhile.

    Unknown for a group that nobody was ever in.
    """
    with for_command(folder) as (hub, opened):
        if add is not None:
            opened.run("join group", lambda tx: join_group(tx, hub, name, find_party(tx, add).id, history))
        if remove is not None:
            opened.run("leave group", lambda tx: leave_group(tx, hub, name, find_party(tx, remove).id))
        with opened.reading("roster") as tx:
            names = {one.id: one.name for one in all_parties(tx)}
            members = roster(tx, name)
    if not members:
        raise Unknown(
            f"There is no group {name!r}: a group is there once somebody was put into it.",
            next_step="Put a party into it: tocsin hub group DIR NAME --add PARTY.",
        )
    return Roster(name, tuple(Member(party, names[party], one) for party, one in members.items()))


def edge(folder: Path, name: str) -> EdgeCode:
    """A one-time code for a new edge; the hub may be serving meanwhile."""
    with for_command(folder) as (hub, opened):
        return opened.run("invite edge", lambda tx: invite_edge(tx, hub, name))


def edges(folder: Path, revoke: str | None = None) -> Edges:
    """Every edge, after one was revoked, if asked to; a hub that is serving cuts that one off within a second."""
    with for_command(folder) as (_, opened):
        return opened.run("edges", lambda tx: edges_after(tx, revoke))


def status(folder: Path) -> Status:
    """What the hub holds; the hub may be serving meanwhile."""
    declared = load(folder / _SETTINGS, HubConfig).partner is not None
    with for_command(folder) as (hub, opened), opened.reading("status") as tx:
        return hub_status(tx, hub.identity, partner_declared=declared)


def doctor(folder: Path) -> Checkup:
    """Look at everything that can be wrong with a hub; the hub may be serving meanwhile."""
    config = load(folder / _SETTINGS, HubConfig)
    return examine(doctor_checks(folder, config, lambda: for_command(folder, config), SystemClock()))


def backup(folder: Path, file: Path) -> Backup:
    """Copy the store into a new file, while the hub goes on serving. Keys and settings are not in it."""
    with for_command(folder) as (_, opened):
        opened.copy(file)
    return Backup(str(file), file.stat().st_size)


def restore(folder: Path, file: Path | None) -> Restored:
    """Put a backup in place, marked: from its next start the hub is refilled before it opens.

    Without a file the PostgreSQL database was restored already and is only marked. ConfigError when a store is there.
    """
    config = load(folder / _SETTINGS, HubConfig)
    if _on_postgres(config) != (file is None):
        raise ConfigError(
            "A file is restored into SQLite. Restore PostgreSQL with its own tools, then run this without a file."
        )
    if file is not None:
        put_in_place(file, folder / config.store)
    try:
        with for_command(folder) as (hub, opened):
            opened.run("begin restore", lambda tx: begin(tx, hub.identity.key))
            with opened.reading("backup") as tx:
                held = lacking(tx)
    except BaseException:
        if file is not None:
            (folder / config.store).unlink(missing_ok=True)
        raise
    return Restored(sum(one.size for one in held), len(held), config.partner is not None)


def witnessed(folder: Path, file: Path) -> Shown:
    """Write what the partner last co-signed into a file, for a partner that is restored from a backup."""
    with for_command(folder) as (_, opened), opened.reading("what was witnessed") as tx:
        held = what_partner_holds(tx)
    file.write_bytes(encode(held))
    return Shown(str(file), len(held.heads))


def log_format(folder: Path) -> LogFormat:
    """How `serve` is to write its log."""
    return load(folder / _SETTINGS, HubConfig).log


def serve(
    folder: Path, port: int | None, ready: Callable[[str], None], restoring: Callable[[str], None]
) -> None:
    """Serve the alliance until the process is told to stop.

    `ready` is told the address once the hub takes what it is sent; before that `restoring`, where it was restored.
    """
    config = load(folder / _SETTINGS, HubConfig)
    listen = config.listen if port is None else msgspec.structs.replace(config.listen, port=port)
    check_listen(listen)
    app, end_connections, restart = _served(folder)
    look_up("city.bank")  # the list of suffixes is loaded now, and not while the first report waits

    def listening(url: str) -> None:
        """Say that it is ready, or that it is being restored and, later, ready."""
        if restart is None:
            ready(url)
            return
        restoring(url)
        restart.when_opened(lambda: ready(url))

    serve_http(app, listen, listening, end_connections, connections=_MAX_CONNECTIONS)


def application(folder: Path) -> Starlette:
    """The hub as an ASGI application; its parts start and stop with it."""
    return _served(folder)[0]


def _served(folder: Path) -> tuple[Starlette, Callable[[], None], Restart | None]:
    """The application, what ends its streams, and the restart of a hub that comes back from a backup."""
    config = load(folder / _SETTINGS, HubConfig)

    def open_store() -> Store:
        """The hub's store, once more: its connections are one thread's each."""
        return _store(folder, config)

    def open_partner() -> Partner | None:
        """The witness that the settings declare, if they do."""
        if config.partner is None:
            return None
        key = VerifierKey.parse(config.partner.key)
        return HttpPartner(config.partner.url, key, config.witness_seconds, hub)

    def open_path() -> Means | None:
        """What the anonymous path needs; None where no relay is declared."""
        return means(folder / _EPOCH_KEYS, config, hub)

    key = read_key(folder, config.metrics_key)
    with for_command(folder) as (hub, opened), opened.reading("is it whole") as tx:
        lost = begun(tx) is not None
    if lost:
        restart = assemble_restoring(
            hub, config, open_store, open_partner, partial(_hints, config), key, open_path
        )
        return restart.application(), restart.end_connections, restart
    writer = open_store()
    hints = _hints(config, writer)
    whole = assemble(hub, config, writer, open_store(), open_partner(), hints, key, open_path())
    return whole.application, whole.end_connections, None


@contextmanager
def for_command(folder: Path, config: HubConfig | None = None) -> Iterator[tuple[Exchange, Store]]:
    """The hub for one command."""
    config = config or load(folder / _SETTINGS, HubConfig)
    store = _store(folder, config)
    try:
        yield _exchange(folder, config, store), store
    finally:
        store.close()


def _found(tx: Transaction, hub: Exchange, agreed: str) -> None:
    """The directory's first entries: the members' agreement, if there is one, and the hub's own key."""
    if tx.all("stream_heads", {}, into=StreamHead):
        raise Taken("The store holds another hub's streams.")
    if agreed:
        state_agreement(tx, hub, agreed)
    state_key(tx, hub, KeyEvent(holder="hub", key=str(hub.identity.key)))


def _store(folder: Path, config: HubConfig) -> Store:
    if _on_postgres(config):
        from tocsin.storage.postgres import (
            open_postgres,  # its driver is 20 MB that a hub on a file never uses
        )

        return open_postgres(config.store, standbys=config.standbys)
    if config.standbys:
        raise ConfigError("A hub on SQLite has no standbys: `standbys` is for a postgresql:// store.")
    return open_sqlite(folder / config.store)


def _hints(config: HubConfig, own: Store) -> Hints | None:
    """How other processes' writes are heard of at once; on SQLite they are seen by looking."""
    if not _on_postgres(config):
        return None
    from tocsin.storage.hints import hear  # as above

    return partial(hear, config.store, own)


def _on_postgres(config: HubConfig) -> bool:
    return config.store.startswith("postgresql://")


def _exchange(folder: Path, config: HubConfig, store: Store) -> Exchange:
    hub = exchange(config, read_keys(folder / _KEYS), SystemClock(), os.urandom)
    next_key = staged(folder / _KEYS)
    if next_key is None:
        return hub
    with store.reading("the hub's key") as tx:
        declared = declared_keys(tx, "hub")
    if declared and declared[-1].key == str(hub.identity.verifier(next_key.public)):
        put_keys_in_place(folder / _KEYS)  # a rotation was broken off between the directory and the file
        return exchange(config, read_keys(folder / _KEYS), SystemClock(), os.urandom)
    return hub


def _digest_of(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}.") from None
