# SPDX-License-Identifier: Apache-2.0
"""A replay as one picture: how much of what came was known or blocked before it came, over banks, members and delay.

Grey is a bank that is alone, dark what the alliance knew, green what was at level `block`. Around each line is the
interval over all assignments of banks.
"""

from collections.abc import Callable, Iterator, Sequence

from tocsin.bench.replay.figures import TARGET, Point, Replayed, Spread, wilson
from tocsin.clock import HOUR
from tocsin.web.picture import FAINT, GRID, INK, MISSED, REACHED, framed, text

_WIDTH, _HEIGHT = 960, 420
_TOP, _BOTTOM, _LEFT, _PANEL, _GAP = 170, 370, 60, 260, 45

_Which = Callable[[Point], Spread]
_LINES: tuple[tuple[str, str, _Which], ...] = (
    ("alone", FAINT, lambda one: one.alone),
    ("known in the alliance", INK, lambda one: one.known),
    ("blocked: two named sources", REACHED, lambda one: one.blocked),
)


def picture(found: Replayed, machine: str, seed: int) -> str:
    """The picture as SVG."""
    second = found.second
    low, high = wilson(second.stopped, second.held)
    reached = second.stopped >= TARGET * max(1, second.held)
    head = (
        f"Once two banks report it, a third stops {second.stopped} of {second.held} phish with an attacker's host "
        f"({low:.0%}–{high:.0%})"
    )
    ordinary = f"Ordinary mails stopped by the same shields: {second.wrongly} of {second.ordinary}"
    many, usual = found.by_members[0].terms.banks, found.by_delay[0].terms.banks
    panels: tuple[tuple[str, Sequence[Point], Callable[[Point], str]], ...] = (
        ("banks, all of them members", found.by_banks, lambda one: str(one.terms.banks)),
        (f"members of {many} banks", found.by_members, lambda one: f"{one.terms.share:.0%}"),
        (f"hours late, {usual} banks", found.by_delay, lambda one: str(one.terms.delay // HOUR)),
    )
    lines = [
        framed(_WIDTH, _HEIGHT, head),
        text(24, 32, head, size=14, weight=600, colour=REACHED if reached else MISSED),
        text(24, 54, ordinary, colour=MISSED if second.wrongly else REACHED, weight=600),
        text(24, 82, f"Known before it came, of {found.dated:,} dated phish, each at a bank by chance"),
        text(
            24,
            100,
            f"{machine}, seed {seed}; 95 % of all assignments lie in the bands",
            colour=FAINT,
            size=11,
        ),
        *_legend(),
        *(part for at, panel in enumerate(panels) for part in _panel(_LEFT + at * (_PANEL + _GAP), *panel)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _legend() -> Iterator[str]:
    x = 24
    for name, colour, _ in _LINES:
        yield f'<rect x="{x}" y="114" width="22" height="4" fill="{colour}"/>'
        yield text(x + 30, 121, name, size=11)
        x += 60 + 7 * len(name)


def _panel(left: int, name: str, points: Sequence[Point], label: Callable[[Point], str]) -> Iterator[str]:
    yield text(left, _TOP - 14, name, size=12, weight=600)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _place(share)
        yield f'<path d="M{left} {y}H{left + _PANEL}" stroke="{GRID}"/>'
        yield text(left - 6, y + 4, f"{share:.0%}", colour=FAINT, size=10, anchor="end")
    across = [left + 16 + number * (_PANEL - 32) / max(1, len(points) - 1) for number in range(len(points))]
    for x, one in zip(across, points, strict=True):
        yield text(x, _BOTTOM + 18, label(one), colour=FAINT, size=11, anchor="middle")
    for _, colour, which in _LINES:
        yield from _line(across, [which(one) for one in points], colour)


def _line(across: Sequence[float], spreads: Sequence[Spread], colour: str) -> Iterator[str]:
    upper = [f"{x:.1f},{_place(one.high)}" for x, one in zip(across, spreads, strict=True)]
    lower = [f"{x:.1f},{_place(one.low)}" for x, one in zip(across, spreads, strict=True)]
    middle = [f"{x:.1f},{_place(one.middle)}" for x, one in zip(across, spreads, strict=True)]
    yield f'<polygon points="{" ".join((*upper, *reversed(lower)))}" fill="{colour}" fill-opacity="0.16"/>'
    yield f'<polyline points="{" ".join(middle)}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _place(share: float) -> float:
    return round(_BOTTOM - share * (_BOTTOM - _TOP), 1)
