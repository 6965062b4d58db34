# SPDX-License-Identifier: Apache-2.0
"""How the parts of a hub are put together. Which database, clock and randomness they get is `tocsin.hub.app`'s word.

Two stores, because one connection belongs to one thread: the writer's to `tocsin.hub.commits`, the reader's to the
event loop.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256

import msgspec
from starlette.applications import Starlette

from tocsin.clock import Clock
from tocsin.config.hub import HubConfig
from tocsin.hub.anonymous.path import AnonymousPath, Means
from tocsin.hub.commits import Commits
from tocsin.hub.embargo import Embargoes
from tocsin.hub.exchange import Exchange, HubIdentity
from tocsin.hub.heads.noting import Noting, Partner
from tocsin.hub.intake import Intake
from tocsin.hub.joining import Joining
from tocsin.hub.metrics import Meter
from tocsin.hub.reading.feed import Feed
from tocsin.hub.reading.following import Following
from tocsin.hub.restart import Ceremony, Reopened, Restart
from tocsin.hub.restoring.reopening import Reopening
from tocsin.hub.retention import Retention
from tocsin.hub.routes import Routes
from tocsin.hub.streams import Streams
from tocsin.ids import Entropy
from tocsin.proof.httpsig import authority_of
from tocsin.proof.signing import SigningKey
from tocsin.storage.store import Store
from tocsin.web.metrics import metrics_routes
from tocsin.wire.registrable import look_up

REALM = "live"
SEED_BYTES = 32
KEYS_BYTES = 2 * SEED_BYTES
"""The seed of the signing key, then the cursor key; behind them the first public key, once it was rotated."""


Hints = Callable[[Callable[[], None]], Awaitable[None]]
"""Calls what it is given whenever another process of this hub may have written, for ever."""


class Hub(msgspec.Struct, frozen=True):
    """A hub that can be served, with the parts that an operator or a test looks into."""

    application: Starlette
    exchange: Exchange
    commits: Commits
    intake: Intake
    following: Following
    noting: Noting
    feed: Feed
    anonymous: AnonymousPath | None

    def end_connections(self) -> None:
        """Let every reader and every edge go: they come back."""
        self.following.end_connections()
        self.feed.close()


def exchange(config: HubConfig, keys: bytes, clock: Clock, entropy: Entropy) -> Exchange:
    """Who the hub is, from its keys, and what its verbs are given."""
    signing_key = SigningKey.from_seed(keys[:SEED_BYTES])
    first_key = keys[KEYS_BYTES:] or signing_key.public
    digest = sha256(b"tocsin/hub/v1" + first_key).digest()
    identity = HubIdentity(
        id=f"hub_{digest[:16].hex()}",
        realm=REALM,
        alliance=config.alliance,
        alliance_identity=f"identity--{uuid.UUID(bytes=digest[16:], version=4)}",
        signing_key=signing_key,
        first_key=first_key,
        cursor_key=keys[SEED_BYTES:KEYS_BYTES],
    )
    streams = Streams(identity.id, identity.realm, clock, entropy)
    return Exchange(identity, streams, clock, entropy, look_up)


def assemble(
    hub: Exchange,
    config: HubConfig,
    writer: Store,
    reader: Store,
    partner: Partner | None,
    hints: Hints | None = None,
    metrics_key: bytes = b"",
    anonymous: Means | None = None,
) -> Hub:
    """All parts, wired; they start and stop with the application, and close what they were given."""
    commits = Commits(writer)
    noting = Noting(hub, commits, reader, partner)
    reopening = Reopening(hub, commits, reader, partner)
    following = Following(hub, reader, noting, config.heartbeat_seconds, reopening.offer)
    commits.committed = following.committed
    embargoes = Embargoes(hub, commits, reader)
    retention = Retention(hub, commits, writer, config.retention_days)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        """Start what runs beside requests; at the end stop it in the reverse order, the store last."""
        await following.start()
        loops = [embargoes.run(), retention.run(), *([hints(following.committed)] if hints else [])]
        loops += [path.run()] if path else []
        ticks = [asyncio.ensure_future(loop) for loop in loops]
        yield
        for tick in ticks:
            tick.cancel()
        await asyncio.gather(*ticks, return_exceptions=True)
        feed.close()
        await following.stop()
        intake.close()
        if path:
            await path.close()
        commits.close()
        if partner:
            await partner.close()
        writer.close()
        reader.close()

    intake = Intake(hub, commits, reader, authority_of(config.public_url))
    path = AnonymousPath(hub, anonymous, intake, commits, reader) if anonymous else None
    joining = Joining(hub, commits)
    feed = Feed(hub, reader, noting, intake)
    following.after_round = feed.moved
    routes = Routes(intake, joining, following, feed, reopening, reader)
    meter = Meter(writer, reader, commits, following, hub.clock)
    routes.more = [*metrics_routes(metrics_key, meter.measure), *(path.routes() if path else ())]
    application = routes.application(lifespan)
    return Hub(application, hub, commits, intake, following, noting, feed, path)


def assemble_restoring(
    hub: Exchange,
    config: HubConfig,
    open_store: Callable[[], Store],
    open_partner: Callable[[], Partner | None],
    hints: Callable[[Store], Hints | None] = lambda store: None,
    metrics_key: bytes = b"",
    open_path: Callable[[], Means | None] = lambda: None,
) -> Restart:
    """A hub that was put in place from a backup: the ceremony first, then the hub as ever, in one application."""
    writer, reader, partner = open_store(), open_store(), open_partner()
    commits = Commits(writer)
    intake = Intake(hub, commits, reader, authority_of(config.public_url))
    ceremony = Ceremony(hub, commits, reader, intake, partner, config.restore_seconds)

    async def close() -> None:
        """Let go of everything that the ceremony held, so that the hub can take it."""
        intake.close()
        commits.close()
        if partner:
            await partner.close()
        reader.close()
        writer.scrub()  # what the backup still held and the tail erases is in no page of the files
        writer.close()

    def reopen() -> Reopened:
        """The hub as ever, on the store as the ceremony left it."""
        writer = open_store()
        whole = assemble(
            hub, config, writer, open_store(), open_partner(), hints(writer), metrics_key, open_path()
        )
        return Reopened(whole.application, whole.end_connections)

    return Restart(ceremony, close, reopen)
