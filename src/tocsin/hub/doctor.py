# SPDX-License-Identifier: Apache-2.0
"""The hub's doctor: what can be wrong with a hub, looked at from its folder, whether or not it serves."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx

from tocsin.clock import Clock
from tocsin.config.hub import HubConfig
from tocsin.errors import ConfigError, KeyReplaced
from tocsin.follow.recount import Kept, demand_history
from tocsin.hub.exchange import Exchange
from tocsin.hub.heads.noting import NotedHead
from tocsin.hub.heads.proposing import LogRow
from tocsin.hub.readable import stored
from tocsin.hub.status import status
from tocsin.hub.streams import StreamHead
from tocsin.hub.views.directory import demand_own_key, former_keys
from tocsin.hub.views.pairs import full_pairs
from tocsin.proof.merkle import Frontier
from tocsin.proof.note import open_under
from tocsin.storage.store import Store, Transaction
from tocsin.web.checkup import Check, Note, answers, counted, door, private, room, versions

Opened = Callable[[], AbstractContextManager[tuple[Exchange, Store]]]
_PAGE = 1_000
_SECONDS = 10.0


def checks(folder: Path, settings: HubConfig, opened: Opened, clock: Clock) -> list[tuple[str, Check]]:
    """What is looked at, in the order in which it is mended."""

    def store() -> str:
        """The file is whole, or the database answers."""
        with opened() as (_, found):
            found.demand_undamaged()
            return found.described()

    def keys() -> str:
        """Folder and store belong to the same hub."""
        with opened() as (hub, found), found.reading("whose key") as tx:
            _demand_own(tx, hub)
            return hub.identity.id

    def history() -> str:
        """Every stream's tree is what its entries make."""
        with opened() as (hub, found), found.reading("recompute") as tx:
            return _recompute(tx, hub)

    def heads() -> str | Note:
        """The newest head is signed, and witnessed where that is declared."""
        with opened() as (hub, found), found.reading("heads") as tx:
            return _heads(tx, hub, settings)

    def parts() -> str | Note:
        """Nothing waits for a person."""
        with opened() as (hub, found), found.reading("status") as tx:
            return _whole(tx, hub)

    def sources() -> str | Note:
        """Which two members alone confirm as much as two may."""
        with opened() as (_, found), found.reading("full pairs") as tx:
            return _sources(tx)

    def partner() -> str | Note:
        """The partner answers, and its clock agrees."""
        link = settings.partner
        if link is None:
            return Note("None is declared: heads are unwitnessed.", "See docs/howto/run-an-alliance.md.")
        return _ask(link.url, clock)

    return [
        ("settings", lambda: f"hub.toml of {settings.alliance}"),
        ("modes", lambda: private(folder, "hub.toml", "hub.keys", settings.store)),
        ("disk", lambda: room(folder)),
        ("versions", versions),
        ("door", lambda: door(settings.listen, clock)),
        ("store", store),
        ("keys", keys),
        ("history", history),
        ("heads", heads),
        ("streams", parts),
        ("sources", sources),
        ("partner", partner),
        ("address", lambda: _address(settings.public_url, clock)),
    ]


def _demand_own(tx: Transaction, hub: Exchange) -> None:
    try:
        demand_own_key(tx, hub, hub.identity.key)
    except KeyReplaced:
        raise ConfigError(
            "hub.keys is not the key that the directory names.",
            next_step="Put the newest copy of hub.keys in place (docs/OPERATIONS.md, key loss).",
        ) from None


def _recompute(tx: Transaction, hub: Exchange) -> str:
    heads = tx.all("stream_heads", {}, into=StreamHead)
    noted = {row.name: row for row in tx.all("noted_heads", {}, into=NotedHead)}
    for head in heads:
        roots = {head.size: head.root}
        if (row := noted.get(head.name)) and row.noted_size:
            roots[row.noted_size] = row.noted_root
        entries = _entries(tx, head)
        demand_history(hub.identity.id, hub.identity.realm, head.name, entries, roots)
    return (
        f"{sum(head.size for head in heads):,} entries of {counted(len(heads), 'stream')} are what was signed"
    )


def _entries(tx: Transaction, head: StreamHead) -> Iterator[Kept]:
    for start in range(0, head.size, _PAGE):
        for row in stored(tx, head.number, start, _PAGE):
            yield Kept(row.header, row.salt_h, row.origin_c, row.body_c, row.salt_b, row.body)


def _heads(tx: Transaction, hub: Exchange, config: HubConfig) -> str | Note:
    log = tx.one("newest_log", {}, into=LogRow)
    if log is None:
        return Note("No head was signed yet.", "It is signed when the hub serves: tocsin hub serve.")
    own = hub.identity.key
    noted = open_under(log.note, [own, *former_keys(tx, own)]).checkpoint
    if (noted.size, noted.root) != (log.size, Frontier.from_bytes(log.frontier).root()):
        raise ConfigError("The newest signed head is not that of the log.", next_step=_RESTORE)
    behind = sum(
        head.size > row.noted_size
        for head in tx.all("stream_heads", {}, into=StreamHead)
        for row in tx.all("noted_heads", {}, into=NotedHead)
        if row.name == head.name
    )
    if behind:
        return Note(
            f"{behind} streams have moved since.", "It is signed when the hub serves: tocsin hub serve."
        )
    if config.partner is not None and log.cosigned is None:
        return Note(f"{log.size:,} signed, the newest not witnessed.", "Look at the line `partner`.")
    return f"{log.size:,} signed, all that was said is under the newest"


def _whole(tx: Transaction, hub: Exchange) -> str | Note:
    found = status(tx, hub.identity, partner_declared=False)
    if found.restoring:
        return Note(f"{found.restoring.sentence()}.", "See docs/OPERATIONS.md: the hub is lost.")
    closed = [one.name for one in found.streams if one.lacks]
    if closed:
        return Note(f"Closed until a reader hands in more: {', '.join(closed)}.", "See docs/OPERATIONS.md.")
    return f"{len(found.streams):,} whole, {len(found.parties):,} parties"


def _sources(tx: Transaction) -> str | Note:
    """Whether two parties confirm more to each other than is believed of two."""
    full = full_pairs(tx)
    if not full:
        return "no two parties have confirmed all that two may"
    worst = full[0]
    return Note(
        f"{worst.one} and {worst.other} alone confirm {worst.held:,} values in {worst.stream}: more of theirs count as "
        "said by one.",
        "Ask both what they report. Suspend whoever was broken into: tocsin hub suspend.",
    )


def _address(url: str, clock: Clock) -> str | Note:
    try:
        return _ask(url, clock)
    except Exception as error:  # from this machine the public way may be closed on purpose
        return Note(f"Agents' address is not open from here. {error}", "Try it from a member's network.")


def _ask(url: str, clock: Clock) -> str | Note:
    async def ask() -> str | Note:
        """One question, without a proxy."""
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as http:
            return await answers(http, url, clock)

    return asyncio.run(ask())


_RESTORE = "Do not let it serve. Keep its files, and restore it: docs/OPERATIONS.md."
