# SPDX-License-Identifier: Apache-2.0
"""What came in, for a person: alarms first, then warnings, then every value with its level and why."""

import msgspec

from tocsin.agent.house import House
from tocsin.agent.levels import KnownValue, Levels
from tocsin.agent.replica import PartyRow, StreamRow
from tocsin.clock import Instant
from tocsin.domain.warning import Warning
from tocsin.wire.messages import decode_warning


class AlarmRow(msgspec.Struct, frozen=True):
    """Something that people must hear of."""

    at: int
    sentence: str


class Received(msgspec.Struct, frozen=True):
    """One warning with its author's name."""

    author: str
    warning: Warning


class Inbox(msgspec.Struct, frozen=True):
    """Everything at one moment."""

    alarms: tuple[AlarmRow, ...]
    witness: tuple[StreamRow, ...]
    warnings: tuple[Received, ...]
    values: tuple[KnownValue, ...]


class _WarningRow(msgspec.Struct, frozen=True):
    id: str
    stream: str
    seq: int
    expires: int
    body: bytes


def inbox(house: House, levels: Levels, now: Instant) -> Inbox:
    """What this agent knows now."""
    with house.store.reading("inbox") as tx:
        alarms = tx.all("alarms", {"limit": 20}, into=AlarmRow)
        streams = tx.all("streams", {}, into=StreamRow)
        warnings = tx.all("warnings", {"now": now}, into=_WarningRow)
        names = {row.id: row.name for row in tx.all("parties", {}, into=PartyRow)}
    received = [decode_warning(row.body) for row in warnings]
    return Inbox(
        alarms=tuple(alarms),
        witness=tuple(streams),
        warnings=tuple(Received(names.get(one.author, one.author), one) for one in received),
        values=tuple(levels.known(now)),
    )
