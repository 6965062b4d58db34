# SPDX-License-Identifier: Apache-2.0
"""Messages of every release are read for ever, strangers' fields are ignored, and no bytes break the reader."""

import json
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.wire.examples import EXAMPLES, RECORDED, WARNED, kind_of, kinds_of_message, place_of

from tocsin.errors import Malformed
from tocsin.wire import messages
from tocsin.wire.messages import (
    MAX_BODY,
    VERSION,
    Erase,
    Header,
    Message,
    OneOf,
    Peek,
    Sight,
    Welcome,
    decode,
    decode_warning,
    encode,
    encode_warning,
    peek,
)

each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: type(one).__name__)


def test_every_kind_of_message_is_recorded() -> None:
    assert {type(one) for one in EXAMPLES} == kinds_of_message()
    assert {path.name for path in RECORDED.iterdir()} == {place_of(one).name for one in EXAMPLES}


def test_no_two_messages_share_a_file() -> None:
    assert len({place_of(one) for one in EXAMPLES}) == len(EXAMPLES)


@each_example
def test_a_recorded_message_is_read_as_what_it_said(example: Message) -> None:
    assert decode(place_of(example).read_bytes(), type(example)) == example


@each_example
def test_a_message_is_read_as_it_was_written(example: Message) -> None:
    assert decode(encode(example), type(example)) == example


@each_example
def test_kind_and_version_are_known_before_anything_else(example: Message) -> None:
    assert peek(encode(example)) == Peek(kind_of(example), VERSION)


@each_example
def test_a_message_is_one_line(example: Message) -> None:
    assert b"\n" not in encode(example), "a stream's event is one data line"


@each_example
def test_a_field_of_a_later_release_is_ignored(example: Message) -> None:
    data = encode(example)[:-1] + b',"unheard_of":{"deep":[1,2.5,null,"x"]}}'
    assert decode(data, type(example)) == example


@each_example
def test_a_later_version_is_refused_by_its_number(example: Message) -> None:
    later = json.loads(encode(example)) | {"v": VERSION + 1}
    with pytest.raises(Malformed, match=f"Version 2 of {kind_of(example)} is not served"):
        decode(json.dumps(later).encode(), type(example))


@each_example
def test_a_message_of_another_kind_is_refused(example: Message) -> None:
    other = next(kind for kind in kinds_of_message() if kind is not type(example))
    with pytest.raises(Malformed, match="kind"):
        decode(encode(example), other)


@each_example
@pytest.mark.parametrize("wrong", [{}, [], 1.5, True, "\u0001", None], ids=repr)
def test_a_field_of_the_wrong_type_is_named(example: Message, wrong: object) -> None:
    things = json.loads(encode(example))
    for field in set(things) - {"kind"}:
        found = read_or_complain(json.dumps(things | {field: wrong}).encode(), type(example))
        if isinstance(found, str):
            assert field in found or "Version" in found
        else:
            assert json.loads(encode(found))[field] == wrong


def read_or_complain(data: bytes, kind: type[Message]) -> Message | str:
    try:
        return decode(data, kind)
    except Malformed as error:
        return error.detail


def test_an_unknown_kind_can_be_told_and_is_not_read() -> None:
    data = b'{"kind":"from-the-future","v":9,"x":[]}'
    assert peek(data) == Peek("from-the-future", 9)
    with pytest.raises(Malformed):
        decode(data, Welcome)


def test_bytes_travel_as_base64() -> None:
    signed = messages.SignedReceipt(receipt=b"\xff\xfe", signature=b"")
    assert json.loads(encode(signed))["receipt"] == "//4="


@pytest.mark.parametrize("text", ["*", "A", "AAA", "//4", "//4=\n", "__4="])
def test_bytes_that_are_not_base64_are_malformed(text: str) -> None:
    data = json.dumps({"kind": "signed-receipt", "v": 1, "receipt": text, "signature": ""}).encode()
    with pytest.raises(Malformed):
        decode(data, messages.SignedReceipt)


def test_a_message_that_is_too_large_is_not_parsed() -> None:
    data = b'{"kind":"welcome","v":1,"hub":"h","streams":[]}' + b" " * MAX_BODY
    for read in (lambda: decode(data, Welcome), lambda: peek(data)):
        with pytest.raises(Malformed, match="at most"):
            read()


