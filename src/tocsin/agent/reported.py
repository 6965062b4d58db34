# SPDX-License-Identifier: Apache-2.0
"""Whether a file was reported before, to whom, and what has become of that.

A report counts only while it stands: the hub has receipted something of it and it was not erased, or it still waits in
the outbox. What the hub refused, and what was taken back or erased by the hub, keeps no one from reporting again.
"""

from collections.abc import Sequence

import msgspec

from tocsin.agent.anonymous import reports
from tocsin.agent.anonymous.reports import SETTLED, State
from tocsin.agent.cases import ledger
from tocsin.agent.cases.facts import Line, Sent
from tocsin.agent.house import House
from tocsin.agent.outbox import MessageState
from tocsin.clock import Instant
from tocsin.domain.audience import default_audience
from tocsin.domain.party import Role
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Receipt, Report, SignedReceipt, decode

MOST = 50
"""The newest reports of one file that are looked at."""


_FALLEN = frozenset({State.REFUSED, State.UNANSWERED, State.WITHDRAWN})
"""An anonymous report that does not stand."""


class Earlier(msgspec.Struct, frozen=True):
    """A report of the same file that stands."""

    report: str
    at: Instant
    audiences: tuple[str, ...]
    waits: bool
    """Whether it has no answer of the hub yet."""
    report_class: str = "named"
    """Under which it goes or went."""


class _Found(msgspec.Struct, frozen=True):
    id: str


class _Mark(msgspec.Struct, frozen=True):
    value: str


def earlier(house: House, digest: str) -> tuple[Earlier, ...]:
    """The reports of a file with this SHA-256 that stand, the newest first."""
    with house.store.reading("cases of a file") as tx:
        cases = ledger.resting_on(tx, house.vault.box, digest, MOST)
    lines = sorted((line for found in cases for line in found.lines), key=lambda line: -line.at)
    found = (_standing(house, line, digest) for line in lines)
    return tuple(one for one in found if one)


def stands(house: House, report: str) -> bool:
    """Whether a report of this party stands."""
    if (hidden := _hidden(house, report)) is not None:
        return hidden.state not in _FALLEN
    return _state(house, report, report) is not None


def told_to(house: House, chosen: Sequence[str]) -> tuple[str, ...]:
    """The audiences of a report: those that were chosen, or the default of this party's role."""
    role = Role(house.vault.membership().role)
    return tuple(dict.fromkeys(chosen)) or (str(default_audience(role)),)


def lacking(before: tuple[Earlier, ...], audiences: tuple[str, ...]) -> tuple[str, ...]:
    """The audiences that none of these reports went to."""
    told = {audience for one in before for audience in one.audiences}
    return tuple(audience for audience in audiences if audience not in told)


def took_back(tx: Transaction, fact: str, message: str) -> None:
    """Remember which message takes back what was said under one identifier."""
    tx.run("save_mark", {"name": f"took-back {fact}", "value": message})


def erased(house: House, fact: str) -> bool:
    """Whether this party took it back, unless the hub refused that, or a stream says that it was erased."""
    with house.store.reading("what was erased") as tx:
        if tx.one("erasure_of_fact", {"fact": fact}, into=_Found):
            return True
        mark = tx.one("mark", {"name": f"took-back {fact}"}, into=_Mark)
    state = house.outbox.state(mark.value) if mark else None
    return state is not None and state.state != "refused"


def _standing(house: House, line: Line, digest: str) -> Earlier | None:
    """The report of this file that a line of a case tells of, if it stands."""
    sent = line.fact
    if not isinstance(sent, Sent) or sent.evidence != digest:
        return None
    if (hidden := _hidden(house, sent.fact)) is not None:
        if hidden.state in _FALLEN:
            return None
        waits = hidden.state not in SETTLED
        return Earlier(sent.fact, line.at, hidden.audiences, waits, hidden.way.report_class)
    state = _state(house, sent.message, sent.fact)
    if state is None:
        return None
    report = decode(house.outbox.body(sent.message), Report)
    return Earlier(sent.fact, line.at, told_to(house, report.audiences), waits=state.state == "waiting")


def _hidden(house: House, fact: str) -> reports.Anonymous | None:
    """The report, if it is one of an anonymous class."""
    with house.store.reading("anonymous report") as tx:
        return reports.find(tx, house.vault.box, fact)


def _state(house: House, message: str, fact: str) -> MessageState | None:
    """Where the message of a report that stands is; None when it does not stand."""
    state = house.outbox.state(message)
    if state is None or state.state == "refused" or erased(house, fact):
        return None
    if state.answer is not None:
        receipt = decode(decode(state.answer, SignedReceipt).receipt, Receipt)
        if all(one.status == "refused" for one in receipt.outcomes):
            return None
    return state
