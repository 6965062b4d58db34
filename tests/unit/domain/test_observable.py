# SPDX-License-Identifier: Apache-2.0
"""Equal things have one normal form, and the normal form is its own."""

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain import observable
from tocsin.domain.observable import (
    MAX_VALUE,
    Kind,
    Observable,
    check_normal,
    defang,
    host_of,
    normalise,
)
from tocsin.errors import Malformed

NORMAL_FORMS = [
    (Kind.DOMAIN, "WWW.Bücher.Example.", "www.xn--bcher-kva.example"),
    (Kind.DOMAIN, "xn--bcher-kva.example", "xn--bcher-kva.example"),
    (Kind.DOMAIN, "evil。example", "evil.example"),
    (Kind.DOMAIN, "_dmarc.evil.example", "_dmarc.evil.example"),
    (Kind.IPV4, " 192.0.2.1 ", "192.0.2.1"),
    (Kind.IPV6, "2001:DB8:0:0::1", "2001:db8::1"),
    (Kind.IPV6, "[2001:db8::1%eth0]", "2001:db8::1"),
    (Kind.CIDR, "192.0.2.77/24", "192.0.2.0/24"),
    (Kind.URL, "HTTP://Evil.Example:80/%7Ea?q=1#frag", "http://evil.example/~a?q=1"),
    (Kind.URL, "https://evil.example", "https://evil.example/"),
    (Kind.URL, "https://evil.example:8443/a b", "https://evil.example:8443/a%20b"),
    (Kind.URL, "https://bank.example@evil.example/", "https://evil.example/"),
    (Kind.URL, "https://evil.example/é", "https://evil.example/%C3%A9"),
    (Kind.URL, "http://[2001:DB8::1]/", "http://[2001:db8::1]/"),
    (Kind.EMAIL, "Fraud@Evil.Example", "fraud@evil.example"),
    (Kind.MD5, "AB" * 16, "ab" * 16),
    (Kind.SHA1, "AB" * 20, "ab" * 20),
    (Kind.SHA256, "AB" * 32, "ab" * 32),
]

CARRIED = [
    ("mapped", Kind.IPV6, "::ffff:192.0.2.1"),
    ("translated", Kind.IPV6, "::ffff:0:192.0.2.1"),
    ("compatible", Kind.IPV6, "::192.0.2.1"),
    ("NAT64", Kind.IPV6, "64:ff9b::c000:201"),
    ("NAT64 of one's own", Kind.IPV6, "64:ff9b:1::c000:201"),
    ("6to4", Kind.IPV6, "2002:c000:201::1"),
    ("Teredo", Kind.IPV6, "2001:0:4136:e378:8000:63bf:3fff:fdfe"),
    ("ISATAP", Kind.IPV6, "2001:db8::5efe:192.0.2.1"),
    ("ISATAP, global", Kind.IPV6, "2001:db8::200:5efe:192.0.2.1"),
]

CARRIED_NETWORKS = [
    ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
    ("64:ff9b::c000:201/128", "192.0.2.1/32"),
    ("2002:c000:201::/48", "192.0.2.1/32"),
    ("2002:c000:200::/40", "192.0.2.0/24"),
    ("64:ff9b::/96", "0.0.0.0/0"),
]

BROWSERS_FOLLOW = [
    ("http://0xc0000201/", "http://192.0.2.1/"),
    ("http://0300.0.513/a", "http://192.0.2.1/a"),
    ("http://3221225985", "http://192.0.2.1/"),
    ("http://192.0.0x201/", "http://192.0.2.1/"),
    ("http://192.0.2.1./", "http://192.0.2.1/"),
    ("http://ev%69l%2Eexample/", "http://evil.example/"),
]

