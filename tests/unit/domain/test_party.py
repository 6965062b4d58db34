# SPDX-License-Identifier: Apache-2.0
"""The life of a party: pending → active → suspended ⇄ active → left, and nobody comes back."""

from itertools import product

import pytest

from tocsin.domain.party import MAY_REPORT, MAY_WARN, Role, Standing, check_jurisdiction, step
from tocsin.errors import Conflict, Malformed

P, A, S, L = Standing.PENDING, Standing.ACTIVE, Standing.SUSPENDED, Standing.LEFT
ALLOWED = {(P, A), (P, L), (A, S), (A, L), (S, A), (S, L)}


@pytest.mark.parametrize(("present", "wanted"), list(product(Standing, Standing)))
def test_the_table_of_steps_is_the_whole_life(present: Standing, wanted: Standing) -> None:
    if (present, wanted) in ALLOWED:
        assert step(present, wanted) is wanted
    else:
        with pytest.raises(Conflict, match=f"{present} cannot become {wanted}"):
            step(present, wanted)


def test_whoever_left_stays_away() -> None:
    assert not [pair for pair in ALLOWED if pair[0] is L]


def test_everybody_may_report_and_only_agencies_and_the_desk_may_warn() -> None:
    assert frozenset(Role) == MAY_REPORT
    assert frozenset({Role.AGENCY, Role.DESK}) == MAY_WARN


def test_a_country_code_is_returned_as_it_is() -> None:
    assert check_jurisdiction("GB") == "GB"


@pytest.mark.parametrize("text", ["", "G", "gb", "Gb", "GBR", "G1", "ÄÖ", "G ", "+G", "\ud800A"])
def test_anything_but_two_capital_letters_is_no_country(text: str) -> None:
    with pytest.raises(Malformed, match="two-letter"):
        check_jurisdiction(text)
