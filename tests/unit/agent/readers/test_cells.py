# SPDX-License-Identifier: Apache-2.0
"""One word of a list is one value, or none: never half of one."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers.cells import value_in
from tocsin.domain.observable import Kind, check_normal, normalise
from tocsin.errors import Malformed


@pytest.mark.parametrize(
    ("word", "kind", "value"),
    [
        ("evil.example", Kind.DOMAIN, "evil.example"),
        ("evil[.]example", Kind.DOMAIN, "evil.example"),
        ('"evil.example",', Kind.DOMAIN, "evil.example"),
        ("evil.example:8080", Kind.DOMAIN, "evil.example"),
        ("tcp://evil[.]example:80/", Kind.DOMAIN, "evil.example"),
        ("bücher.example", Kind.DOMAIN, "xn--bcher-kva.example"),
        ("evil.example/gate.php", Kind.URL, "http://evil.example/gate.php"),
        ("hxxps://evil[.]example:8443/a?b", Kind.URL, "https://evil.example:8443/a?b"),
        ("http://evil[.example/", Kind.URL, "http://evil.example/"),
        ("http://[evil.example", Kind.URL, "http://evil.example/"),
        ("http://evil,example/", Kind.URL, "http://evil.example/"),
        ("http://2001:db8::7/a", Kind.URL, "http://[2001:db8::7]/a"),
        ("http://user:word@evil.example:8080/", Kind.URL, "http://evil.example:8080/"),
        ("http://[2001:db8::7]:80/a", Kind.URL, "http://[2001:db8::7]/a"),
        ("192.0.2.7", Kind.IPV4, "192.0.2.7"),
        ("192[.]0[.]2[.]7:443", Kind.IPV4, "192.0.2.7"),
        ("192.0.2.0/24", Kind.CIDR, "192.0.2.0/24"),
        ("192.0.2.7/a.sh", Kind.URL, "http://192.0.2.7/a.sh"),
        ("2001:db8::7", Kind.IPV6, "2001:db8::7"),
        ("2001:db8:0:0:0:0:0:7", Kind.IPV6, "2001:db8::7"),
        ("[2001:db8::7]:443", Kind.IPV6, "2001:db8::7"),
        ("2001:db8::/32", Kind.CIDR, "2001:db8::/32"),
        ("a.b@evil.example", Kind.EMAIL, "a.b@evil.example"),
        ("a(at)evil(dot)example", Kind.EMAIL, "a@evil.example"),
        ("a" * 32, Kind.MD5, "a" * 32),
        ("B" * 40, Kind.SHA1, "b" * 40),
        ("0" * 64, Kind.SHA256, "0" * 64),
        ("0" * 128, Kind.SHA512, "0" * 128),
        ("DE89370400440532013000", Kind.IBAN, "DE89370400440532013000"),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Kind.WALLET, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        ("AS64501", Kind.SYSTEM, "AS64501"),
    ],
)
def test_a_word_is_the_value_that_feeds_mean_by_it(word: str, kind: Kind, value: str) -> None:
    found = value_in(word)
    assert found is not None
    assert normalise(*found).value == value
    assert found[0] is kind


@pytest.mark.parametrize(
    "word",
    [
        "", "a", "85.85", "x.x.x.x", "tooshor.t", "tooshor.", "_____.tld", "+evil.example+", "invoice.pdf",
        "11:10:00", "setup.exe", "14:00:00.075359", "00:1b:44:11:3a:b7", "a" * 33, "deadbeef", "two words.example",
        "a@b",        "/gate.php", "http", "v1.2.3", "1.2.3", "evil..example", "a" * 5_000 + ".example",
    ],
)  # fmt: skip
def test_what_is_no_value_is_none(word: str) -> None:
    assert value_in(word) is None


@given(st.text(max_size=200))
def test_no_word_breaks_it_and_what_it_takes_is_refused_only_as_malformed(word: str) -> None:
    found = value_in(word)
    if found:
        with suppress(Malformed):
            assert check_normal(normalise(*found)).value