NOT_VALUES = [
    (Kind.DOMAIN, "localhost"),
    (Kind.DOMAIN, "a..example"),
    (Kind.DOMAIN, "192.0.2.1"),
    (Kind.DOMAIN, "-a.example"),
    (Kind.DOMAIN, "a b.example"),
    (Kind.DOMAIN, f"{'a' * 64}.example"),
    (Kind.DOMAIN, ".".join(["a" * 60] * 5)),
    (Kind.DOMAIN, "xn--zzzzzz-.example"),
    (Kind.IPV4, "256.0.2.1"),
    (Kind.IPV4, "192.0.2.01"),
    (Kind.IPV6, "2001:db8::g"),
    (Kind.IPV6, "2001:db8::/32"),
    (Kind.CIDR, "::/0"),
    (Kind.CIDR, "2000::/3"),
    (Kind.CIDR, "64:ff9b::/64"),
    (Kind.CIDR, "192.0.2.0/33"),
    (Kind.URL, "javascript:alert(1)"),
    (Kind.URL, "https:///path"),
    (Kind.URL, "https://evil.example:99999/"),
    (Kind.URL, "http://08.1/"),
    (Kind.URL, "http://256.1.1.1/"),
    (Kind.URL, "http://4294967296/"),
    (Kind.URL, "http://1.2.3.4.5/"),
    (Kind.URL, "http://[2001:db8::1/"),
    (Kind.URL, "http://evil.example/" + "é" * 1_000),
    (Kind.URL, "http://evil.example/\ud800"),
    (Kind.EMAIL, "nobody"),
    (Kind.EMAIL, "a b@evil.example"),
    (Kind.EMAIL, "\ud800@evil.example"),
    (Kind.EMAIL, "\u202eme@evil.example"),
    (Kind.EMAIL, "me@localhost"),
    (Kind.MD5, "ab" * 15),
    (Kind.SHA256, "zz" * 32),
    (Kind.DOMAIN, ""),
    (Kind.DOMAIN, "a" * (MAX_VALUE + 1)),
]


@pytest.mark.parametrize(("kind", "raw", "value"), NORMAL_FORMS)
def test_a_value_has_one_spelling(kind: Kind, raw: str, value: str) -> None:
    assert normalise(kind, raw) == Observable(kind, value)
    assert check_normal(Observable(kind, value)).value == value


@pytest.mark.parametrize(("raw", "value"), BROWSERS_FOLLOW)
def test_a_host_hidden_in_another_notation_is_the_address_that_a_browser_opens(raw: str, value: str) -> None:
    assert normalise(Kind.URL, raw).value == value


@pytest.mark.parametrize(("kind", "raw"), NOT_VALUES)
def test_what_is_no_value_of_its_kind_is_refused(kind: Kind, raw: str) -> None:
    with pytest.raises(Malformed):
        normalise(kind, raw)


@pytest.mark.parametrize(
    ("kind", "value", "host"),
    [
        (Kind.URL, "https://evil.example:8443/a", "evil.example"),
        (Kind.URL, "http://[2001:db8::1]/", "2001:db8::1"),
        (Kind.EMAIL, "a@evil.example", "evil.example"),
        (Kind.IPV4, "192.0.2.1", "192.0.2.1"),
        (Kind.SHA256, "ab" * 32, None),
        (Kind.CIDR, "192.0.2.0/24", None),
    ],
)
def test_the_host_of_a_value(kind: Kind, value: str, host: str | None) -> None:
    assert host_of(normalise(kind, value)) == host


@given(st.text(alphabet="ab1.:@/?#[]%-é", max_size=30))
def test_the_host_of_a_url_is_the_one_that_the_library_reads(rest: str) -> None:
    try:
        url = normalise(Kind.URL, f"http://{rest}")
    except Malformed:
        return
    assert host_of(url) == (urlsplit(url.value).hostname or "").strip("[]")


def test_a_value_from_outside_must_be_its_own_normal_form() -> None:
    with pytest.raises(Malformed):
        check_normal(Observable(Kind.DOMAIN, "Evil.Example"))


def test_defanged_text_is_no_link() -> None:
    assert defang("http://evil.example/") == "hxxp://evil[.]example/"


