# SPDX-License-Identifier: Apache-2.0
"""Signed requests: the published vector of RFC 9421, our own, and every way in which a request must not pass."""

import base64
import doctest
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import MINUTE, SECOND, Instant
from tocsin.errors import ClockSkew, Malformed, TocsinError, Unauthenticated
from tocsin.proof import httpsig
from tocsin.proof.httpsig import (
    MAX_SKEW,
    authority_of,
    check_body,
    check_signature,
    read_signature,
    sign_request,
    signature_base,
)
from tocsin.proof.signing import SigningKey, verify_exactly

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "httpsig.json").read_text())

KEY = SigningKey.from_seed(b"k" * 32)
KEYID = "prt_00000000000040008000000000000000"
NOW = Instant(1_800_000_000 * SECOND + 500_000)
NONCE = bytes(range(16))
REQUEST = {
    "method": "POST",
    "authority": "hub.example",
    "path": "/v1/reports",
    "query": "dry=1",
    "body": b'{"v":1}',
}
EMPTY = {
    "method": "GET",
    "authority": "hub.example:8443",
    "path": "/v1/streams/members",
    "query": "",
    "body": b"",
}


def signed(request=REQUEST, now=NOW, key=KEY, nonce=NONCE):
    return dict(sign_request(key, KEYID, now=now, nonce=nonce, **request))


def claim_of(headers):
    return read_signature(
        headers.get("Signature-Input"), headers.get("Signature"), headers.get("Content-Digest")
    )


def check(headers, request=REQUEST, now=NOW, public=KEY.public):
    claim = claim_of(headers)
    prove(claim, request, now, public)
    return claim


def prove(claim, request=REQUEST, now=NOW, public=KEY.public):
    head = {name: value for name, value in request.items() if name != "body"}
    check_signature(claim, public, now=now, **head)
    check_body(claim, request["body"])


# --- RFC 9421 appendix B.2.6, with the key of B.1.4 ------------------------------------------------------------------

RFC_SEED = base64.urlsafe_b64decode("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU=")
RFC_PUBLIC = base64.urlsafe_b64decode("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs=")
RFC_COMPONENTS = [
    ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
    ("@method", "POST"),
    ("@path", "/foo"),
    ("@authority", "example.com"),
    ("content-type", "application/json"),
    ("content-length", "18"),
]
RFC_PARAMS = (
    '("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"'
)
RFC_BASE = """"date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@authority": example.com
"content-type": application/json
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")\
;created=1618884473;keyid="test-key-ed25519\""""
RFC_SIGNATURE = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="


def test_the_signature_base_of_the_rfc_is_ours():
    assert signature_base(RFC_COMPONENTS, RFC_PARAMS).decode() == RFC_BASE


def test_the_signature_of_the_rfc_is_ours():
    key = SigningKey.from_seed(RFC_SEED)
    assert key.public == RFC_PUBLIC
    signature = key.sign_exactly(signature_base(RFC_COMPONENTS, RFC_PARAMS))
    assert base64.b64encode(signature).decode() == RFC_SIGNATURE
    verify_exactly(RFC_PUBLIC, RFC_BASE.encode(), base64.b64decode(RFC_SIGNATURE))


# --- our vectors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", VECTORS["good"], ids=lambda case: case["name"])
def test_good_vectors_are_signed_byte_for_byte(case):
    key = SigningKey.from_seed(bytes.fromhex(case["seed"]))
    request = case["request"] | {"body": case["request"]["body"].encode()}
    headers = sign_request(
        key, case["keyid"], now=Instant(case["now"]), nonce=bytes.fromhex(case["nonce"]), **request
    )
    assert dict(headers) == case["headers"]
    assert check(case["headers"], request, Instant(case["now"]), key.public).keyid == case["keyid"]


@pytest.mark.parametrize("case", VECTORS["bad"], ids=lambda case: case["name"])
def test_bad_vectors_are_refused(case):
    good = VECTORS["good"][0]
    request = good["request"] | case.get("request", {})
    headers = good["headers"] | case.get("headers", {})
    public = SigningKey.from_seed(bytes.fromhex(good["seed"])).public
    with pytest.raises(Unauthenticated):
        check(headers, request | {"body": request["body"].encode()}, Instant(good["now"]), public)


# --- what passes ------------------------------------------------------------------------------------------------


def test_the_docstring_shows_how():
    assert doctest.testmod(httpsig).failed == 0


@pytest.mark.parametrize("request_", [REQUEST, EMPTY], ids=["with a body", "without a body"])
def test_a_signed_request_passes_and_says_who(request_):
    headers = signed(request_)
    claim = check(headers, request_)
    assert (claim.keyid, claim.nonce) == (KEYID, NONCE.hex())
    assert claim.expires - claim.created == 60 * SECOND
    assert ("Content-Digest" in headers) == bool(request_["body"])


