# SPDX-License-Identifier: Apache-2.0
"""One verifier key takes over from another: the old one says so, so that nobody else can put a key in its place.

The hub's next key is signed by the old one and by itself; a new partner's is endorsed by the partner before it. Not
here: which key counts from when (`tocsin.follow.directory`).
"""

from tocsin.errors import KeySwapped
from tocsin.proof.encoding import framed
from tocsin.proof.note import VerifierKey
from tocsin.proof.signing import Context, SigningKey, verify


def endorse(key: SigningKey, context: Context, before: VerifierKey, after: VerifierKey) -> bytes:
    """The signature of either key under the sentence that `after` takes over from `before`."""
    return key.sign(context, _sentence(before, after))


def check_endorsement(
    by: VerifierKey, context: Context, before: VerifierKey, after: VerifierKey, signature: bytes
) -> None:
    """BadSignature unless `by` has signed that `after` takes over from `before`; KeySwapped when of another kind."""
    if before.kind is not after.kind:
        raise KeySwapped(f"{after.name} cannot take over from {before.name}: their keys are not of one kind.")
    verify(by.public, context, _sentence(before, after), signature)


def _sentence(before: VerifierKey, after: VerifierKey) -> bytes:
    return framed(str(before).encode(), str(after).encode())
