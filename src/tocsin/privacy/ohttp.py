# SPDX-License-Identifier: Apache-2.0
"""Oblivious HTTP (RFC 9458): a gateway reads a request without learning from where, a relay carries it unread.

One suite and no choice: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM. In order: the client's
`encapsulate_request`, the gateway's `Gateway.open_request`, the `Answering.seal_response` that it gives, and the
client's `Awaiting.open_response`. What is inside are bytes, by the RFC a binary HTTP message (`tocsin.privacy.bhttp`).

Sealed are content and integrity; length and time are not hidden, a request can be replayed, and what was recorded
opens to a quantum computer later: what must not be read then is sealed again inside (`tocsin.privacy.hybrid`).
A request that does not open is Malformed, whatever is wrong with it.
Not here: relaying, refusing what was seen before, and how a client comes by the key configuration.
"""

from collections.abc import Callable

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey, KEMKeyInterface, KEMKeyPair, PyHPKEError

from tocsin.errors import Malformed, TooLarge
from tocsin.ids import Entropy
from tocsin.privacy.sealing import check_sealing_key

KEY_BYTES = 32
"""Npk, Nsk and Nenc of the KEM."""
HEADER_BYTES = 7
REQUEST_OVERHEAD = HEADER_BYTES + KEY_BYTES + 16
RESPONSE_OVERHEAD = 16 + 16
MAX_MESSAGE = 1 << 17
"""Bytes that are encapsulated at once."""
MAX_SYMMETRIC = 16
"""Pairs of KDF and AEAD that a key configuration may offer."""
_SECRET = 16
"""max(Nn, Nk), which is also the length of a response nonce."""
_NONCE = 12
_KEM, _SYMMETRIC = b"\x00\x20", b"\x00\x01\x00\x01"
_SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.AES128_GCM)

Export = Callable[[bytes, int], bytes]


# HPKE Symmetric Algorithms {
#   HPKE KDF ID (16),
#   HPKE AEAD ID (16),
# }
# Key Config {
#   Key Identifier (8),
#   HPKE KEM ID (16),
#   HPKE Public Key (Npk * 8),
#   HPKE Symmetric Algorithms Length (16) = 4..65532,
#   HPKE Symmetric Algorithms (32) ...,
# }                                                                                                   RFC 9458 §3.1
class KeyConfig(msgspec.Struct, frozen=True):
    """A gateway's public key. Malformed when nothing can be sealed to it."""

    key_id: int
    public: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.key_id <= 255:
            raise Malformed("A key configuration is numbered 0 to 255.")
        check_sealing_key(self.public)

    @property
    def header(self) -> bytes:
        """What a request under this key begins with, and binds: key id, KEM, KDF and AEAD."""
        return bytes([self.key_id]) + _KEM + _SYMMETRIC

    def to_bytes(self) -> bytes:
        """On the wire, with the one suite."""
        return bytes([self.key_id]) + _KEM + self.public + len(_SYMMETRIC).to_bytes(2) + _SYMMETRIC

    @classmethod
    def parse(cls, data: bytes) -> "KeyConfig":
        """Read one of a gateway that offers our suite, perhaps among others; Malformed otherwise."""
        at = 3 + KEY_BYTES
        offered = data[at + 2 :]
        if data[1:3] != _KEM or int.from_bytes(data[at : at + 2]) != len(offered):
            raise Malformed("It is not a key configuration for X25519.")
        pairs = [offered[one : one + 4] for one in range(0, len(offered), 4)]
        if len(pairs) > MAX_SYMMETRIC or len(offered) % 4 or _SYMMETRIC not in pairs:
            raise Malformed("The gateway does not offer HKDF-SHA256 with AES-128-GCM.")
        return cls(data[0], data[3:at])


class Awaiting:
    """What a client keeps between its request and the response."""

    def __init__(self, enc: bytes, export: Export) -> None:
        self._enc, self._secret = enc, _response_secret(export)

    def open_response(self, data: bytes) -> bytes:
        """The message inside; Malformed unless the gateway sealed it for this request, TooLarge above bounds."""
        if len(data) > MAX_MESSAGE + RESPONSE_OVERHEAD:
            raise TooLarge(f"A response has at most {MAX_MESSAGE} bytes.")
        if len(data) < RESPONSE_OVERHEAD:
            raise Malformed("An encapsulated response is longer.")
        cipher, nonce = _response_cipher(self._secret, self._enc, data[:_SECRET])
        try:
            return cipher.decrypt(nonce, data[_SECRET:], None)
        except InvalidTag:
            raise Malformed("The response was not sealed for this request.") from None


