# SPDX-License-Identifier: Apache-2.0
"""Privacy Pass tokens (RFC 9577), issued by blind RSA: token type 0x0002 of RFC 9578 §6, exactly.

A token says that its issuer gave it out under one key for one challenge, and not to whom. Four steps, in order:
`ask` at the client, `issue` at the issuer, `finish` at the client, `check_token` where it is handed in.

- The challenge is one for all clients and all tokens of an epoch and class (`epoch_challenge`): tokens are issued long
  before they are used, and a context of its own for a request would tie the two. A verifier computes the challenge
  and never takes it from the client. It binds the realm: a token of a drill is worth nothing in earnest.
- The nonce is a hash of what the token shall stand for, with 32 random bytes in it (`token_nonce`): that is what the
  issuer cannot guess, also where it chose its key dishonestly.

Numbers are big-endian; no structure has a spelling beside its one.
Not here: which tokens are spent, how many a client may ask for, and whom the issuer gives any.
"""

import hmac
from functools import cached_property
from hashlib import sha256

import msgspec

from tocsin.errors import BadSignature, Malformed
from tocsin.privacy.blindrsa import BlindSigner, PublicKey, blind, factor_of, finalise, verify

TOKEN_TYPE = b"\x00\x02"
KEY_BYTES = 256
"""Nk: bytes of the modulus, of what is blinded, and of the authenticator."""
MAX_CHALLENGE = 1024
"""Bytes of a challenge. The RFC has room for 128 kB; one of ours has below 500."""
RANDOM_BYTES = 32
_NONCE_LABEL = b"tocsin/token nonce/v1"
_DIGEST = 32

# SubjectPublicKeyInfo (RFC 5280 §4.1) with id-RSASSA-PSS, SHA-384, MGF1 with SHA-384 and a salt of 48 (RFC 9578 §6.5).
# For 2048 bit and e = 65537 all but the modulus is constant, so no DER is parsed.
_SPKI_HEAD = bytes.fromhex(
    "30820152303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a864886f70d010108300b"
    "0609608648016503040202a2030201300382010f003082010a0282010100"
)
_SPKI_TAIL = bytes.fromhex("0203010001")


class TokenKey(msgspec.Struct, frozen=True, dict=True):
    """The issuer's public key under which one epoch's tokens of one class stand: 2048 bits. Malformed otherwise."""

    rsa: PublicKey

    def __post_init__(self) -> None:
        if self.rsa.size != KEY_BYTES:
            raise Malformed(f"A token key has {8 * KEY_BYTES} bits.")

    @cached_property
    def key_id(self) -> bytes:
        """SHA-256 over the exact bytes of `to_bytes`."""
        return sha256(self.to_bytes()).digest()

    def to_bytes(self) -> bytes:
        """As SubjectPublicKeyInfo, DER."""
        return _SPKI_HEAD + self.rsa.modulus.to_bytes(KEY_BYTES) + _SPKI_TAIL

    @classmethod
    def parse(cls, data: bytes) -> "TokenKey":
        """Read the one spelling that a key has; Malformed otherwise."""
        modulus = data[len(_SPKI_HEAD) : -len(_SPKI_TAIL)]
        if len(modulus) != KEY_BYTES or data != _SPKI_HEAD + modulus + _SPKI_TAIL:
            raise Malformed("It is not an RSASSA-PSS key of 2048 bits with SHA-384 and a salt of 48 bytes.")
        return cls(PublicKey(int.from_bytes(modulus)))


# struct {
#     uint16_t token_type;
#     opaque issuer_name<1..2^16-1>;
#     opaque redemption_context<0..32>;
#     opaque origin_info<0..2^16-1>;
# } TokenChallenge;                                                                                   RFC 9577 §2.1
class TokenChallenge(msgspec.Struct, frozen=True):
    """What a token answers. Names are ASCII; the context is empty or of 32 bytes. Malformed when it cannot be one."""

    issuer_name: str
    redemption_context: bytes
    origin_info: str

    def __post_init__(self) -> None:
        if not self.issuer_name or len(self.redemption_context) not in {0, _DIGEST}:
            raise Malformed("A challenge names its issuer, and its context has 0 or 32 bytes.")
        names = self.issuer_name + self.origin_info
        if not names.isascii() or len(names) + len(self.redemption_context) + 7 > MAX_CHALLENGE:
            raise Malformed(f"The names of a challenge are ASCII, and it has at most {MAX_CHALLENGE} bytes.")

    def to_bytes(self) -> bytes:
        """On the wire."""
        issuer, origin = self.issuer_name.encode(), self.origin_info.encode()
        context = self.redemption_context
        sizes = [len(issuer).to_bytes(2), len(context).to_bytes(1), len(origin).to_bytes(2)]
        return TOKEN_TYPE + sizes[0] + issuer + sizes[1] + context + sizes[2] + origin

    def digest(self) -> bytes:
        """What a token carries of it: SHA-256."""
        return sha256(self.to_bytes()).digest()

    @classmethod
    def parse(cls, data: bytes) -> "TokenChallenge":
        """Read one; Malformed for another type, another length or other bytes than these fields have."""
        if len(data) > MAX_CHALLENGE or data[:2] != TOKEN_TYPE:
            raise Malformed(f"A challenge is of type 2 and has at most {MAX_CHALLENGE} bytes.")
        issuer, rest = _field(data[2:], 2)
        context, rest = _field(rest, 1)
        origin, rest = _field(rest, 2)
        if rest:
            raise Malformed("Something follows the challenge.")
        try:
            return cls(issuer.decode("ascii"), context, origin.decode("ascii"))
        except UnicodeDecodeError:
            raise Malformed("The names of a challenge are ASCII.") from None


