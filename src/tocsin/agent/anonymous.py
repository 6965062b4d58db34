# SPDX-License-Identifier: Apache-2.0
"""The unlinkable way out. It shares no client, key, header or connection with `tocsin.agent.signed`: by contract.

It is refused until tokens, sealed envelopes, relay, mix and cover traffic stand: an anonymous class without them would
be a promise and not a protection.
"""

from tocsin.errors import NotBuilt

CLASSES = ("now", "mixed")


def refuse(report_class: str) -> None:
    """Say what is missing and what can be done instead."""
    raise NotBuilt(
        f"Class {report_class!r} needs the anonymous path: tokens, relay and partner. "
        "Report as 'named': members and police see no sender, the hub does."
    )
