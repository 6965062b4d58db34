# SPDX-License-Identifier: Apache-2.0
"""The ideal cryptography has the lengths of the product's own, and does what it does."""

import random

import pytest
from tests.unit.privacy.keys import key_2048

from tocsin.bench.linkability.seals import TOKEN_BYTES, Ideal, Product, Seals
from tocsin.errors import BadSignature


@pytest.fixture(params=["ideal", "product"])
def seals(request: pytest.FixtureRequest) -> Seals:
    dice = random.Random(1)
    return Ideal(dice) if request.param == "ideal" else Product(dice, key_2048())


def test_what_goes_in_comes_out_through_both_layers(seals: Seals) -> None:
    assert seals.open(seals.unwrap(seals.wrap(seals.seal(b"a report")))) == b"a report"


def test_a_token_checks_out(seals: Seals) -> None:
    token = seals.token()
    assert len(token) == TOKEN_BYTES
    seals.check(token)


def test_a_token_that_nobody_issued_does_not() -> None:
    seals = Product(random.Random(1), key_2048())
    forged = seals.token()[:-1] + b"\x00"
    with pytest.raises(BadSignature):
        seals.check(forged)


@pytest.mark.parametrize("size", [0, 1, 4_096])
def test_the_lengths_are_the_same(size: int) -> None:
    ideal, product = Ideal(random.Random(1)), Product(random.Random(2), key_2048())
    sealed = [one.seal(bytes(size)) for one in (ideal, product)]
    assert len(sealed[0]) == len(sealed[1])
    wrapped = [one.wrap(blob) for one, blob in zip((ideal, product), sealed, strict=True)]
    assert len(wrapped[0]) == len(wrapped[1])
