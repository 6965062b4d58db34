# SPDX-License-Identifier: Apache-2.0
"""Running text yields its URLs, addresses, digests and whatever somebody defanged, and nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers import extract
from tocsin.agent.readers.extract import (
    accounts_in,
    around_in,
    defanged_hosts_in,
    mentions_in,
    refang,
    urls_in,
)
from tocsin.domain.observable import Kind


@pytest.mark.parametrize(
    ("defanged", "plain"),
    [
        ("hxxp://evil[.]example/a", "http://evil.example/a"),
        ("hXXps://evil(dot)example", "https://evil.example"),
        ("https[:]//evil{.}example", "https://evil.example"),
        ("https[://]evil[dot]example", "https://evil.example"),
        ("h**p://evil[ . ]example", "http://evil.example"),
        ("fraud[at]evil[.]example", "fraud@evil.example"),
        ("fraud(@)evil[.]example", "fraud@evil.example"),
        ("nothing (to) [see] here.", "nothing (to) [see] here."),
    ],
)
def test_defanged_text_is_read_as_what_it_stands_for(defanged: str, plain: str) -> None:
    assert refang(defanged) == plain


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("Log in at https://evil.example/login.", ["https://evil.example/login"]),
        ("(see https://evil.example/a_(b))", ["https://evil.example/a_(b)"]),
        ('<a>"https://evil.example/?a=1&b=2"</a>', ["https://evil.example/?a=1&b=2"]),
        ("詳細はhttps://evil.example/あ。次へ", ["https://evil.example/あ"]),
        ("go to www.evil.example/x, now", ["http://www.evil.example/x"]),
        ("ftp://evil.example/f https://b.example", ["ftp://evil.example/f", "https://b.example"]),
        ("mail me@www.evil.example or write evil.example", []),
        ("http:// and https://", []),
    ],
)
def test_urls_end_where_the_sentence_goes_on(text: str, urls: list[str]) -> None:
    assert list(urls_in(text)) == urls


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("write to Drop.Box+1@evil.example.", [(Kind.EMAIL, "Drop.Box+1@evil.example")]),
        ("hash " + "ab" * 32, [(Kind.SHA256, "ab" * 32)]),
        ("md5 " + "ab" * 16 + ", sha1 " + "cd" * 20, [(Kind.MD5, "ab" * 16), (Kind.SHA1, "cd" * 20)]),
        ("version 1.2.3.4 of evil.example", []),
        ("https://a.example/" + "ab" * 16, []),
        ("ab" * 16 + "-" + "cd" * 20 + "x", []),
        (
            "z" * 64 + "@evil.example " + "z" * 65 + "@evil.example",
            [(Kind.EMAIL, "z" * 64 + "@evil.example")],
        ),
        ("a@evil.example@other.example", [(Kind.EMAIL, "a@evil.example")]),
    ],
)
def test_other_values_are_found_as_they_stand(text: str, mentions: list[tuple[Kind, str]]) -> None:
    assert list(mentions_in(text)) == mentions


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hosted at AS64501, again", [(Kind.SYSTEM, "AS64501")]),
        ("(AS64501/AS64502)", [(Kind.SYSTEM, "AS64501"), (Kind.SYSTEM, "AS64502")]),
        ("ASN: 64501 and ASN7018", [(Kind.SYSTEM, "ASN: 64501"), (Kind.SYSTEM, "ASN7018")]),
        ("our AS400 speaks AS2, as 640 do; GAS64501 and AS-640", []),
        ("BIC: HARRGB2L", [(Kind.BIC, "HARRGB2L")]),
        ("SWIFT/BIC HARRGB2LXXX.", [(Kind.BIC, "HARRGB2LXXX")]),
        ("SWIFT code SOUTDEFF", [(Kind.BIC, "SOUTDEFF")]),
        (":57A:SOUTDEFF\n:59:/1", [(Kind.BIC, "SOUTDEFF")]),
        ("SOUTDEFF and DOCUMENT alone", []),
        ("BIN 476210 and BIN: 47621083", [(Kind.BIN, "476210"), (Kind.BIN, "47621083")]),
        ("BIN 4762108, DUSTBIN 476210", []),
    ],
)
def test_what_stands_around_is_found_where_it_is_called_so(text: str, found: list[tuple[Kind, str]]) -> None:
    assert list(around_in(text)) == found


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("c2 is login.evil[.]example today", [(Kind.DOMAIN, "login.evil.example")]),
        ("beacon to 192.0.2[.]7 seen", [(Kind.IPV4, "192.0.2.7")]),
        ("version 1.2.3.4 of evil.example", []),
    ],
)
def test_a_bare_host_is_found_when_it_was_defanged(text: str, hosts: list[tuple[Kind, str]]) -> None:
    assert list(defanged_hosts_in(text, refang(text))) == hosts


@given(st.text(alphabet="htps:/.[]()dotxw@a1 \n", max_size=300))
def test_no_text_raises(text: str) -> None:
    refanged = refang(text)
    list(urls_in(refanged))
    list(mentions_in(refanged))
    list(defanged_hosts_in(text, refang(text)))
    list(around_in(text))


PLAINLY = {
    "scheme": re.compile(r"(?<![A-Za-z0-9])(?:hxxp|h\*\*p|htxp|hxtp|meow)(s?)(?=\s?:)", re.IGNORECASE),
    "url": re.compile(
        rf"(?:(?<![A-Za-z0-9])(?:https?|ftp)://|(?<![\w./@-])www\.)[^{extract._NOT_IN_URL}]{{1,4000}}", re.IGNORECASE
    ),
    "mail": re.compile(
        r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}(?![\w-])", re.ASCII
    ),
    "digest": re.compile(r"(?<![\w/=-])[0-9a-f]{32}(?:[0-9a-f]{8}(?:[0-9a-f]{24})?)?(?![\w/=-])", re.ASCII | re.I),
    "iban": re.compile(
        r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
    ),
    "wallet": re.compile(
        r"(?<![A-Za-z0-9])(?:0x[0-9a-fA-F]{40}|(?:bc|ltc)1[a-z0-9]{11,87}|[13LMDTX48][1-9A-HJ-NP-Za-km-z]{25,94})"
        r"(?![A-Za-z0-9])"
    ),
}  # fmt: skip
"""The expressions as one would write them; those of the product find the same and are several times faster."""
_PIECES = [
    "http",
    "HXXPS",
    "h**p",
    "meow",
    "ftp",
    "www.",
    "WwW.",
    ":",
    "//",
    " :",
    "a" * 62,
    "ab" * 16,
    "c" * 8,
    "D" * 24,
    "GB82",
    "WEST1234",
    "0x" + "f" * 40,
    "bc1q" + "z" * 12,
    "ltc1" + "y" * 12,
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
]
_TEXTS = st.lists(st.sampled_from([*_PIECES, *"@@..-_+/=x1Eé \n"]), max_size=24).map("".join)


@given(_TEXTS)
def test_what_is_written_for_speed_finds_what_the_plain_expression_does(text: str) -> None:
    assert extract._SCHEME.sub(r"http\1", text) == PLAINLY["scheme"].sub(r"http\1", text)
    expressions = {
        "url": extract._URL,
        "digest": extract._DIGEST,
        "iban": extract._IBAN,
        "wallet": extract._WALLET,
    }
    for name, fast in expressions.items():
        assert [one[0] for one in fast.finditer(text)] == [one[0] for one in PLAINLY[name].finditer(text)]
    found = [raw for _, raw in (*mentions_in(text), *accounts_in(text))]
    plainly = [
        one[0] for name in ("mail", "digest", "iban", "wallet") for one in PLAINLY[name].finditer(text)
    ]
    assert found == plainly
    assert len(list(urls_in(text))) == len(PLAINLY["url"].findall(text))
    assert list(extract._mails_in(text)) == [one[0] for one in PLAINLY["mail"].finditer(text)]


@given(st.from_regex(r"https://[a-z]{1,10}\.example/[a-z0-9/]{0,20}[a-z0-9]", fullmatch=True))
def test_a_url_survives_defanging_and_refanging(url: str) -> None:
    defanged = url.replace("http", "hxxp", 1).replace(".", "[.]")
    assert list(urls_in(refang(f"see {defanged} now"))) == [url]
