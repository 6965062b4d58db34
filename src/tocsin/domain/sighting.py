# SPDX-License-Identifier: Apache-2.0
"""“We saw it too”: a named party confirms an indicator. The finest time is a day, and members see only bands."""

import msgspec

from tocsin.domain.observable import Observable


class Sighting(msgspec.Struct, frozen=True):
    """One party's word that one observable was really seen there."""

    observable: Observable
    happened: str
    """UTC day."""
