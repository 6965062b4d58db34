# SPDX-License-Identifier: Apache-2.0
"""Charts as places and sizes, which templates draw as SVG in the page's own colours."""

from collections.abc import Sequence

import msgspec

WIDTH, HEIGHT, GAP = 700, 90, 6


class Bar(msgspec.Struct, frozen=True):
    """One bar of a chart of `WIDTH` by `HEIGHT`, with what it says."""

    x: float
    y: float
    width: float
    height: float
    label: str
    count: int


def bars(counts: Sequence[tuple[str, int]]) -> tuple[Bar, ...]:
    """A bar for each count, the greatest as high as the chart; none is lower than 2, so that a day is always seen."""
    most = max((count for _, count in counts), default=0) or 1
    wide = (WIDTH - GAP * (len(counts) - 1)) / max(len(counts), 1)
    return tuple(
        Bar(
            x=round(number * (wide + GAP), 1),
            y=round(HEIGHT - _high(count, most), 1),
            width=round(wide, 1),
            height=round(_high(count, most), 1),
            label=label,
            count=count,
        )
        for number, (label, count) in enumerate(counts)
    )


def _high(count: int, most: int) -> float:
    return max(2.0, HEIGHT * count / most)