def test_the_authority_is_compared_without_case():
    check(signed(), REQUEST | {"authority": "Hub.Example"})


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_clocks_may_differ_by_five_minutes(seconds):
    created = Instant(NOW // SECOND * SECOND)
    check(signed(now=created), now=Instant(created + seconds * SECOND))


def test_a_nonce_may_be_forgotten_when_the_clock_refuses_the_signature():
    claim = claim_of(signed())
    check(signed(), now=claim.forget_at)
    with pytest.raises(ClockSkew):
        check(signed(), now=Instant(claim.forget_at + 1))


# --- what does not ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [-301, 301, -86_400, 86_400])
def test_a_larger_difference_is_told_with_the_verifiers_time(seconds):
    with pytest.raises(ClockSkew, match="here it is 2027-01-15T08:00:00"):
        check(signed(now=Instant(NOW + seconds * SECOND)))


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"authority": "hub2.example"},
        {"authority": "hub.example:8443"},
        {"path": "/v1/report"},
        {"path": "/v1/reports/"},
        {"path": "/v1/%72eports"},
        {"query": ""},
        {"query": "dry=0"},
        {"query": "dry=1&dry=1"},
        {"body": b'{"v":2}'},
        {"body": b'{"v":1}\n'},
        {"body": b""},
        {"path": "no-slash"},
        {"path": '/v1/reports\n"@query": ?dry=1'},
        {"query": "dry=1\u0130"},
    ],
    ids=str,
)
def test_a_request_that_was_changed_is_refused(change):
    with pytest.raises(Unauthenticated):
        check(signed(), REQUEST | change)


def test_a_body_put_under_a_signature_without_one_is_refused():
    with pytest.raises(Unauthenticated, match="do not belong together"):
        check(signed(EMPTY), EMPTY | {"body": b"x"})


def test_another_key_is_refused():
    with pytest.raises(Unauthenticated):
        check(signed(), public=SigningKey.from_seed(b"o" * 32).public)


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(32), b"\1" + bytes(31), b"\xff" * 32])
def test_a_key_that_is_none_is_refused(public):
    with pytest.raises(Unauthenticated):
        check(signed(), public=public)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"@method" ', ""),
        (' "@query"', ""),
        (' "content-digest"', ""),
        ('"@method" "@authority"', '"@authority" "@method"'),
        ('"@query"', '"@query" "@query"'),
        ('"@path"', '"@path";req'),
        ("created=1800000000", "created=1800000001"),
        ("created=1800000000", "created=01800000000"),
        ("created=1800000000", "created=1800000000.0"),
        ("expires=1800000060", "expires=1800000061"),
        ("expires=1800000060", "expires=1800000000"),
        ("expires=1800000060", "expires=1799999999"),
        (";expires=1800000060", ""),
        (NONCE.hex(), "0" * 32),
        (NONCE.hex(), "0" * 31),
        (NONCE.hex(), NONCE.hex().upper()),
        (KEYID, KEYID + "x"),
        (KEYID, 'x";tag="y'),
        (KEYID, "x" * 101),
        (';tag="tocsin"', ""),
        (';tag="tocsin"', ';tag="other"'),
        (';tag="tocsin"', ';tag="tocsin";alg="hmac-sha256"'),
        (';tag="tocsin"', ';alg="ed25519";tag="tocsin"'),
        ("tocsin=(", "sig1=("),
        ("tocsin=(", " tocsin=("),
        ('tag="tocsin"', 'tag="tocsin", tocsin=()'),
    ],
)
def test_signature_parameters_that_were_changed_are_refused(before, after):
    headers = signed()
    changed = headers["Signature-Input"].replace(before, after, 1)
    assert changed != headers["Signature-Input"]
    with pytest.raises(Unauthenticated):
        check(headers | {"Signature-Input": changed})


@pytest.mark.parametrize("seconds", [-1, 0, 61, 3600])
def test_a_life_of_more_than_a_minute_or_none_is_refused_though_signed(seconds):
    params = signed(EMPTY)["Signature-Input"].replace("1800000060", str(1_800_000_000 + seconds))
    components = [
        ("@method", "GET"),
        ("@authority", "hub.example:8443"),
        ("@path", EMPTY["path"]),
        ("@query", "?"),
    ]
    signature = KEY.sign_exactly(signature_base(components, params.removeprefix("tocsin=")))
    headers = {"Signature-Input": params, "Signature": f"tocsin=:{base64.b64encode(signature).decode()}:"}
    with pytest.raises(Unauthenticated, match="expire within 60 seconds"):
        check(headers, EMPTY)


