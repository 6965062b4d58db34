# SPDX-License-Identifier: Apache-2.0
"""The sieve lets through every line that holds a hit, whatever stands around it, and next to none that holds none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.agent.hunting.test_index import CROWDED

from tocsin.agent.hunting import sieve as module
from tocsin.agent.hunting.index import Index
from tocsin.agent.hunting.lines import Reader
from tocsin.agent.hunting.sieve import Sieve
from tocsin.agent.hunting.words import values_in
from tocsin.domain.observable import Kind, Observable, normalise

EVIL = normalise(Kind.DOMAIN, "evil.example")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("src=192.0.2.1:443 dst=10.0.0.1", ["ipv4:192.0.2.1", "ipv4:10.0.0.1"]),
        ('"GET http://Evil.example/A?b=c HTTP/1.1"', ["url:http://evil.example/A?b=c"]),
        ("CONNECT evil.example:443", ["domain:evil.example"]),
        ("evil.example/login", ["url:http://evil.example/login"]),
        ("query: EVIL.example. IN A", ["domain:evil.example"]),
        ("from=<drop@evil.example>,", ["email:drop@evil.example"]),
        ("fe80::1%eth0 [2001:DB8:0::7]", ["ipv6:fe80::1", "ipv6:2001:db8::7"]),
        (f"md5={'AB' * 16};", [f"md5:{'ab' * 16}"]),
        ("mailto:drop@evil.example", ["email:drop@evil.example"]),
        ("bücher.example", ["domain:xn--bcher-kva.example"]),
        ("src:192.0.2.1 q:evil.example", ["ipv4:192.0.2.1", "domain:evil.example"]),
        ("route 192.0.2.0/24 version 1.2.3 at 12:30:59 3.14", []),
        ("a" * 5_000 + ".example", []),
    ],
)
def test_words_are_values_when_a_program_has_written_one(text: str, values: list[str]) -> None:
    found = [str(one) for one in values_in(text)]
    assert [one for one in found if one != "ipv6:12:30:59"] == values


def through(sieve: Sieve, block: bytes) -> list[bytes]:
    return [block[start:stop] for start, stop in sieve.lines(block)]


def test_a_line_with_a_hit_is_let_through_and_others_are_not() -> None:
    block = b"one good.example\ntwo www.evil.example:443 x\nthree\nfour EVIL.EXAMPLE.\nfive evil.org"
    assert through(Sieve(Index([EVIL])), block) == [b"two www.evil.example:443 x", b"four EVIL.EXAMPLE."]


def test_the_host_of_a_known_url_is_enough_for_its_path_may_stand_elsewhere() -> None:
    known = normalise(Kind.URL, "http://192.0.2.7:8080/a/b")
    line = b'{"host":"192.0.2.7:8080","uri":"/a/b"}'
    assert through(Sieve(Index([known])), b"{}\n" + line) == [line]


def test_a_line_that_json_may_hide_something_in_is_read() -> None:
    line = b'{"host":"\\u0065vil.example"}'
    assert through(Sieve(Index([EVIL])), line + b"\n{}") == [line]


def test_as_many_hits_as_lines_are_all_let_through() -> None:
    known = [normalise(Kind.DOMAIN, f"evil{number}.example") for number in range(200)]
    lines = [f"x {one.value}. y".encode() for one in known] + [b"x good.example y"]
    assert through(Sieve(Index(known)), b"\n".join(lines)) == lines[:-1]


@pytest.mark.parametrize(
    ("known", "text"),
    [
        ("ipv6:2001:db8::7", "[2001:0DB8:0:0:0:0:0:7]:80"),
        ("ipv4:192.0.2.1", "::ffff:192.0.2.1"),
        ("ipv4:192.0.2.1", "http://0300.0.513/"),
        ("ipv4:192.0.2.1", "0300.0.513/x"),
        ("ipv4:192.0.2.1", "http://u@0xC0000201/"),
        ("ipv4:8.0.0.1", "010.0.0.1/x"),
        ("cidr:192.0.2.0/24", "3221225985.example http://3221225985/"),
        ("domain:evil.example", "http://www.%65vil.example/"),
        ("domain:xn--bcher-kva.example", "B\u00dcCHER.example"),
        ("sha1:" + "ab" * 20, "sha1=" + "AB" * 20 + "."),
    ],
)
def test_a_value_in_another_spelling_is_let_through(known: str, text: str) -> None:
    kind, _, value = known.partition(":")
    one = Observable(Kind(kind), value)
    assert one in Index([one]).match(next(seen for seen in values_in(text) if Index([one]).match(seen)))
    assert Sieve(Index([one])).texts(["no", text, "", "good.example"]) == [1]


def test_texts_of_several_lines_are_one_text_each() -> None:
    assert Sieve(Index([EVIL])).texts(["a\nevil.example", "b\nc", "evil.example\n\n"]) == [0, 2]
    assert Sieve(Index([EVIL])).texts([]) == []


@pytest.mark.parametrize(
    "line", ["GET /x?u=bücher.example HTTP/1.1", "/x=y@bücher.example", "a/b@bücher.example"]
)
def test_a_name_in_its_own_letters_is_found_behind_a_page(line: str) -> None:
    known = Index([Observable(Kind.DOMAIN, "xn--bcher-kva.example")])
    assert Sieve(known).texts([line]) == [0]


@pytest.mark.parametrize("line", ["a\\b song.mp3", "café.mp3 192.0.2.7"])
def test_a_word_that_ends_in_a_figure_is_no_address(line: str) -> None:
    known = Index([Observable(Kind.CIDR, "192.0.2.0/24"), Observable(Kind.DOMAIN, "evil.mp3")])
    assert set(Sieve(known).texts([line, "http://evil.mp3/x"])) >= {1}


TEXTS = st.text(st.sampled_from(" ,;\"'=:./@\\|\t{}[]aB1é\u00a0\u3000"), max_size=6)
FORMS = st.sampled_from(
    (
        "{0}{1}{2}",
        "{0} {1} {2}",
        '{0}"{1}"{2}',
        "{0}={1},{2}",
        "{0}{1}:443{2}",
        "{0}{1}.{2}",
        "{0} {1}/x {2}",
        "{0}q:{1}{2}",
        "{0}http://x@{1}/{2}",
        "{0}x/y@{1} {2}",
        "{0} /x?u={1}{2}",
        "{0} /x=y@{1} {2}",
        "{0}{1}%eth0 {2}",
        "u://http://{1} {0} {2}",
    )
)
LINES = st.lists(st.tuples(FORMS, TEXTS, CROWDED, TEXTS), min_size=1, max_size=5)


def written(form: str, before: str, value: Observable, after: str) -> str:
    return form.format(before, value.value, after).replace("\n", " ")


@pytest.mark.parametrize("piece", [128, 2**17], ids=["in pieces", "whole"])
@given(known=st.lists(CROWDED, max_size=6), lines=LINES)
def test_no_line_with_a_hit_is_lost(piece: int, known: list[Observable], lines: list) -> None:
    index = Index(known)
    texts = [written(*line) for line in lines]
    texts += [json.dumps({"a": text, "host": "a.example", "uri": "/a/b"}) for text in texts]
    texts += [json.dumps({"a": {"b": [text]}}, ensure_ascii=False) for text in texts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_PIECE", piece)
        let = set(through(Sieve(index), "\n".join(texts).encode()))
    reader = Reader()
    for text in texts:
        record, _ = reader.record(text.encode())
        if any(index.match(seen) for seen in record.values):
            assert text.encode() in let