HOSTILE = {
    "nothing": b"",
    "null": b"null",
    "a number": b"0",
    "a list": b"[]",
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"kind":"welcome","x":' * 100_000,
    "depth in an unknown field": b'{"kind":"welcome","v":1,"later":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "depth in a known field": b'{"kind":"welcome","v":1,"streams":' + b"[" * 100_000,
    "NaN": b'{"kind":"welcome","v":NaN}',
    "Infinity": b'{"kind":"welcome","v":-Infinity}',
    "a huge whole number": b'{"kind":"welcome","v":1' + b"0" * 100_000 + b"}",
    "a huge power": b'{"kind":"welcome","v":1e999999999}',
    "a fraction": b'{"kind":"welcome","v":1.5}',
    "a negative version": b'{"kind":"welcome","v":-1,"hub":"h","streams":[]}',
    "invalid UTF-8": b'{"kind":"welcome","v":1,"hub":"\xff","streams":[]}',
    "overlong UTF-8": b'{"kind":"welcome","v":1,"hub":"\xc0\x80","streams":[]}',
    "an encoded surrogate": b'{"kind":"welcome","v":1,"hub":"\xed\xa0\x80","streams":[]}',
    "a lone surrogate": b'{"kind":"welcome","v":1,"hub":"\\ud800","streams":[]}',
    "a surrogate as a key": b'{"kind":"welcome","v":1,"\\udfff":0,"hub":"h","streams":[]}',
    "a surrogate as kind": b'{"kind":"\\ud800","v":1}',
    "two kinds": b'{"kind":"welcome","kind":"head","v":1,"hub":"h","streams":[]}',
    "two kinds, other order": b'{"kind":"head","kind":"welcome","v":1,"hub":"h","streams":[]}',
    "a byte order mark": b'\xef\xbb\xbf{"kind":"welcome","v":1,"hub":"h","streams":[]}',
    "UTF-16": '{"kind":"welcome"}'.encode("utf-16"),
    "a control character": b'{"kind":"wel\x00come"}',
    "something after it": b'{"kind":"welcome","v":1,"hub":"h","streams":[]}{}',
    "single quotes": b"{'kind':'welcome'}",
    "a comment": b'{"kind":"welcome"/**/}',
    "cut": b'{"kind":"welcome","v":1,"hub":"h","streams":[',
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_json_is_malformed_and_nothing_else(data: bytes) -> None:
    with pytest.raises(Malformed):
        decode(data, Welcome)


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_json_breaks_no_other_reader(data: bytes) -> None:
    for read in (peek, decode_warning, lambda data: decode(data, messages.Report)):
        try:
            read(data)
        except Malformed:
            continue


ALMOST_JSON = (
    st.recursive(st.none() | st.text() | st.floats() | st.integers(), st.lists).map(repr).map(str.encode)
)


@given(st.binary() | ALMOST_JSON)
def test_no_bytes_make_another_error_than_malformed(data: bytes) -> None:
    for read in (peek, decode_warning, lambda data: decode(data, Sight)):
        try:
            read(data)
        except Malformed:
            continue


def test_of_a_doubled_field_the_last_counts_everywhere() -> None:
    """Both readers agree, so that no doubled field means one thing here and another there."""
    data = b'{"kind":"welcome","v":1,"v":1,"hub":"a","hub":"b","streams":[]}'
    assert decode(data, Welcome).hub == "b"


def test_a_warning_is_read_from_the_very_bytes_that_were_signed() -> None:
    assert encode_warning(decode_warning(WARNED)) == WARNED


def test_a_warning_is_not_a_message_of_its_own() -> None:
    with pytest.raises(Malformed):
        decode_warning(encode(EXAMPLES[0]))


def test_an_object_of_a_report_keeps_its_bytes() -> None:
    """What is hashed and stored is what was sent: spaces, order and all."""
    report = messages.Report(id="rpt_1", sent=0, objects=(msgspec.Raw(b'{ "b":1, "a":2.50 }'),))
    (kept,) = decode(encode(report), messages.Report).objects
    assert bytes(kept) == b'{ "b":1, "a":2.50 }'


def with_a_huge_number(found: object) -> Iterator[object]:
    """Copies of nested JSON in each of which one whole number is one too great for a store."""
    if isinstance(found, bool):
        return
    if isinstance(found, int):
        yield 2**63
    for key in found if isinstance(found, dict) else range(len(found)) if isinstance(found, list) else ():
        for changed in with_a_huge_number(found[key]):
            copy = found.copy()
            copy[key] = changed
            yield copy


@each_example
def test_no_number_is_greater_than_every_store_can_hold(example: Message) -> None:
    if isinstance(example, Header):
        return  # `tocsin.follow.verify` bounds it, and names what the hub did
    huge = list(with_a_huge_number(json.loads(encode(example))))
    assert huge, "every message has a version"
    for one in huge:
        with pytest.raises(Malformed):
            decode(json.dumps(one).encode(), type(example))


@pytest.mark.parametrize("text", [r"\u0000", r"a\u0000b", r"\\\u0000", r"\n\u0000"])
def test_no_text_holds_a_nul(text: str) -> None:
    data = encode(Erase(id="msg_1", sent=0, fact="here", reason="mistake")).replace(b"here", text.encode())
    with pytest.raises(Malformed, match="NUL"):
        decode(data, Erase)


def test_a_backslash_before_four_zeros_is_no_nul() -> None:
    data = encode(Erase(id="msg_1", sent=0, fact="here", reason="mistake")).replace(b"here", rb"\\u0000")
    assert decode(data, Erase).fact == r"\u0000"


EITHER = OneOf(Welcome, Erase)


@each_example
def test_one_of_several_kinds_is_read_as_it_is_alone(example: Message) -> None:
    data = encode(example)
    assert EITHER.decode(data) == (example if isinstance(example, Welcome | Erase) else None)


@pytest.mark.parametrize(
    "data",
    [
        b'{"kind":"erase","v":1}',
        b'{"kind":"erase","v":2,"id":"m","sent":0,"fact":"f","reason":"law"}',
        b'{"kind":"erase","v":1,"id":"m\\u0000","sent":0,"fact":"f","reason":"law"}',
        b"[]",
        b"",
        b'{"kind":7}',
        b"x" * (MAX_BODY + 1),
    ],
    ids=["lacks fields", "later version", "NUL", "no object", "nothing", "kind is no text", "too large"],
)
def test_one_of_several_kinds_is_refused_as_it_is_alone(data: bytes) -> None:
    with pytest.raises(Malformed) as alone:
        decode(data, Erase)
    with pytest.raises(Malformed) as among:
        EITHER.decode(data)
    assert type(among.value) is type(alone.value)


def test_another_kind_is_told_from_a_broken_message_wherever_it_stands() -> None:
    assert EITHER.decode(b'{"v":9,"of":"rain","kind":"forecast"}') is None
    assert EITHER.decode(b"{}") is None
    assert EITHER.decode(b'{"v":1,"streams":[],"hub":"h","kind":"welcome"}') == Welcome(hub="h", streams=())
