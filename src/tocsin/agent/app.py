# SPDX-License-Identifier: Apache-2.0
"""Composition root of the agent: the only file here that names a database, the real clock and the real randomness."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import msgspec

from tocsin.agent.anonymous.settling import restored
from tocsin.agent.console.serving import serve as console
from tocsin.agent.doctor import Doctor
from tocsin.agent.house import STORE, House
from tocsin.agent.outbox import Outbox
from tocsin.agent.own_tables import declared
from tocsin.agent.people import administering
from tocsin.agent.recovery import Sheet, read_sheet
from tocsin.agent.redaction.assets import known_as, own_assets
from tocsin.agent.signed import COMMAND_SECONDS, http_client
from tocsin.agent.status import Status
from tocsin.agent.status import status as agent_status
from tocsin.agent.vault import Vault, create_master_key, read_master_key
from tocsin.agent.verbs.join import Joined, join
from tocsin.agent.verbs.recover import Recovered, recover
from tocsin.agent.verbs.rotate import Rotated, rotate
from tocsin.agent.waking.waking import waking_of
from tocsin.agent.work import Look, levels, protection, work
from tocsin.clock import SystemClock
from tocsin.config.agent import AgentConfig, OwnAssets
from tocsin.config.console import Console
from tocsin.config.files import load, save
from tocsin.config.listen import LogFormat
from tocsin.errors import Taken
from tocsin.privacy.box import Box
from tocsin.storage.sqlite import open_sqlite, put_in_place
from tocsin.web.calling import check_url
from tocsin.web.checkup import Checkup, examine
from tocsin.web.serving import check_listen

log = logging.getLogger("tocsin.agent")

SETTINGS = "agent.toml"


class Backup(msgspec.Struct, frozen=True):
    """A copy of the store; what is secret in it is encrypted."""

    file: str
    bytes: int


class Restored(msgspec.Struct, frozen=True):
    """Whose agent it is again."""

    name: str
    waiting: int
    """Messages that will be sent."""


class _Count(msgspec.Struct, frozen=True):
    state: str
    messages: int


class Egress(msgspec.Struct, frozen=True):
    """How an agent gets out of its house."""

    proxy: str = ""
    authority_file: str = ""


STRAIGHT = Egress()
"""No proxy, and the authorities that the machine trusts."""


def init(
    folder: Path,
    hub_url: str,
    code: str,
    own: OwnAssets,
    key_file: Path | None,
    agreement: str = "",
    egress: Egress = STRAIGHT,
) -> Joined:
    """Make a new agent and join the alliance with a one-time code, accepting the agreement of that SHA-256."""
    made = not folder.exists()
    config = _new(folder, hub_url, own, key_file, egress)
    try:
        with opened(folder, config) as house:
            joined = asyncio.run(_join(house, code, agreement))
    except BaseException:
        # Nothing was joined: a second try with a good code must find a clean place.
        Path(config.master_key).unlink(missing_ok=True)
        for name in (STORE, f"{STORE}-wal", f"{STORE}-shm"):
            (folder / name).unlink(missing_ok=True)
        if made:
            with suppress(OSError):  # somebody else put something there
                folder.rmdir()
        raise
    save(folder / SETTINGS, msgspec.structs.replace(config, own=known_as(own, joined.name)))
    return joined


def start_over(
    folder: Path, sheet: Path, own: OwnAssets, key_file: Path | None, by: str, egress: Egress = STRAIGHT
) -> Recovered:
    """Put new keys in place of this party's with its recovery key: in a new folder, or in one that has its vault still.

    Broken off, the same command goes on where it stopped.
    """
    written, seed = read_sheet(sheet)
    is_new = not (folder / SETTINGS).exists()
    if is_new:
        save(folder / SETTINGS, _new(folder, written.url, own, key_file, egress))
    with opened(folder) as house:
        recovered = asyncio.run(_recover(house, written, seed, by))
    if is_new:
        save(folder / SETTINGS, msgspec.structs.replace(house.config, own=known_as(own, recovered.name)))
    return recovered


def renew_keys(folder: Path, by: str) -> Rotated:
    """Replace this party's keys; `agent serve` may be running meanwhile, and goes on with the new ones."""
    with opened(folder) as house:
        return asyncio.run(_rotate(house, by))


def _new(folder: Path, hub_url: str, own: OwnAssets, key_file: Path | None, egress: Egress) -> AgentConfig:
    """An empty place for an agent, with its master key."""
    if (folder / SETTINGS).exists():
        raise Taken(f"{folder} holds an agent already.")
    key_path = key_file or folder.parent / f"{folder.name}.key"
    own_assets(own)
    check_url(hub_url)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    create_master_key(key_path, folder, os.urandom)
    return AgentConfig(
        hub_url=hub_url,
        master_key=str(key_path.resolve()),
        own=own,
        proxy=egress.proxy,
        authority_file=egress.authority_file,
    )


