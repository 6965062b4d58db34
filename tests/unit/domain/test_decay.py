# SPDX-License-Identifier: Apache-2.0
"""Decay: the moment at which the score meets the threshold, for every kind of value and any setting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import DAY
from tocsin.config.shields import Decay
from tocsin.domain.decay import ends_after
from tocsin.domain.observable import Kind

DECAYS = st.builds(
    Decay,
    base=st.integers(1, 100),
    threshold=st.integers(0, 99),
    name_days=st.floats(0.01, 3_660),
    name_speed=st.floats(0.2, 4),
)


def score(decay: Decay, days: float) -> float:
    """MISP's polynomial decay, `days` after the last naming of a name."""
    left = 1 - (days / decay.name_days) ** (1 / decay.name_speed)
    return decay.base * left


@given(DECAYS)
def test_at_its_end_a_value_has_exactly_the_threshold(decay: Decay) -> None:
    days = ends_after(decay, Kind.DOMAIN) / DAY
    if decay.threshold >= decay.base:
        assert days == 0
    else:
        assert score(decay, days) == pytest.approx(decay.threshold, abs=0.01)


@given(DECAYS)
def test_a_value_never_counts_longer_than_its_lifetime(decay: Decay) -> None:
    assert 0 <= ends_after(decay, Kind.URL) <= decay.name_days * DAY + 1


@pytest.mark.parametrize(
    ("lifetime", "speed", "days"), [(120, 2, 46.875), (3, 2.3, 1.0179)], ids=["network", "phishing"]
)
def test_misps_own_models_end_where_misp_says(lifetime: float, speed: float, days: float) -> None:
    decay = Decay(name_days=lifetime, name_speed=speed)
    assert ends_after(decay, Kind.DOMAIN) / DAY == pytest.approx(days, rel=1e-3)


@pytest.mark.parametrize("kind", Kind, ids=str)
def test_every_kind_has_an_end(kind: Kind) -> None:
    assert DAY < ends_after(Decay(), kind) <= 90 * DAY


def test_what_is_given_to_others_soon_ends_before_what_never_changes() -> None:
    address, name, digest = (ends_after(Decay(), kind) for kind in (Kind.IPV4, Kind.DOMAIN, Kind.SHA256))
    assert address < name < digest
