# SPDX-License-Identifier: Apache-2.0
"""“We saw it too”: a named party confirms an indicator. The finest time is a day, and members see only bands."""

from datetime import date

import msgspec

from tocsin.domain.observable import Observable, check_normal
from tocsin.errors import Malformed


class Sighting(msgspec.Struct, frozen=True):
    """One party's word that one observable was really seen there."""

    observable: Observable
    happened: str
    """UTC day."""


def check_sighting(sighting: Sighting, today: str) -> Sighting:
    """Return it if it names one value in normal form and a day that has begun; Malformed otherwise."""
    check_normal(sighting.observable)
    try:
        day: str | None = date.fromisoformat(sighting.happened).isoformat()
    except ValueError:
        day = None
    if day is None or day != sighting.happened or day > today:
        raise Malformed("happened is the day of the sighting, such as 2026-11-21, and no later than today.")
    return sighting
