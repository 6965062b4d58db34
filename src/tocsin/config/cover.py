# SPDX-License-Identifier: Apache-2.0
"""[anonymous] in agent.toml"""

from typing import Annotated

import msgspec

Slots = Annotated[int, msgspec.Meta(ge=1, le=256)]
"""A number of slots."""


class Anonymous(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The anonymous path as this party walks it. Every parameter of the path itself stands in its epoch document."""

    cover: bool = True
    """Send one envelope in every slot, which is cover for others and for own reports; false: `mixed` is refused."""
    misses: Slots = 3
    """So many of the last envelopes that no record of their slot shows, and no real report is sent any more."""
    of_last: Slots = 12
    """How many envelopes that looks back at."""
    floor: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    """A set that this party asks for, where it is more than the alliance's own floor."""
