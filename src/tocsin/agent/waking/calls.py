# SPDX-License-Identifier: Apache-2.0
"""The calls of one agent: opened by what stands in its store, told, and closed by a person or when they are over.

`look` holds the calls against the store as it is, so nothing that happened while the agent was off is missed:

- each warning of another party's is a call of its own, once for each version; routine ones are none;
- all alarms are one call, so are all problems that last, and all drafts that wait; while it is open it grows, and what
  comes after somebody acknowledged it is another call;
- a hit of the hunt is whatever `call` is asked for.

A call is closed by a person (`acknowledge`, or an answer to its warning), or when its warning has ended, its alarm was
cleared, its problem is over, or its draft decided. Who acknowledged it is in the journal.
"""

from collections.abc import Iterable

import msgspec

from tocsin.agent.alarms import alarms
from tocsin.agent.journal import Decision, write
from tocsin.clock import DAY, Instant
from tocsin.domain.call import Call, Cause
from tocsin.domain.warning import Urgency
from tocsin.errors import Conflict, Unknown
from tocsin.privacy.box import Box
from tocsin.storage.store import Params, Transaction
from tocsin.wire.messages import decode_warning

MOST = 1_000
"""Calls that are open at a time; what comes then is told of when some of them are closed."""
_AT_ONCE = 200
_KEPT = 90 * DAY
_ALARMS = 1_000
"""As many as are kept."""

URGENCY = {
    Cause.HIT: Urgency.URGENT,
    Cause.ALARM: Urgency.URGENT,
    Cause.PROBLEM: Urgency.ELEVATED,
    Cause.APPROVAL: Urgency.ROUTINE,
}
"""Of every cause but a warning, which says its own."""


class _Warning(msgspec.Struct, frozen=True):
    chain: str
    version: int
    body: bytes


class _Id(msgspec.Struct, frozen=True):
    id: str


class _Count(msgspec.Struct, frozen=True):
    calls: int


class _Row(msgspec.Struct, frozen=True):
    number: int
    cause: str
    subject: str
    urgency: str
    opened: int
    told: int
    at: int
    closed: int


def warning_subject(chain: str, version: int) -> str:
    """What a call about one version of a warning is about."""
    return f"{chain}/{version}"


def call(tx: Transaction, cause: Cause, subject: str, now: Instant, urgency: Urgency | None = None) -> None:
    """Somebody must look at this; nothing when that was said before."""
    about: Params = {"cause": cause, "subject": subject}
    count = tx.one("count_open_calls", {}, into=_Count)
    if tx.all("calls_about", about, into=_Row) or (count and count.calls >= MOST):
        return
    tx.run("add_call", {**about, "urgency": urgency or URGENCY[cause], "opened": now})


def open_calls(tx: Transaction) -> list[Call]:
    """What nobody has acknowledged, the oldest first."""
    return [_call(row) for row in tx.all("open_calls", {}, into=_Row)]


def look(tx: Transaction, party: str, now: Instant) -> None:
    """Open and close calls as the store stands now."""
    for over in tx.all("warnings_that_call_no_more", {"now": now}, into=_Row):
        close(tx, over.number, now)
    asked: Params = {"now": now, "party": party, "limit": _AT_ONCE}
    for row in reversed(tx.all("calling_warnings", asked, into=_Warning)):
        urgency = decode_warning(row.body).urgency
        if urgency is not Urgency.ROUTINE:
            call(tx, Cause.WARNING, warning_subject(row.chain, row.version), now, urgency)
    heard = alarms(tx, _ALARMS)
    draft = tx.one("newest_draft", {}, into=_Id)
    call_once(tx, Cause.ALARM, next((str(one.at) for one in heard if one.kind() == "alarm"), ""), now)
    lasting = (str(one.at) for one in heard if one.kind() == "problem" and not one.over)
    call_once(tx, Cause.PROBLEM, next(lasting, ""), now)
    call_once(tx, Cause.APPROVAL, draft.id if draft else "", now)
    tx.run("forget_codes_of_closed", {})
    tx.run("forget_calls", {"before": now - _KEPT})


def close(tx: Transaction, number: int, now: Instant) -> bool:
    """It needs nobody any more; whether it was open. Its codes end with it."""
    tx.run("forget_codes_of_call", {"number": number})
    return bool(tx.run("close_call", {"number": number, "closed": now}))


def close_about(tx: Transaction, cause: Cause, subject: str, now: Instant) -> None:
    """The same for whatever is open about one thing."""
    for found in tx.all("calls_about", {"cause": cause, "subject": subject}, into=_Row):
        close(tx, found.number, now)


def acknowledge(
    tx: Transaction, box: Box, numbers: Iterable[int], by: str, how: str, now: Instant
) -> tuple[str, ...]:
    """A person has them: nobody is told of them any more. Their references.

    Unknown when there is no such call; Conflict when none of them is open.
    """
    closed = []
    for number in numbers:
        found = tx.one("call_by_number", {"number": number}, into=_Row)
        if found is None:
            raise Unknown(
                f"There is no call W-{number}.", next_step="See what is open: tocsin agent calls DIR list"
            )
        if close(tx, number, now):
            closed.append(_call(found).ref)
            write(tx, box, Decision(now, by, "acknowledged a call", closed[-1], how))
    if not closed:
        raise Conflict("That call is closed: somebody acknowledged it, or it was over by itself.")
    return tuple(closed)


def call_once(tx: Transaction, cause: Cause, subject: str, now: Instant) -> None:
    """All that is of one cause is one call, about the newest; without a subject it needs nobody any more."""
    standing = next((one for one in open_calls(tx) if one.cause is cause), None)
    if not subject:
        if standing is not None:
            close(tx, standing.number, now)
    elif standing is None:
        call(tx, cause, subject, now)
    elif standing.subject != subject:
        tx.run("change_subject", {"number": standing.number, "subject": subject})


def _call(row: _Row) -> Call:
    return Call(
        number=row.number,
        cause=Cause(row.cause),
        subject=row.subject,
        urgency=Urgency(row.urgency),
        opened=Instant(row.opened),
        told=row.told,
        at=Instant(row.at),
        closed=Instant(row.closed),
    )
