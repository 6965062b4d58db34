# SPDX-License-Identifier: Apache-2.0
"""An envelope is one size, gives nothing away, and what no agent packs is refused as one thing."""

import random
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import BadSignature, InputError, Malformed, TooLarge
from tocsin.privacy.tokens import Token, token_nonce
from tocsin.proof.signing import Context, SigningKey
from tocsin.wire.envelope import (
    ADMISSION_BYTES,
    MAX_REPORT,
    MIX,
    NOW,
    OVERHEAD,
    Admission,
    admission,
    check_admission,
    check_enclosed,
    cover,
    enclose,
    find_result,
    inner_request,
    pack,
    read_inner,
    request_bytes,
    seal_result,
    unpack,
)

CHANCE = random.Random(5).randbytes
KEY, ONE_TIME = SigningKey.from_seed(b"k" * 32), SigningKey.from_seed(b"o" * 32)
DRAWN = b"d" * 32
TOKEN = Token(token_nonce(DRAWN, ONE_TIME.public), bytes(32), bytes(32), bytes(256))
SIGNS = Context("anonymous-report", "live", "hub_1")
SIZE = 4_096


def enclosed(body: bytes = b"a report"):
    return enclose(body, TOKEN, DRAWN, ONE_TIME, b"r" * 32, signs=SIGNS, document=b"epoch")


def test_what_is_packed_is_unpacked_and_has_the_size_of_cover():
    found = enclosed()
    assert unpack(pack(found, SIZE)) == found
    assert unpack(cover(SIZE)) is None
    assert len(pack(found, SIZE)) == len(cover(SIZE)) == SIZE
    check_enclosed(found, signs=SIGNS, document=b"epoch")
    assert "report" not in repr(found)


def test_a_report_moves_to_no_other_epoch_hub_or_token():
    found = enclosed()
    with pytest.raises(BadSignature):
        check_enclosed(found, signs=SIGNS, document=b"another")
    with pytest.raises(BadSignature):
        check_enclosed(found, signs=Context("anonymous-report", "drill", "hub_1"), document=b"epoch")
    stranger = enclose(b"a report", TOKEN, DRAWN, KEY, b"r" * 32, signs=SIGNS, document=b"epoch")
    with pytest.raises(Malformed, match="another key"):
        check_enclosed(stranger, signs=SIGNS, document=b"epoch")


def test_what_does_not_fit_is_refused_before_it_is_sealed():
    with pytest.raises(TooLarge, match="leave values out"):
        pack(enclosed(CHANCE(SIZE)), SIZE)
    with pytest.raises(TooLarge):
        pack(enclosed(bytes(MAX_REPORT + 1)), SIZE)
    assert unpack(pack(enclosed(bytes(MAX_REPORT)), SIZE)).body == bytes(MAX_REPORT)


@given(at=st.integers(0, SIZE - 1), value=st.integers(1, 255))
def test_no_byte_of_a_packed_report_brings_the_reader_down(at, value):
    data = bytearray(pack(enclosed(), SIZE))
    data[at] = (data[at] + value) % 256
    try:
        found = unpack(bytes(data))
    except InputError:
        return
    assert found is None or len(found.body) <= MAX_REPORT


@given(st.binary(max_size=OVERHEAD + 40))
def test_no_bytes_bring_it_down(data):
    with suppress(InputError):
        unpack(data)


def test_a_bomb_is_stopped_at_its_bound():
    deflated = zlib.compress(bytes(MAX_REPORT + 1), 9)
    whole = bytearray(pack(enclosed(), SIZE))
    whole[OVERHEAD - 4 : OVERHEAD] = len(deflated).to_bytes(4)
    whole[OVERHEAD:] = deflated.ljust(SIZE - OVERHEAD, b"\0")
    with pytest.raises(TooLarge):
        unpack(bytes(whole))


def test_the_inner_request_is_one_and_of_one_length():
    for path in (MIX, NOW):
        data = inner_request(path, 3, 9, b"blob")
        assert read_inner(data, path) == (3, 9, b"blob")
        with pytest.raises(Malformed):
            read_inner(data, NOW if path == MIX else MIX)
    lengths = {
        len(inner_request(MIX, epoch, slot, bytes(SIZE))) for epoch in (1, 2**62) for slot in (0, 2**40)
    }
    assert lengths == {len(inner_request(NOW, 1, 1, bytes(SIZE)))}
    assert request_bytes(SIZE) > SIZE


def test_an_admission_is_for_one_slot_of_one_member():
    context = Context("slot-envelope", "live", "hub_1")
    found = admission(KEY, b"request", epoch=1, slot=2, party=b"p" * 16, signs=context)
    data = found.to_bytes()
    assert Admission.parse(data) == found
    assert len(data) == ADMISSION_BYTES + len(b"request")
    check_admission(found, KEY.public, context)
    for place in range(1, len(data)):
        spoiled = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(BadSignature):
            check_admission(Admission.parse(spoiled), KEY.public, context)
    for short in (b"", data[:ADMISSION_BYTES], b"\x02" + data[1:]):
        with pytest.raises(Malformed):
            Admission.parse(short)


def test_a_result_is_found_by_its_key_among_others_of_the_same_length():
    nonce = b"n" * 12
    own, other = seal_result(b"k" * 32, b"accepted", nonce), seal_result(b"x" * 32, b"", nonce)
    assert len(own) == len(other)
    assert find_result(b"k" * 32, (other, bytes(272), own)) == b"accepted"
    assert find_result(b"y" * 32, (other, own)) is None
    with pytest.raises(TooLarge):
        seal_result(b"k" * 32, bytes(256), nonce)
