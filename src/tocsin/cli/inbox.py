# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent inbox` and `outbox`: what came in, the newest first, and what still waits to go out."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tocsin.agent import app
from tocsin.agent.alarms import clear
from tocsin.agent.grouping import WARNING, Group, confirmed
from tocsin.agent.house import House
from tocsin.agent.inbox import Inbox, inbox
from tocsin.agent.outbox import Waiting
from tocsin.agent.shields.levels import KnownValue
from tocsin.agent.work import levels
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.screen import counted, readable, row, short
from tocsin.cli.sending import person
from tocsin.cli.staying import idle
from tocsin.cli.warning import lines_of
from tocsin.clock import minute
from tocsin.domain.level import Level

SHOWN = 20
"""Reports, sightings and warnings that are shown without --all."""
_HOLD = "hold: not blocked by itself, because of what stands beside it. A person decides, and may block it elsewhere."


class Cleared(msgspec.Struct, frozen=True):
    """How many alarms were forgotten."""

    cleared: int


class Outgoing(msgspec.Struct, frozen=True):
    """What waits for the hub."""

    waiting: tuple[Waiting, ...]


def _arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument("--all", action="store_true", help=f"everything, not only the newest {SHOWN}")
    parser.add_argument("--wide", action="store_true", help="identifiers at their full length")
    parser.add_argument("--clear-alarms", action="store_true", help="forget every alarm: you have seen them")
    parser.add_argument("--by", metavar="NAME", default=None, help="who clears them (default: you)")


def _inbox(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        if parsed.clear_alarms:
            count = clear(house.store, house.vault.box, house.clock.now(), person(parsed))
            yield Output((f"Cleared {counted(count, 'alarm')}; the journal says by whom.",), Cleared(count))
            return
        now = house.clock.now()
        found = inbox(house, levels(house), now)
        screen = _Screen(confirmed(house, now), everything=parsed.all, wide=parsed.wide)
        yield Output((*idle(house.folder), *screen.lines(found), *_outgoing(house, parsed.dir)), found)


class _Screen:
    """How an inbox is shown."""

    def __init__(self, own: dict[str, str], *, everything: bool, wide: bool) -> None:
        self._own = own
        self._everything = everything
        self._wide = wide

    def lines(self, found: Inbox) -> Iterator[str]:
        """Alarms, problems and notes, what is not here yet, then warnings, then values as they came."""
        for alarm in found.alarms:
            over = f"   (over since {minute(alarm.over)})" if alarm.over else ""
            yield f"{alarm.kind().upper()} {minute(alarm.at)} UTC  {alarm.sentence}{over}"
        for stream in found.witness:
            if stream.size < stream.counted:
                yield (
                    f"CATCHING UP with {stream.name}: {stream.size:,} of {stream.counted:,} entries are here. "
                    "What is shown is older than what others see."
                )
        for received in found.warnings:
            yield from lines_of(received)
        values = {str(one.observable): one for one in found.values}
        shown = found.groups if self._everything else found.groups[:SHOWN]
        for group in shown:
            yield self._head(group)
            yield from (f"  > {line}" for text in group.texts for line in text.splitlines())
            for value in group.values:
                yield from self._value(values[value])
        if len(found.groups) > len(shown):
            yield f"{counted(len(found.groups) - len(shown), 'older one')} not shown: --all"
        if any(one.judgement.level is Level.HOLD for one in found.values):
            yield _HOLD
        if not (found.groups or found.warnings):
            yield "Nothing yet."

    def _head(self, group: Group) -> str:
        about = f"  {group.about}" if group.about else ""
        since = f"  (first {minute(group.began)})" if minute(group.latest) != minute(group.began) else ""
        yours = "  yours" if group.yours and group.kind != WARNING else ""
        name = short(group.fact, wide=self._wide)
        return f"{minute(group.latest)} UTC  {group.kind} {name}{about}{yours}{since}"

    def _value(self, known: KnownValue) -> list[str]:
        own = self._own.get(str(known.observable))
        yours = (f"yours: {short(own, wide=self._wide)}",) if own else ()
        why = "; ".join((*known.judgement.reasons, *yours))
        return row(f"  {known.judgement.level:<6} ", readable(known.observable), f"({why})")


def _outgoing(house: House, agent: str) -> Iterator[str]:
    waiting = len(house.outbox.waiting())
    if waiting:
        waits = "waits" if waiting == 1 else "wait"
        yield f"{counted(waiting, 'message')} {waits} for the hub: tocsin agent outbox {agent}"


def _outbox_arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")


def _outbox(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        waiting = tuple(house.outbox.waiting())
    lines = [
        f"{one.id}  approved {minute(one.queued)} UTC, tried {counted(one.tries, 'time')}" for one in waiting
    ]
    rest = "tocsin agent serve sends them." if lines else "Nothing waits: everything approved was answered."
    yield Output((*lines, rest), Outgoing(waiting))


INBOX = Command(
    "agent",
    "inbox",
    "show alarms, warnings and every value with its level, the newest first",
    _inbox,
    _arguments,
    "watch: known, one source or anonymous. hold: something speaks against it, a person decides. block: it is in the "
    "protection files. What came from this party is marked yours.",
)
OUTBOX = Command(
    "agent",
    "outbox",
    "show what was approved and still waits for the hub",
    _outbox,
    _outbox_arguments,
)
