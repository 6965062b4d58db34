# SPDX-License-Identifier: Apache-2.0
"""What an agent sends into the anonymous path, layer by layer. Every layer has one size in an epoch.

::

    to the relay     version:1 ‖ epoch:8 ‖ slot:8 ‖ party:16 ‖ signature:64 ‖ Oblivious HTTP request
    to the partner   binary HTTP:  POST https://tocsin/v1/mix, no field,  content = epoch:8 ‖ slot:8 ‖ blob
                     (class ``now``: to the hub, /v1/now instead, and the rest the same)
    to the hub       blob = sealed (hybrid) to the intake key of the epoch:
                     kind:1 ‖ token:354 ‖ random:32 ‖ one-time key:32 ‖ signature:64 ‖ reply key:32 ‖ escrow ‖
                     length:4 ‖ report, deflated ‖ zeros

The relay sees who and when, and takes one envelope from a member in a slot. The partner sees blobs and from whom none
of them is. The hub sees what is in them, in the order of their hashes. Cover has kind 0 and zeros after it: it carries
no token, and nobody but the hub can tell.

A report inside is a `Report` message whose sender is nobody. Its token stands for the one-time key, which has signed
epoch, token and report: nobody moves a report to another hub, realm or epoch, or another report under a token.

The escrow is as long as the epoch document says: nothing of class ``open``, 96 bytes for each trustee of class
``accountable`` (`tocsin.privacy.escrow`). The token stands for it too, so nobody puts another one beside a token.
"""

import zlib
from functools import lru_cache
from hashlib import sha256

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from tocsin.errors import Malformed, TooLarge
from tocsin.privacy.bhttp import BinaryRequest
from tocsin.privacy.ohttp import REQUEST_OVERHEAD
from tocsin.privacy.tokens import RANDOM_BYTES, Token, token_nonce
from tocsin.proof.encoding import framed
from tocsin.proof.signing import KEY_SIZE, SIGNATURE_SIZE, Context, SigningKey, verify

TOKEN_BYTES = 354
REPLY_KEY_BYTES = 32
OVERHEAD = 1 + TOKEN_BYTES + RANDOM_BYTES + KEY_SIZE + SIGNATURE_SIZE + REPLY_KEY_BYTES + 4
MAX_REPORT = 1 << 18
"""Bytes of a report when it is inflated: what leaves in an envelope is seldom above a tenth of it."""
RESULT_BYTES = 244
NONCE_BYTES = 12
SEALED_RESULT_BYTES = NONCE_BYTES + RESULT_BYTES + 16
ADMISSION_BYTES = 1 + 8 + 8 + 16 + SIGNATURE_SIZE
"""What stands before the Oblivious HTTP request on the way to the relay."""
MIX, NOW = b"/v1/mix", b"/v1/now"
"""Paths of the two gateways inside an Oblivious HTTP request. Nothing else in it is a sender's choice."""
_SCHEME, _AUTHORITY = b"https", b"tocsin"
_VERSION = b"\x01"
_COVER, _REPORT = 0, 1


class Enclosed(msgspec.Struct, frozen=True):
    """A report as it lies in a blob."""

    token: Token
    random: bytes
    one_time_key: bytes
    signature: bytes
    reply_key: bytes
    body: bytes
    """Encoded `Report`."""
    escrow: bytes = b""

    def __repr__(self) -> str:
        return "Enclosed(…)"  # no log shall hold it


def stands_for(one_time_key: bytes, escrow: bytes) -> bytes:
    """What a token stands for (`tocsin.privacy.tokens.token_nonce`): the key has one length, so nothing reads twice."""
    return one_time_key + escrow


def enclose(
    body: bytes,
    token: Token,
    random: bytes,
    one_time: SigningKey,
    reply_key: bytes,
    *,
    signs: Context,
    document: bytes,
    escrow: bytes = b"",
) -> Enclosed:
    """A report with what makes it count. `signs`: context ``anonymous-report``; `document`: the epoch's bytes."""
    signature = one_time.sign(signs, _bound(document, token, body))
    return Enclosed(token, random, one_time.public, signature, reply_key, body, escrow)


