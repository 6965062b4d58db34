# SPDX-License-Identifier: Apache-2.0
import base64
import codecs
import hashlib
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.agent.readings import JANE, NORTH

from tocsin.agent.assets import assets_of
from tocsin.agent.traces import Traces, opaque

TRACES = Traces(NORTH, (JANE, "al@customer.example"))
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda t: t,
    "capitals": str.upper,
    "percent": lambda t: "".join(f"%{ord(c):02X}" for c in t),
    "percent twice": lambda t: quote(quote(t, safe="")),
    "base64": lambda t: base64.b64encode(t.encode()).decode(),
    "base64, in a longer text": lambda t: base64.urlsafe_b64encode(f"id=7;u={t};".encode()).decode(),
    "base64, not at its start": lambda t: "ab" + base64.b64encode(t.encode()).decode(),
    "base64 of hexadecimal": lambda t: base64.b64encode(t.encode().hex().encode()).decode(),
    "hexadecimal": lambda t: t.encode().hex(),
    "backwards": lambda t: t[::-1],
    "ROT13": lambda t: codecs.encode(t, "rot13"),
    "MD5": lambda t: hashlib.md5(t.encode()).hexdigest(),
    "SHA-256": lambda t: hashlib.sha256(t.encode()).hexdigest(),
    "VERP": lambda t: "bounce+" + t.replace("@", "="),
    "dashes": lambda t: t.replace("@", "-").replace(".", "-"),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_recipients_address_is_found_however_it_is_written(encoding: str) -> None:
    assert TRACES.found_in(f"/go?x=1&u={ENCODINGS[encoding](JANE)}")


@pytest.mark.parametrize(
    "text",
    [
        "/northmoor/login", "/north-moor", "/NORTHM00R", "/nоrthmооr", "/nörthmöör", "northmoor.example",
        "/N%6frthmoor", "secure-northmoorbank", "/n.o.r.t.h.m.o.o.r", "nörthmöör".encode("idna").decode(),
    ],
)  # fmt: skip
def test_the_banks_name_is_found_however_it_is_spelled(text: str) -> None:
    assert TRACES.found_in(text)


@pytest.mark.parametrize("text", ["/doe/", "?n=Jane", "jane_doe", "/u/someone@else.example"])
def test_parts_of_a_recipients_name_and_any_mail_address_are_found(text: str) -> None:
    assert TRACES.found_in(text)


@pytest.mark.parametrize(
    "text", ["/login", "/a/b.html", "?id=5", "/moorland", "/north", "", "/wp-content/themes/x"]
)
def test_what_names_nobody_is_left_alone(text: str) -> None:
    assert TRACES.found_in(text) is None


def test_a_short_name_counts_only_as_a_word() -> None:
    short = Traces(assets_of("Zelle Inc."))
    assert short.found_in("/pay-zelle/now")
    assert Traces(assets_of("Nu SA")).found_in("/menu/nugget") is None
    assert Traces(assets_of("Nu SA")).found_in("/nu/login")


def test_a_role_in_an_address_names_nobody() -> None:
    assert Traces(NORTH, ("info@customer.example",)).found_in("/info/page") is None


@given(st.text(max_size=300))
def test_any_text_can_be_looked_through(text: str) -> None:
    TRACES.found_in(text)
    opaque(text)


@given(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=30),
    st.sampled_from(sorted(ENCODINGS)),
)
def test_an_address_is_found_in_any_surrounding(around: str, encoding: str) -> None:
    assert TRACES.found_in(f"/{around}/{ENCODINGS[encoding](JANE)}?{around}")


@pytest.mark.parametrize(
    "text", ["8f3a9c2e", "zWLCtXdHlc", "a1b2c3d4e5f6", "123456789", "/t/0b5e0a4c-6f1d-4c1e-9d0a"]
)
def test_marks_are_seen(text: str) -> None:
    assert opaque(text)


@pytest.mark.parametrize(
    "text", ["resgate2024", "/SecureLogin/MyAccount", "index.html", "/wp-content/2024/11", "id=12345"]
)
def test_words_and_dates_are_no_marks(text: str) -> None:
    assert opaque(text) is None
