# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent defence DIR …`: what this bank did about each warning. `tocsin verify FILE`: what it shows others, and
other files that prove something to a stranger.
"""

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec

from tocsin.agent.cases.defence import Defended
from tocsin.agent.cases.facts import RiskAccepted, Took
from tocsin.agent.cases.record import Case
from tocsin.agent.house import House
from tocsin.agent.verbs.defend import Standing, accept, every, find, read, take
from tocsin.agent.verbs.prove import prove
from tocsin.cli import timeline
from tocsin.cli.command import Command, Output, secret
from tocsin.cli.readers import time
from tocsin.cli.screen import short
from tocsin.cli.steps import Steps, add_steps, take_step
from tocsin.clock import Instant, minute
from tocsin.errors import Missing, Taken
from tocsin.files import write_new
from tocsin.follow.examining import MAX_FILE, Examined, examine
from tocsin.halves import audit
from tocsin.proof.encoding import to_base64
from tocsin.proof.note import VerifierKey
from tocsin.wire.audit import FalseTokens
from tocsin.wire.defence import DefenceLine
from tocsin.wire.epoch import read_document
from tocsin.wire.messages import decode, peek

_FALSE_TOKENS = "false-tokens"


class Defences(msgspec.Struct, frozen=True):
    """Every warning, with how this bank stands with it."""

    warnings: tuple[Standing, ...]


class Caught(msgspec.Struct, frozen=True):
    """What evidence against a member shows."""

    party: str
    epoch: int
    places: tuple[int, ...]
    """Of the requests that were false."""


class Written(msgspec.Struct, frozen=True):
    """A proof that was made."""

    file: str
    bytes: int


def _list(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = tuple(every(house))
    lines = [
        f"{one.state:<8}  {minute(one.first)} UTC  {short(one.warning.id)}  {one.author}: {one.warning.title}"
        for one in found
    ]
    yield Output(tuple(lines) or ("No warning has come yet.",), Defences(found))


def _show(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = find(house, parsed.warning)
    yield Output(tuple(_lines(found)), found)


def _read(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    yield _said(house, read(house, find(house, parsed.warning).warning.id, parsed.by))


def _take(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    took = Took(secret(parsed.measure), parsed.at or house.clock.now(), parsed.control)
    yield _said(house, take(house, find(house, parsed.warning).warning.id, parsed.by, took))


def _accept(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    accepted = RiskAccepted(secret(parsed.why), parsed.until, parsed.control)
    yield _said(house, accept(house, find(house, parsed.warning).warning.id, parsed.by, accepted))


def _export(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    data = prove(house, parsed.warning, parsed.by)
    try:
        write_new(parsed.file, data)
    except FileExistsError:
        raise Taken(f"{parsed.file} exists.", next_step="Name another file.") from None
    yield Output(
        (
            f"Wrote {len(data):,} bytes into {parsed.file}. They go nowhere by themselves.",
            f"Whoever is handed the file checks it without this agent: tocsin verify {parsed.file}",
        ),
        Written(str(parsed.file), len(data)),
    )


def _said(house: House, found: Case) -> Output:
    """The line that was written last, and where it is kept."""
    last = timeline.line(found, len(found.lines) - 1)
    return Output((*last, f"Kept in {found.id}; nothing of it leaves."), found)


def _lines(one: Standing) -> Iterator[str]:
    warning = one.warning
    yield f"{one.state}  {one.author}: {warning.title}   ({warning.id}, version {warning.version})"
    yield f"  T1 warned   {minute(one.first)} UTC, by the hub's signed history"
    if one.defence is None:
        yield "  T2 read     not yet"
        return
    for reading in one.defence.readings:
        yield f"  T2 read     {minute(reading.at)} UTC, version {reading.version}, by {reading.by}"
    for measure in one.defence.measures:
        took = measure.what
        yield f"  T3 measure  {minute(took.happened)} UTC, by {measure.by}{_of(took.control)}: {took.measure}"
    for risk in one.defence.acceptances:
        until = minute(risk.what.until)[:10]
        yield f"  T3 accepted until {until}, by {risk.by}{_of(risk.what.control)}: {risk.what.why}"
    if one.state is Defended.LAPSED:
        yield "  the time until which the risk was accepted is over: decide again"
    yield f"  kept in {one.defence.case}"


def _of(control: str) -> str:
    return f" ({control})" if control else ""


def _one(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("warning", metavar="WARNING", help="its identifier, wrn_…, or how it begins")


def _measure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--measure", metavar="TEXT", required=True, help="what was done; - reads one line from standard input"
    )
    parser.add_argument(
        "--at", type=time, metavar="TIME", help="since when, such as 2026-11-21T18:00Z (default now)"
    )


def _why(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--why", metavar="TEXT", required=True, help="the reason; - reads one line from standard input"
    )
    parser.add_argument(
        "--until", type=time, required=True, metavar="TIME", help="when it is looked at again"
    )


def _control(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--control", default="", metavar="ID", help="the control it belongs to, such as PR.AA-03.03"
    )


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a new file")


_STEPS: Steps = {
    "list": ("show every warning with what was done about it", _list, ()),
    "show": ("show one: warned, read, measures, accepted risks", _show, (_one,)),
    "read": ("say that you have read it", _read, (_one,)),
    "take": ("say which measure was taken", _take, (_one, _measure, _control)),
    "accept": ("accept the risk, until a day and with a reason", _accept, (_one, _why, _control)),
    "export": ("write one file for an examiner", _export, (_one, _file)),
}


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the file that you were handed")
    for whose in ("hub", "partner"):
        parser.add_argument(
            f"--{whose}-key", metavar="KEY", help=f"the {whose}'s verifier key, as the alliance publishes it"
        )


def _verify(parsed: argparse.Namespace) -> Iterator[Output]:
    if not parsed.file.is_file():
        raise Missing(f"{parsed.file} is no file that can be read.")
    with parsed.file.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    if peek(data).kind == _FALSE_TOKENS:
        yield _caught(decode(data, FalseTokens))
        return
    keys = [VerifierKey.parse(text) if text else None for text in (parsed.hub_key, parsed.partner_key)]
    found = examine(data, *keys)
    yield Output(tuple(_proved(found, pinned=parsed.hub_key is not None)), found)


def _caught(evidence: FalseTokens) -> Output:
    """What a member signed of tokens that do not name it."""
    document, places = read_document(evidence.document), audit.examine(evidence)
    lines = (
        f"It adds up: {evidence.party} signed for {len(places)} of {document.quota} opened tokens that do not name it.",
        f"  epoch {document.number} of {document.hub}, under the member's key {to_base64(evidence.signing_key)}",
        "Compare key and epoch document with the directory: the file itself cannot show whose they are.",
    )
    return Output(lines, Caught(evidence.party, document.number, places))


def _proved(found: Examined, *, pinned: bool) -> Iterator[str]:
    yield f"It adds up: what {found.name} shows of {found.warning}."
    yield f"  made {minute(found.made)} UTC by {found.by}, signed with the key that the directory states"
    yield f"  under the hub's key {found.hub_key}"
    if found.partner_key:
        yield f"  and the partner's {found.partner_key}"
    else:
        yield "  and no partner: the alliance has declared none, and its heads are the hub's word alone"
    if not pinned:
        yield "  These keys are the file's own word: compare them with what the alliance publishes, or give --hub-key."
    yield "Proved:"
    for one in found.versions:
        what = (
            f"version {one.version} of {one.author}, {one.role}: {one.title}"
            if one.version
            else "erased since"
        )
        yield f"  {minute(one.added)} UTC  warned, {what}   ({one.stream}/{one.seq})"
    for answer in found.answers:
        yield f"  {minute(answer.added)} UTC  the hub took its answer to version {answer.version}: {answer.answer}"
    yield "Its own word, in the order in which it was written:"
    yield from map(_line, found.lines)
    yield f"  The record ends with SHA-256 {found.record}: in the house, the journal has the same."


def _line(one: DefenceLine) -> str:
    what = {
        "warned": f"has version {one.version}",
        "was-read": f"read version {one.version}",
        "took": f"measure since {_minute(one.happened)}{_of(one.control)}: {one.text}",
        "risk-accepted": f"risk accepted until {_minute(one.until)}{_of(one.control)}: {one.text}",
        "struck": f"struck line {one.line}: {one.text}",
    }[one.what]
    return f"  {minute(one.at)} UTC  {one.number:>3}  {what}   ({one.by})"


def _minute(at: int) -> str:
    return minute(Instant(at))


DEFENCE = Command(
    "agent",
    "defence",
    "show what was done about each warning, to yourself and to an examiner",
    take_step,
    partial(add_steps, command="defence", steps=_STEPS),
    "unread, read, measured, accepted (the risk, until a day) or lapsed (that day is over). It is kept as a case in "
    "the vault and leaves by no way of its own: export writes a file, and you decide who is handed it.",
)
VERIFY = Command(
    "",
    "verify",
    "check a proof of defence, or evidence of false tokens, that you were handed",
    _verify,
    _verify_arguments,
    "Needs no agent and no network. It checks the signatures of hub, partner, author and bank, and the path from each "
    "entry to a signed head. What the bank says of itself is shown as its own word.",
)
