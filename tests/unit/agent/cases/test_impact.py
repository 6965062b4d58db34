# SPDX-License-Identifier: Apache-2.0
"""How bad it is, as a person writes it: a value, an estimate, or known to be unknown; and never finer than its band."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.cases.impact import Certainty, Measured, Quantity, band, parse, words
from tocsin.errors import Malformed

Q, C = Quantity, Certainty


@pytest.mark.parametrize(
    ("quantity", "text", "read", "shown"),
    [
        (Q.CUSTOMERS, "1200", Measured(Q.CUSTOMERS, C.VALUE, 1200), "1,200"),
        (Q.CUSTOMERS, "about:1200", Measured(Q.CUSTOMERS, C.ESTIMATE, 1200), "about 1,200"),
        (Q.CUSTOMERS, "unknown", Measured(Q.CUSTOMERS, C.UNKNOWN), "unknown"),
        (Q.CUSTOMERS, "0", Measured(Q.CUSTOMERS, C.VALUE, 0), "0"),
        (Q.MONEY, " about: 250000EUR", Measured(Q.MONEY, C.ESTIMATE, 250_000, "EUR"), "about 250,000 EUR"),
        (Q.DURATION, "90m", Measured(Q.DURATION, C.VALUE, 90), "1 h 30 min"),
        (Q.DURATION, "2d", Measured(Q.DURATION, C.VALUE, 2_880), "2 d"),
        (Q.DURATION, "0m", Measured(Q.DURATION, C.VALUE, 0), "0 min"),
        (
            Q.SERVICES,
            "online banking, cards",
            Measured(Q.SERVICES, C.VALUE, 2, names=("online banking", "cards")),
            "online banking, cards",
        ),
        (Q.SERVICES, "unknown", Measured(Q.SERVICES, C.UNKNOWN), "unknown"),
    ],
)
def test_what_a_person_writes_is_read_and_shown(
    quantity: Quantity, text: str, read: Measured, shown: str
) -> None:
    assert parse(quantity, text) == read
    assert words(read) == shown


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Q.CUSTOMERS, "many"),
        (Q.CUSTOMERS, "12h"),
        (Q.CUSTOMERS, "-1"),
        (Q.CUSTOMERS, "1" * 16),
        (Q.CUSTOMERS, "١٢"),
        (Q.MONEY, "250000"),
        (Q.MONEY, "250000eur"),
        (Q.MONEY, "6h"),
        (Q.DURATION, "6"),
        (Q.DURATION, "6EUR"),
        (Q.DURATION, "about:"),
    ],
)
def test_what_means_nothing_is_refused_with_the_form(quantity: Quantity, text: str) -> None:
    with pytest.raises(Malformed, match="or unknown"):
        parse(quantity, text)


@given(st.integers(min_value=0, max_value=10**15))
def test_a_band_is_the_power_of_ten_that_holds_the_amount(amount: int) -> None:
    told = band(Measured(Q.CUSTOMERS, C.VALUE, amount)).replace(",", "")
    least, _, most = told.partition("-")
    assert int(least) <= amount <= int(most or least)
    assert most == "" or int(most) == 10 * int(least) - 1


def test_what_is_unknown_has_no_band() -> None:
    assert band(Measured(Q.MONEY, C.UNKNOWN)) == "unknown"
