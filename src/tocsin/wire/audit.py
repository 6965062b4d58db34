# SPDX-License-Identifier: Apache-2.0
"""The audit of accountable tokens, as it goes over the wire: ask for twice as many, open one half, be given the other.

::

    member → hub     ask-tokens      2 · quota requests                              /v1/tokens
    hub → member     chosen-tokens   32 random bytes, drawn once and for good
    member → hub     open-tokens     the seeds of the chosen half, signed            /v1/tokens/opened
    hub → member     issued-tokens   answers to the other half

What is chosen is drawn after the requests are recorded, and kept with them. `tocsin.halves.audit` has the rules.
"""

from tocsin.wire.messages import Message, Size


class ChosenTokens(Message, frozen=True, kw_only=True, tag="chosen-tokens"):
    """Which requests are to be opened: those that these bytes put first (`tocsin.halves.audit.chosen`)."""

    draw: bytes


class OpenTokens(Message, frozen=True, kw_only=True, tag="open-tokens"):
    """A member opens the chosen requests. Its signature makes it answer for them: context ``open-tokens``."""

    number: Size
    requests: tuple[bytes, ...]
    """All of them, as they were asked."""
    draw: bytes
    seeds: tuple[bytes, ...]
    """Of the chosen ones, 32 bytes each, in the order of their places."""
    signature: bytes


class FalseTokens(Message, frozen=True, kw_only=True, tag="false-tokens"):
    """Evidence that a member signed for seeds that do not give what it had asked for. Anybody can check it."""

    document: bytes
    """The epoch document, to be compared with the directory …"""
    party: str
    signing_key: bytes
    """… as this key of the member's is."""
    opened: bytes
    """Encoded `OpenTokens`."""
