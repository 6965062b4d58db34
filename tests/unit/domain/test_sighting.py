# SPDX-License-Identifier: Apache-2.0
"""A sighting says one value and one day: whatever else could ride in its fields is refused."""

import pytest

from tocsin.domain.observable import Kind, Observable
from tocsin.domain.sighting import Sighting, check_sighting
from tocsin.errors import Malformed

SEEN = Observable(Kind.DOMAIN, "evil.example")


def test_a_value_and_a_day_pass() -> None:
    sighting = Sighting(SEEN, "2026-11-21")
    assert check_sighting(sighting, "2026-11-21") is sighting


@pytest.mark.parametrize(
    "happened",
    [
        "2026-11-22",
        "2026-11-21T08:00:00Z",
        "20261121",
        "2026-W47-6",
        "2026-13-01",
        "Bank X was hit",
        "",
        "2026-11-21 ",
    ],
)
def test_anything_else_than_a_day_that_has_begun_is_refused(happened: str) -> None:
    with pytest.raises(Malformed):
        check_sighting(Sighting(SEEN, happened), "2026-11-21")


def test_a_value_out_of_normal_form_is_refused() -> None:
    with pytest.raises(Malformed):
        check_sighting(Sighting(Observable(Kind.DOMAIN, "Evil.Example"), "2026-11-21"), "2026-11-21")
