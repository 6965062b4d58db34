# SPDX-License-Identifier: Apache-2.0
"""Running text yields its URLs, addresses, digests and whatever somebody defanged, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers.extract import mentions_in, refang, urls_in
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
        ("c2 is login.evil[.]example today", [(Kind.DOMAIN, "login.evil.example")]),
        ("beacon to 192.0.2[.]7 seen", [(Kind.IPV4, "192.0.2.7")]),
        ("hash " + "ab" * 32, [(Kind.SHA256, "ab" * 32)]),
        ("md5 " + "ab" * 16 + ", sha1 " + "cd" * 20, [(Kind.MD5, "ab" * 16), (Kind.SHA1, "cd" * 20)]),
        ("version 1.2.3.4 of evil.example", []),
        ("https://a.example/" + "ab" * 16, []),
    ],
)
def test_other_values_are_found_as_they_stand(text: str, mentions: list[tuple[Kind, str]]) -> None:
    assert list(mentions_in(text)) == mentions


@given(st.text(alphabet="htps:/.[]()dotxw@a1 \n", max_size=300))
def test_no_text_raises(text: str) -> None:
    list(urls_in(refang(text)))
    list(mentions_in(text))


@given(st.from_regex(r"https://[a-z]{1,10}\.example/[a-z0-9/]{0,20}[a-z0-9]", fullmatch=True))
def test_a_url_survives_defanging_and_refanging(url: str) -> None:
    defanged = url.replace("http", "hxxp", 1).replace(".", "[.]")
    assert list(urls_in(refang(f"see {defanged} now"))) == [url]
