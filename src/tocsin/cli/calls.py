# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent calls DIR …`: what waits for a person, who is on call, who has it, and whether anybody would hear."""

import argparse
import asyncio
import os
import re
from collections.abc import Iterator
from functools import partial

import msgspec

from tocsin.agent.house import House
from tocsin.agent.waking.calls import acknowledge
from tocsin.agent.waking.channels import channels_of
from tocsin.agent.waking.codes import acknowledge_by_code, is_code
from tocsin.agent.waking.rota import Rota
from tocsin.agent.waking.standing import Standing, keep_problem, standing
from tocsin.agent.waking.words import TEST
from tocsin.cli.command import Command, Output
from tocsin.cli.steps import Steps, add_steps, take_step
from tocsin.clock import Instant, from_text, minute
from tocsin.config.waking import Wake
from tocsin.domain.call import Call
from tocsin.errors import ConfigError, Malformed, TocsinError

_REFERENCE = re.compile(r"[Ww]-?([0-9]{1,9})")
_LONGEST_DAYS = 60


class Watch(msgspec.Struct, frozen=True):
    """Who is on call from when until when, on the rota's own clock."""

    begin: str
    end: str
    people: tuple[str, ...]


class Rostered(msgspec.Struct, frozen=True):
    """The rota for some days."""

    time_zone: str
    watches: tuple[Watch, ...]


class Acknowledged(msgspec.Struct, frozen=True):
    """What somebody has now."""

    refs: tuple[str, ...]
    by: str


class Tried(msgspec.Struct, frozen=True):
    """How one message of a test ended."""

    channel: str
    to: str
    problem: str


class Test(msgspec.Struct, frozen=True):
    """Every message of a test."""

    tried: tuple[Tried, ...]


def _list(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = standing(house, _settings(house), house.clock.now())
    yield Output(tuple(_lines(found)), found)


def _lines(found: Standing) -> Iterator[str]:
    quiet = ", quiet hours for what is not urgent" if found.quiet else ""
    yield f"On call now: {', then '.join(found.on_call)}{quiet}"
    if found.problem:
        yield f"NOT TOLD: {found.problem}"
    for one in found.open:
        yield _line(one)
    if not found.open:
        yield "Nothing waits for anybody."


def _line(one: Call) -> str:
    told = f"told {one.told} times, last {minute(one.at)}" if one.at else "not told yet"
    return f"{one.ref:<7} {one.urgency} {one.cause}, since {minute(one.opened)} UTC, {told}"


def _rota(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    settings = _settings(house)
    if not 1 <= parsed.days <= _LONGEST_DAYS:
        raise Malformed(f"--days takes 1 to {_LONGEST_DAYS}.")
    begin = from_text(parsed.at) if parsed.at else house.clock.now()
    spans = [
        Watch(f"{one.begin:%a %Y-%m-%d %H:%M}", f"{one.end:%a %Y-%m-%d %H:%M}", one.people)
        for one in Rota(settings).days(Instant(begin), parsed.days)
    ]
    lines = [f"{one.begin} to {one.end}  {', '.join(one.people)}" for one in spans]
    yield Output((f"Clock of {settings.time_zone}", *lines), Rostered(settings.time_zone, tuple(spans)))


def _acknowledge(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    box, now, by = house.vault.box, house.clock.now(), parsed.by
    if found := _REFERENCE.fullmatch(parsed.call):
        number = int(found[1])
        refs = house.store.run(
            "acknowledge call", lambda tx: acknowledge(tx, box, (number,), by, "at the console", now)
        )
    elif is_code(parsed.call):
        by, refs = house.store.run(
            "acknowledge by code", lambda tx: acknowledge_by_code(tx, box, parsed.call, now)
        )
    else:
        raise Malformed("Give a reference such as W-12, or a code such as 4F7K-2M9Q.")
    yield Output((f"{', '.join(refs)}: {by} has it. Nobody is told of it any more.",), Acknowledged(refs, by))


def _test(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    tried = tuple(asyncio.run(_try_all(house, _settings(house))))
    lines = [f"{one.channel:<8} {one.to:<30} {one.problem or 'taken over'}" for one in tried]
    failed = any(one.problem for one in tried)
    if not failed:
        house.store.run("told of calls", lambda tx: keep_problem(tx, ""))
    yield Output((*lines, "Ask each of them whether it came."), Test(tried), code=1 if failed else 0)


async def _try_all(house: House, settings: Wake) -> list[Tried]:
    """Every way, for everybody whom it reaches."""
    tried = []
    for channel in channels_of(house, settings, os.environ):
        each = [one.mail for one in settings.people] if channel.reaches() == "person" else [()]
        for to in each:
            problem = ""
            try:
                await channel.tell(msgspec.structs.replace(TEST, to=to))
            except TocsinError as error:
                problem = error.diagnostics()
            tried.append(Tried(channel.name(), ", ".join(to), problem))
    return tried


def _settings(house: House) -> Wake:
    """Who is woken and how; ConfigError when nobody is."""
    if house.config.wake is None:
        raise ConfigError(
            "Nobody is woken: agent.toml has no section [wake].",
            next_step="Write one as in docs/howto/wake-a-human.md.",
        )
    return house.config.wake


def _span(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=int, default=7, help="so many days (default 7)")
    parser.add_argument("--at", metavar="TIME", help="from then on, such as 2026-12-24T18:00:00Z")


def _call(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("call", metavar="CALL", help="W-12, or a code, which says itself whose it is")


_STEPS: Steps = {
    "list": ("show what waits for a person, and who is on call now", _list, ()),
    "rota": ("show who is on call, day by day", _rota, (_span,)),
    "acknowledge": ("say that somebody has it: nobody is told any more", _acknowledge, (_call,)),
    "test": ("send everybody a message that says that it is a test", _test, ()),
}

CALLS = Command(
    "agent",
    "calls",
    "see and acknowledge what wakes people, and who is on call",
    take_step,
    partial(add_steps, command="calls", steps=_STEPS),
    "Example: tocsin agent calls my-agent acknowledge W-12\n\n"
    "People are told that something waits, never what. Whoever was told may give their code by voice to whoever is at "
    "the console; it counts once. An answer to a warning (tocsin agent ack) acknowledges its call too.",
)
