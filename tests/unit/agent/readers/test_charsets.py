# SPDX-License-Identifier: Apache-2.0
"""No charset raises, and none is slow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers.charsets import decode, is_known


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        (b"\xc3\xa9", "utf-8", "é"),
        (b"\xe9", "iso-8859-1", "é"),
        (b"\x8e\x4f", "shift_jis", "三"),
        (b"\xc3\xa9", "no-such-charset", "é"),
        (b"caf\xe9", None, "café"),
        (b"\xc3\xa9", "ascii", "é"),
        (b"abc", "zlib", "abc"),
        (b"abc-", "punycode", "abc-"),
        (b"\\u0041", "unicode_escape", "\\u0041"),
        (b"abc", "undefined", "abc"),
        (b"abc", "utf\x00-8", "abc"),
    ],
)
def test_bytes_become_the_text_that_they_most_probably_are(
    data: bytes, charset: str | None, text: str
) -> None:
    assert decode(data, charset) == text


@pytest.mark.parametrize(
    "charset", ["idna", "punycode", "undefined", "raw_unicode_escape", "base64", "rot13", "x" * 99]
)
def test_codecs_that_are_no_charset_are_unknown(charset: str) -> None:
    assert not is_known(charset)


@given(
    st.binary(max_size=200),
    st.text(max_size=20) | st.sampled_from(["utf-7", "utf-16", "hz", "iso-2022-jp", "big5"]),
)
def test_no_charset_raises(data: bytes, charset: str) -> None:
    assert isinstance(decode(data, charset), str)