class Answering:
    """What a gateway keeps of one request until it answers."""

    def __init__(self, enc: bytes, export: Export) -> None:
        self._enc, self._secret = enc, _response_secret(export)

    # Encapsulated Response {
    #   Nonce (8 * max(Nn, Nk)),
    #   AEAD-Protected Response (..),
    # }                                                                                           RFC 9458 §4.2, §4.4
    def seal_response(self, message: bytes, entropy: Entropy) -> bytes:
        """The encapsulated response, 32 bytes longer; TooLarge above `MAX_MESSAGE`."""
        _check_size(message)
        drawn = entropy(_SECRET)
        cipher, nonce = _response_cipher(self._secret, self._enc, drawn)
        return drawn + cipher.encrypt(nonce, message, None)


# Encapsulated Request {
#   Key Identifier (8),
#   HPKE KEM ID (16),
#   HPKE KDF ID (16),
#   HPKE AEAD ID (16),
#   Encapsulated KEM Shared Secret (8 * Nenc),
#   HPKE-Protected Request (..),
# }                                                                                             RFC 9458 §4.1, §4.3
def encapsulate_request(config: KeyConfig, message: bytes, entropy: Entropy) -> tuple[bytes, Awaiting]:
    """The encapsulated request, 55 bytes longer, and what opens its response; TooLarge above `MAX_MESSAGE`."""
    _check_size(message)
    ephemeral = X25519PrivateKey.from_private_bytes(entropy(KEY_BYTES))
    pair = KEMKeyPair(_hpke(ephemeral), _hpke(ephemeral.public_key()))
    public = _hpke(X25519PublicKey.from_public_bytes(config.public))
    enc, context = _SUITE.create_sender_context(public, _info(config.header), eks=pair)
    return config.header + enc + context.seal(message), Awaiting(enc, context.export)


class Gateway:
    """The holder of one private key."""

    def __init__(self, key_id: int, private: bytes) -> None:
        if len(private) != KEY_BYTES:
            raise Malformed(f"A gateway's key has {KEY_BYTES} bytes, not {len(private)}.")
        key = X25519PrivateKey.from_private_bytes(private)
        self.config = KeyConfig(key_id, key.public_key().public_bytes_raw())
        self._key = _hpke(key)

    def open_request(self, data: bytes) -> tuple[bytes, Answering]:
        """The message inside and what answers it; Malformed unless sealed under this key, TooLarge above bounds."""
        if len(data) > MAX_MESSAGE + REQUEST_OVERHEAD:
            raise TooLarge(f"A request has at most {MAX_MESSAGE} bytes.")
        header, enc = data[:HEADER_BYTES], data[HEADER_BYTES : HEADER_BYTES + KEY_BYTES]
        if len(data) < REQUEST_OVERHEAD or header != self.config.header:
            raise Malformed("It is not an encapsulated request under this key.")
        try:
            context = _SUITE.create_recipient_context(enc, self._key, _info(header))
            message = context.open(data[HEADER_BYTES + KEY_BYTES :])
        except (PyHPKEError, ValueError):
            raise Malformed("It is not an encapsulated request under this key.") from None
        return message, Answering(enc, context.export)


def _hpke(key: X25519PrivateKey | X25519PublicKey) -> KEMKeyInterface:
    return KEMKey.from_pyca_cryptography_key(key)


def _info(header: bytes) -> bytes:
    return b"message/bhttp request\x00" + header


def _response_secret(export: Export) -> bytes:
    return export(b"message/bhttp response", _SECRET)


def _response_cipher(secret: bytes, enc: bytes, drawn: bytes) -> tuple[AESGCM, bytes]:
    """Key and nonce of a response, by HKDF over what the request's HPKE context exports (RFC 9458 §4.4)."""
    salt = enc + drawn
    key = HKDF(SHA256(), _SECRET, salt, b"key").derive(secret)
    return AESGCM(key), HKDF(SHA256(), _NONCE, salt, b"nonce").derive(secret)


def _check_size(message: bytes) -> None:
    if len(message) > MAX_MESSAGE:
        raise TooLarge(f"At most {MAX_MESSAGE} bytes are encapsulated at once, not {len(message)}.")
