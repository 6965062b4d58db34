# SPDX-License-Identifier: Apache-2.0
"""The relay carries anonymous reports without learning what is in them. It comes with the anonymous path."""

from tocsin.errors import NotBuilt


def serve() -> None:
    """Refuse: a relay without tokens, cover traffic and a mix would promise what it cannot keep."""
    raise NotBuilt(
        "Anonymous classes come with the anonymous path; until then agents report by class 'named'."
    )
