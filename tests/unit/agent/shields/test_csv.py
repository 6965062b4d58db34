# SPDX-License-Identifier: Apache-2.0
"""A CSV file of one line a value, which neither a parser nor a spreadsheet misunderstands."""

import csv
import io
from collections.abc import Sequence

from hypothesis import given
from tests.unit.agent.shields.blocks import ANY, NOW, ONE_OF_EACH, REFERENCE, blocked_values

from tocsin.agent.shields.csv import COLUMNS, CsvShield
from tocsin.domain.observable import Kind
from tocsin.hooks import Blocked

SHIELD = CsvShield()


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def test_it_is_named_as_in_the_configuration() -> None:
    assert SHIELD.name() == "csv"


def test_golden() -> None:
    data = SHIELD.render(blocked_values((Kind.URL, "http://a.example/1,2"), (Kind.DOMAIN, "a.example")), NOW)[
        ""
    ]
    since_until = "2026-11-21T08:30:00.000000Z,2026-12-21T08:30:00.000000Z"
    assert data.decode() == (
        "kind,value,reason,reference,since,expires\r\n"
        f"domain,a.example,2-4 named sources,{REFERENCE},{since_until}\r\n"
        f'url,"http://a.example/1,2",2-4 named sources,{REFERENCE},{since_until}\r\n'
    )


def test_without_values_there_is_only_the_header() -> None:
    assert SHIELD.render([], NOW)[""].decode() == ",".join(COLUMNS) + "\r\n"


@given(ANY)
def test_every_value_is_one_line_that_reads_back_as_it(values: Sequence[Blocked]) -> None:
    data = SHIELD.render(values, NOW)[""]
    header, *found = rows(data)
    assert tuple(header) == COLUMNS
    assert {(row[0], row[1]) for row in found} == {
        (one.observable.kind, one.observable.value)
        for one in values
        if not one.observable.value.startswith(("=", "+", "-", "@"))
    }
    assert data.count(b"\n") == data.count(b"\r\n") == len(found) + 1


@given(ANY)
def test_no_cell_is_a_formula(values: Sequence[Blocked]) -> None:
    for row in rows(SHIELD.render(values, NOW)[""]):
        assert not [cell for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


def test_an_address_that_is_a_formula_is_left_out() -> None:
    assert b"=1+1" not in SHIELD.render(ONE_OF_EACH, NOW)[""]


@given(ANY)
def test_the_order_of_the_values_does_not_matter(values: Sequence[Blocked]) -> None:
    assert SHIELD.render(values, NOW)[""] == SHIELD.render(list(reversed(values)), NOW)[""]
