# SPDX-License-Identifier: Apache-2.0
"""What a benchmark gives: figures, each beside the peer or the engine's own limit, measured in the same run."""

import os
import platform
from collections.abc import Callable, Iterator
from importlib.metadata import version

import apsw
import msgspec


class Beside(msgspec.Struct, frozen=True):
    """The peer or the limit that a figure stands beside."""

    name: str
    value: float


class Row(msgspec.Struct, frozen=True):
    """One figure."""

    name: str
    value: float
    unit: str
    better: str
    """``higher`` or ``lower``."""
    target: float
    beside: Beside
    met: bool = False
    interval: tuple[float, float] | None = None
    """Of 95 in 100, where the value is a share of what chance chose."""

    def judged(self) -> "Row":
        """The row with its target looked at; a benchmark can miss."""
        met = self.value >= self.target if self.better == "higher" else self.value <= self.target
        return msgspec.structs.replace(self, met=met)


class Results(msgspec.Struct, frozen=True):
    """One run on one machine."""

    machine: str
    seed: int
    rows: tuple[Row, ...]


Benchmark = Callable[[int], Iterator[Row]]
"""Takes a seed."""


def machine() -> str:
    """What the figures were measured on: without it they mean nothing."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return (
        f"{os.cpu_count()} cores, load {load:.2f}, Python {platform.python_version()}, "
        f"SQLite {apsw.sqlite_lib_version()}, tocsin {version('tocsin')}"
    )


def number(value: float) -> str:
    """A figure as a person reads it: three digits or more."""
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:,.2f}"


def table(results: Results) -> Iterator[str]:
    """The rows for a person."""
    yield f"{results.machine}, seed {results.seed}"
    for row in results.rows:
        mark = "reached" if row.met else "MISSED"
        sign = "≥" if row.better == "higher" else "≤"
        yield f"  {row.name:<44} {number(row.value):>10} {row.unit}"
        if row.interval:
            yield f"    95 of 100: {number(row.interval[0])} to {number(row.interval[1])}"
        yield f"    {mark}: {sign} {number(row.target)}; beside it, {row.beside.name}: {number(row.beside.value)}"
