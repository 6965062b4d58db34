# SPDX-License-Identifier: Apache-2.0
"""A table of own assets: every good row, each bad one named with its line, and never what is everybody's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.redaction.asset_table import (
    MAX_BYTES,
    MAX_ROWS,
    MOST,
    Table,
    read_assets,
    rows_of,
    with_rows,
    written,
)
from tocsin.agent.redaction.assets import own_assets
from tocsin.config.agent import OwnAssets
from tocsin.errors import Malformed, TooLarge

OWN = OwnAssets("Ayr Bank plc", domains=("ayr.example",))
WHOLE = """kind,value,aliases
name,Ayr Pay,Ayrpay; AyrGo
domain,Ayr-Pay.Example,
mail-domain,mail.ayr-pay.example,
network,198.51.100.7/24,
network,203.0.113.0-203.0.113.5,
network,2001:db8:5::/48,
partner,printer.example,
partner,192.0.2.0/28,
bic,ayrbgb2lxxx,
iban,gb?? ayrb,
bin,476210,
bin,51000098-51000101,
host,WS-*,
staff,"Ada  Example",
"""
ROWS = {
    "aliases": ["Ayr Pay", "AyrGo", "Ayrpay"],
    "bic": ["AYRBGB2L"],
    "bin": ["476210", "51000098", "51000099", "51000100", "51000101"],
    "domains": ["ayr-pay.example", "mail.ayr-pay.example"],
    "iban": ["GB??AYRB"],
    "internal_hosts": ["WS-*"],
    "networks": ["198.51.100.0/24", "2001:db8:5::/48", "203.0.113.0/30", "203.0.113.4/31"],
    "partners": ["192.0.2.0/28", "printer.example"],
    "staff": ["Ada Example"],
}


def by_setting(table: Table) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for setting, value in table.rows:
        found.setdefault(setting, []).append(value)
    return found


def test_every_kind_of_row_becomes_a_setting_in_normal_form() -> None:
    table = read_assets(WHOLE.encode())
    assert by_setting(table) == ROWS
    assert table.doubts == ()
    assets = own_assets(with_rows(OWN, table.rows))
    assert assets.domains == {"ayr.example", "ayr-pay.example", "mail.ayr-pay.example"}
    assert {"ayrpay", "ayrgo"} <= assets.names


@pytest.mark.parametrize(
    "text",
    [
        WHOLE.replace(",", ";").replace("Ayrpay; AyrGo", '"Ayrpay; AyrGo"'),
        WHOLE.replace(",", "\t"),
        WHOLE.partition("\n")[2],
        "\n".join(f"x,{row}" for row in WHOLE.replace("kind", "Type").splitlines()).replace(
            "x,Type", "id,Type"
        ),
        "\ufeff" + WHOLE.replace("\n", "\r\n"),
        WHOLE + WHOLE.partition("\n")[2],
    ],
    ids=["semicolons", "tabs", "no header", "other columns", "excel", "twice"],
)
def test_however_it_is_written_it_says_the_same(text: str) -> None:
    table = read_assets(text.encode())
    assert by_setting(table) == ROWS
    assert table.doubts == ()


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("colour,blue", "is none of name, domain"),
        ("domain,", "1 to 300 characters"),
        ("domain,co.uk", "nobody's alone"),
        ("domain,github.io", "nobody's alone"),
        ("domain,not a name", "not a domain name"),
        ("name,Bank", "no institution's alone"),
        ("network,0.0.0.0/0", "wider than any"),
        ("network,::/0", "wider than any"),
        ("network,198.51.100.9-198.51.100.1", "."),
        ("network,198.51.100.9-2001:db8::1", "one version"),
        ("network,somewhere", "."),
        ("partner,co.uk", "nobody's alone"),
        ("bic,AYRB", "BIC"),
        ("iban,GB??", "begins with a country"),
        ("bin,47", "six or eight digits"),
        ("bin,476219-476210", "goes up"),
        ("bin,47621000-476211", "one length"),
        ("bin,100000-900000", "at most 1,000"),
        ("host,*", "two letters"),
        ("staff,X", "two letters"),
        ("staff,\x07bell", "can be shown"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_costs_no_other(row: str, why: str) -> None:
    lines = WHOLE.splitlines()
    table = read_assets("\n".join([*lines[:3], row, *lines[3:]]).encode())
    (doubt,) = table.doubts
    assert doubt.line == 4
    assert why in doubt.reason
    assert by_setting(table) == ROWS


def test_remarks_and_empty_rows_are_none() -> None:
    table = read_assets(b"kind,value\n# ours\n\n,,\ndomain,a.example\n")
    assert by_setting(table) == {"domains": ["a.example"]}
    assert table.doubts == ()


def test_what_is_no_table_or_too_long_is_refused() -> None:
    with pytest.raises(Malformed, match="UTF-8"):
        read_assets(b"kind,value\ndomain,\xff\xfe")
    with pytest.raises(TooLarge, match="MiB"):
        read_assets(b"x" * (MAX_BYTES + 1))
    with pytest.raises(TooLarge, match="rows"):
        read_assets(b"bic,x\n" * (MAX_ROWS + 2))
    with pytest.raises(TooLarge, match="aliases are too many"):
        with_rows(OWN, [("aliases", f"Name {number}") for number in range(MOST["aliases"] + 1)])


def test_what_was_written_is_read_again() -> None:
    table = read_assets(WHOLE.encode())
    assert rows_of(written(table)) == table.rows
    for bad in (b'setting,value\ncolour,"blue"\n', b"setting,value\ndomains\n", b"setting,value\n\xff,\n"):
        with pytest.raises(Malformed):
            rows_of(bad)


def test_what_is_declared_stays_before_what_is_imported() -> None:
    assert with_rows(OWN, [("domains", "b.example"), ("domains", "ayr.example")]).domains == (
        "ayr.example",
        "b.example",
    )


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_any_text_gives_rows_that_the_settings_take(text: str) -> None:
    try:
        table = read_assets(text.encode())
    except Malformed:
        return
    own_assets(with_rows(OWN, table.rows))
    assert rows_of(written(table)) == table.rows
