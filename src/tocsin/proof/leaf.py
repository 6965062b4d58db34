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
from functools import lru_cache
from hashlib import sha256

import msgspec

from tocsin.errors import BadProof, Malformed
from tocsin.proof.encoding import LENGTH, framed, name_bytes
from tocsin.proof.merkle import HASH_SIZE, leaf_hash

SALT_SIZE = 32
_VERSION = b"\x01"
_HASH_LENGTH = LENGTH(HASH_SIZE)
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_INNER_REST, _OUTER_REST = b"\x36" * (64 - SALT_SIZE), b"\x5c" * (64 - SALT_SIZE)


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
    origin, header, body = parts.origin, parts.header, parts.body
    if not len(origin) == len(header) == len(body) == HASH_SIZE:
        raise Malformed(f"A commitment has {HASH_SIZE} bytes.")
    place = _place(parts.hub, parts.realm, parts.stream)
    return b"".join((place, _HASH_LENGTH, origin, _HASH_LENGTH, header, _HASH_LENGTH, body))


@lru_cache(64)
def _place(hub: str, realm: str, stream: str) -> bytes:
    """How the input of every leaf of one stream begins."""
    return _VERSION + framed(name_bytes(hub), name_bytes(realm), name_bytes(stream))


def leaf_of(parts: LeafParts) -> bytes:
    """The leaf hash of an entry, erased or not."""
    return leaf_hash(leaf_input(parts))


def _commit(label: bytes, salt: bytes, data: bytes) -> bytes:
    if len(salt) != SALT_SIZE:
        raise Malformed(f"A salt has {SALT_SIZE} bytes, not {len(salt)}.")
    # HMAC (RFC 2104) of a key that is shorter than a block, which Python's own makes in twice the time: three for each
    # entry are a sixth of what it costs.
    inner = sha256(b"".join((salt.translate(_INNER), _INNER_REST, label, LENGTH(len(data)), data)))
    return sha256(salt.translate(_OUTER) + _OUTER_REST + inner.digest()).digest()
