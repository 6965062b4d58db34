# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent value DIR`: what the alliance was worth in a month, for the screen, a program or a printer."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from tocsin.agent import app
from tocsin.agent.value.page import figures, page
from tocsin.agent.value.sheet import month_of, sheet
from tocsin.agent.work import levels, protection
from tocsin.cli.command import Command, Output, folder
from tocsin.clock import day_of
from tocsin.files import replace_file


def _arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument("--month", metavar="MONTH", help="such as 2026-11, in UTC (default the present one)")
    parser.add_argument("--page", type=Path, metavar="FILE", help="draw it as one page to print, as SVG")


def _value(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        now = house.clock.now()
        month = month_of(parsed.month or day_of(now)[:7], now)
        found = sheet(house, levels(house), protection(house), month)
    if parsed.page:
        replace_file(parsed.page, page(found).encode())
    lines = [f"{words:<24} {value:>9}   {more}" for words, value, more in figures(found)]
    drawn = (f"Drawn into {parsed.page}.",) if parsed.page else ()
    yield Output((f"{found.party}, {found.month}", *lines, *drawn), found)


VALUE = Command(
    "agent",
    "value",
    "show what came of the alliance in a month: found, ahead, held in vain",
    _value,
    _arguments,
    "Minutes ahead are from when another party first named a value to when you first met it: in logs that were hunted "
    "through, or when you reported or confirmed it. What a product stopped by itself is not counted: hunt in its log, "
    "or confirm what you saw, by tocsin agent sight.",
)
