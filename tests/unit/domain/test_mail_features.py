# SPDX-License-Identifier: Apache-2.0
"""Which features two mails share, which of them join, and what no feature may be."""

import msgspec
import pytest

from tocsin.domain.mail_features import MAX_ATTACHMENTS, MailFeatures, are_joined, check_features, shared
from tocsin.errors import Malformed

A, B = "a" * 64, "b" * 64
WHOLE = MailFeatures(A, B, "your account #", "192.0.2.1", (A,))


def test_what_is_equal_is_shared_and_what_is_empty_never_is() -> None:
    other = msgspec.structs.replace(WHOLE, text=B, subject="", attachments=(B, A))
    assert shared(WHOLE, other) == ("shape", "sending_host", "attachments")
    assert shared(WHOLE, other) == shared(other, WHOLE)
    assert shared(MailFeatures(), MailFeatures()) == ()


@pytest.mark.parametrize(
    ("other", "joined"),
    [
        (MailFeatures(text=A), True),
        (MailFeatures(shape=B), True),
        (MailFeatures(text=B, shape=A), False),
        (MailFeatures("", "", "your account #", "192.0.2.1", (A,)), False),
    ],
)
def test_only_text_and_shape_join_alone(other: MailFeatures, joined: bool) -> None:
    assert are_joined(WHOLE, other) is joined


@pytest.mark.parametrize(
    "features",
    [
        MailFeatures(text="a" * 63),
        MailFeatures(shape="G" * 64),
        MailFeatures(attachments=("",)),
        MailFeatures(attachments=(A,) * (MAX_ATTACHMENTS + 1)),
        MailFeatures(subject="x" * 301),
        MailFeatures(sending_host="192.0.2.01"),
        MailFeatures(sending_host="evil.example"),
    ],
    ids=["short", "no hexadecimal", "empty file", "many files", "long subject", "no normal form", "a name"],
)
def test_what_has_not_its_form_is_refused(features: MailFeatures) -> None:
    with pytest.raises(Malformed):
        check_features(features)


def test_what_has_its_form_is_returned() -> None:
    for features in (WHOLE, MailFeatures(), MailFeatures(sending_host="2001:db8::1")):
        assert check_features(features) is features
