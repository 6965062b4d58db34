# SPDX-License-Identifier: Apache-2.0
"""A CSV file that any SIEM or script reads: one value a line, with why and until when (RFC 4180).

People open such files in spreadsheets, and a spreadsheet runs a cell that begins with one of ``= + - @``. Only a mail
address can begin so, and one that does is left out: a missing line is better than code on the desk of an analyst.
"""

import csv
import io
from collections.abc import Sequence
from functools import lru_cache

from tocsin.clock import Instant, to_text
from tocsin.domain.observable import Observable
from tocsin.hooks import Blocked, Files

COLUMNS = ("kind", "value", "reason", "reference", "since", "expires")
_FORMULA = ("=", "+", "-", "@")
_REMEMBERED = 200_000
"""Lines that are kept for the next file, most of which are the same: about 5 MB for each 10,000 of them."""


class CsvShield:
    """Every kind of value, one line each, under a header line."""

    def name(self) -> str:
        """``csv``"""
        return "csv"

    def holds(self, observable: Observable) -> bool:
        """All but what a spreadsheet would run."""
        return not observable.value.startswith(_FORMULA)

    def limits(self) -> str:
        """What is left out."""
        return "a spreadsheet would run the others"

    def most(self) -> int:
        """As many as a spreadsheet has lines, which is what people open it with."""
        return 1_000_000

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        """The file in UTF-8 with CRLF line ends, sorted by value."""
        held = sorted((one for one in blocked if self.holds(one.observable)), key=lambda one: one.observable)
        return {"": "".join([line(COLUMNS), *map(_line_of, held)]).encode()}


@lru_cache(_REMEMBERED)
def _line_of(one: Blocked) -> str:
    since, expires = to_text(one.since), to_text(one.expires)
    return line((one.observable.kind, one.observable.value, one.reason, one.reference, since, expires))


def line(cells: Sequence[str]) -> str:
    """One line of a CSV file, quoted where it must be, with its CRLF."""
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
