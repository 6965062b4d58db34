# SPDX-License-Identifier: Apache-2.0
import base64
import codecs
import hashlib
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.agent.readings import JANE, NORTH

from tocsin.agent.redaction.assets import assets_of
from tocsin.agent.redaction.traces import _TO_Z85, TOO_MUCH, Traces, numbered, opaque

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
    "base64 of base64": lambda t: base64.b64encode(base64.b64encode(t.encode())).decode(),
    "hexadecimal": lambda t: t.encode().hex(),
    "backwards": lambda t: t[::-1],
    "ROT13": lambda t: codecs.encode(t, "rot13"),
    "MD5": lambda t: hashlib.md5(t.encode()).hexdigest(),
    "SHA-256": lambda t: hashlib.sha256(t.encode()).hexdigest(),
    "VERP": lambda t: "bounce+" + t.replace("@", "="),
    "dashes": lambda t: t.replace("@", "-").replace(".", "-"),
}


BASE85: dict[str, Callable[[str], str]] = {
    "ascii85": lambda t: base64.a85encode(t.encode()).decode(),
    "ascii85, not at its start": lambda t: base64.a85encode(f"u={t};".encode()).decode(),
    "base85": lambda t: base64.b85encode(t.encode()).decode(),
    "base85, escaped": lambda t: quote(base64.b85encode(f"7{t}".encode()).decode(), safe=""),
    "base64 of ascii85": lambda t: base64.b64encode(base64.a85encode(t.encode())).decode(),
    "Z85": lambda t: base64.b85encode(t.encode()).translate(_TO_Z85).decode(),
}


@pytest.mark.parametrize("encoding", BASE85)
@pytest.mark.parametrize(
    "told", [JANE, "northmoor", "Northmoor", "NORTHMOOR BANK", "x-northmoor", "?b=Northmoor"]
)
def test_a_name_of_seven_letters_is_found_in_base85(encoding: str, told: str) -> None:
    assert TRACES.found_in(f"/go?x=1&u={BASE85[encoding](told)}")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_recipients_address_is_found_however_it_is_written(encoding: str) -> None:
    assert TRACES.found_in(f"/go?x=1&u={ENCODINGS[encoding](JANE)}")


def test_decoys_do_not_switch_the_search_off() -> None:
    address = quote("".join(f"%{ord(c):02X}" for c in JANE))
    decoys = "/".join(f"xn--{one}{other}-tka" for one in "abcdefghij" for other in "abcdefghi")
    assert TRACES.found_in(f"/a/{address}/{decoys}") == "a mail address"


@pytest.mark.parametrize("encode", [quote, lambda t: base64.b64encode(t.encode()).decode()])
def test_what_hides_deeper_than_is_looked_tells(encode: Callable[[str], str]) -> None:
    text = f"?kdnr={JANE}"
    for _ in range(12):
        text = encode(text)
    assert TRACES.found_in(text) == TOO_MUCH
    assert numbered(text) == TOO_MUCH


@pytest.mark.parametrize("before", ["", "x", "xx", "id=7;u="])
@pytest.mark.parametrize("told", [JANE, "Northmoor Bank", "NORTHMOOR", "www.northmoor.example"])
def test_base64_that_a_host_name_put_in_lower_case_is_found(told: str, before: str) -> None:
    once = base64.urlsafe_b64encode(f"{before}{told}".encode())
    for encoded in (once, base64.urlsafe_b64encode(once), base64.urlsafe_b64encode(b"x" + once)):
        label = encoded.decode().rstrip("=").lower()
        assert TRACES.found_in(f"{label}.")
        assert TRACES.found_in(f"{label[:9]}.{label[9:]}.")


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


@pytest.mark.parametrize(
    "text", ["/northm/x", "?b=NorthMo", "secure-northmo0.", "/north-mo/", "/customer.exampl"]
)
def test_a_name_cut_short_is_found_as_a_word(text: str) -> None:
    assert TRACES.found_in(text)


@pytest.mark.parametrize(
    ("bank", "text"),
    [
        ("Capital One", "/capital/"), ("Discover Bank", "/disc/"), ("Santander SA", "/santana/"),
        ("Lloyds plc", "/lloy/"), ("Northmoor Bank", "/north/"), ("Postbank AG", "/post/"),
        ("Payments Trust", "/payment/"),
    ],
)  # fmt: skip
def test_another_word_that_a_name_begins_like_is_left_alone(bank: str, text: str) -> None:
    assert Traces(assets_of(bank)).found_in(text) is None


