# SPDX-License-Identifier: Apache-2.0
"""The agent at a glance: who it is, whether it serves, how far it has proved the streams, what waits, what protects."""

import msgspec

from tocsin.agent.alarms import Alarm, alarms
from tocsin.agent.anonymous.standing import Standing, standing
from tocsin.agent.collecting.queue import Queue
from tocsin.agent.collecting.sources import Watched, watched
from tocsin.agent.history.replica import StreamRow
from tocsin.agent.house import House
from tocsin.agent.shields.levels import Levels
from tocsin.clock import Instant
from tocsin.files import RUNNING, holder


class Followed(msgspec.Struct, frozen=True):
    """One stream as far as it has proved itself."""

    name: str
    size: int
    witness: str


class Status(msgspec.Struct, frozen=True):
    """What an agent holds."""

    party: str
    name: str
    role: str
    hub: str
    url: str
    serving: int | None
    """Number of the process that serves; None when there is none: nothing is heard or sent."""
    streams: tuple[Followed, ...]
    waiting: int
    """Messages without an answer."""
    refused: int
    alarms: tuple[Alarm, ...]
    levels: dict[str, int]
    """Values at each level."""
    anonymous: Standing
    """The anonymous path as this party stands on it."""
    collected: int = 0
    """Files that came in and wait to be looked at."""
    sources: tuple[Watched, ...] = ()
    """From where they come, and how each source does."""


class _Count(msgspec.Struct, frozen=True):
    state: str
    messages: int


def status(house: House, levels: Levels, now: Instant) -> Status:
    """What it holds now."""
    with house.store.reading("status") as tx:
        member = house.vault.membership_in(tx)
        streams = tx.all("streams", {}, into=StreamRow)
        outbox = {row.state: row.messages for row in tx.all("count_outbox", {}, into=_Count)}
        heard = alarms(tx)
        path = standing(tx, house.vault, house.config.anonymous, now)
    counts = {"watch": 0, "hold": 0, "block": 0}
    for one in levels.known(now):
        counts[str(one.judgement.level)] = counts.get(str(one.judgement.level), 0) + 1
    return Status(
        party=member.party,
        name=member.name,
        role=member.role,
        hub=member.hub,
        url=house.config.hub_url,
        serving=holder(house.folder / RUNNING),
        streams=tuple(Followed(row.name, row.size, row.witness) for row in streams),
        waiting=outbox.get("waiting", 0),
        refused=outbox.get("refused", 0),
        alarms=heard,
        levels=counts,
        anonymous=path,
        collected=Queue(house).size(),
        sources=watched(house),
    )
