# SPDX-License-Identifier: Apache-2.0
"""Authenticated encryption of records at rest: AES-256-GCM-SIV (RFC 8452), which survives a repeated nonce.

A sealed record is ``version:1 ‖ nonce:12 ‖ ciphertext ‖ tag:16``. The context, such as ``case/cas_…``, is bound to it,
so that a record moved to another place does not open there. The length of the plaintext is not hidden.

A keyed digest (HMAC-SHA-256 under a key derived by HKDF, RFC 5869) finds again what was seen before: without the key
nobody can compute it for a file of theirs, and so nobody can ask the store whether it has seen that file.
"""

import hmac
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tocsin.errors import VaultLocked
from tocsin.ids import Entropy

KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE = 12


class Box:
    """One key; seals and opens records under it."""

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        if len(key) != KEY_BYTES:
            raise VaultLocked(f"A vault key has {KEY_BYTES} bytes, not {len(key)}.")
        self._cipher = AESGCMSIV(key)
        self._digest_key = HKDF(SHA256(), KEY_BYTES, None, b"tocsin/keyed digest/v1").derive(key)
        self._entropy = entropy

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Encrypt a record for its place."""
        nonce = self._entropy(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plaintext, _VERSION + context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt a record at its place; VaultLocked when key, place or bytes are not the ones it was sealed with."""
        if sealed[:1] != _VERSION or len(sealed) < 1 + _NONCE + 16:
            raise VaultLocked("The record was not written by this version.")
        try:
            return self._cipher.decrypt(
                sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], _VERSION + context.encode()
            )
        except InvalidTag:
            raise VaultLocked(f"The record {context} does not open with this key.") from None

    def digest(self, data: bytes, context: str) -> bytes:
        """The keyed digest of some bytes for one use: 32 bytes, the same every time under the same key."""
        named = context.encode()
        return hmac.digest(self._digest_key, len(named).to_bytes(4) + named + sha256(data).digest(), "sha256")
