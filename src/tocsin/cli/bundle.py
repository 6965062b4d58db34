# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent bundle DIR export|import`: streams as a file from one member to another, when the hub is down."""

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tocsin.agent.history.directory import PartyRow
from tocsin.agent.house import House
from tocsin.agent.verbs.bundle import LIFE_DAYS, hand_over, take_in
from tocsin.cli.command import Command, Output
from tocsin.cli.screen import counted
from tocsin.cli.steps import Steps, add_steps, take_step
from tocsin.clock import minute
from tocsin.errors import TooLarge, Unknown
from tocsin.files import write_new
from tocsin.wire.bundle import MAX_BYTES


def _export(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    data, made = hand_over(house, _receiver(house, parsed.to), parsed.days, parsed.by)
    write_new(parsed.file, data)
    entries = sum(span.size - span.start for span in made.streams)
    streams = ", ".join(span.stream for span in made.streams)
    yield Output(
        (
            f"Wrote {counted(entries, 'entry', 'entries')} for {made.to} into {parsed.file}: {streams}.",
            f"  good until {minute(made.until)} UTC; not encrypted: carry it as its strictest marking asks",
            f"There: tocsin agent bundle DIR import {parsed.file}",
        ),
        made,
    )


def _import(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    with parsed.file.open("rb") as file:
        data = file.read(MAX_BYTES + 2**20 + 1)
    if len(data) > MAX_BYTES + 2**20:
        raise TooLarge(f"{parsed.file} is larger than any bundle.")
    taken = take_in(house, data, parsed.by)
    lines = [
        f"  {one.stream}: {one.new:,} new, {one.size:,} proved" for one in taken.streams if not one.lacks
    ]
    lacks = tuple(f"Not taken in: {one.lacks}." for one in taken.streams if one.lacks)
    yield Output(
        (
            f"Proved and kept what {taken.by} handed over at {minute(taken.made)} UTC:",
            *lines,
            f"Next: tocsin agent inbox {parsed.dir}. A running agent writes its protection files within a minute.",
        ),
        taken,
    )
    if lacks:
        yield Output(lacks, code=1)


def _receiver(house: House, wanted: str) -> PartyRow:
    """The party of that identifier or name."""
    with house.store.reading("parties") as tx:
        rows = tx.all("parties", {}, into=PartyRow)
    found = [row for row in rows if wanted == row.id or wanted.casefold() == row.name.casefold()]
    if len(found) != 1:
        raise Unknown(
            f"{len(found) or 'No'} parties of the alliance are called {wanted[:80]!r}.",
            next_step="Give its whole legal name, or its identifier prt_…, as tocsin agent contacts DIR shows them.",
        )
    return found[0]


def _new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="where to write it; never over another file")


def _made(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the bundle that came")


def _what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", required=True, metavar="NAME", help="the party's name or identifier")
    parser.add_argument("--days", type=int, default=30, help="entries of so many days (default 30)")


_STEPS: Steps = {
    "export": ("write a bundle for one party, of what it may read", _export, (_new, _what)),
    "import": (
        "prove a bundle that another party made for this one, and keep what is new",
        _import,
        (_made,),
    ),
}

BUNDLE = Command(
    "agent",
    "bundle",
    "hand streams over as a file when the hub is out of reach, or take one in",
    take_step,
    partial(add_steps, command="bundle", steps=_STEPS),
    "Example: tocsin agent bundle my-agent export for-clyde.bundle --to 'Clyde Bank plc'\n\n"
    "Every entry in it proves itself by the signatures of hub and partner, as if the hub had sent it; the file is "
    f"signed by its maker, for one party, for {LIFE_DAYS} days. What was opened by nobody else's key stays closed: "
    "only what the receiver may read is in it, and no group's entries.",
)
