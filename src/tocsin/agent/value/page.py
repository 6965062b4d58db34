# SPDX-License-Identifier: Apache-2.0
"""The value sheet as one page to print, A4 upright: what it comes to, then every day of the month, then the figures."""

from collections.abc import Iterator

from tocsin.agent.value.sheet import Day, Sheet
from tocsin.clock import day_of
from tocsin.web.picture import FAINT, GRID, INK, MISSED, REACHED, framed, text

_WIDTH, _HEIGHT = 794, 1123
"""A4 at 96 dots per inch."""
_LEFT, _RIGHT = 60, 734
_TOP, _BOTTOM = 330, 520
"""Of the chart."""
_ROW = 27


def page(sheet: Sheet) -> str:
    """The page as SVG."""
    title = f"What the alliance was worth in {sheet.month}"
    lines = [
        framed(_WIDTH, _HEIGHT, title),
        text(_LEFT, 76, title, size=20, weight=600),
        text(_LEFT, 100, sheet.party, size=14),
        text(_LEFT, 122, f"made on {day_of(sheet.made)}; levels as they stood then", colour=FAINT),
        *_heads(sheet),
        text(_LEFT, _TOP - 34, "New values a day", weight=600),
        text(_LEFT + 150, _TOP - 34, "of them found here", colour=REACHED, weight=600),
        *_chart(sheet.days),
        *_rows(sheet),
        text(_LEFT, _HEIGHT - 60, _LIMITS[0], colour=FAINT, size=11),
        text(_LEFT, _HEIGHT - 44, _LIMITS[1], colour=FAINT, size=11),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


_LIMITS = (
    "Ahead: from when another party first named a value to when this one first met it, in its logs or by its people.",
    "What a product stopped by itself is not counted: it does not tell the agent. Nor is what was erased since.",
)


def figures(sheet: Sheet) -> Iterator[tuple[str, str, str]]:
    """Every figure with its words and what belongs to it, for the page and for the screen."""
    came, stands, ahead, warned = sheet.came, sheet.stands, sheet.ahead, sheet.warned
    yield (
        "reports of others",
        f"{came.reports:,}",
        f"{came.sightings:,} sightings, {came.warnings:,} warnings",
    )
    yield (
        "new values",
        f"{came.values:,}",
        f"watch {stands.watch:,}, hold {stands.hold:,}, block {stands.block:,} now",
    )
    for one in sheet.shields:
        yield f"in the {one.shield} file", f"{one.written:,}", f"of {one.values:,} at block now"
    most = f"median {ahead.median_minutes:,.0f} minutes ahead, at most {ahead.most_minutes:,.0f}"
    yield (
        "found here after others",
        f"{ahead.found:,}",
        most if ahead.found else "nobody was ahead of this party",
    )
    yield "found here first", f"{ahead.first:,}", f"{sheet.told:,} reports and sightings given"
    hunted = sheet.hunted
    yield (
        "met in own logs",
        f"{hunted.values:,}",
        f"{hunted.before:,} more stood there before anybody named them; others told of {hunted.told:,}",
    )
    yield "hunts begun", f"{hunted.hunts:,}", "through the logs that [hunt] names, and by command"
    yield "false holds", f"{sheet.false_holds:,}", "held by a guard, and the attacker's by people's word here"
    yield (
        "warnings read",
        f"{warned.read:,}",
        f"median {warned.median_minutes_to_read:,.0f} minutes after they came",
    )
    late = f"median {warned.median_minutes_to_decision:,.0f} minutes after they came"
    yield "warnings decided on", f"{warned.decided:,}", late


def _heads(sheet: Sheet) -> Iterator[str]:
    """Four figures that a board reads."""
    heads = (
        (f"{sheet.came.values:,}", "new values came", INK),
        (f"{sheet.stands.block:,}", "of them block now", REACHED),
        (
            f"{sheet.ahead.median_minutes:,.0f}",
            "minutes ahead, median",
            REACHED if sheet.ahead.found else FAINT,
        ),
        (f"{sheet.false_holds:,}", "false holds", MISSED if sheet.false_holds else FAINT),
    )
    for number, (value, words, colour) in enumerate(heads):
        x = _LEFT + number * (_RIGHT - _LEFT) / len(heads)
        yield text(x, 196, value, size=40, weight=600, colour=colour)
        yield text(x, 220, words, colour=FAINT, size=12)
    yield f'<path d="M{_LEFT} 250H{_RIGHT}" stroke="{GRID}"/>'


def _chart(days: tuple[Day, ...]) -> Iterator[str]:
    most = max((max(one.came, one.found) for one in days), default=0) or 1
    step = (_RIGHT - _LEFT) / max(1, len(days))
    yield text(_LEFT - 6, _TOP + 4, f"{most:,}", colour=FAINT, size=10, anchor="end")
    yield f'<path d="M{_LEFT} {_TOP}H{_RIGHT}M{_LEFT} {_BOTTOM}H{_RIGHT}" stroke="{GRID}"/>'
    for number, day in enumerate(days):
        x = _LEFT + number * step
        for count, colour, share in ((day.came, INK, 0.8), (day.found, REACHED, 0.4)):
            height = (_BOTTOM - _TOP) * count / most
            yield (
                f'<rect x="{x:.1f}" y="{_BOTTOM - height:.1f}" width="{step * share:.1f}" height="{height:.1f}" '
                f'fill="{colour}"/>'
            )
        if number % 5 == 0:
            yield text(round(x, 1), _BOTTOM + 18, f"{number + 1}.", colour=FAINT, size=10)


def _rows(sheet: Sheet) -> Iterator[str]:
    y = _BOTTOM + 70
    for words, value, more in figures(sheet):
        yield text(_LEFT, y, words)
        yield text(_LEFT + 270, y, value, weight=600, anchor="end")
        yield text(_LEFT + 290, y, more, colour=FAINT)
        yield f'<path d="M{_LEFT} {y + 9}H{_RIGHT}" stroke="{GRID}"/>'
        y += _ROW
