# SPDX-License-Identifier: Apache-2.0
"""What an agent that serves does all day, each in a loop of its own that nothing ends (`tocsin.agent.loops`).

It follows the hub, sends what was approved, hands in what a restored hub lacks, writes the protection files, collects
what comes in, wakes people, compares with the partner, erases cases by age, and empties its store's log. Not here:
which store, clock and network it has (`app.py`).
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import httpx

from tocsin.agent.anonymous import reports as anonymous_reports
from tocsin.agent.anonymous.client import RelayClient
from tocsin.agent.anonymous.means import Means
from tocsin.agent.anonymous.now import Now
from tocsin.agent.anonymous.slots import Slots
from tocsin.agent.cases import retention
from tocsin.agent.collecting.approving import Approving
from tocsin.agent.collecting.collector import Collector
from tocsin.agent.collecting.sources import sources_of
from tocsin.agent.history.changes import Changes
from tocsin.agent.history.directory import PartyRow
from tocsin.agent.history.refilling import Refilling, claim
from tocsin.agent.history.replica import Replica
from tocsin.agent.house import House
from tocsin.agent.hunting import ledger as hunting_ledger
from tocsin.agent.hunting.automatic import Automatic
from tocsin.agent.hunting.live import Live
from tocsin.agent.loops import Alarm, keep_going
from tocsin.agent.metrics import write as write_metrics
from tocsin.agent.reading import Reading
from tocsin.agent.redaction.assets import assets_of, own_assets
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.corrections import Corrections
from tocsin.agent.shields.chains import Chains, read_records
from tocsin.agent.shields.formats import named
from tocsin.agent.shields.guard import guard_for
from tocsin.agent.shields.levels import Levels
from tocsin.agent.shields.protection import Protection
from tocsin.agent.shields.serving import application
from tocsin.agent.shields.switching import states
from tocsin.agent.shields.webhook import Hook
from tocsin.agent.signed import SignedHub
from tocsin.agent.vault import Membership
from tocsin.agent.verbs.acknowledge import acknowledge_new
from tocsin.agent.verbs.ask_tokens import asking
from tocsin.agent.verbs.compare import compare, newest_of
from tocsin.agent.verbs.correct import corrections
from tocsin.agent.verbs.rotate import complete
from tocsin.agent.waking.waking import waking_of
from tocsin.agent.warninglists import installed
from tocsin.agent.way import Way
from tocsin.clock import DAY, SECOND, Instant
from tocsin.errors import StorageError, TocsinError
from tocsin.follow.follower import Follower
from tocsin.web.calling import check_url, outbound
from tocsin.web.serving import check_listen, serve_beside

log = logging.getLogger("tocsin.agent")

Loop = Callable[[], Awaitable[None]]
"""What never ends by itself."""
Look = Callable[[Callable[[], None]], Awaitable[None]]
"""Serves the console; it is given what to call when something waits for the hub."""

_OUTBOX_SECONDS = 1.0
"""How often the outbox is looked at, besides when the console has queued something."""
_COMPARE_SECONDS = 600.0
"""How often the partner's newest note is held against what the hub shows."""
_SHIELD_SECONDS = 60.0
"""How often protection files are looked at without news: somebody may have edited one."""
_FEED_CONNECTIONS = 64
"""Products that fetch their files at once."""
_POST_SECONDS = 30.0
_LEAST_REST_SECONDS, _MOST_REST_SECONDS = 0.1, 5.0
"""After the files were written: as long as it took, so that a burst of news is written together, and costs half a core
at most.
"""
_METRICS_SECONDS = 60.0
"""How often the numbers for a monitor are written."""
_SCRUB_SECONDS = 60.0


def classifier(house: House) -> Classifier:
    """Knows this bank's assets, the other members' names, the installed warning lists, and people's corrections."""
    own = own_assets(house.config.own)
    members = tuple(assets_of(name) for name in _members(house) if name != own.legal_name)
    said = Corrections(corrections(house))
    return Classifier(own, members, warninglists=installed(house.folder), corrections=said)


def _members(house: House) -> tuple[str, ...]:
    """Every name in the directory."""
    with house.store.reading("members") as tx:
        return tuple(row.name for row in tx.all("parties", {}, into=PartyRow))


def levels(house: House, changes: Changes | None = None) -> Levels:
    """What this agent may do with every value it knows."""
    own, file = house.config.own, house.config.shields.passive_dns
    chains = Chains((*own.domains, *own.partners), read_records(house.folder / file)) if file else None
    return Levels(house.store, guard_for(own, classifier(house), chains), changes)


def protection(house: House, changes: Changes | None = None) -> Protection:
    """The protection files of this agent; with `changes` a look costs what was touched since the one before."""
    return Protection(
        levels(house, changes),
        tuple(named(house.config, house.folder)),
        house.folder,
        partial(states, house.store),
        house.vault.box,
    )


