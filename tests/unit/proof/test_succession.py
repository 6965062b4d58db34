# SPDX-License-Identifier: Apache-2.0
"""The old key names the new one, in one hub and one realm, and for one purpose."""

import pytest

from tocsin.errors import BadSignature, KeySwapped
from tocsin.proof.note import KeyKind, VerifierKey
from tocsin.proof.signing import Context, SigningKey
from tocsin.proof.succession import check_endorsement, endorse

OLD, NEW, OTHER = (SigningKey.from_seed(letter * 32) for letter in (b"o", b"n", b"x"))
CONTEXT = Context("hub-key", "live", "hub_1")


def key(of: SigningKey, kind: KeyKind = KeyKind.NOTE) -> VerifierKey:
    return VerifierKey("hub_1/heads/live", kind, of.public)


def test_either_key_signs_the_same_sentence():
    for by in (OLD, NEW):
        check_endorsement(key(by), CONTEXT, key(OLD), key(NEW), endorse(by, CONTEXT, key(OLD), key(NEW)))


@pytest.mark.parametrize(
    ("context", "before", "after"),
    [
        (CONTEXT, NEW, OLD),
        (CONTEXT, OLD, OTHER),
        (CONTEXT, OTHER, NEW),
        (Context("partner-key", "live", "hub_1"), OLD, NEW),
        (Context("hub-key", "drill-7", "hub_1"), OLD, NEW),
        (Context("hub-key", "live", "hub_2"), OLD, NEW),
    ],
)
def test_it_says_nothing_else(context, before, after):
    signature = endorse(OLD, CONTEXT, key(OLD), key(NEW))
    with pytest.raises(BadSignature):
        check_endorsement(key(OLD), context, key(before), key(after), signature)


def test_a_hub_does_not_follow_a_partner():
    after = key(NEW, KeyKind.COSIGNATURE)
    with pytest.raises(KeySwapped):
        check_endorsement(key(OLD), CONTEXT, key(OLD), after, endorse(OLD, CONTEXT, key(OLD), after))
