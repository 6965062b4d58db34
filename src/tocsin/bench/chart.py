# SPDX-License-Identifier: Apache-2.0
"""The rows of a benchmark as one picture: how many times better than its target each figure is, and its peer.

The line in the middle is the target. Right of it is reached, left of it is missed, whatever the unit and whether more
or less is better; the scale is logarithmic, a hundredth to a hundred times. A figure is a bar, its peer a hollow dot.
"""

import math
from collections.abc import Iterator

from tocsin.bench.result import Results, Row, number
from tocsin.web.picture import FAINT, GRID, INK, MISSED, REACHED, framed, text

_WIDTH = 960
_TOP, _STEP = 84, 46
_LEFT, _RIGHT = 330, 730
_SPAN = 2.0
"""Powers of ten on each side."""


def chart(results: Results) -> str:
    """The picture as SVG, for a page or a report."""
    height = _TOP + _STEP * len(results.rows) + 40
    lines = [
        framed(_WIDTH, height, results.machine),
        text(24, 32, "Each figure against its target", size=18, weight=600),
        text(24, 52, f"{results.machine}, seed {results.seed}", colour=FAINT, size=11),
        *_scale(height),
        *(part for number, row in enumerate(results.rows) for part in _row(row, _TOP + _STEP * number)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _scale(height: int) -> Iterator[str]:
    bottom = height - 34
    for power in range(-2, 3):
        x = _place(10.0**power)
        colour, width = (INK, 1.5) if power == 0 else (GRID, 1)
        yield f'<path d="M{x} {_TOP - 8}V{bottom}" stroke="{colour}" stroke-width="{width}"/>'
        label = "target" if power == 0 else f"×{10**power}" if power > 0 else f"÷{10**-power}"
        yield text(x, bottom + 18, label, colour=INK if power == 0 else FAINT, size=11, anchor="middle")


def _row(row: Row, y: int) -> Iterator[str]:
    better, peer = _times(row, row.value), _times(row, row.beside.value)
    start, end = _place(10**-_SPAN), _place(better)
    colour = REACHED if row.met else MISSED
    yield text(_LEFT - 14, y + 13, row.name, anchor="end")
    yield text(
        _LEFT - 14, y + 28, f"beside: {row.beside.name}, {number(row.beside.value)}",
        colour=FAINT, size=10.5, anchor="end",
    )  # fmt: skip
    yield f'<rect x="{start}" y="{y + 4}" width="{max(2.0, end - start):.1f}" height="14" rx="2" fill="{colour}"/>'
    yield (
        f'<circle cx="{_place(peer)}" cy="{y + 11}" r="5" fill="#ffffff" fill-opacity="0.85" stroke="{INK}" '
        'stroke-width="1.5"/>'
    )
    sign = "≥" if row.better == "higher" else "≤"
    said = f"{number(row.value)} {row.unit}"
    yield text(_RIGHT + 16, y + 13, said, colour=colour, weight=600)
    mark = "reached" if row.met else "MISSED"
    yield text(_RIGHT + 16, y + 28, f"{mark}: {sign} {number(row.target)}", colour=FAINT, size=10.5)


def _times(row: Row, value: float) -> float:
    """How many times better than the target a value is; 1 is the target."""
    worse, better = (row.target, value) if row.better == "higher" else (value, row.target)
    if worse == better:
        return 1.0
    return better / worse if worse > 0 else 10**_SPAN


def _place(times: float) -> float:
    """Where that stands across the picture; what is beyond the scale stands at its end."""
    power = max(-_SPAN, min(_SPAN, math.log10(times))) if times > 0 else -_SPAN
    return round(_LEFT + (power + _SPAN) / (2 * _SPAN) * (_RIGHT - _LEFT), 1)
