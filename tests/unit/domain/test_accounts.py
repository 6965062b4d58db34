# SPDX-License-Identifier: Apache-2.0
"""Accounts by their check digits: published examples hold, and one changed letter never does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.accounts import iban, wallet
from tocsin.errors import Malformed

IBANS = [
    "GB82WEST12345698765432",
    "DE89370400440532013000",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
]
WALLETS = [
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",  # Bitcoin's first block
    "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",  # BIP 173
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",  # BIP 350
    "0x52908400098527886e0f7030069857d2e4169ee7",
    "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H",
]


@pytest.mark.parametrize("value", IBANS)
def test_an_iban_is_one_however_it_is_written(value: str) -> None:
    spaced = " ".join(value[at : at + 4] for at in range(0, len(value), 4))
    assert iban(value) == iban(spaced) == iban(value.lower()) == value


@given(st.sampled_from(IBANS), st.integers(2, 40), st.sampled_from("0123456789"))
def test_a_changed_digit_is_found(value: str, at: int, digit: str) -> None:
    at %= len(value)
    changed = value[:at] + digit + value[at + 1 :]
    if changed != value:
        with pytest.raises(Malformed, match="check digits"):
            iban(changed)


@pytest.mark.parametrize("value", ["", "GB82", "12345678901234567890", "GB82WEST1234569876543É", "G" * 100])
def test_what_is_no_iban_is_refused(value: str) -> None:
    with pytest.raises(Malformed, match="IBAN"):
        iban(value)


@pytest.mark.parametrize("value", WALLETS)
def test_addresses_of_the_known_networks_hold(value: str) -> None:
    assert wallet(value) == value


def test_case_is_folded_only_where_it_says_nothing() -> None:
    assert wallet(WALLETS[2].upper()) == WALLETS[2]
    assert wallet(WALLETS[4].replace("e", "E")) == WALLETS[4]
    with pytest.raises(Malformed):
        wallet(WALLETS[0].lower())


@given(st.sampled_from(WALLETS[:4]), st.integers(4, 60), st.sampled_from("qpzry9x8gf2tvdw"))
def test_a_changed_letter_is_found(value: str, at: int, letter: str) -> None:
    at = 4 + at % (len(value) - 4)
    changed = value[:at] + letter + value[at + 1 :]
    if changed != value:
        with pytest.raises(Malformed, match="cryptocurrency"):
            wallet(changed)


@given(st.text(max_size=120))
def test_no_text_breaks_it(text: str) -> None:
    for check in (iban, wallet):
        try:
            assert check(check(text)) == check(text)
        except Malformed:
            continue
