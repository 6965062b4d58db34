# SPDX-License-Identifier: Apache-2.0
"""The last value that is taken and the first that is not, and bytes written out by hand: found by mutation."""

import pytest

from tocsin.clock import LAST, SECOND, Instant
from tocsin.errors import BadProof, BadSignature, Malformed, TooLarge
from tocsin.proof.encoding import framed, name_bytes, to_base64
from tocsin.proof.headmap import HeadMap, StreamHead, map_root
from tocsin.proof.merkle import EMPTY_ROOT, MAX_SIZE, verify_consistency
from tocsin.proof.note import (
    MAX_NOTE,
    Checkpoint,
    KeyKind,
    SignatureLine,
    VerifierKey,
    check_key_name,
    cosign,
    log_origin,
    open_note,
    sign_note,
    verify_cosignature,
)
from tocsin.proof.signing import Context, SigningKey, check_public_key

HUB, PARTNER = SigningKey.from_seed(b"h" * 32), SigningKey.from_seed(b"p" * 32)
ORIGIN = log_origin("hub.example", "live")
HUB_KEY = VerifierKey(ORIGIN, KeyKind.NOTE, HUB.public)
PARTNER_KEY = VerifierKey("partner.example", KeyKind.COSIGNATURE, PARTNER.public)
HEAD = Checkpoint(ORIGIN, 7, b"r" * 32)
NOTE = sign_note(HEAD, HUB)
NOW = Instant(1_800_000_000 * SECOND)
KEY, ROOT = b"k" * 32, b"r" * 32


def test_a_name_has_up_to_200_bytes() -> None:
    assert name_bytes("é" * 100) == "é".encode() * 100
    for text in ("", "a" * 201, "é" * 101):
        with pytest.raises(Malformed):
            name_bytes(text)


def test_a_stream_is_as_long_as_a_tree_can_be() -> None:
    assert StreamHead(KEY, MAX_SIZE, ROOT).size == 2**31 - 1
    assert StreamHead(KEY, 0, ROOT).size == 0
    for size in (MAX_SIZE + 1, -1):
        with pytest.raises(Malformed):
            StreamHead(KEY, size, ROOT)


def test_the_root_of_a_map_is_that_of_its_heads() -> None:
    head = StreamHead(KEY, 3, ROOT)
    assert map_root([head]) == HeadMap([head]).root() == head.leaf()


def test_what_is_signed_written_out_by_hand() -> None:
    signed = Context("warning", "live", "hub_1").over(b"bytes")
    assert signed == framed(b"tocsin/warning/v1", b"live", b"hub_1", b"bytes")


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_public_key_has_32_bytes(size: int) -> None:
    with pytest.raises(Malformed, match="32 bytes"):
        check_public_key(b"\x07" * size)


@pytest.mark.parametrize("name", ["a+b", "a b", "a\u00a0b", "a\u200bb", ""])
def test_a_key_has_a_name_that_can_stand_in_a_note(name: str) -> None:
    with pytest.raises(Malformed):
        check_key_name(name)
    with pytest.raises(Malformed):
        VerifierKey(name, KeyKind.NOTE, HUB.public)


def test_a_verifier_key_that_fits_any_signature_is_no_key() -> None:
    with pytest.raises(Malformed, match="nobody made"):
        VerifierKey("hub.example", KeyKind.NOTE, bytes(32))


@pytest.mark.parametrize("digits", ["", "0", "GGGGGGGG", "0" * 9])
def test_the_id_of_a_verifier_key_is_eight_digits(digits: str) -> None:
    name, _, encoded = str(HUB_KEY).split("+", 2)
    with pytest.raises(Malformed, match="8 hex digits"):
        VerifierKey.parse(f"{name}+{digits}+{encoded}")


def test_a_checkpoint_ends_with_its_third_line() -> None:
    assert Checkpoint.parse(HEAD.to_text()) == HEAD
    with pytest.raises(Malformed, match="three lines"):
        Checkpoint.parse(f"{HEAD.to_text()}more")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (f"other.example {to_base64(b'12345')}\n", "not a signature line"),
        ("— other.example\n", "not a signature line"),
        (f"— other.example {to_base64(b'1234')}\n", "key id and a signature"),
    ],
)
def test_a_line_under_a_note_is_a_signature_line(line: str, sentence: str) -> None:
    with pytest.raises(Malformed, match=sentence):
        open_note(NOTE + line, HUB_KEY)
    open_note(f"{NOTE}— other.example {to_base64(b'12345')}\n", HUB_KEY)


@pytest.mark.parametrize("text", ["", HEAD.to_text(), NOTE.replace("\n\n", "\n"), NOTE.rstrip("\n")])
def test_a_note_has_an_empty_line_and_an_end(text: str) -> None:
    with pytest.raises(Malformed, match="an empty line, and one or more"):
        open_note(text, HUB_KEY)


def padded(size: int) -> str:
    """The note with a stranger's line, so that it has that many bytes."""
    room = size - len(NOTE.encode()) - len("—  \n".encode())
    name = "x" * (4 + room % 4)
    return f"{NOTE}— {name} {'A' * (room - len(name))}\n"


def test_a_note_of_the_greatest_length_opens_and_a_longer_one_does_not() -> None:
    assert len(padded(MAX_NOTE).encode()) == MAX_NOTE
    open_note(padded(MAX_NOTE), HUB_KEY)
    with pytest.raises(TooLarge):
        open_note(padded(MAX_NOTE + 1), HUB_KEY)


def test_a_cosignature_makes_no_note_too_long_to_open() -> None:
    line = len(cosign(open_note(NOTE, HUB_KEY), PARTNER_KEY.name, PARTNER, NOW).encode()) - len(NOTE.encode())
    fits = open_note(padded(MAX_NOTE - line), HUB_KEY)
    assert len(cosign(fits, PARTNER_KEY.name, PARTNER, NOW).encode()) == MAX_NOTE
    with pytest.raises(TooLarge):
        cosign(open_note(padded(MAX_NOTE - line + 1), HUB_KEY), PARTNER_KEY.name, PARTNER, NOW)


def test_a_partner_s_time_is_one_that_a_clock_can_show() -> None:
    last = Instant(LAST // SECOND * SECOND)
    note = open_note(NOTE, HUB_KEY)
    assert (
        verify_cosignature(open_note(cosign(note, PARTNER_KEY.name, PARTNER, last), HUB_KEY), PARTNER_KEY)
        == last
    )
    late = open_note(cosign(note, PARTNER_KEY.name, PARTNER, Instant(last + SECOND)), HUB_KEY)
    with pytest.raises(BadSignature, match="no clock shows"):
        verify_cosignature(late, PARTNER_KEY)


def test_a_cosignature_has_a_time_and_64_bytes() -> None:
    short = SignatureLine(PARTNER_KEY.name, PARTNER_KEY.id, b"s" * 71)
    with pytest.raises(BadSignature, match="wrong length"):
        verify_cosignature(open_note(f"{NOTE}{short}", HUB_KEY), PARTNER_KEY)


@pytest.mark.parametrize(("old", "new"), [(MAX_SIZE + 1, MAX_SIZE + 1), (0, MAX_SIZE + 1), (-1, 0), (0, -1)])
def test_no_tree_is_larger_than_the_largest_or_smaller_than_none(old: int, new: int) -> None:
    with pytest.raises(BadProof, match="A tree has 0 to"):
        verify_consistency(old, EMPTY_ROOT, new, EMPTY_ROOT, ())


def test_the_largest_tree_is_one() -> None:
    root = bytes(32)
    verify_consistency(MAX_SIZE, root, MAX_SIZE, root, ())