def work(
    house: House,
    http: httpx.AsyncClient,
    relay: RelayClient | None = None,
    look: Look | None = None,
) -> Coroutine[Any, Any, None]:
    """All of it, to be awaited, until it is cancelled; what no setting can mean is a ConfigError at once.

    `relay`: the way to the relay where it is none by the settings. `look` serves the console; None: nobody looks.
    """
    membership = house.vault.membership()
    hub, reading = reach(house, http, membership)
    replica = Replica(house.store, membership, house.config.decay, house.clock)
    refilling = Refilling(house.store, hub)
    replica.refill = refilling.offer
    replica.through_edge = lambda: reading.through_edge
    ways = {place: Way(place, house.clock, asyncio.sleep) for place in reading.places}
    reading.opened = lambda place, cursor: ways[place].connect(cursor)

    @asynccontextmanager
    async def connect(cursor: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """The stream from there on, signed with the keys of this moment."""
        await _renew(house, hub, http)
        reading.renew(house.vault.membership())
        async with reading.connect(cursor) as chunks:
            yield chunks

    follower = Follower(connect, replica, house.clock, house.entropy, asyncio.sleep)
    news, to_hunt, to_watch, to_send = (asyncio.Event() for _ in range(4))
    news.set()

    def heard() -> None:
        """Something came: look at the shields, the past and what is being written."""
        for event in (news, to_hunt, to_watch):
            event.set()

    loops: dict[str, Loop] = {
        "following the hub": lambda: follower.run(heard),
        "sending what was approved": lambda: _send(house, hub, http, to_send),
        "handing in what a restored hub lacks": refilling.run,
        "writing protection files": lambda: _shield(house, news, replica.changes),
        "erasing cases by age": lambda: _forget(house),
        "emptying the store's log": lambda: _scrub(house),
    }
    relay = relay or RelayClient(house.config.proxy, house.config.authority_file)
    loops |= _unseen(house, hub, relay)
    if house.config.partner_url:
        loops["comparing with the partner"] = lambda: _compare(house, replica, hub, http)
    loops |= _asked_for(house, to_hunt, to_watch)
    if look is not None:
        loops["serving the console"] = partial(
            look, partial(_from_thread, asyncio.get_running_loop(), to_send.set)
        )
    return _keep_all_going(loops, replica.alarm)


async def _keep_all_going(loops: Mapping[str, Loop], alarm: Alarm) -> None:
    tasks = [
        asyncio.create_task(keep_going(what, loop, alarm, asyncio.sleep)) for what, loop in loops.items()
    ]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _unseen(house: House, hub: SignedHub, relay: RelayClient) -> dict[str, Loop]:
    """What goes by the anonymous path, which shares nothing with the hub's client but the tokens' names."""
    settings, post = house.config.anonymous, relay.post
    means = Means(house.store, house.vault, settings, post, house.clock, house.entropy)
    return {
        "sending into the slots of the anonymous path": Slots(means, asyncio.sleep).run,
        "sending class now": partial(Now(means).run, asyncio.sleep),
        "asking for tokens": lambda: asking(house, hub, asyncio.sleep),
    }


def _asked_for(house: House, to_hunt: asyncio.Event, to_watch: asyncio.Event) -> dict[str, Loop]:
    """What only an agent does whose settings ask for it."""
    loops: dict[str, Loop] = {}
    if waking := waking_of(house, os.environ):
        loops["waking people"] = waking.run
    if house.config.post is not None:
        hook = Hook(house.config.post, house.folder, house.store, house.clock)
        loops["posting to the webhook"] = lambda: _post(house, hook)
    if house.config.feeds is not None:
        check_listen(house.config.feeds)
        loops["serving products"] = lambda: _feed(house)
    if any(rule.collected for rule in house.config.standing_rules):
        loops["letting collected files go by rules"] = Approving(house, classifier, asyncio.sleep).run
    for source in sources_of(house, os.environ):
        loops[f"collecting from {source.name}"] = Collector(house, source, classifier, asyncio.sleep).run
    if house.config.metrics_file:
        loops["writing numbers for a monitor"] = lambda: _count(house)
    hunt, syslog = house.config.hunt, house.config.syslog
    if hunt.logs or hunt.tail or syslog:
        automatic = Automatic(house, levels, classifier, asyncio.sleep)
        if hunt.logs:
            loops["hunting the past"] = lambda: automatic.run(to_hunt)
        if hunt.tail or syslog:
            loops["hunting live"] = Live(house, automatic.known, automatic.tell, to_watch, asyncio.sleep).run
    return loops


def reach(house: House, http: httpx.AsyncClient, membership: Membership) -> tuple[SignedHub, Reading]:
    """The hub, to which everything is told, and the place from which the streams are read."""
    hub = SignedHub(http, house.config.hub_url, membership, house.clock, house.entropy)
    url = house.config.read_url
    edge = SignedHub(http, check_url(url), membership, house.clock, house.entropy) if url else None
    return hub, Reading(hub, edge, url)


async def _renew(house: House, hub: SignedHub, http: httpx.AsyncClient) -> None:
    """Sign with the keys that the vault has now; a rotation that was broken off is carried through first."""
    keys = house.vault.next_keys()
    if keys is not None and not keys.sheet:
        await complete(house, http)
    hub.renew(house.vault.membership())


def _from_thread(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(what)


async def _send(house: House, hub: SignedHub, http: httpx.AsyncClient, to_send: asyncio.Event) -> None:
    while True:
        to_send.clear()
        try:
            await _renew(house, hub, http)
            if house.config.acknowledge:
                acknowledge_new(house)
            if again := await claim(house.store, hub, house.clock.now()):
                log.info("the hub was restored without %d messages: they are sent again", again)
            await house.outbox.flush(hub, house.vault.membership())
        except TocsinError as error:
            log.warning("outbox: %s", error)
        with suppress(TimeoutError):
            async with asyncio.timeout(_OUTBOX_SECONDS):
                await to_send.wait()


async def _compare(house: House, replica: Replica, hub: SignedHub, http: httpx.AsyncClient) -> None:
    """Hold the partner's own newest note against what the hub shows, again and again."""
    while True:
        await asyncio.sleep(_COMPARE_SECONDS)
        try:
            note = await newest_of(http, house.config.partner_url)
            await compare(house, replica, hub, note)
        except TocsinError as error:
            log.warning("comparing with the partner: %s", error)


async def _forget(house: House) -> None:
    """Let cases go that have reached their age and that nothing holds."""
    while True:
        now, days = house.clock.now(), house.config.case_days
        if gone := retention.sweep(house.store, house.vault.box, now, days):
            log.info("%d cases were erased %d days after their last line", len(gone), days)
        aged = Instant(now - days * DAY)
        house.store.run("forget findings", partial(hunting_ledger.forget, before=aged))
        house.store.run("forget reports", partial(anonymous_reports.forget, before=aged))
        await asyncio.sleep(retention.SWEEP_SECONDS)


async def _scrub(house: House) -> None:
    """Take what was erased out of the store's files too: a command may have read an older moment until now."""
    while True:
        await asyncio.sleep(_SCRUB_SECONDS)
        with suppress(StorageError):
            house.store.scrub()


async def _post(house: House, hook: Hook) -> None:
    """To a system inside the house: not through the proxy that leads out of it."""
    async with outbound("", house.config.authority_file, _POST_SECONDS) as http:
        await hook.run(http, asyncio.sleep)


async def _feed(house: House) -> None:
    """Give products the files that they fetch."""
    assert house.config.feeds is not None
    app = application(protection(house), house.store)

    def ready(url: str) -> None:
        """Say where, once it listens."""
        log.info("products fetch their files at %s", url)

    await serve_beside(app, house.config.feeds, ready, connections=_FEED_CONNECTIONS)


async def _count(house: House) -> None:
    """Write the numbers for a monitor; they count every value, so they have a pace of their own."""
    while True:
        try:
            write_metrics(house, levels(house))
        except TocsinError as error:
            log.warning("numbers for a monitor: %s", error)
        await asyncio.sleep(_METRICS_SECONDS)


async def _shield(house: House, news: asyncio.Event, changes: Changes) -> None:
    known, files, looked = guarded_by(house), protection(house, changes), house.clock.now()
    while True:
        try:
            async with asyncio.timeout(until_next_expiry(files, looked, house.clock.now())):
                await news.wait()
        except TimeoutError:
            log.debug("no news: looking for what expired")
        news.clear()
        try:
            before, known = known, guarded_by(house)
            if before != known:
                files = protection(house, changes)
            looked = house.clock.now()
            for change in files.apply(looked, dry_run=False):
                if change.changes:
                    log.info("%s: %d of %d values", change.path, change.written, change.values)
        except TocsinError as error:
            log.warning("protection files: %s", error)
        took = (house.clock.now() - looked) / SECOND
        await asyncio.sleep(min(max(took, _LEAST_REST_SECONDS), _MOST_REST_SECONDS))


def guarded_by(house: House) -> tuple[object, ...]:
    """Everything that a guard is made of besides the settings: when it changes, all values are looked at again."""
    file = house.folder / house.config.shields.passive_dns
    observed = file.stat().st_mtime_ns if file.is_file() else 0
    return _members(house), installed(house.folder), corrections(house), observed


def until_next_expiry(files: Protection, looked: Instant, now: Instant) -> float:
    """Seconds until the first value stops counting that still did at the last look; at most until the next look.

    0 for one that ended since: between a look and the next wait there is time enough to miss an end.
    """
    expires = files.next_expiry(looked)
    return _SHIELD_SECONDS if expires is None else min(_SHIELD_SECONDS, max(0.0, (expires - now) / SECOND))
