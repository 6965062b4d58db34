# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent collected`: what came in by itself and waits for somebody, and the word for what is not reported."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tocsin.agent import app
from tocsin.agent.collecting.approving import Today, is_off, switch, today
from tocsin.agent.collecting.queue import Item, Queue
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.screen import counted, printable, row, short
from tocsin.cli.sending import person
from tocsin.clock import minute

SHOWN = 20
"""Files that are shown without --all, the oldest first."""


class Waiting(msgspec.Struct, frozen=True):
    """Everything that waits."""

    collected: tuple[Item, ...]
    rules: tuple[Today, ...] = ()
    """Standing rules that let some of it go."""
    rules_off: bool = False
    """Whether somebody has switched them off."""


class Dropped(msgspec.Struct, frozen=True):
    """How many files wait no more."""

    dropped: int


def _arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument(
        "--drop",
        metavar="ID",
        nargs="+",
        help="these are not reported: forget them, and write down who decided it; `all` for everything",
    )
    parser.add_argument(
        "--rules",
        choices=("on", "off"),
        help="let standing rules look at what is collected, or no longer, whatever agent.toml says",
    )
    parser.add_argument("--all", action="store_true", help=f"everything, not only the oldest {SHOWN}")
    parser.add_argument("--wide", action="store_true", help="identifiers at their full length")
    parser.add_argument(
        "--by", metavar="NAME", default=None, help="who drops them, or switches (default: you)"
    )


def _collected(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        queue = Queue(house)
        waiting = queue.waiting()
        if parsed.drop:
            named = [item.id for item in waiting] if parsed.drop == ["all"] else map(queue.whole, parsed.drop)
            count = queue.drop(list(named), person(parsed))
            yield Output((f"Dropped {counted(count, 'file')}; the journal says by whom.",), Dropped(count))
            return
        if parsed.rules:
            switch(house, person(parsed), on=parsed.rules == "on")
        shown = waiting if parsed.all else waiting[:SHOWN]
        lines = [line for item in shown for line in _lines(item, wide=parsed.wide)]
        if len(waiting) > len(shown):
            lines.append(f"{counted(len(waiting) - len(shown), 'newer one')} not shown: --all")
        rules, off = today(house), is_off(house)
        lines += _ruled(rules, off=off)
        yield Output((*lines, *_next(parsed.dir, waiting)), Waiting(tuple(waiting), rules, off))


def _lines(item: Item, *, wide: bool) -> Iterator[str]:
    about = item.about
    yield f"{minute(item.added)} UTC  {short(item.id, wide=wide)}  {counted(about.values, 'value')} would leave"
    yield from row("  ", about.title or about.name, f"({about.source})")


def _ruled(rules: tuple[Today, ...], *, off: bool) -> list[str]:
    if off:
        return ["Standing rules are switched off for what is collected: --rules on lets them look again."]
    return [
        f"Rule {printable(one.rule)}: {one.reports:,} of {counted(one.most, 'report')} today, from "
        f"{', '.join(one.sources)}; --rules off stops it."
        for one in rules
    ]


def _next(agent: str, waiting: list[Item]) -> Iterator[str]:
    if not waiting:
        yield "Nothing waits. Sources are named in [collect] and [imap] of agent.toml; agent serve looks at them."
        return
    yield "To look at what would leave, and to report or drop it:"
    yield f"  tocsin agent report {agent} --collected"
    yield f"  tocsin agent collected {agent} --drop {waiting[0].id}"


COLLECTED = Command(
    "agent",
    "collected",
    "show what came in by itself and waits for you",
    _collected,
    _arguments,
    "Files that tocsin agent serve collected from the folders, maildirs and mailbox in agent.toml, and in which it "
    "found something to report. They lie encrypted in the vault. Nothing of them is sent before you approve it: tocsin "
    "agent report DIR --collected, or with one of the identifiers. A standing rule whose `collected` names a source "
    "lets go of what it covers from there while tocsin agent serve runs.",
)
