# SPDX-License-Identifier: Apache-2.0
"""What came in, for a person: alarms first, then warnings, then every value with its level and why."""

import msgspec

from tocsin.agent.alarms import Alarm, alarms
from tocsin.agent.grouping import Group, groups
from tocsin.agent.history.directory import PartyRow
from tocsin.agent.history.replica import StreamRow
from tocsin.agent.house import House
from tocsin.agent.shields.levels import KnownValue, Levels
from tocsin.clock import Instant
from tocsin.domain.level import Band
from tocsin.domain.warning import Urgency, Warning
from tocsin.domain.warning_life import State
from tocsin.storage.store import Params, Transaction
from tocsin.wire.messages import decode_warning

_BY_URGENCY = (Urgency.URGENT, Urgency.ELEVATED, Urgency.ROUTINE)


class RoleAnswers(msgspec.Struct, frozen=True):
    """How many parties of one role have answered a warning, as the hub's bands."""

    audience: str
    role: str
    received: Band
    acted: Band
    not_affected: Band


class Received(msgspec.Struct, frozen=True):
    """One warning as it stands, with its author's name."""

    author: str
    warning: Warning
    state: State
    """``issued``, ``updated`` (a later version than the first) or ``withdrawn``."""
    answers: tuple[RoleAnswers, ...]
    """What others have answered to this version; never who."""
    answered: str
    """What this party has answered to this version; empty before."""


class Inbox(msgspec.Struct, frozen=True):
    """Everything at one moment."""

    alarms: tuple[Alarm, ...]
    witness: tuple[StreamRow, ...]
    warnings: tuple[Received, ...]
    values: tuple[KnownValue, ...]
    groups: tuple[Group, ...] = ()
    """The same values as they came, the newest first."""


class _WarningRow(msgspec.Struct, frozen=True):
    id: str
    author: str
    chain: str
    version: int
    withdrawn: int
    body: bytes


class _AnswersRow(msgspec.Struct, frozen=True):
    audience: str
    role: str
    received: str
    acted: str
    not_affected: str


class _OwnAnswer(msgspec.Struct, frozen=True):
    answer: str


def inbox(house: House, levels: Levels, now: Instant) -> Inbox:
    """What this agent knows now."""
    with house.store.reading("inbox") as tx:
        heard = alarms(tx)
        streams = tx.all("streams", {}, into=StreamRow)
        names = {row.id: row.name for row in tx.all("parties", {}, into=PartyRow)}
        warnings = [_received(tx, row, names) for row in tx.all("warnings", {"now": now}, into=_WarningRow)]
    values = tuple(levels.known(now))
    return Inbox(
        alarms=heard,
        witness=tuple(streams),
        warnings=tuple(sorted(warnings, key=_order)),
        values=values,
        groups=groups(house, values, now),
    )


def _received(tx: Transaction, row: _WarningRow, names: dict[str, str]) -> Received:
    issued = State.ISSUED if row.version == 1 else State.UPDATED
    return Received(
        author=names.get(row.author, row.author),
        warning=decode_warning(row.body),
        state=State.WITHDRAWN if row.withdrawn else issued,
        answers=answers_of(tx, row.chain, row.version),
        answered=own_answer(tx, row.chain, row.version),
    )


def answers_of(tx: Transaction, chain: str, version: int) -> tuple[RoleAnswers, ...]:
    """What others have answered to a version of a warning, as the hub's bands for each audience and role."""
    about: Params = {"chain": chain, "version": version}
    return tuple(
        RoleAnswers(one.audience, one.role, Band(one.received), Band(one.acted), Band(one.not_affected))
        for one in tx.all("answers", about, into=_AnswersRow)
    )


def own_answer(tx: Transaction, chain: str, version: int) -> str:
    """What this party has answered to it; empty before."""
    own = tx.one("own_answer", {"chain": chain, "version": version}, into=_OwnAnswer)
    return own.answer if own else ""


def _order(one: Received) -> tuple[bool, int]:
    """What stands before what was withdrawn, the most urgent first, each as it came."""
    return one.state is State.WITHDRAWN, _BY_URGENCY.index(one.warning.urgency)