def test_a_digest_stands_with_its_component_or_not_at_all():
    with_body, without = signed(), signed(EMPTY)
    with pytest.raises(Unauthenticated, match="do not belong together"):
        read_signature(with_body["Signature-Input"], with_body["Signature"], None)
    with pytest.raises(Unauthenticated, match="do not belong together"):
        read_signature(without["Signature-Input"], without["Signature"], with_body["Content-Digest"])


@pytest.mark.parametrize("name", ["Signature-Input", "Signature", "Content-Digest"])
@pytest.mark.parametrize("wrong", [None, "", "tocsin", "x" * 600, "twice", "\ud800"])
def test_missing_empty_long_doubled_headers_are_refused(name, wrong):
    headers = signed()
    headers[name] = f"{headers[name]}, {headers[name]}" if wrong == "twice" else wrong
    with pytest.raises(Unauthenticated):
        check(headers)


def test_a_digest_of_another_algorithm_or_spelling_is_refused():
    headers = signed()
    for digest in (
        "sha-512=:AAAA:",
        headers["Content-Digest"] + ";x",
        headers["Content-Digest"].replace("=:", ":", 1),
    ):
        with pytest.raises(Unauthenticated):
            check(headers | {"Content-Digest": digest})


def test_base64_with_stray_bits_is_refused():
    headers = signed()
    last = headers["Signature"][-4]
    other = {"A": "B", "Q": "R", "g": "h", "w": "x"}[last]
    with pytest.raises(Unauthenticated):
        check(headers | {"Signature": headers["Signature"][:-4] + other + "==:"})


@pytest.mark.parametrize(
    "change",
    [
        {"path": "v1"},
        {"path": "/a b"},
        {"path": "/ä"},
        {"query": "a\nb"},
        {"method": ""},
        {"authority": ""},
        {"authority": "hub example"},
    ],
)
def test_what_cannot_travel_is_not_signed(change):
    with pytest.raises(Malformed):
        signed(REQUEST | change)


def test_a_short_nonce_or_a_key_id_with_quotes_is_not_signed():
    with pytest.raises(Malformed):
        signed(nonce=bytes(15))
    with pytest.raises(Malformed):
        sign_request(KEY, 'x"y', now=NOW, nonce=NONCE, **REQUEST)


# --- rules ------------------------------------------------------------------------------------------------------

visible = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60)


@given(
    st.sampled_from(["GET", "POST", "DELETE"]),
    visible.map("h".__add__),
    visible.map("/".__add__),
    visible,
    st.binary(max_size=200),
    st.integers(0, 2**35).map(lambda second: Instant(second * SECOND)),
)
def test_whatever_can_travel_can_be_signed_and_checked(method, authority, path, query, body, now):
    request = {"method": method, "authority": authority, "path": path, "query": query, "body": body}
    check(signed(request, now), request, Instant(now + MAX_SKEW))


header = st.none() | st.text(max_size=80) | st.sampled_from(sorted(signed().values()))


@given(header, header, header, st.binary(max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_garbage_is_refused_in_our_own_words(one, two, three, public, path, query):
    with suppress(TocsinError):
        claim = read_signature(one, two, three)
        request = {"method": "GET", "authority": query, "path": path, "query": query, "body": public}
        prove(claim, request, Instant(0), public)


@given(st.data())
def test_a_header_with_any_one_letter_changed_does_not_pass(data):
    headers = signed()
    name = data.draw(st.sampled_from(sorted(headers)))
    text = headers[name]
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.characters()) + text[at + 1 :]
    if changed != text:
        with pytest.raises((Unauthenticated, ClockSkew)):
            check(headers | {name: changed})


def test_time_is_shown_for_the_latest_second_that_can_be_claimed():
    claim = claim_of(signed(now=Instant(99_999_999_000 * SECOND)))
    with pytest.raises(ClockSkew, match="signed at 5138"):
        prove(claim, now=Instant(NOW + MINUTE))


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://Hub.Example/", "hub.example"),
        ("https://hub.example:443", "hub.example"),
        ("http://hub.example:80/x", "hub.example"),
        ("https://hub.example:8443", "hub.example:8443"),
        ("http://hub.example:443", "hub.example:443"),
        ("http://127.0.0.1:8710", "127.0.0.1:8710"),
        ("https://[2001:db8::1]:443", "[2001:db8::1]"),
    ],
)
def test_the_authority_of_a_url_leaves_the_usual_port_out(url: str, authority: str) -> None:
    assert authority_of(url) == authority
