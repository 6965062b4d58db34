# SPDX-License-Identifier: Apache-2.0
"""No object names a field twice, wherever it stands."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import Malformed
from tocsin.wire.repeated import refuse_repeated

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_an_encoder_writes_is_read(value: object) -> None:
    refuse_repeated(msgspec.json.encode(value))


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1, "a": 1}',
        b'{"a": 1, "b": 2, "a": 3}',
        b'{"x": [{"y": {"a": 1, "a": 2}}]}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"": 1, "": 2}',
    ],
)
def test_a_field_that_stands_twice_is_named(text: bytes) -> None:
    with pytest.raises(Malformed, match="twice"):
        refuse_repeated(text)


@pytest.mark.parametrize("text", [b"{", b"\xff", b'{"a": 1' * 100_000, b"[" * 100_000, b"1" * 10_000 + b"x"])
def test_what_is_no_json_is_malformed(text: bytes) -> None:
    with pytest.raises(Malformed):
        refuse_repeated(text)


def test_a_number_of_any_length_is_read() -> None:
    refuse_repeated(b'{"a": ' + b"1" * 10_000 + b"}")
