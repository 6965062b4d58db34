# SPDX-License-Identifier: Apache-2.0
"""A proof of defence as an examiner is handed it: one file that proves itself, offline (`tocsin.follow.examining`).

It holds entries of the streams with the paths that lead from each to a signed head, and this party's own lines. Of
everything else in those streams it holds hashes and counts, and no name of a stream but its own.
"""

from typing import Annotated, Literal

import msgspec

from tocsin.wire.messages import Entry, Head, Message, Size

Paths = Annotated[tuple[bytes, ...], msgspec.Meta(max_length=64)]
Text = Annotated[str, msgspec.Meta(max_length=10_000)]
Name = Annotated[str, msgspec.Meta(max_length=200)]


class Placed(msgspec.Struct, frozen=True):
    """One entry, and its path to the root of the head that it is shown under (RFC 9162 §2.1.3)."""

    entry: Entry
    path: Paths


class Shown(msgspec.Struct, frozen=True):
    """Entries of one stream under one head."""

    head: Head
    key: bytes
    """The stream's blinded name in the head log's map; what blinds it stays at home. Each leaf commits to the name
    itself."""
    entries: Annotated[tuple[Placed, ...], msgspec.Meta(max_length=1_000)]


class DefenceLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the record, as the party wrote it; what does not apply is empty."""

    number: Size
    """In the record: lines about other things are left out, and their numbers are missing."""
    at: Size
    """When it was written, by the party's own clock."""
    by: Name
    what: Literal["warned", "was-read", "took", "risk-accepted", "struck"]
    version: Size = 0
    """Of the warning."""
    stream: Name = ""
    seq: Size = 0
    added: Size = 0
    """When the hub added the entry."""
    happened: Size = 0
    """Since when a measure holds."""
    until: Size = 0
    """Until when a risk is accepted."""
    control: Name = ""
    text: Text = ""
    """The measure, or the reason."""
    line: Size = 0
    """That is struck."""


class DefenceProof(Message, frozen=True, kw_only=True, tag="defence-proof"):
    """What is signed."""

    hub: str
    realm: str
    hub_key: str
    """Verifier key under which the heads open. The examiner holds it against the one that the alliance publishes."""
    partner_key: str | None
    """Null: the alliance has declared no partner, and its heads are the hub's word alone."""
    party: str
    warning: str
    made: Size
    by: Name
    """Who had it made."""
    shown: Annotated[tuple[Shown, ...], msgspec.Meta(max_length=40)]
    """The directory's statements of the party and the author, the warning in every stream that held it, and what the
    party answered, in the stream that only it reads."""
    lines: Annotated[tuple[DefenceLine, ...], msgspec.Meta(max_length=11_000)]
    record: bytes
    """SHA-256 at the end of the record's chain, as this party's own journal has it: to be compared in the house."""


class SignedDefence(Message, frozen=True, kw_only=True, tag="signed-defence"):
    """A proof with its party's signature over exactly its bytes."""

    proof: bytes
    signature: bytes
