# SPDX-License-Identifier: Apache-2.0
"""What `tocsin agent report` says of each file: what would leave, what was told before, and how it ended."""

import shlex
from collections.abc import Callable, Iterator

import msgspec

from tocsin.agent.anonymous.reports import CLASSES, Anonymous
from tocsin.agent.drafts import Terms, Waiting
from tocsin.agent.house import House
from tocsin.agent.outbox import Settled
from tocsin.agent.redaction.owner import Value
from tocsin.agent.reported import Earlier, lacking
from tocsin.agent.verbs.decide import Decided
from tocsin.cli.anonymous import carried, send_at_once
from tocsin.cli.command import Output
from tocsin.cli.draft import unclear
from tocsin.cli.outcomes import WAITS, FileReport
from tocsin.cli.readers import together
from tocsin.cli.screen import counted
from tocsin.clock import minute
from tocsin.domain.standing_rule import Ruling
from tocsin.errors import TocsinError
from tocsin.wire.problem import to_problem


def refused(name: str, error: TocsinError, found: tuple[Value, ...] = ()) -> Output:
    """A file of which nothing leaves, with what was found in it, for a person to choose from."""
    told = (f"{name}: {error.diagnostics()}", *unclear(found))
    return Output(told, FileReport(name, stays=found, problem=to_problem(error)), 1)


def embargo(terms: Terms) -> Iterator[str]:
    """From when on somebody may read it, if not at once."""
    if terms.not_before:
        yield f"under embargo: nobody reads it before {minute(terms.not_before)} UTC"


def said_before(before: tuple[Earlier, ...]) -> Iterator[str]:
    """What stands of earlier reports of the same file."""
    for one in before:
        told = f"{one.report} on {minute(one.at)} UTC, to {together(one.audiences)}"
        if one.waits:
            yield f"Not sent yet: {told}. It waits in the outbox; tocsin agent serve sends it."
        elif one.report_class != "named":
            yield f"Already reported as {told}, anonymously."
        else:
            yield f"Already reported as {told}."


def beside(shown: FileReport, before: tuple[Earlier, ...]) -> FileReport:
    """The same with the earlier report that already tells it to everybody who would read it, if there is one."""
    if not before or lacking(before, shown.audiences):
        return shown
    receipted = tuple(one for one in before if not one.waits)
    waits = bool(lacking(receipted, shown.audiences))
    told = next(one for one in before if one.waits is waits and set(one.audiences) & set(shown.audiences))
    return msgspec.structs.replace(shown, already=told.report, waits=waits)


def ruled(ruling: Ruling) -> Iterator[str]:
    """Whether somebody must look, and why."""
    if ruling.rule:
        yield f"leaves without a person by the standing rule {ruling.rule}: {counted(len(ruling.goes), 'value')}"
    if ruling.waits or not ruling.rule:
        yield f"waits for a person: {'; '.join(ruling.reasons)}"


def told(
    house: House,
    made: Decided,
    outcome: FileReport,
    agent: str,
    send: Callable[[str], Settled],
    at_once: Callable[[House, str], Anonymous] = send_at_once,
) -> Output:
    """What became of a file: sent now if enough people or a rule agreed, kept for people, or a part of it each.

    `send` has the hub's answer to one queued message, `at_once` the result of one report of class ``now``.
    """
    waiting = made.waiting
    kept = tuple(_kept(waiting, agent, house.config.approvals)) if waiting else ()
    if waiting:
        outcome = msgspec.structs.replace(outcome, draft=waiting.id, reasons=waiting.reasons)
    if made.queued is None or made.approved is None:
        return Output(kept, outcome, WAITS)
    outcome = msgspec.structs.replace(
        outcome,
        disclosure=made.approved.disclosure,
        approved_by=made.approved.by,
        report=made.queued.report,
        case=made.queued.case,
    )
    if outcome.report_class in CLASSES:
        output = carried(house, made.queued.report, outcome, agent, at_once)
        return msgspec.structs.replace(output, lines=(*output.lines, *kept))
    try:
        settled = send(made.queued.report)
    except TocsinError as error:
        late = msgspec.structs.replace(outcome, waits=True, problem=to_problem(error))
        return Output((error.diagnostics(), *kept), late, WAITS)
    output = _ended(msgspec.structs.replace(outcome, settled=settled), settled, agent)
    code = max(output.code, WAITS if waiting else 0)
    return msgspec.structs.replace(output, lines=(*output.lines, *kept), code=code)


def _kept(waiting: Waiting, agent: str, approvals: int) -> Iterator[str]:
    """What people do with a draft that waits."""
    place, missing = shlex.quote(agent), max(approvals - len(waiting.agreed), 1)
    said = f"{waiting.agreed[0]} agreed; " if waiting.agreed else ""
    who = "two people approve" if missing > 1 else f"{'another' if said else 'a'} person approves"
    yield f"Kept as {waiting.id}: {said}it leaves when {who} it."
    yield f"  tocsin agent drafts {place} show {waiting.id}"
    yield f"  tocsin agent drafts {place} approve {waiting.id} --by NAME"


def _ended(outcome: FileReport, settled: Settled, agent: str) -> Output:
    """How a report ended, for a person."""
    receipt = settled.receipt
    if receipt is None:
        return Output((f"The hub refused it. {settled.problem}",), outcome, 1)
    taken = sum(one.status in ("accepted", "held") for one in receipt.outcomes)
    others = [one for one in receipt.outcomes if one.status not in ("accepted", "held")]
    indicators = outcome.disclosure.indicators if outcome.disclosure else ()
    values = len({indicator.observable for indicator in indicators})
    said = [
        f"Sent as {outcome.report}, approved by {outcome.approved_by}.",
        f"{counted(values, 'value')} in {counted(taken, 'entry', 'entries')} receipted.",
        *(["Held until its embargo ends."] if any(one.status == "held" for one in receipt.outcomes) else []),
        "To take it back:",
        f"  tocsin agent erase {agent} {outcome.report} --reason mistake",
        *(f"  {one.status}: {one.object}: {one.reason}" for one in others),
    ]
    return Output(tuple(said), outcome, int(any(one.status == "refused" for one in others)))