def test_a_percent_sign_never_forms_an_octet_with_what_was_decoded_beside_it() -> None:
    value = normalise(Kind.URL, "http://evil.example/%4%31%%34%").value
    assert normalise(Kind.URL, value).value == value


def _assert_idempotent(kind: Kind, raw: str) -> None:
    try:
        once = normalise(kind, raw)
    except Malformed:
        return
    assert normalise(kind, once.value) == once
    assert len(once.value) <= MAX_VALUE
    once.value.encode()


@given(st.sampled_from(list(Kind)), st.text(max_size=80))
def test_the_normal_form_is_its_own_normal_form(kind: Kind, raw: str) -> None:
    _assert_idempotent(kind, raw)


@given(st.text(alphabet="%0123456789abcdefABCDEF/?#:@é. \\[]", max_size=60), st.text(max_size=20))
def test_the_normal_form_of_a_url_is_its_own(path: str, label: str) -> None:
    _assert_idempotent(Kind.URL, f"http://{label}.example/{path}")
    _assert_idempotent(Kind.URL, f"http://{path}/")


def _told(kind: Kind, raw: str) -> str:
    try:
        return normalise(kind, raw).value
    except Malformed as error:
        return error.detail


@given(
    st.text(alphabet="%0123456789abcdefABCDEF/?#:@é. \\[]-_", max_size=30), st.text("xn-_a1.A", max_size=9)
)
def test_what_is_seen_to_be_normal_at_once_is_what_the_whole_way_leads_to(path: str, label: str) -> None:
    some = [
        (Kind.URL, f"http://{label}.example/{path}"),
        (Kind.URL, f"ftp://{label}.{path}"),
        (Kind.IPV4, path),
    ]
    at_once = [_told(kind, raw) for kind, raw in some]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_NORMAL_URL", "_IPV4"):
            patch.setattr(observable, name, re.compile("(?!)"))
        assert [_told(kind, raw) for kind, raw in some] == at_once


@pytest.mark.parametrize("first", range(256))
def test_an_escape_is_normal_only_where_it_is_needed_and_in_capitals(first: int) -> None:
    for escape in (f"%{first:02X}", f"%{first:02x}"):
        url = f"https://evil.example/{escape}"
        assert (observable._NORMAL_URL.fullmatch(url) is not None) == (normalise(Kind.URL, url).value == url)


@given(st.text(max_size=70), st.text(max_size=30))
def test_the_normal_form_of_an_address_is_its_own(local: str, label: str) -> None:
    _assert_idempotent(Kind.EMAIL, f"{local}@{label}.example")
    _assert_idempotent(Kind.DOMAIN, f"{label}.example")


@pytest.mark.parametrize(("kind", "raw"), [one[1:] for one in CARRIED], ids=[one[0] for one in CARRIED])
def test_an_ipv6_address_that_only_carries_an_ipv4_one_is_that_one(kind: Kind, raw: str) -> None:
    inner = Observable(Kind.IPV4, "192.0.2.1")
    assert normalise(kind, raw) == inner
    assert normalise(Kind.CIDR, f"{raw}/128") == Observable(Kind.CIDR, "192.0.2.1/32")
    assert normalise(Kind.URL, f"http://[{raw}]:8080/a").value == "http://192.0.2.1:8080/a"
    with pytest.raises(Malformed):
        check_normal(Observable(kind, raw))


@pytest.mark.parametrize(("raw", "inner"), CARRIED_NETWORKS)
def test_an_ipv6_network_that_only_carries_an_ipv4_one_is_that_one(raw: str, inner: str) -> None:
    assert normalise(Kind.CIDR, raw) == Observable(Kind.CIDR, inner)


@pytest.mark.parametrize("raw", ["::1", "::", "2001:db8::5efe:1:1:1", "2001:4860:4860::8888", "2003::1"])
def test_other_ipv6_addresses_are_themselves(raw: str) -> None:
    assert normalise(Kind.IPV6, raw) == Observable(Kind.IPV6, raw)
