# SPDX-License-Identifier: Apache-2.0
"""HTML out of RTF, as [MS-OXRTFCP] and [MS-OXRTFEX] show it, and text where there is no HTML."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers.rtf import MAX_RTF, decompress, unwrap
from tocsin.errors import Unreadable

# [MS-OXRTFCP] 3.1.1 and 3.1.2: the two examples of the specification.
SIMPLE = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)
CROSSING = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")


def stored(rtf: bytes) -> bytes:
    """RTF that is kept as it is."""
    return struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf


def test_the_specification_s_examples_are_unpacked() -> None:
    assert decompress(SIMPLE) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert decompress(CROSSING) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_html_is_had_again_tag_by_tag() -> None:
    """After [MS-OXRTFEX] 3.1: what RTF says for itself stands between htmlrtf and htmlrtf0."""
    rtf = (
        rb"{\rtf1\ANSI\ansicpg1251\fromhtml1 \deff0{\fonttbl {\f0\fmodern Courier New;}{\f1\fswiss Arial;}}"
        rb"{\colortbl\red0\green0\blue0;}\uc1\pard\plain\deftab360 \f0\fs24"
        b"\r\n"
        rb"{\*\htmltag19 <html>}{\*\htmltag2 \par }{\*\htmltag50 <body>}"
        rb"{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 {\*\htmltag84 <a href=\'22https://evil.example/a\'22>}"
        rb"\htmlrtf {\field{\*\fldinst{HYPERLINK http://wrong.example}}\htmlrtf0 Pay {\*\htmltag84 &amp;}"
        rb"\htmlrtf &\htmlrtf0  \'ef\u1084?\{x\}{\*\htmltag92 </a>}\htmlrtf }}\htmlrtf0 "
        rb"{\*\mhtmltag84 <a href=rewritten>}{\*\htmltag72 </p>}{\*\htmltag58 </body>}{\*\htmltag27 </html>}}"
    )
    body = unwrap(stored(rtf))
    assert body.is_html
    assert "".join(body.text.split("\n")) == (
        '<html><body><p><a href="https://evil.example/a">Pay &amp; пм{x}</a></p></body></html>'
    )


def test_plain_rtf_gives_its_text() -> None:
    rtf = rb"{\rtf1\ansi{\info{\author A}}{\pict 00ff}"
    rtf += rb"Dear\line all,\par \ldblquote go\rdblquote \u-10179?\u-8704? \tab x}"
    assert unwrap(stored(rtf)).text == "Dear\nall,\n\u201cgo\u201d\U0001f600 \tx"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not compressed RTF"),
        (bytes(16), "not compressed RTF"),
        (stored(b"hello"), "not RTF"),
        (struct.pack("<II4sI", 0, MAX_RTF + 1, b"LZFu", 0), "MiB"),
        (stored(rb"{\rtf1" + b"{" * 500), "groups"),
    ],
)
def test_what_is_no_rtf_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        unwrap(data)


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data: bytes) -> None:
    for kind in (b"LZFu", b"MELA"):
        packed = struct.pack("<II4sI", 0, 4_000, kind, 0) + data
        assert len(decompress(packed)) <= 4_000
        try:
            unwrap(stored(b"{\\rtf1" + data))
        except Unreadable:
            continue
