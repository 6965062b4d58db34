# SPDX-License-Identifier: Apache-2.0
"""The table of a benchmark fits a terminal of 80 columns."""

from tocsin.bench.result import Beside, Results, Row, table


def test_a_row_fits_and_says_whether_it_was_reached() -> None:
    row = Row(
        "mail to classified indicators, hostile corpus",
        1_234.0,
        "mails/CPU s",
        "higher",
        300.0,
        Beside("x" * 20, 4.0),
    )
    lines = list(table(Results("2 cores", 1, (row.judged(),))))
    assert all(len(line) <= 80 for line in lines)
    assert "reached: ≥ 300" in lines[-1]
