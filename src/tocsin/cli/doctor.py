# SPDX-License-Identifier: Apache-2.0
"""`tocsin hub|agent|partner|relay doctor`, `tocsin agent status`: is everything well, and what to do where not."""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tocsin.agent import app as agent
from tocsin.agent.alarms import told
from tocsin.agent.collecting.sources import Watched
from tocsin.cli.anonymous import path_lines
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.screen import counted
from tocsin.cli.staying import idle
from tocsin.clock import minute
from tocsin.hub import app as hub
from tocsin.partner import app as partner
from tocsin.relay import app as relay
from tocsin.web.checkup import Checkup, Grade

_MARKS = {Grade.OK: "OK", Grade.NOTE: "NOTE", Grade.PROBLEM: "PROBLEM"}


def _doctor(examined: Callable[[Path], Checkup], parsed: argparse.Namespace) -> Iterator[Output]:
    found = examined(Path(parsed.dir))
    for one in found.findings:
        lines = [f"{_MARKS[one.grade]:<8} {one.check:<11} {one.says}"]
        if one.next_step:
            lines.append(f"{'':<20} → {one.next_step}")
        yield Output(tuple(lines), code=1 if one.grade is Grade.PROBLEM else 0)
    problems, notes = found.count(Grade.PROBLEM), found.count(Grade.NOTE)
    yield Output(
        (
            f"{counted(len(found.findings), 'check')}: {counted(problems, 'problem')}, {counted(notes, 'note')}.",
        ),
        found,
    )


def _status(parsed: argparse.Namespace) -> Iterator[Output]:
    found = agent.status(Path(parsed.dir))
    lines = [f"{found.name}  ({found.role}, {found.party})", f"hub: {found.url}  ({found.hub})"]
    lines += idle(Path(parsed.dir)) or (f"serving: as process {found.serving or 'unknown'}",)
    lines += (
        [f"heard: {told(found.alarms)}, the newest of {minute(found.alarms[0].at)}"] if found.alarms else []
    )
    lines.append(f"outbox: {found.waiting} waiting, {found.refused} refused")
    if found.anonymous.epoch or found.anonymous.begins:
        lines += path_lines(found.anonymous)
    if found.sources or found.collected:
        lines.append(f"collected: {counted(found.collected, 'file')} to be looked at")
    lines += [line for one in found.sources for line in _source(one)]
    lines.append("values: " + ", ".join(f"{count:,} at {level}" for level, count in found.levels.items()))
    lines += [
        f"  {one.name:<40} {counted(one.size, 'entry', 'entries')}, {one.witness}" for one in found.streams
    ]
    yield Output(tuple(lines), found)


def _source(watched: Watched) -> Iterator[str]:
    """How a source does, and what to do when it does not do well."""
    state = watched.state
    looked = f"looked at {minute(state.looked)} UTC" if state.looked else "not looked at yet"
    counts = f"{state.collected:,} collected, {state.nothing:,} with nothing to report, {state.unread:,} not readable"
    yield f"  {watched.name}: {looked}, {counts}"
    if state.problem:
        yield f"    fails since {minute(state.since)} UTC: {state.problem}"
        yield f"    → {state.next_step}"


def _whose(name: str, parser: argparse.ArgumentParser) -> None:
    folder(parser, name)


_TEACHES = """Each line is OK, a NOTE (nothing broken, but know it) or a PROBLEM.
What to do stands below it. Exit code 1 when there is a problem.

It changes nothing, and {0} serve may run meanwhile. Where there are entries,
each is read and every root computed again: a million take half a minute.

For a monitor: tocsin {0} doctor DIR --json"""

_WHO = (
    ("hub", "a", hub.doctor),
    ("agent", "an", agent.doctor),
    ("partner", "a", partner.doctor),
    ("relay", "a", relay.doctor),
)

COMMANDS = (
    *(
        Command(
            name,
            "doctor",
            f"check whether {article} {name} is well, and say what to do",
            partial(_doctor, examined),
            partial(_whose, name),
            _TEACHES.format(name),
        )
        for name, article, examined in _WHO
    ),
    Command(
        "agent",
        "status",
        "show whether it serves, streams, outbox, alarms and levels at a glance",
        _status,
        partial(_whose, "agent"),
    ),
)