def check_enclosed(found: Enclosed, *, signs: Context, document: bytes) -> None:
    """BadSignature or Malformed unless the token stands for escrow and one-time key, which signed it all.

    Whether the token is good, and spent, is not looked at (`tocsin.privacy.tokens.check_token`).
    """
    if token_nonce(found.random, stands_for(found.one_time_key, found.escrow)) != found.token.nonce:
        raise Malformed("The token stands for another key.")
    verify(found.one_time_key, signs, _bound(document, found.token, found.body), found.signature)


def pack(found: Enclosed, size: int) -> bytes:
    """The plaintext of a blob, `size` bytes; TooLarge when the report does not fit."""
    if len(found.body) > MAX_REPORT:
        raise TooLarge(f"A report of an anonymous class has at most {MAX_REPORT} bytes.")
    deflated = zlib.compress(found.body, 9)
    room = size - OVERHEAD - len(found.escrow)
    if len(deflated) > room:
        raise TooLarge(
            f"An envelope of this epoch holds {room} bytes, and this report has {len(deflated)} when it is "
            "deflated: leave values out, or send it as several reports, each of which is one more trace of its sender."
        )
    token = found.token.to_bytes()
    keys = found.random + found.one_time_key + found.signature + found.reply_key
    head = bytes([_REPORT]) + token + keys + found.escrow
    return (head + len(deflated).to_bytes(4) + deflated).ljust(size, b"\x00")


def cover(size: int) -> bytes:
    """The plaintext of a blob with nothing in it."""
    return bytes(size)


def unpack(plaintext: bytes, escrow_bytes: int = 0) -> Enclosed | None:
    """What lies in a blob; None for cover, Malformed or TooLarge for what no agent packs.

    `escrow_bytes`: as the epoch document has it.
    """
    if plaintext == bytes(len(plaintext)):
        return None
    head = OVERHEAD + escrow_bytes
    if len(plaintext) < head or plaintext[0] != _REPORT:
        raise Malformed("It is neither cover nor a report.")
    at, parts = 1, []
    for size in (TOKEN_BYTES, RANDOM_BYTES, KEY_SIZE, SIGNATURE_SIZE, REPLY_KEY_BYTES, escrow_bytes):
        parts.append(plaintext[at : at + size])
        at += size
    end = head + int.from_bytes(plaintext[at : at + 4])
    if end > len(plaintext) or plaintext[end:] != bytes(len(plaintext) - end):
        raise Malformed("After the report come zeros.")
    token, random, one_time_key, signature, reply_key, escrow = parts
    body = _inflated(plaintext[head:end])
    return Enclosed(Token.parse(token), random, one_time_key, signature, reply_key, body, escrow)


def _inflated(data: bytes) -> bytes:
    reader = zlib.decompressobj()
    try:
        body = reader.decompress(data, MAX_REPORT + 1)
    except zlib.error:
        raise Malformed("The report is not deflated.") from None
    if len(body) > MAX_REPORT:
        raise TooLarge(f"A report of an anonymous class has at most {MAX_REPORT} bytes.")
    if not reader.eof or reader.unused_data:
        raise Malformed("The report is deflated in one piece.")
    return body


def _bound(document: bytes, token: Token, body: bytes) -> bytes:
    digests = [_digest(document), sha256(token.to_bytes()).digest(), sha256(body).digest()]
    return framed(b"tocsin/anonymous report/v1", *digests)


@lru_cache(4)  # every report of an epoch binds the same document
def _digest(document: bytes) -> bytes:
    return sha256(document).digest()


class Admission(msgspec.Struct, frozen=True):
    """One member's envelope for one slot, as the relay gets it."""

    epoch: int
    slot: int
    party: bytes
    """The 16 bytes of its identifier."""
    signature: bytes
    encapsulated: bytes
    """The Oblivious HTTP request."""

    def to_bytes(self) -> bytes:
        """On the wire."""
        return _VERSION + _place(self.epoch, self.slot) + self.party + self.signature + self.encapsulated

    @classmethod
    def parse(cls, data: bytes) -> "Admission":
        """Read one; Malformed for another version or when it ends early."""
        if len(data) <= ADMISSION_BYTES or data[:1] != _VERSION:
            raise Malformed("It is no envelope of this version.")
        epoch, slot = int.from_bytes(data[1:9]), int.from_bytes(data[9:17])
        return cls(epoch, slot, data[17:33], data[33:ADMISSION_BYTES], data[ADMISSION_BYTES:])


