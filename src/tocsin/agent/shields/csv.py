# SPDX-License-Identifier: Apache-2.0
"""A CSV file that any SIEM or script reads: one value a line, with why and until when (RFC 4180).

People open such files in spreadsheets, and a spreadsheet runs a cell that begins with one of ``= + - @``. Only a mail
address can begin so, and one that does is left out: a missing line is better than code on the desk of an analyst.
"""

import csv
import io
from collections.abc import Sequence

from tocsin.clock import Instant, to_text
from tocsin.domain.observable import Observable
from tocsin.hooks import Blocked

COLUMNS = ("kind", "value", "reason", "reference", "since", "expires")
_FORMULA = ("=", "+", "-", "@")


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

    def render(self, blocked: Sequence[Blocked], now: Instant) -> bytes:
        """The file in UTF-8 with CRLF line ends, sorted by value."""
        out = io.StringIO()
        rows = csv.writer(out)
        rows.writerow(COLUMNS)
        for one in sorted(blocked, key=lambda one: one.observable):
            if self.holds(one.observable):
                rows.writerow(_row(one))
        return out.getvalue().encode()


def _row(one: Blocked) -> tuple[str, ...]:
    return (
        one.observable.kind,
        one.observable.value,
        one.reason,
        one.reference,
        to_text(one.since),
        to_text(one.expires),
    )
