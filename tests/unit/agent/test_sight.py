# SPDX-License-Identifier: Apache-2.0
"""What a person types is taken for what it can only be."""

import pytest

from tocsin.agent.verbs.sight import recognise
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import Malformed


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("hxxps://evil[.]example/a", Kind.URL, "https://evil.example/a"),
        ("drop[@]evil[.]example", Kind.EMAIL, "drop@evil.example"),
        ("192.0.2[.]7", Kind.IPV4, "192.0.2.7"),
        ("192.0.2.0/24", Kind.CIDR, "192.0.2.0/24"),
        ("AB" * 32, Kind.SHA256, "ab" * 32),
        ("GB82 WEST 1234 5698 7654 32", Kind.IBAN, "GB82WEST12345698765432"),
        ("as64501", Kind.SYSTEM, "AS64501"),
        ("file-name:Invoice[.]zip", Kind.FILE_NAME, "invoice.zip"),
        ("invoice.zip", Kind.DOMAIN, "invoice.zip"),
        ("assets.evil.example", Kind.DOMAIN, "assets.evil.example"),
    ],
)
def test_each_value_is_recognised(text: str, kind: Kind, value: str) -> None:
    assert recognise(text) == Observable(kind, value)


@pytest.mark.parametrize("text", ["", "64501", "HARRGB2L", "476210", "two words", "AS4294967296"])
def test_what_is_no_value_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        recognise(text)
