# SPDX-License-Identifier: Apache-2.0
"""A table is read by what is in its columns, under any header or none."""

import pytest

from tocsin.agent.readers.reading import Reading
from tocsin.agent.readers.table import MAX_COLUMNS, read_table, separator_of


def parts(reading: Reading) -> dict[str, str]:
    return {found.observable.value: found.part for found in reading.found}


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("header", ["value{0}kind{0}day", "Ziel{0}Art{0}Tag", "悪質URL{0}種類{0}日付"])
def test_any_header_and_any_separator_will_do(sign: str, header: str) -> None:
    rows = [header.format(sign), f"evil.example{sign}domain{sign}1", f"192.0.2.7{sign}ip{sign}2"]
    text = "\n".join(rows)
    assert separator_of(text) == sign
    reading = read_table(text.encode())
    assert reading.format == "table"
    assert parts(reading) == {"evil.example": "named", "192.0.2.7": "named"}
    assert reading.counts == (("rows", 2),)
    assert reading.found[0].where == f"row 2, {header.split('{', maxsplit=1)[0]}"


def test_a_table_without_a_header_loses_no_row() -> None:
    reading = read_table(b"evil.example,a,1\nbad.example,b,2\n")
    assert parts(reading) == {"evil.example": "named", "bad.example": "named"}
    assert reading.found[0].where == "row 1, column 1"


def test_several_values_in_a_cell_are_each_taken() -> None:
    reading = read_table(f'value,type,note\n"{"a" * 32},{"b" * 40}",file,x\nevil.example,host,y\n'.encode())
    assert parts(reading) == {"a" * 32: "named", "b" * 40: "named", "evil.example": "named"}


def test_a_column_of_words_is_running_text() -> None:
    reading = read_table(
        b"value,note,day\nevil.example,seen beside bad[.]example,1\n"
        b"c.evil.example,our host is www.bank.example,2\nd.evil.example,-,3\n"
    )
    assert parts(reading)["bad.example"] == "named"
    assert parts(reading)["http://www.bank.example/"] == "text"


@pytest.mark.parametrize(
    "header", ["SrcIP,DstIP,Bytes", "client_ip,server_ip,n", "source address,destination address,n"]
)
def test_a_log_of_two_sides_accuses_nobody(header: str) -> None:
    reading = read_table(f"{header}\n192.0.2.7,198.51.100.9,5\n".encode())
    assert parts(reading) == {"192.0.2.7": "text", "198.51.100.9": "text"}


@pytest.mark.parametrize(
    "header", ["genuine_domain", "Allowlist", "customer site", "victim", "own_host", "Brand"]
)
def test_a_column_that_calls_its_values_somebody_s_accuses_nobody(header: str) -> None:
    reading = read_table(
        f"value,{header},n\nevil.example,bank.example,1\nbad.example,www.bank.example,2\n".encode()
    )
    assert parts(reading) == {
        "evil.example": "named",
        "bad.example": "named",
        "bank.example": "text",
        "www.bank.example": "text",
    }


def test_the_autonomous_system_beside_an_address_is_only_mentioned() -> None:
    reading = read_table(b"ip,asn,day\n192.0.2.7,AS64501,1\n192.0.2.8,AS64502,2\n")
    assert parts(reading) == {
        "192.0.2.7": "named", "192.0.2.8": "named", "AS64501": "text", "AS64502": "text",
    }  # fmt: skip


def test_a_time_of_the_day_is_no_address() -> None:
    reading = read_table(
        b"day,value,n\n2026-11-30 11:10:00,evil.example,1\n2026-11-30 11:11:00,bad.example,2\n"
    )
    assert reading.defects == ()


def test_a_broken_row_costs_no_other() -> None:
    reading = read_table(b'value,kind,day\nevil.example,domain,1\n"never closed,x,2\nbad.example,domain,3\n')
    assert set(parts(reading)) == {"evil.example", "bad.example"}


def test_a_quoted_cell_may_go_over_lines() -> None:
    reading = read_table(b'value,note,day\nevil.example,"first\nsecond, third",1\nbad.example,x,2\n')
    assert set(parts(reading)) == {"evil.example", "bad.example"}
    assert reading.counts == (("rows", 2),)


@pytest.mark.parametrize(
    "text",
    [
        "Dear all, we, the staff, met.\nThen, as ever, we left.\n",
        "one,line,only\n",
        "evil.example\nbad.example\n",
        "Note; see below\nThen; nothing\n",
    ],
)
def test_text_is_no_table(text: str) -> None:
    assert separator_of(text) is None


def test_columns_are_bounded() -> None:
    wide = ",".join(f"c{number}.evil.example" for number in range(MAX_COLUMNS + 100))
    assert len(read_table(f"{wide}\n{wide}\n".encode()).found) == MAX_COLUMNS
