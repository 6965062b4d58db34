# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent warn DIR …`: an agency's or the desk's warning from draft to its end. `tocsin agent ack`: an answer."""

import argparse
import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec

from tocsin.agent import app
from tocsin.agent.house import House
from tocsin.agent.inbox import Received, inbox
from tocsin.agent.outbox import Settled
from tocsin.agent.own_warnings import Content, OwnWarning
from tocsin.agent.verbs.acknowledge import acknowledge
from tocsin.agent.verbs.sight import recognise
from tocsin.agent.verbs.warn import (
    Change,
    approve,
    draft,
    history,
    issue,
    officers_needed,
    update,
    withdraw,
    written,
)
from tocsin.agent.work import levels
from tocsin.cli.case import tied, tied_to
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.readers import audiences
from tocsin.cli.sending import delivered, person, settle
from tocsin.cli.steps import Steps, add_steps, take_step
from tocsin.clock import Instant, to_text
from tocsin.domain.acknowledgement import Answer
from tocsin.domain.grading import parse_grading
from tocsin.domain.observable import defang
from tocsin.domain.warning import Urgency
from tocsin.domain.warning_life import State
from tocsin.ids import complete


class Shown(msgspec.Struct, frozen=True):
    """One own warning as it stands, and where the message that carries it is."""

    id: str
    version: int
    state: State
    title: str
    sent: str
    settled: Settled | None = None


class Listed(msgspec.Struct, frozen=True):
    """Every own warning."""

    warnings: tuple[Shown, ...]


class History(msgspec.Struct, frozen=True):
    """Every version of one, with the names of the officers: for this party's own eyes."""

    versions: tuple[OwnWarning, ...]


