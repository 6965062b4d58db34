# SPDX-License-Identifier: Apache-2.0
"""Which keys something may be sealed to."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import Malformed
from tocsin.privacy.sealing import KEY_BYTES, check_sealing_key

SMALL_ORDER = {
    "zero": "00" * 32,
    "one": "01" + "00" * 31,
    "of order 8": "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "another of order 8": "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "p - 1": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "p": "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "p + 1": "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}
"""The points of small order of Curve25519, in every spelling (cr.yp.to/ecdh.html)."""


@pytest.mark.parametrize("name", SMALL_ORDER)
def test_a_key_that_everybody_shares_a_secret_with_is_refused(name):
    with pytest.raises(Malformed, match="everybody"):
        check_sealing_key(bytes.fromhex(SMALL_ORDER[name]))


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_key_of_another_length_is_refused(size):
    with pytest.raises(Malformed, match="32 bytes"):
        check_sealing_key(bytes(size))


@given(st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES))
def test_every_key_that_was_made_passes(seed):
    public = X25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert check_sealing_key(public) == public
