# SPDX-License-Identifier: Apache-2.0
"""A sweep fails for every thing that fails, by its name, and for no things at all."""

import pytest
from tests.sweep import sweep


def test_it_names_every_thing_that_fails() -> None:
    @sweep((1, 2, 3), str)
    def is_even(number: int) -> None:
        assert number % 2 == 0, f"{number} is odd"

    assert is_even.__name__ == "is_even"
    with pytest.raises(AssertionError) as failed:
        is_even()
    assert "1: 1 is odd" in str(failed.value)
    assert "3: 3 is odd" in str(failed.value)
    assert "2: " not in str(failed.value)


def test_it_passes_where_nothing_fails_and_not_where_nothing_was_looked_at() -> None:
    def anything(number: int) -> None:
        assert number

    sweep((1, 2), str)(anything)()
    with pytest.raises(AssertionError):
        sweep((), str)(anything)()