# struct {
#     uint16_t token_type = 0x0002;
#     uint8_t truncated_token_key_id;
#     uint8_t blinded_msg[Nk];
# } TokenRequest;                                                                                     RFC 9578 §6.1
class TokenRequest(msgspec.Struct, frozen=True):
    """What the issuer sees. Its answer, a TokenResponse, is ``blind_sig[Nk]`` and nothing else (RFC 9578 §6.2)."""

    truncated_key_id: int
    blinded: bytes

    def to_bytes(self) -> bytes:
        """On the wire: 259 bytes."""
        return TOKEN_TYPE + bytes([self.truncated_key_id]) + self.blinded

    @classmethod
    def parse(cls, data: bytes) -> "TokenRequest":
        """Read one; Malformed for another type or length."""
        if len(data) != 3 + KEY_BYTES or data[:2] != TOKEN_TYPE:
            raise Malformed(f"A request for a token is of type 2 and has {3 + KEY_BYTES} bytes.")
        return cls(data[2], data[3:])


# struct {
#     uint16_t token_type;
#     uint8_t nonce[32];
#     uint8_t challenge_digest[32];
#     uint8_t token_key_id[Nid];
#     uint8_t authenticator[Nk];
# } Token;                                                                                            RFC 9577 §2.2
class Token(msgspec.Struct, frozen=True):
    """What is handed in."""

    nonce: bytes
    challenge_digest: bytes
    key_id: bytes
    authenticator: bytes

    def signed(self) -> bytes:
        """All before the authenticator: what it signs."""
        return token_input(self.nonce, self.challenge_digest, self.key_id)

    def to_bytes(self) -> bytes:
        """On the wire: 354 bytes."""
        return self.signed() + self.authenticator

    @classmethod
    def parse(cls, data: bytes) -> "Token":
        """Read one; Malformed for another type or length."""
        if len(data) != 2 + 3 * _DIGEST + KEY_BYTES or data[:2] != TOKEN_TYPE:
            raise Malformed(f"A token is of type 2 and has {2 + 3 * _DIGEST + KEY_BYTES} bytes.")
        return cls(data[2:34], data[34:66], data[66:98], data[98:])


class Pending(msgspec.Struct, frozen=True):
    """What a client keeps between `ask` and `finish`. Secret: it ties the request to the token."""

    key: TokenKey
    request: TokenRequest
    unsigned: Token
    inverse: int

    def __repr__(self) -> str:
        return "Pending(…)"  # no log shall hold it


def epoch_challenge(issuer: str, *, realm: str, token_class: str, epoch_document: bytes) -> TokenChallenge:
    """The one challenge of an epoch and class: no client has another, and no token."""
    return TokenChallenge(issuer, sha256(epoch_document).digest(), f"tocsin/{realm}/{token_class}")


def token_nonce(random: bytes, stands_for: bytes) -> bytes:
    """The nonce of a token that stands for these bytes, such as a one-time key: SHA-256(label ‖ random:32 ‖ them).

    Whoever is shown the token, `random` and the bytes sees that they belong together. Malformed for another length.
    """
    if len(random) != RANDOM_BYTES:
        raise Malformed(f"A nonce takes {RANDOM_BYTES} random bytes, not {len(random)}.")
    return sha256(_NONCE_LABEL + random + stands_for).digest()


def token_input(nonce: bytes, challenge_digest: bytes, key_id: bytes) -> bytes:
    """What the authenticator signs (RFC 9578 §6.1)."""
    return TOKEN_TYPE + nonce + challenge_digest + key_id


def ask(key: TokenKey, challenge: TokenChallenge, nonce: bytes, *, salt: bytes, random: bytes) -> Pending:
    """Blind a token to be. `salt`: 48 random bytes; `random`: 272 for the factor. Malformed for other lengths."""
    if len(nonce) != _DIGEST:
        raise Malformed(f"The nonce of a token has {_DIGEST} bytes, not {len(nonce)}.")
    token = Token(nonce, challenge.digest(), key.key_id, b"")
    blinded = blind(key.rsa, token.signed(), salt=salt, factor=factor_of(key.rsa, random))
    return Pending(key, TokenRequest(key.key_id[-1], blinded.message), token, blinded.inverse)


def issue(signer: BlindSigner, key: TokenKey, request: TokenRequest) -> bytes:
    """The issuer's answer, 256 bytes; Malformed when it was asked under another key or for no number under this one."""
    assert signer.public == key.rsa, "the signer holds this key"
    if request.truncated_key_id != key.key_id[-1]:
        raise Malformed("It was asked under another key than this epoch's.")
    return signer.evaluate(request.blinded)


def finish(pending: Pending, answer: bytes) -> Token:
    """The token, verified; Malformed or BadSignature when the issuer did not answer what was asked."""
    signature = finalise(pending.key.rsa, pending.unsigned.signed(), answer, pending.inverse)
    return msgspec.structs.replace(pending.unsigned, authenticator=signature)


def check_token(token: Token, key: TokenKey, challenge: TokenChallenge) -> None:
    """Check a token against the verifier's own key and challenge; BadSignature unless it was issued for exactly those.

    The error tells why for a log. Whoever handed the token in is told the same, whatever it was.
    """
    if not hmac.compare_digest(token.key_id + token.challenge_digest, key.key_id + challenge.digest()):
        raise BadSignature("The token is for another key or another challenge.")
    verify(key.rsa, token.signed(), token.authenticator)


def _field(data: bytes, prefix: int) -> tuple[bytes, bytes]:
    """A field behind its length, and what follows it."""
    end = prefix + int.from_bytes(data[:prefix])
    if len(data) < max(prefix, end):
        raise Malformed("The challenge ends inside a field.")
    return data[prefix:end], data[end:]