async def _join(house: House, code: str, agreement: str) -> Joined:
    async with http_client(house.config, COMMAND_SECONDS) as http:
        return await join(house, code, http, agreement)


async def _recover(house: House, sheet: Sheet, seed: bytes, by: str) -> Recovered:
    async with http_client(house.config, COMMAND_SECONDS) as http:
        return await recover(house, http, sheet, seed, by)


async def _rotate(house: House, by: str) -> Rotated:
    async with http_client(house.config, COMMAND_SECONDS) as http:
        return await rotate(house, http, by)


@contextmanager
def opened(folder: Path, config: AgentConfig | None = None) -> Iterator[House]:
    """The agent for one command; `agent serve` may be running meanwhile."""
    settings = config or load(folder / SETTINGS, AgentConfig)
    settings = msgspec.structs.replace(settings, own=declared(folder, settings.own))
    box = Box(read_master_key(Path(settings.master_key)), os.urandom)
    store = open_sqlite(folder / STORE, "agent")
    clock = SystemClock()
    try:
        yield House(
            folder=folder,
            config=settings,
            store=store,
            vault=Vault(store, box),
            outbox=Outbox(store, box, clock, os.urandom),
            clock=clock,
            entropy=os.urandom,
        )
    finally:
        store.close()


def doctor(folder: Path) -> Checkup:
    """Look at everything that can be wrong with an agent; `agent serve` may be running meanwhile."""
    settings = load(folder / SETTINGS, AgentConfig)
    doctor = Doctor(folder, settings, lambda: opened(folder, settings), protection, SystemClock())
    return examine(doctor.checks())


def status(folder: Path) -> Status:
    """What the agent holds; `agent serve` may be running meanwhile."""
    with opened(folder) as house:
        return agent_status(house, levels(house), house.clock.now())


def backup(folder: Path, file: Path) -> Backup:
    """Copy the store into a new file, while the agent goes on. The vault's key and the settings are not in it."""
    with opened(folder) as house:
        house.store.copy(file)
    return Backup(str(file), file.stat().st_size)


def restore(folder: Path, file: Path) -> Restored:
    """Put a backup in place; what was approved and never receipted is sent again. VaultLocked without its key."""
    settings = load(folder / SETTINGS, AgentConfig)
    read_master_key(Path(settings.master_key))
    put_in_place(file, folder / STORE)
    try:
        with opened(folder, settings) as house:
            membership = house.vault.membership()
            house.store.run("restored", lambda tx: restored(tx, house.vault, house.clock.now()))
            house.store.run("end sessions", lambda tx: administering.restored(tx, house.clock.now()))
            with house.store.reading("outbox") as tx:
                counts = {row.state: row.messages for row in tx.all("count_outbox", {}, into=_Count)}
    except BaseException:
        (folder / STORE).unlink(missing_ok=True)
        raise
    return Restored(membership.name, counts.get("waiting", 0))


def log_format(folder: Path) -> LogFormat:
    """How `serve` is to write its log."""
    return load(folder / SETTINGS, AgentConfig).log


def serve(folder: Path, say: Callable[[str], None], port: int | None = None) -> None:
    """Follow the alliance, send what was approved, keep the protection files up to date, until stopped.

    `say` tells whoever started it that it is ready, and the way into its console. `port`: where that is, if not as the
    settings have it.
    """
    with opened(folder, _settings(folder, port)) as house:
        waking_of(house, os.environ)  # what is wrong with the rota is said now, and not in the night
        asyncio.run(_serve(house, say))


async def _serve(house: House, say: Callable[[str], None]) -> None:
    name = house.vault.membership().name
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with http_client(house.config) as http:
        working = asyncio.create_task(work(house, http, look=_look(house, say)))
        say(f"Agent of {name} ready")
        await stop.wait()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


def _look(house: House, say: Callable[[str], None]) -> Look | None:
    """How people look at it, if the settings have a console."""
    settings = house.config.console
    if settings is None:
        return None
    check_listen(settings)
    return partial(console, settings, house, partial(opened, house.folder), say)


def _settings(folder: Path, port: int | None) -> AgentConfig:
    """As agent.toml has them, with a console at that port if one is named."""
    settings = load(folder / SETTINGS, AgentConfig)
    if port is None:
        return settings
    looked_at = msgspec.structs.replace(settings.console or Console(), port=port)
    return msgspec.structs.replace(settings, console=looked_at)
