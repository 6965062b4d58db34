# SPDX-License-Identifier: Apache-2.0
"""Trustees: people outside of hub, relay and partner, so many of whom together can name who sent a report.

They are named in the epoch document of class ``accountable``, with their keys, for everybody to read before anything
is sent. A **card** is what one of them, or whoever asks them, hands out: its public keys, under one fingerprint that
two people can compare by telephone.
"""

from hashlib import sha256

import msgspec

from tocsin.errors import Malformed
from tocsin.privacy.hybrid import PUBLIC_BYTES, Recipient
from tocsin.privacy.sealing import check_sealing_key
from tocsin.privacy.shamir import MAX_SHARES
from tocsin.proof.encoding import framed, name_bytes
from tocsin.proof.signing import Context, SigningKey, check_public_key, verify
from tocsin.wire.messages import Message

_SIGNS = Context("trustee-card", "any", "any")
"""A card is made before anybody knows for which hub."""
_GROUP = 4


class Trustee(msgspec.Struct, frozen=True):
    """One trustee, as the epoch document has it. Malformed when it can be none."""

    name: str
    sealing_key: bytes
    """X25519: shares are sealed to it."""
    signing_key: bytes
    """Ed25519: what it opens it signs for."""

    def __post_init__(self) -> None:
        name_bytes(self.name)
        check_sealing_key(self.sealing_key)
        check_public_key(self.signing_key)

    @property
    def fingerprint(self) -> str:
        """Of name and keys: 128 bits in groups of four hex digits."""
        fields = framed(self.name.encode(), self.sealing_key, self.signing_key)
        digits = sha256(framed(b"tocsin/trustee/v1", fields)).hexdigest()[:32]
        return " ".join(digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP))


class Card(Message, frozen=True, kw_only=True, tag="trustee-card"):
    """Whoever shows it holds its keys. Malformed or BadSignature when it does not."""

    trustee: Trustee
    answer_key: bytes
    """Hybrid: what others open for its holder is sealed to it."""
    signature: bytes
    """Over all of it, with its signing key."""

    def __post_init__(self) -> None:
        if len(self.answer_key) != PUBLIC_BYTES:
            raise Malformed(f"The answer key of a card has {PUBLIC_BYTES} bytes.")
        Recipient(self.answer_key)
        verify(self.trustee.signing_key, _SIGNS, _signed(self.trustee, self.answer_key), self.signature)


def card(trustee: Trustee, answer_key: bytes, key: SigningKey) -> Card:
    """The card of whoever holds these keys."""
    signature = key.sign(_SIGNS, _signed(trustee, answer_key))
    return Card(trustee=trustee, answer_key=answer_key, signature=signature)


def check_trustees(trustees: tuple[Trustee, ...], needed: int, operators: tuple[str, ...]) -> None:
    """Malformed unless these can be an epoch's trustees: each once, none of them runs a part of the path, and more than
    one of them is needed.

    Hub, relay or partner as a trustee would make two of the three enough, and the claim is that they are not.
    """
    names = {" ".join(one.name.casefold().split()) for one in trustees}
    keys = {one.sealing_key for one in trustees} | {one.signing_key for one in trustees}
    if len(names) < len(trustees) or len(keys) < 2 * len(trustees):
        raise Malformed("A trustee is named once, with keys of its own.")
    if names & {" ".join(one.casefold().split()) for one in operators}:
        raise Malformed("Who runs hub, relay or partner is no trustee.")
    if not 2 <= needed <= len(trustees) <= MAX_SHARES:
        raise Malformed(f"Of 2 to {MAX_SHARES} trustees at least 2 are needed, and at most all.")


def _signed(trustee: Trustee, answer_key: bytes) -> bytes:
    return framed(trustee.name.encode(), trustee.sealing_key, trustee.signing_key, answer_key)