def admission(
    key: SigningKey, encapsulated: bytes, *, epoch: int, slot: int, party: bytes, signs: Context
) -> Admission:
    """An envelope that the relay admits. `key`: the member's; `signs`: context ``slot-envelope``."""
    signature = key.sign(signs, _admitted(epoch, slot, party, encapsulated))
    return Admission(epoch, slot, party, signature, encapsulated)


def check_admission(found: Admission, public: bytes, signs: Context) -> None:
    """BadSignature unless the member of this key sends it into this slot."""
    message = _admitted(found.epoch, found.slot, found.party, found.encapsulated)
    verify(public, signs, message, found.signature)


def _place(epoch: int, slot: int) -> bytes:
    return epoch.to_bytes(8) + slot.to_bytes(8)


def _admitted(epoch: int, slot: int, party: bytes, encapsulated: bytes) -> bytes:
    return framed(b"tocsin/slot envelope/v1", _place(epoch, slot), party, sha256(encapsulated).digest())


def blob_context(realm: str, hub: str, document: bytes) -> tuple[bytes, ...]:
    """What the sealing of a blob binds: it opens at one hub, in one realm and epoch. `document`: the epoch's bytes."""
    return b"envelope", realm.encode(), hub.encode(), sha256(document).digest()


def inner_request(path: bytes, epoch: int, slot: int, blob: bytes) -> bytes:
    """The binary HTTP request to a gateway, `MIX` or `NOW`: of one length, as blobs are."""
    content = for_mix(epoch, slot, blob)
    return BinaryRequest(b"POST", _SCHEME, _AUTHORITY, path, (), content).to_bytes()


def read_inner(data: bytes, path: bytes) -> tuple[int, int, bytes]:
    """Epoch, slot and blob of such a request; Malformed for any other."""
    found = BinaryRequest.parse(data)
    if msgspec.structs.replace(found, content=b"") != BinaryRequest(b"POST", _SCHEME, _AUTHORITY, path):
        raise Malformed("It is no envelope's request.")
    return from_mix(found.content)


@lru_cache(16)
def request_bytes(blob_bytes: int) -> int:
    """Of an Oblivious HTTP request, to either gateway, with a blob of that size in it."""
    return len(inner_request(MIX, 0, 0, bytes(blob_bytes))) + REQUEST_OVERHEAD


def for_mix(epoch: int, slot: int, blob: bytes) -> bytes:
    """What the gateway finds inside a request."""
    return _place(epoch, slot) + blob


def from_mix(content: bytes) -> tuple[int, int, bytes]:
    """Epoch, slot and blob; Malformed when there is none."""
    if len(content) <= 16:
        raise Malformed("There is no blob in it.")
    return int.from_bytes(content[:8]), int.from_bytes(content[8:16]), content[16:]


def seal_result(reply_key: bytes, text: bytes, nonce: bytes) -> bytes:
    """What the hub tells the sender, 272 bytes whatever it is; TooLarge above `RESULT_BYTES` − 1.

    `nonce`: 12 random bytes. A blob that is brought again is answered again under the same key: two results under one
    nonce would show whoever brought it that there is a report in it.
    """
    if len(text) >= RESULT_BYTES:
        raise TooLarge(f"A result has at most {RESULT_BYTES - 1} bytes.")
    padded = (text + b"\x01").ljust(RESULT_BYTES, b"\x00")
    return nonce + ChaCha20Poly1305(reply_key).encrypt(nonce, padded, None)


def find_result(reply_key: bytes, results: tuple[bytes, ...]) -> bytes | None:
    """The one of these that was sealed for this key; None when none was."""
    cipher = ChaCha20Poly1305(reply_key)
    for sealed in results:
        if len(sealed) != SEALED_RESULT_BYTES:
            continue
        try:
            return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None).rstrip(b"\x00")[:-1]
        except InvalidTag:
            continue
    return None
