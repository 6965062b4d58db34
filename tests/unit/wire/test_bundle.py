# SPDX-License-Identifier: Apache-2.0
"""A bundle's file: read as it was written, noticed when anything of it is missing, and no bytes break the reader."""

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.wire.examples import ENTRY, HEAD, OTHER, PARTY, SALT, SENT

from tocsin.errors import InputError, Malformed, ProofError, TooLarge, Withheld
from tocsin.proof.signing import SigningKey, verify
from tocsin.wire import bundle as wire
from tocsin.wire.bundle import Bundle, SignedBundle, Span, context_of, pack, unpack
from tocsin.wire.messages import Entry, Head, encode

KEY = SigningKey.from_seed(SALT)
DIRECTORY = [msgspec.structs.replace(ENTRY, stream="directory", seq=seq) for seq in range(2)]
MEMBERS = [msgspec.structs.replace(ENTRY, stream="members", seq=seq) for seq in range(5, 8)]
HEADS = {
    name: msgspec.structs.replace(HEAD, stream=name, size=size)
    for name, size in (("directory", 2), ("members", 8))
}
LINES: list[Entry | Head] = [*DIRECTORY, HEADS["directory"], *MEMBERS, HEADS["members"]]
BUNDLE = Bundle(
    hub="hub_0",
    realm="live",
    by=PARTY,
    to=OTHER,
    made=SENT,
    expires=SENT + 1,
    epoch=0,
    streams=(Span("directory", 0, 2), Span("members", 5, 8)),
    digest=b"",
)
FILE = pack(BUNDLE, LINES, KEY)


def test_it_is_read_as_it_was_written() -> None:
    opened = unpack(FILE)
    assert opened.heads == tuple(HEADS.values())
    assert opened.entries == {
        "directory": {one.seq: one for one in DIRECTORY},
        "members": {one.seq: one for one in MEMBERS},
    }
    assert msgspec.structs.replace(opened.bundle, digest=b"") == BUNDLE
    verify(KEY.public, context_of(opened.bundle), opened.signed.bundle, opened.signed.signature)


@pytest.mark.parametrize("left_out", range(len(LINES)))
def test_whatever_is_left_out_is_noticed_though_it_be_signed(left_out: int) -> None:
    rest = [line for at, line in enumerate(LINES) if at != left_out]
    with pytest.raises((Withheld, Malformed)):
        unpack(pack(BUNDLE, rest, KEY))


@pytest.mark.parametrize(
    "streams",
    [
        (Span("directory", 0, 2),),
        (Span("directory", 0, 2), Span("members", 5, 9)),
        (Span("directory", 0, 2), Span("members", 4, 8)),
        (Span("directory", 0, 2), Span("members", 9, 8)),
        (Span("directory", 0, 2), Span("members", 5, 8), Span("members", 5, 8)),
        (Span("directory", 0, 2**52), Span("members", 5, 8)),
    ],
    ids=["fewer", "longer", "earlier", "backwards", "twice", "endless"],
)
def test_what_it_says_of_itself_must_be_there(streams: tuple[Span, ...]) -> None:
    with pytest.raises((Withheld, Malformed)):
        unpack(pack(msgspec.structs.replace(BUNDLE, streams=streams), LINES, KEY))


def test_lines_of_a_later_version_are_passed_over() -> None:
    body = FILE.partition(b"\n")[2] + b'{"kind":"hint","v":1}\n'
    said = encode(msgspec.structs.replace(BUNDLE, digest=hashlib.sha256(body).digest()))
    signed = SignedBundle(bundle=said, signature=KEY.sign(context_of(BUNDLE), said))
    assert unpack(encode(signed) + b"\n" + body).heads == unpack(FILE).heads


def test_it_has_a_bound_when_written_and_when_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_BYTES", 1_000)
    with pytest.raises(TooLarge, match="MiB"):
        pack(BUNDLE, LINES, KEY)
    with pytest.raises(TooLarge):
        unpack(bytes(2**20 + 1_001))


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with pytest.raises((InputError, ProofError)):
        unpack(data)


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(at: int, by: int) -> None:
    bent = bytearray(FILE)
    bent[at] ^= by
    try:
        opened = unpack(bytes(bent))
        verify(KEY.public, context_of(opened.bundle), opened.signed.bundle, opened.signed.signature)
    except (InputError, ProofError):
        return
    assert opened == unpack(FILE), "what was changed says the same"


def test_another_message_is_no_bundle() -> None:
    with pytest.raises(Malformed):
        unpack(b'{"kind":"sight"}\n' + FILE)