def _draft(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    content = Content(
        title=parsed.title,
        look_for=tuple(recognise(text) for text in parsed.look_for or []),
        measures=parsed.measures or "",
        urgency=Urgency(parsed.urgency or Urgency.ELEVATED),
        days=14 if parsed.days is None else parsed.days,
        grading=parsed.grading or "",
    )
    yield _step(house, draft(house, content, tuple(parsed.audience or ()), parsed.by))


def _update(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    values = parsed.look_for
    change = Change(
        title=parsed.title,
        look_for=None if values is None else tuple(recognise(text) for text in values),
        measures=parsed.measures,
        urgency=Urgency(parsed.urgency) if parsed.urgency else None,
        days=parsed.days,
        grading=parsed.grading,
        audiences=tuple(parsed.audience) if parsed.audience else None,
    )
    yield _step(house, update(house, _own(house, parsed.id), change, parsed.by))


def _approve(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    yield _step(house, approve(house, _own(house, parsed.id), parsed.by))


def _issue(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    yield _step(house, issue(house, _own(house, parsed.id), parsed.by, tied_to(house, parsed)))


def _withdraw(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    warning = _own(house, parsed.id)
    yield _step(house, withdraw(house, warning, parsed.reason, parsed.by, tied_to(house, parsed)))


def _list(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = tuple(_shown(house, one) for one in written(house))
    lines = [f"{one.state:<9} {one.id}  version {one.version}  {one.title}  {one.sent}" for one in found]
    yield Output(tuple(lines) or ("No warning was written here yet.",), Listed(found))


def _show(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = history(house, _own(house, parsed.id))
    lines = [line for one in found for line in _lines(one, house.clock.now())]
    yield Output(tuple(lines), History(tuple(found)))


def _own(house: House, begun: str) -> str:
    """The warning of this party whose identifier begins so."""
    return complete(begun, (one.id for one in written(house)))


def _step(house: House, warning: OwnWarning) -> Output:
    """What an officer's step led to, delivered when it tells the alliance anything."""
    if warning.message:
        settled = settle(house, warning.message).settled
        shown = msgspec.structs.replace(_shown(house, warning), settled=settled)
        return Output((f"{_SAID[warning.state]} ({warning.id}, version {warning.version})",), shown)
    lines = _lines(warning, house.clock.now())
    return Output((*lines, _next(house, warning)), _shown(house, warning))


_SAID = {
    State.ISSUED: "Issued under this party's own signature.",
    State.WITHDRAWN: "Withdrawn: its values are out of every reader's levels; it stays shown as withdrawn.",
}


def _next(house: House, warning: OwnWarning) -> str:
    """What an officer does after this, in a command."""
    if warning.state is State.WITHDRAWN:
        return "Put aside. It was never issued."
    place = shlex.quote(str(house.folder))
    if warning.state is State.APPROVED or officers_needed(house) == 1:
        return f"Next: tocsin agent warn {place} issue {warning.id}"
    return f"Next, another officer: tocsin agent warn {place} approve {warning.id} --by NAME"


def _shown(house: House, warning: OwnWarning) -> Shown:
    sent = house.outbox.state(warning.message) if warning.message else None
    return Shown(
        id=warning.id,
        version=warning.version,
        state=warning.now(house.clock.now()),
        title=warning.content.title,
        sent=sent.state if sent else "",
    )


def _lines(warning: OwnWarning, now: Instant) -> Iterator[str]:
    content = warning.content
    yield f"{warning.now(now)}  {content.urgency}: {content.title}   ({warning.id}, version {warning.version})"
    yield from (f"  + {defang(one.value)}" for one in content.look_for)
    if content.measures:
        yield f"    do: {content.measures}"
    yield f"    to {', '.join(warning.audiences)}, for {content.days} days"
    approved = f", approved by {warning.approver}" if warning.approver else ""
    yield f"    written by {warning.author}{approved}: names that stay here"
    if warning.withdrawn:
        yield f"    withdrawn: {warning.withdrawn}"


def lines_of(received: Received) -> Iterator[str]:
    """A warning as a reader's inbox shows it."""
    warning, until = received.warning, to_text(received.warning.expires)[:10]
    version = f"version {warning.version}, " if warning.version > 1 else ""
    state = "WITHDRAWN" if received.state is State.WITHDRAWN else f"WARNING {warning.urgency}"
    yield f"{state} from {received.author}: {warning.title}   ({warning.id}, {version}until {until})"
    if warning.withdrawn:
        yield f"    why: {warning.withdrawn}"
    if warning.grading:
        yield f"    graded {warning.grading}: {parse_grading(warning.grading).words()}"
    if warning.measures:
        yield f"    do: {warning.measures}"
    for one in received.answers:
        yield (
            f"    {one.role} in {one.audience}: received {one.received}, acted {one.acted}, "
            f"not affected {one.not_affected}"
        )
    if received.answered:
        yield f"    this party answered: {received.answered}"


def _one(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="identifier of the warning, wrn_…")


def _reason(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--reason", metavar="TEXT", required=True, help="why, in one line that every reader sees"
    )


def _content(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    parser.add_argument("--title", metavar="TEXT", required=required, help="one line; never who was hurt")
    parser.add_argument("--look-for", action="append", metavar="VALUE", help="a value; may be repeated")
    parser.add_argument("--measures", metavar="TEXT", help="what to do, in plain text")
    parser.add_argument(
        "--urgency", choices=list(Urgency), help="how fast a human should look (default elevated)"
    )
    parser.add_argument("--days", type=int, help="until it expires, counted from its issue (default 14)")
    parser.add_argument(
        "--grading", help="of source and information, such as admiralty:B2; nothing is guessed"
    )
    audiences(parser, "all: every party")


_STEPS: Steps = {
    "draft": ("write a new warning; nothing leaves", _draft, (partial(_content, required=True),)),
    "approve": ("agree to a draft, as another officer than the one who wrote it", _approve, (_one,)),
    "issue": ("sign what was approved, and send it", _issue, (_one, tied)),
    "update": (
        "change a draft, or prepare a new version of what was issued",
        _update,
        (_one, _content),
    ),
    "withdraw": ("take a warning out of effect everywhere, for good", _withdraw, (_one, _reason, tied)),
    "list": ("show every warning of this party with its state", _list, ()),
    "show": ("show every version of one, with its officers", _show, (_one,)),
}


def _ack_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument("warning", metavar="WARNING", help="identifier of the warning, wrn_…")
    parser.add_argument("--answer", default=Answer.ACTED, choices=list(Answer), help="default acted")
    parser.add_argument("--by", metavar="NAME", default=None, help="who decides (default: you)")


def _ack(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        now = house.clock.now()
        received = inbox(house, levels(house), now).warnings
        warning = complete(parsed.warning, (one.warning.id for one in received))
        message = acknowledge(house, warning, Answer(parsed.answer), person(parsed))
        sentence = f"Answered {parsed.answer}: the hub knows who, everybody else learns bands."
        yield delivered(house, message, sentence)


WARN = Command(
    "agent",
    "warn",
    "warn everybody, as an agency or the desk",
    take_step,
    partial(add_steps, command="warn", steps=_STEPS),
    "draft, then approve by another officer, then issue; a desk may issue its own draft.\n"
    "Your agent signs it: the hub could not have written it. Officers' names never leave.",
)
ACK = Command(
    "agent",
    "ack",
    "answer a warning: received, acted or not affected",
    _ack,
    _ack_arguments,
    "The hub learns who answered. Members, the author and the desk learn bands for each role of three or more.",
)
