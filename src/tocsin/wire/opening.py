# SPDX-License-Identifier: Apache-2.0
"""Opening an accountable report: what trustees are asked, and what each of them answers. Files, carried by people.

::

    hub's operator → trustees    opening-request   one report, all that proves whose token it had, who asks and why
    each trustee → requester     opened-share      its share, sealed to the requester, and its signature for that

`tocsin.halves.opening` has the rules.
"""

import msgspec

from tocsin.errors import Malformed
from tocsin.wire.messages import Message, Size
from tocsin.wire.trustees import Card

MAX_PURPOSE = 1_000
MAX_FILE = 4 * 1024 * 1024
"""Bytes of either: a document and a report have less."""


class KeptEscrow(Message, frozen=True, kw_only=True, tag="kept-escrow"):
    """What the hub keeps of an accountable report that it took in: its sender's own proof that token, escrow and body
    belong together (`tocsin.wire.envelope.Enclosed`).
    """

    document: bytes
    """The epoch document."""
    token: bytes
    random: bytes
    one_time_key: bytes
    signature: bytes
    """By the one-time key, over document, token and body."""
    body: bytes
    """Encoded `Report`."""
    escrow: bytes


class OpeningRequest(Message, frozen=True, kw_only=True, tag="opening-request"):
    """Trustees are asked to open one report for somebody; or, in a rehearsal, an escrow that everybody can make."""

    made: Size
    requester: Card
    """Who asks: answers are sealed to it, and are of use to nobody else."""
    purpose: str
    kept: KeptEscrow
    rehearsal: bytes = b""
    """In a rehearsal the seed of the escrow, and then there is no token, signature or body; else empty."""

    def __post_init__(self) -> None:
        if not 0 < len(self.purpose.strip()) <= MAX_PURPOSE:
            raise Malformed(f"A request to open a report says why, in at most {MAX_PURPOSE} characters.")


class OpenedShare(Message, frozen=True, kw_only=True, tag="opened-share"):
    """One trustee's answer. Only the requester reads the share; anybody sees that the trustee opened it."""

    request: bytes
    """SHA-256 of the request."""
    number: Size
    """Whose share it is, from 1, in the order of the epoch document."""
    sealed: bytes
    """`SharedValue`, to the requester's answer key."""
    signature: bytes
    """Context ``opened-share``, over request, number and what is sealed."""


class OpeningAsked(Message, frozen=True, kw_only=True, tag="opening"):
    """An entry of the directory: trustees are asked to open a report. Which, for whom and why only they are told."""

    number: Size
    """1 for the first of this alliance: how many there have been."""
    request: bytes
    """SHA-256 of the request."""
    epoch: Size
    """In whose document the trustees stand."""
    needed: Size


class Approval(msgspec.Struct, frozen=True):
    """One trustee's signature for having opened its share, as in `OpenedShare`."""

    number: Size
    sealed: bytes
    """SHA-256 of what it sealed for the requester."""
    signature: bytes


class OpeningApproved(Message, frozen=True, kw_only=True, tag="opening-approved"):
    """An entry of the directory: these trustees opened their shares for a request. Whom they named it does not say."""

    request: bytes
    epoch: Size
    approvals: tuple[Approval, ...]


class SharedValue(msgspec.Struct, frozen=True):
    """What a trustee read."""

    value: bytes
    coins: bytes

    def __repr__(self) -> str:
        return "SharedValue(…)"  # no log shall hold it