def test_a_short_name_counts_only_as_a_word() -> None:
    short = Traces(assets_of("Zelle Inc."))
    assert short.found_in("/pay-zelle/now")
    assert Traces(assets_of("Nu SA")).found_in("/menu/nugget") is None
    assert Traces(assets_of("Nu SA")).found_in("/nu/login")


def test_a_role_in_an_address_names_nobody() -> None:
    assert Traces(NORTH, ("info@customer.example",)).found_in("/info/page") is None


CALLED = Traces(
    NORTH, ("hm17@customer.example",), ("Helen Marsh", "Björn Groß", "Bo Li"), ("88213", "02.04.1978", "4521")
)


@pytest.mark.parametrize("encoding", [e for e in ENCODINGS if e not in ("MD5", "SHA-256", "VERP", "dashes")])
@pytest.mark.parametrize(
    "name", ["helenmarsh", "Helen.Marsh", "marsh-helen", "h.marsh", "marshh", "Björn", "Bjoern"]
)
def test_a_recipients_name_is_found_however_it_is_written(name: str, encoding: str) -> None:
    assert CALLED.found_in(f"/go?x={ENCODINGS[encoding](name)}") == "a recipient's name"


@pytest.mark.parametrize(
    "text",
    ["?x=HelenMarsh", "/helen-marsh/6", "?x=Bj%C3%B6rn", "?x=Bjorn", "/7/Bj%C3%B6rn/", "?u=hm17", "?u=Bo_Li", "/li.bo/",
     "?n=Gro%DF", "?n=gross", "?n=bgross", "?n=He1en", "/xHELENx/", "?n=SGVsZW4gTWFyc2g="],
)  # fmt: skip
def test_a_recipients_display_name_is_found_wherever_it_stands(text: str) -> None:
    assert CALLED.found_in(text) == "a recipient's name"


@pytest.mark.parametrize("text", ["/c/88213/x", "/19780402/", "/1978-04-02", "/02.04.1978/", "/4521"])
def test_a_number_that_the_mail_told_its_reader_is_found(text: str) -> None:
    assert CALLED.found_in(text) == "a number that the mail tells its reader"


def test_words_for_everybody_are_no_traces() -> None:
    them = Traces(NORTH, (), ("Security Team", "Customer", "Kunde", "Account Update", "Support"))
    for text in ("/security/team/login", "/customer/account/update.php", "/kunde", "/support?step=2"):
        assert them.found_in(text) is None


@pytest.mark.parametrize(
    "query",
    ["kdnr=88213", "geb=1978-04-02", "id=12345678", "d=02&m=04&y=1978", "g=2/4/78", "g=2.4.78", "n=88%20213",
     "x=ODgyMTM0NQ", "x=%38%38%32%31%33"],
)  # fmt: skip
def test_a_query_with_a_number_of_one_reader_is_seen(query: str) -> None:
    assert numbered(query) == "a number that may identify the recipient"


@pytest.mark.parametrize(
    "query", ["step=2&lang=pt", "y=2026", "v=1.2", "q=a%20b%20c%C3%B6%20d", "page=login", ""]
)
def test_a_query_with_few_digits_is_nobodys(query: str) -> None:
    assert numbered(query) is None


def test_what_many_recipients_are_called_can_be_looked_for_in_little_time() -> None:
    names = tuple(
        f"{chr(97 + n % 26)}elen{n} M{'abcdefghij'[n % 10]}rsh{chr(97 + n // 26)}" for n in range(200)
    )
    many = Traces(NORTH, tuple(f"p{n}.marsh@customer.example" for n in range(200)), names)
    start = time.process_time()
    for n in range(100):
        many.found_in(f"/wp-content/{n}/login/index.html?step=verify&lang=pt&ref=aGVsbG8gd29ybGQ")
    assert time.process_time() - start < 3


@given(st.text(max_size=300))
def test_any_text_can_be_looked_through(text: str) -> None:
    TRACES.found_in(text)
    CALLED.found_in(text)
    numbered(text)
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
