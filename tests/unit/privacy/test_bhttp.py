# SPDX-License-Identifier: Apache-2.0
"""Binary HTTP: the RFC's examples, one spelling out, and nothing in that HTTP does not have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.privacy.keys import VECTORS, of, vectors

from tocsin.errors import InputError, Malformed, TooLarge
from tocsin.privacy.bhttp import MAX_FIELDS, MAX_LINE, MAX_MESSAGE, BinaryRequest, BinaryResponse

FIGURES = vectors(VECTORS / "rfc9292.json")
HELLO = BinaryRequest(
    b"GET",
    b"https",
    b"",
    b"/hello.txt",
    (
        (b"user-agent", b"curl/7.16.3 libcurl/7.16.3 OpenSSL/0.9.7l zlib/1.2.3"),
        (b"host", b"www.example.com"),
        (b"accept-language", b"en, mi"),
    ),
)
POST = BinaryRequest(b"POST", b"https", b"hub.example", b"/x", ((b"a", b"b"),), b"content")

names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20).map(str.encode)
values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40).map(str.encode)
fields = st.lists(st.tuples(names, values), max_size=MAX_FIELDS).map(tuple)
content = st.binary(max_size=400)


def test_the_request_of_known_length():
    assert BinaryRequest.parse(of(FIGURES, "figure_8")) == HELLO
    assert HELLO.to_bytes() == of(FIGURES, "figure_8")


@pytest.mark.parametrize("figure", ["figure_9", "figure_11", "figure_13"])
def test_indeterminate_length_informational_responses_and_trailers_are_refused(figure):
    with pytest.raises(Malformed):
        (BinaryRequest if figure == "figure_9" else BinaryResponse).parse(of(FIGURES, figure))


def test_an_informational_response_of_known_length_is_refused():
    with pytest.raises(Malformed):
        BinaryResponse.parse(bytes.fromhex("01 4066 00 40c8 00 00 00"))
    with pytest.raises(Malformed, match="between 200 and 599"):
        BinaryResponse.parse(bytes.fromhex("01 4066"))


def test_empty_sections_at_the_end_may_be_left_out():
    whole = of(FIGURES, "figure_8")
    assert [BinaryRequest.parse(whole[:-cut]) for cut in (1, 2)] == [HELLO, HELLO]
    bare = BinaryResponse(204).to_bytes()
    assert [BinaryResponse.parse(bare[:-cut]) for cut in (1, 2, 3)] == [BinaryResponse(204)] * 3


def test_a_number_need_not_be_in_its_shortest_form():
    long = b"\xc0" + bytes(7) + of(FIGURES, "figure_8")[1:]
    assert BinaryRequest.parse(long) == HELLO


@given(names, names, values, values.filter(bool), fields, content, st.integers(0, 300))
def test_a_request_comes_back(method, scheme, authority, path, fields, content, padding):
    request = BinaryRequest(method, scheme, authority, path, fields, content)
    written = request.to_bytes()
    padded = request.to_bytes(len(written) + padding)
    assert padded == written + bytes(padding)
    assert BinaryRequest.parse(padded) == request


@given(st.integers(200, 599), fields, content, st.integers(0, 300))
def test_a_response_comes_back(status, fields, content, padding):
    response = BinaryResponse(status, fields, content)
    written = response.to_bytes()
    assert BinaryResponse.parse(written + bytes(padding)) == response
    assert response.to_bytes(len(written)) == written


@given(st.integers(0, 1), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(kind, rest):
    for message in (BinaryRequest, BinaryResponse):
        try:
            found = message.parse(bytes([kind]) + rest)
        except InputError:
            continue
        assert message.parse(found.to_bytes()) == found


def test_two_messages_of_one_size_have_one_length():
    assert (
        len(HELLO.to_bytes(500)) == len(POST.to_bytes(500)) == len(BinaryResponse(200).to_bytes(500)) == 500
    )


def test_only_zeros_follow():
    written = POST.to_bytes(400)
    for at in range(len(POST.to_bytes()), 400):
        with pytest.raises(Malformed, match="but zeros"):
            BinaryRequest.parse(written[:at] + b"\x01" + written[at + 1 :])


def test_a_message_cut_inside_a_section_is_refused():
    written = POST.to_bytes()
    control = len(BinaryRequest(POST.method, POST.scheme, POST.authority, POST.path).to_bytes()) - 3
    section = control + 1 + 4  # behind its length, one field of four bytes
    for cut in range(len(written)):
        if cut in (control, section, len(written) - 1):
            assert BinaryRequest.parse(written[:cut]).path == POST.path
            continue
        with pytest.raises(Malformed):
            BinaryRequest.parse(written[:cut])


def test_a_request_is_no_response():
    with pytest.raises(Malformed, match="of that kind"):
        BinaryResponse.parse(HELLO.to_bytes())
    with pytest.raises(Malformed, match="of that kind"):
        BinaryRequest.parse(BinaryResponse(200).to_bytes())


@pytest.mark.parametrize(
    "change",
    [
        {"method": b""},
        {"method": b"GE T"},
        {"scheme": b""},
        {"scheme": b"http s"},
        {"authority": b"hub example"},
        {"authority": b"h\xc3\xbcb"},
        {"path": b""},
        {"path": b"/a b"},
        {"path": b"/\r\n"},
        {"fields": ((b"", b"v"),)},
        {"fields": ((b":path", b"/"),)},
        {"fields": ((b"Accept", b"*/*"),)},
        {"fields": ((b"a b", b"v"),)},
        {"fields": ((b"x", b"a\r\nb: c"),)},
        {"fields": ((b"x", b"a\x00b"),)},
        {"fields": ((b"x", b" a"),)},
        {"fields": ((b"x", b"a\t"),)},
    ],
    ids=repr,
)
def test_what_http_does_not_have_is_neither_made_nor_read(change):
    given = {
        "method": b"GET",
        "scheme": b"https",
        "authority": b"hub.example",
        "path": b"/",
        "fields": (),
    } | change
    with pytest.raises(Malformed):
        BinaryRequest(**given)
    with pytest.raises(Malformed):
        BinaryRequest.parse(raw(**given))


def test_bounds():
    with pytest.raises(TooLarge):
        BinaryRequest(b"GET", b"https", b"", b"/" + b"a" * MAX_LINE)
    with pytest.raises(TooLarge):
        BinaryResponse(200, ((b"x", b"v" * (MAX_LINE + 1)),))
    many = tuple((b"x", b"%d" % at) for at in range(MAX_FIELDS + 1))
    with pytest.raises(TooLarge):
        BinaryResponse(200, many)
    with pytest.raises(TooLarge):
        BinaryRequest.parse(raw(b"GET", b"https", b"", b"/", many))
    with pytest.raises(TooLarge):
        BinaryRequest.parse(raw(b"GET", b"https", b"", b"/" + b"a" * MAX_LINE, ()))
    with pytest.raises(TooLarge):
        BinaryResponse.parse(bytes(MAX_MESSAGE + 1))
    with pytest.raises(TooLarge):
        BinaryResponse(200, (), bytes(MAX_MESSAGE)).to_bytes()
    with pytest.raises(TooLarge):
        POST.to_bytes(10)
    with pytest.raises(TooLarge):
        POST.to_bytes(MAX_MESSAGE + 1)
    assert len(POST.to_bytes(MAX_MESSAGE)) == MAX_MESSAGE


@pytest.mark.parametrize("length", ["3f", "7fff", "bfffffff", "ffffffffffffffff"])
def test_a_length_beyond_the_message_takes_no_memory(length):
    for head in ("00", "00034745540568747470730001 2f", "0003474554056874747073000 12f00"):
        with pytest.raises(InputError):
            BinaryRequest.parse(bytes.fromhex((head + length).replace(" ", "")))


def test_a_field_does_not_reach_beyond_its_section():
    with pytest.raises(Malformed, match="beyond its section"):
        BinaryResponse.parse(bytes.fromhex("01 40c8 02 01 61 01 62 00 00"))


def raw(
    method: bytes, scheme: bytes, authority: bytes, path: bytes, fields: tuple[tuple[bytes, bytes], ...]
) -> bytes:
    """A request as no writer of ours would write it."""

    def counted(data: bytes) -> bytes:
        return (0x80000000 | len(data)).to_bytes(4) + data

    lines = b"".join(counted(name) + counted(value) for name, value in fields)
    return b"\x00" + b"".join(map(counted, (method, scheme, authority, path, lines, b""))) + b"\x00"
