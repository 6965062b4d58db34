# SPDX-License-Identifier: Apache-2.0
"""What a leaf commits to, and how a body is erased under it.

::

    leaf  = SHA-256( 0x00 ‖ input )                                                     RFC 9162 §2.1.1
    input = version:1 ‖ hub ‖ realm ‖ stream ‖ origin_c ‖ header_c ‖ body_c             every field behind its length
    …_c   = HMAC-SHA256( salt, label ‖ length:8 ‖ bytes )                               a salt of 32 bytes for each

The salts are random and independent: a guessed body cannot be confirmed without its salt, and to erase a body is to
delete it together with its salt. The commitment stays, so an erased entry still proves its place. Salts derived from
a key or a number would undo this, which is why they are arguments here and never made here.

Not here: what origin, header and body say. They are bytes, hashed as they travel, never decoded values.
"""

import hmac

import msgspec

from tocsin.errors import BadProof, Malformed
from tocsin.proof.encoding import framed, name_bytes
from tocsin.proof.merkle import HASH_SIZE, leaf_hash

SALT_SIZE = 32
_VERSION = b"\x01"


class LeafParts(msgspec.Struct, frozen=True):
    """Everything that a leaf commits to: the place, and three commitments."""

    hub: str
    realm: str
    stream: str
    origin: bytes
    """Commitment to who sent it and the request's signature; the bytes are never served."""
    header: bytes
    """Commitment to the header as served."""
    body: bytes
    """Commitment to the body as served; all that is left after an erasure."""


def commit_origin(salt: bytes, origin: bytes) -> bytes:
    """The commitment to an origin; Malformed when the salt has not 32 bytes."""
    return _commit(b"tocsin/origin/v1", salt, origin)


def commit_header(salt: bytes, header: bytes) -> bytes:
    """The commitment to a header; Malformed when the salt has not 32 bytes."""
    return _commit(b"tocsin/head/v1", salt, header)


def commit_body(salt: bytes, body: bytes) -> bytes:
    """The commitment to a body; Malformed when the salt has not 32 bytes."""
    return _commit(b"tocsin/body/v1", salt, body)


def check_body(commitment: bytes, salt: bytes, body: bytes) -> None:
    """Check that these are the bytes that were committed to; BadProof otherwise."""
    if not hmac.compare_digest(commitment, commit_body(salt, body)):
        raise BadProof("The body is not the one that the entry commits to.")


def leaf_input(parts: LeafParts) -> bytes:
    """The bytes that are hashed into the tree; Malformed when a name or a commitment has the wrong length."""
    commitments = (parts.origin, parts.header, parts.body)
    if any(len(commitment) != HASH_SIZE for commitment in commitments):
        raise Malformed(f"A commitment has {HASH_SIZE} bytes.")
    names = (name_bytes(parts.hub), name_bytes(parts.realm), name_bytes(parts.stream))
    return _VERSION + framed(*names, *commitments)


def leaf_of(parts: LeafParts) -> bytes:
    """The leaf hash of an entry, erased or not."""
    return leaf_hash(leaf_input(parts))


def _commit(label: bytes, salt: bytes, data: bytes) -> bytes:
    if len(salt) != SALT_SIZE:
        raise Malformed(f"A salt has {SALT_SIZE} bytes, not {len(salt)}.")
    return hmac.digest(salt, label + framed(data), "sha256")
