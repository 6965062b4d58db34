# SPDX-License-Identifier: Apache-2.0
"""Which X25519 keys (RFC 7748) something may be sealed to. Sealing itself: `tocsin.privacy.hybrid` and `ohttp`."""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from tocsin.errors import Malformed

KEY_BYTES = 32
_ANY = X25519PrivateKey.from_private_bytes(b"\x08" + bytes(30) + b"\x40")
"""A key that everybody knows: only for trying whether another key agrees on anything."""


def check_sealing_key(public: bytes) -> bytes:
    """Return it if something can be sealed to it; Malformed for a wrong length or a point of small order (§6.1).

    With such a point everybody agrees on the same secret, zero: what is sealed to it is sealed for everybody.
    """
    if len(public) != KEY_BYTES:
        raise Malformed(f"A sealing key has {KEY_BYTES} bytes, not {len(public)}.")
    try:
        _ANY.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise Malformed("This sealing key would let everybody open what is sealed to it.") from None
    return public
